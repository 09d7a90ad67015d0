"""Components of neurons: which leakage, reset and recurrence are accurate, sparse and cheap on the chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from ....mapping.target import Target
from ....mapping.target_files import load_target
from ....models.datasets import Dataset
from ....models.errors import UsageError
from ....models.training.requirement import require_torch
from ...progress.progress import Progress
from ..measurement import Instrument
from ..names import Names
from ..repeated_trainings import RepeatedTrainings
from ..study import Conclusion, Outcome, Task
from ..subject import Subject
from .findings import TaskFacts, conclude_components
from .tasks import TASKS, ComponentTask
from .training import entered, trained_variant, training_seed
from .variants import PUBLISHED, check_variants, components_of

FEWEST_TO_CHOOSE_BY = 10


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs; data is made where it is needed.

    Attributes
    ----------
    facts : of the data, for the conclusion.
    """

    target: Target
    facts: TaskFacts


class Components(RepeatedTrainings):
    """Variants of leaky neurons, trained and deployed alike."""

    name: ClassVar[str] = "components"
    compared: ClassVar[str] = "variant"

    task: Literal["xor", "sequences", "digits", "mnist"] = Field("xor", description="What the networks learn.")
    variants: Names = Field(
        PUBLISHED,
        description="With commas between: baseline, normal-, no-, complete- or learnable-leakage, hard-reset, "
        "subtraction, no-reset, recurrence, no-recurrence; combinations with +, as in no-leakage+no-reset.",
    )
    epochs: int = Field(0, ge=0, description="Of training; 0 for those of the task.")
    learning_rates: Names = Field(
        (),
        description="That training begins with, with commas between; of several, each training takes the one that is "
        "best on a tenth of the training samples, held out. Those of the task by default.",
    )
    delay: int = Field(0, ge=0, description="Steps between the patterns of xor; 0 for those of the task.")
    training_samples: int = Field(0, ge=0, description="Samples to train with; 0 for those of the task.")
    test_samples: int = Field(0, ge=0, description="Samples to test with; 0 for those of the task.")

    @field_validator("variants")
    @classmethod
    def _exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_variants(value)

    @field_validator("learning_rates")
    @classmethod
    def _are_rates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                rate = float(text)
            except ValueError:
                raise ValueError(f"{text!r} is no number") from None
            if not 0 < rate <= 1:
                raise ValueError(f"{text} is not above 0 and at most 1")
        return value

    @model_validator(mode="after")
    def _only_xor_waits(self) -> Self:
        if self.delay and self.task != "xor":
            raise ValueError(f"--delay is of the task xor; {self.task} has no delay")
        return self

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        require_torch()
        asked, target = self._asked(), load_target(self.target)
        data = self._data(asked, 0)  # refuses what there is not, before anything is trained
        if len(asked.recipes) > 1 and data.train.samples < FEWEST_TO_CHOOSE_BY:
            raise UsageError(
                f"--training-samples: of {data.train.samples} samples no tenth can be held out to choose a rate; "
                f"take {FEWEST_TO_CHOOSE_BY} or more, or name one of --learning-rates."
            )
        labels = np.bincount(data.test.y)
        facts = TaskFacts(
            name=self.task,
            source=data.source,
            training_samples=data.train.samples,
            test_samples=data.test.samples,
            steps=data.steps or asked.recipe.steps or 0,
            answer_from=data.answer_from,
            chance=float(labels.max() / labels.sum()),
            hidden=asked.hidden,
            epochs=asked.recipe.epochs,
            learning_rates=tuple(recipe.learning_rate for recipe in asked.recipes),
            baseline=asked.baseline.description,
            published=asked.published,
            target=target.name,
        )
        return Prepared(target, facts)

    @property
    def names(self) -> tuple[str, ...]:
        return self.variants

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        from ....models.training.train import accuracy

        variant, repeat = task.parameters["variant"], task.parameters["repeat"]
        asked, data = self._asked(), self._data(self._asked(), repeat)
        seed = training_seed(self.seed, repeat)
        recipes = [replace(recipe, seed=seed, answer_from=data.answer_from) for recipe in asked.recipes]
        components = components_of(variant, asked.baseline)
        trained = trained_variant(data, asked, components, recipes, prepared.target)
        recipe = trained.recipe
        test = data.test
        in_float, float_spikes = accuracy(
            trained.network, test.x, test.y, recipe.encoder, recipe.steps, recipe.seed, data.answer_from
        )
        measured = Instrument(trained.program, entered(test.x, data, recipe), test.y).measure(
            answer_from=data.answer_from
        )
        row = {
            "variant": variant,
            "repeat": repeat,
            "leakage": str(components.leakage),
            "retention": float(np.mean(trained.retentions)),
            "reset": str(components.reset),
            "recurrence": components.recurrent,
            "parameters": trained.parameters,
            "learning_rate": recipe.learning_rate,
            "held_out_accuracy": trained.held_out_accuracy,
            "loss": trained.loss,
            "samples": test.samples,
            "float_accuracy": in_float,
            "float_spikes": sum(float_spikes.values()),
            **measured.as_row(),
        }
        return Outcome((row,))

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        rows = list(self.rows(prepared, outcomes))
        return conclude_components(rows, prepared.facts)

    def _asked(self) -> ComponentTask:
        asked = TASKS[self.task]
        options = dict(asked.options)
        if self.delay:
            options["delay_steps"] = self.delay
        recipe = replace(asked.recipe, epochs=self.epochs or asked.recipe.epochs)
        rates = tuple(map(float, self.learning_rates)) or asked.learning_rates
        return replace(asked, options=options, recipe=recipe, learning_rates=rates)

    def _data(self, asked: ComponentTask, repeat: int) -> Dataset:
        return asked.data(training_seed(self.seed, repeat), self.training_samples or None, self.test_samples or None)
