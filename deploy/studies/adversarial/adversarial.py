"""Adversarial robustness: the smallest perturbations that break answers, in float and on the chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ....mapping.target import Target
from ....mapping.target_files import load_target
from ....models.datasets import Dataset
from ....models.training.requirement import require_torch
from ...progress.progress import Progress
from ..components.tasks import TASKS, ComponentTask
from ..components.training import deployed_classes, entered, trained_variant, training_seed
from ..components.variants import PUBLISHED, check_variants, components_of
from ..names import Names
from ..repeated_trainings import RepeatedTrainings
from ..study import Conclusion, Outcome, Row, Task
from ..subject import Subject
from .attack import Attack, Broken
from .findings import AttackFacts, conclude_adversarial

Array = NDArray[Any]
LEVELS = 16  # of a value between 0 and 1; one of them is the unit that an attack moves it by


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs; data is made where it is needed."""

    target: Target
    facts: AttackFacts


class Adversarial(RepeatedTrainings):
    """Perturbations of the input along the gradient, in units that the chip's input can take."""

    name: ClassVar[str] = "adversarial"
    compared: ClassVar[str] = "variant"

    task: Literal["digits", "mnist", "sequences"] = Field(
        "digits", description="What the networks learn; inputs of sequences are spikes, of the others values."
    )
    variants: Names = Field(PUBLISHED, description="With commas between, as of `study components`.")
    epochs: int = Field(0, ge=0, description="Of training; 0 for those of the task.")
    attacked: int = Field(100, ge=1, description="Test samples to attack, from the first on.")
    most: int = Field(600, ge=1, description="Units that a sample is moved by at most: flips, or levels of a value.")
    at_once: int = Field(1, ge=1, description="Units between two looks at the gradient: fewer find smaller ones.")
    training_samples: int = Field(0, ge=0, description="Samples to train with; 0 for those of the task.")

    @field_validator("variants")
    @classmethod
    def _exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_variants(value)

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        require_torch()
        asked, target = self._asked(), load_target(self.target)
        data = self._data(asked, 0)
        facts = AttackFacts(
            task=self.task,
            source=data.source,
            samples=data.test.samples,
            inputs=int(np.prod(data.test.x.shape[1:])),
            spikes=data.steps is not None,
            unit=self._attack(data).unit,
            most=self.most,
            target=target.name,
        )
        return Prepared(target, facts)

    @property
    def names(self) -> tuple[str, ...]:
        return self.variants

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        variant, repeat = task.parameters["variant"], task.parameters["repeat"]
        asked, data = self._asked(), self._data(self._asked(), repeat)
        recipe = replace(asked.recipe, seed=training_seed(self.seed, repeat), answer_from=data.answer_from)
        trained = trained_variant(data, asked, components_of(variant, asked.baseline), (recipe,), prepared.target)
        from .gradients import answer_gradient

        def gradient(x: Array, y: Array) -> tuple[Array, Array]:
            return answer_gradient(trained.network, x, y, recipe.steps, data.answer_from)

        def classes(x: Array) -> Array:
            shown = entered(x.astype(data.test.x.dtype), data, recipe)
            return deployed_classes(trained.program, shown, data.answer_from)

        found = self._attack(data).run(data.test.x, data.test.y, gradient, classes)
        rows: list[Row] = []
        for network, broken in zip(("float", "integer"), found, strict=True):
            rows += _rows({"variant": variant, "repeat": repeat, "network": network}, broken)
        return Outcome(tuple(rows))

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        rows = list(self.rows(prepared, outcomes))
        return conclude_adversarial(rows, prepared.facts)

    def _asked(self) -> ComponentTask:
        asked = TASKS[self.task]
        return replace(asked, recipe=replace(asked.recipe, epochs=self.epochs or asked.recipe.epochs))

    def _data(self, asked: ComponentTask, repeat: int) -> Dataset:
        return asked.data(training_seed(self.seed, repeat), self.training_samples or None, self.attacked)

    def _attack(self, data: Dataset) -> Attack:
        return Attack(1.0 if data.steps is not None else 1 / LEVELS, self.most, self.at_once)


def _rows(common: Row, broken: Broken) -> list[Row]:
    """A row a sample."""
    return [
        {
            **common,
            "sample": sample,
            "right": bool(broken.right[sample]),
            "broken": bool(broken.succeeded[sample]),
            "changes": int(broken.changes[sample]) if broken.succeeded[sample] else None,
            "distance": float(broken.distance[sample]) if broken.succeeded[sample] else None,
            "largest": float(broken.largest[sample]) if broken.succeeded[sample] else None,
        }
        for sample in range(broken.right.size)
    ]
