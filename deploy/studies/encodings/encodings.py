"""Which encoding suits: a network is trained for each, deployed, and looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ....backends.program import Program
from ....backends.simulator.simulate import Simulator
from ....mapping.target import Target
from ....mapping.target_files import load_target
from ....models.encoders import Encoder
from ....models.graph import Graph
from ....models.training.requirement import require_torch
from ...compilation import compile_model
from ...configuration.configuration import Configuration
from ...data import Data
from ...progress.progress import Progress, Quiet
from ..decision_time.answers import NEVER, Answers
from ..faults.tasks import DROPPED, NEURONS, FaultTask, perform_fault
from ..faults.weights import NOISY
from ..grid_axis import Axis
from ..measurement import Instrument
from ..names import Names
from ..repeated_trainings import RepeatedTrainings
from ..study import Conclusion, Outcome, Task
from ..subject import Subject
from .codes import COMPARED, code_named
from .findings import conclude_encodings

Array = NDArray[Any]
CALIBRATION = 512  # training samples that quantization looks at
RETENTION = 0.875  # of the potential from step to step, which 12 bits hold exactly
BATCH, LEARNING_RATE = 64, 5e-3
FAULTS = (NEURONS, DROPPED, NOISY)
"""Kinds of faults that each network meets."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs.

    Attributes
    ----------
    train_x, test_x : (samples, *shape), static.
    train_y, test_y : (samples,) classes.
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    classes: int
    target: Target
    source: str


class Encodings(RepeatedTrainings):
    """The same small network, trained for each encoder and deployed."""

    name: ClassVar[str] = "encodings"
    preparing_stages: ClassVar[int] = 1
    compared: ClassVar[str] = "encoder"

    dataset: Literal["digits", "mnist"] = Field("digits", description="What is read.")
    encoders: Names = Field(COMPARED, description=f"Only some, with commas between: {', '.join(COMPARED)}.")
    steps: int = Field(16, ge=1, le=1000, description="For which a sample is shown.")
    epochs: int = Field(20, ge=1, le=10_000, description="Of each training.")
    hidden: int = Field(64, ge=1, le=8192, description="Neurons of the hidden layer.")
    neurons: int = Field(5, ge=3, le=100, description="Of a population, for each value.")
    repeats: int = Field(3, ge=1, le=99, description="Trainings with other first weights, for each encoder.")
    fault_rates: Axis = Field(
        "0.03,0.1,0.3",
        description="Shares of neurons that are dead and of packets that are dropped, and deviations of noisy weights, "
        "with commas between.",
        validate_default=True,
    )
    costs: str = Field("", description="Name of the chip's account of what operations cost; empty for its default.")
    samples: int = Field(0, ge=0, description="Only the first so many to train with and to test with; 0 for all.")

    @field_validator("encoders")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(name not in COMPARED for name in value):
            raise ValueError(f"there are {', '.join(COMPARED)}")
        return value

    @field_validator("fault_rates")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0 or max(value) > 1:
            raise ValueError("a share is above 0 and at most 1")
        return value

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        from ....models.datasets.catalogue import load_dataset

        require_torch()
        target = load_target(self.target)
        target.cost_set(self.costs or None)  # refuses one that there is not
        progress.stage("reading")
        data = load_dataset(self.dataset)
        train, test = data.train, data.test
        if self.samples:
            train, test = train.first(self.samples), test.first(self.samples)
        for name in self.encoders:
            code_named(name, train.x, self.steps, self.neurons, self.seed)  # refuses what cannot be
        return Prepared(train.x, train.y, test.x, test.y, data.classes, target, data.source)

    @property
    def names(self) -> tuple[str, ...]:
        return self.encoders

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        name, repeat = task.parameters["encoder"], task.parameters["repeat"]
        first, drawn = np.random.SeedSequence([self.seed, repeat]).generate_state(2).tolist()
        encoder = code_named(name, prepared.train_x, self.steps, self.neurons, drawn)
        test = encoder.encode(prepared.test_x, self.steps)
        graph, classes = self._trained(prepared, encoder, test, first)
        program = self._deployed(prepared, encoder, graph, name)
        x = test.reshape(*test.shape[:2], -1)
        instrument = Instrument(program, x, prepared.test_y, self.costs or None)
        measured = instrument.measure()
        simulator = Simulator(program.network)
        simulator.workers = 1  # a study's tasks run side by side
        output = simulator.run(instrument.given).activity[program.network.output]
        answers = Answers.of(output, program.decision)
        stable, right = answers.stable_from(), answers.first_right(prepared.test_y)
        row = {
            **task.parameters,
            "float_accuracy": float(np.mean(classes == prepared.test_y)),
            **{column: value for column, value in measured.as_row().items() if "layers" not in column},
            "input_spikes": np.count_nonzero(x) / len(x),
            "steps_to_decision": _mean(stable),
            "undecided": float(np.mean(stable == NEVER)),
            "steps_to_first_right": _mean(right),
            "never_right": float(np.mean(right == NEVER)),
            "cores": program.mapping.cores,
            "inputs": program.network.input.size,
        }
        by_step = (answers.classes == prepared.test_y[:, np.newaxis]) & (answers.gaps > 0)
        faults = self._faults(name, repeat, program, instrument.given, prepared.test_y)
        return Outcome((row, *faults), {"right_by_step": by_step.mean(axis=0)})

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        rows = list(self.rows(prepared, outcomes))
        by_step = {name: outcome.arrays["right_by_step"] for name, outcome in outcomes.items()}
        codes = {
            name: code_named(name, prepared.train_x, self.steps, self.neurons, self.seed) for name in self.encoders
        }
        return conclude_encodings(
            [row for row in rows if "fault" not in row],
            [row for row in rows if "fault" in row],
            {name: [by_step[f"{name}.{repeat:03d}"] for repeat in range(self.repeats)] for name in self.encoders},
            samples=len(prepared.test_y),
            assumptions=self._assumptions(prepared, codes),
        )

    def _assumptions(self, prepared: Prepared, codes: Mapping[str, Encoder]) -> tuple[str, ...]:
        numbers = f"{len(prepared.train_y):,} samples to train with, {len(prepared.test_y):,} to test"
        networks = (
            f"networks: {self.hidden} hidden neurons that keep {RETENTION:g} of their potential each step, trained "
        )
        networks += f"for {self.epochs} epochs (Adam, {LEARNING_RATE:g}), all alike and without a penalty for spikes."
        spikes = (
            "spikes: of neurons on the chip; those of the input are counted apart. Under constant, each value that is "
        )
        return (
            f"data: {prepared.source}; {numbers}.",
            networks,
            "decision: the output neuron with most spikes; it is made at the step from which on it does not change.",
            spikes + "not zero enters as a graded spike at every step.",
            f"calibration: quantization looks at {CALIBRATION} training samples; no test sample decides anything.",
            "faults: as in spikeloom study faults, one chip for each trained network.",
            *(f"{name}: {code.note.removeprefix('encoder: ')}" for name, code in codes.items()),
        )

    def _trained(self, prepared: Prepared, encoder: Encoder, test: Array, seed: int) -> tuple[Graph, Array]:
        """The network in float, and its answers, (samples,)."""
        from ....models.training.build import fully_connected
        from ....models.training.components import Components
        from ....models.training.recipe import Recipe
        from ....models.training.to_graph import graph_of
        from ....models.training.train import classes_of, train

        shape = tuple(test.shape[2:])
        network = fully_connected(shape, [self.hidden], prepared.classes, Components(retention=RETENTION), seed=seed)
        recipe = Recipe(
            epochs=self.epochs, batch=BATCH, learning_rate=LEARNING_RATE, largest_gradient=1.0, encoder=encoder,
            steps=self.steps, seed=seed,
        )  # fmt: skip
        train(network, prepared.train_x, prepared.train_y, recipe)
        classes, _ = classes_of(network, test, None, None)
        return graph_of(network, self.dataset), classes

    def _deployed(self, prepared: Prepared, encoder: Encoder, graph: Graph, name: str) -> Program:
        """As `spikeloom deploy` does it, calibrated on samples that were trained with."""
        x = encoder.encode(prepared.train_x[:CALIBRATION], self.steps)
        data = Data(
            x.reshape(*x.shape[:2], -1), prepared.train_y[:CALIBRATION], (), f"{self.dataset} under {name}", encoder
        )
        config = Configuration(seed=self.seed, costs=self.costs or None)
        return compile_model(graph, prepared.target, data, config, Quiet()).program

    def _faults(self, name: str, repeat: int, program: Program, given: Array, y: Array) -> list[dict[str, Any]]:
        found = []
        for kind in FAULTS:
            for rate in self.fault_rates:
                task = FaultTask(kind, name, "", rate, repeat)
                outcome = perform_fault(
                    task, program, {name: given}, y, self.costs or None,
                    seed=self.seed, repeats=self.repeats, layers=(), scope="all", rounding="nearest",
                )  # fmt: skip
                found += [
                    {"encoder": name, "repeat": repeat, "fault": kind, "rate": rate, "accuracy": row["accuracy"]}
                    for row in outcome.rows
                ]
        return found


def _mean(steps: Array) -> float | None:
    """Over the samples that have a step; None where none has."""
    known = steps[steps != NEVER]
    return float(known.mean()) if known.size else None
