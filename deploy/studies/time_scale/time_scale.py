"""Time scale: networks trained at one integration time of events, tested at others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from ....mapping.target import Target
from ....mapping.target_files import load_target
from ....models.datasets import EventDataset, load_recordings
from ....models.training.components import Components
from ....models.training.recipe import Recipe
from ....models.training.requirement import require_torch
from ...progress.progress import Progress
from ..components.training import deployed, deployed_classes, training_seed
from ..names import Names
from ..repeated_trainings import RepeatedTrainings
from ..study import Conclusion, Outcome, Row, Task
from ..subject import Subject
from .findings import TimeScaleFacts, conclude_time_scale
from .networks import PUBLISHED, RECURRENT, check_networks, untrained

BASELINE = Components(threshold=0.5, detached_reset=False)
LEARNING_RATE, BATCH = 5e-3, 64
CALIBRATION_SAMPLES = 64


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs; recordings are read or made where they are needed.

    Attributes
    ----------
    fingerprint : of the recordings.
    """

    target: Target
    facts: TimeScaleFacts
    fingerprint: str


class TimeScale(RepeatedTrainings):
    """Generalization over the time scale: train at one, test at others."""

    name: ClassVar[str] = "time-scale"
    preparing_stages: ClassVar[int] = 1
    compared: ClassVar[str] = "network"

    networks: Names = Field(
        PUBLISHED,
        description="With commas between: lstm, gru, vanilla, and spiking variants as of `study components`.",
    )
    integration: int = Field(3000, ge=1, description="Microseconds of a step in training.")
    factors: tuple[float, ...] = Field(
        "1/3,2/3,1,5/3,10/3", description="Of the integration time in tests, with commas between.",
        validate_default=True,
    )  # fmt: skip
    dataset: str = Field(
        "moving-digits", description="Event streams: moving-digits, n-mnist, dvs128-gesture, shd, ssc."
    )
    folder: str = Field("", description="That holds the data set's files, where it does not come along.")
    hidden: int = Field(64, ge=1, description="Hidden neurons; other networks get as many parameters.")
    repeats: int = Field(1, ge=1, le=99, description="Trainings of each network, with seeds of their own.")
    epochs: int = Field(12, ge=1, description="Of training.")
    training_samples: int = Field(1200, ge=1, description="Recordings to train with.")
    test_samples: int = Field(300, ge=1, description="Recordings to test with.")

    @field_validator("networks")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_networks(value)
        return value

    @field_validator("factors", mode="before")
    @classmethod
    def _fractions(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            found = {float(Fraction(part.strip())) for part in value.split(",")}
        except (ValueError, ZeroDivisionError):
            raise ValueError("write numbers or fractions with commas between, such as 1/3,2/3,5/3") from None
        if min(found) <= 0:
            raise ValueError("factors are above 0")
        return tuple(sorted(found | {1.0}))

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        require_torch()
        target = load_target(self.target)
        progress.stage("recording")
        recordings = self._recordings(0)
        labels = np.bincount(recordings.test.labels)
        facts = TimeScaleFacts(
            dataset=self.dataset,
            source=recordings.source,
            training_samples=recordings.train.samples,
            test_samples=recordings.test.samples,
            integration=self.integration,
            times=tuple(self._times()),
            chance=float(labels.max() / labels.sum()),
            target=target.name,
        )
        return Prepared(target, facts, recordings.fingerprint)

    def depends_on(self, prepared: Any) -> Mapping[str, Any]:
        return {**super().depends_on(prepared), "recordings": prepared.fingerprint}

    @property
    def names(self) -> tuple[str, ...]:
        return self.networks

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        from ....models.training.train import accuracy, train

        name, repeat = task.parameters["network"], task.parameters["repeat"]
        seed, recordings = training_seed(self.seed, repeat), self._recordings(repeat)
        data = recordings.integrated(self.integration)
        recipe = Recipe(
            epochs=self.epochs, batch=BATCH, learning_rate=LEARNING_RATE, largest_gradient=1.0, encoder=None,
            steps=None, seed=seed,
        )  # fmt: skip
        network = untrained(name, data, self.hidden, BASELINE, seed)
        train(network, data.train.x, data.train.y, recipe)
        program = None
        if name not in RECURRENT:
            calibration = replace(data, train=data.train.first(CALIBRATION_SAMPLES))
            program = deployed(network, calibration, recipe, prepared.target)
        parameters = sum(values.numel() for values in network.parameters())
        del data
        rows: list[Row] = []
        for time in self._times():
            frames = recordings.integrated(time).test
            in_float, spikes = accuracy(network, frames.x, frames.y, None, None)
            row: dict[str, Any] = {
                "network": name, "repeat": repeat, "spiking": program is not None, "parameters": parameters,
                "integration": time, "factor": time / self.integration, "steps": frames.x.shape[1],
                "samples": frames.samples, "float_accuracy": in_float, "accuracy": None,
                "spikes": sum(spikes.values()) if program is not None else None,
            }  # fmt: skip
            if program is not None:
                classes = deployed_classes(program, frames.x.reshape(*frames.x.shape[:2], -1))
                row["accuracy"] = float(np.mean(classes == frames.y))
            rows.append(row)
        return Outcome(tuple(rows))

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        rows = list(self.rows(prepared, outcomes))
        return conclude_time_scale(rows, prepared.facts)

    def _times(self) -> list[int]:
        """Microseconds of a step, rising."""
        return sorted({max(1, round(self.integration * factor)) for factor in self.factors})

    def _recordings(self, repeat: int) -> EventDataset:
        folder = Path(self.folder) if self.folder else None
        return load_recordings(
            self.dataset, folder, train_samples=self.training_samples, test_samples=self.test_samples,
            seed=training_seed(self.seed, repeat),
        )  # fmt: skip
