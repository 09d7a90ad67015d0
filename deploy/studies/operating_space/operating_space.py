"""The operating space of a network: accuracy, spikes and cost over membrane time constants and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from ....backends.program import Program
from ....mapping.precision import Precision
from ...progress.progress import Progress
from ..grid_axis import Axis
from ..measurement import Instrument, Measurement
from ..names import Names
from ..study import Conclusion, Outcome, Study, Task
from ..subject import Subject
from .findings import Limits, Points, conclude_operating_space
from .retraining import Retraining, retrained, retraining_of
from .retuning import Move, retuned, trained_threshold, trained_time_constant, tunable_layers

Array = NDArray[Any]
AS_DEPLOYED = "as-deployed"
SAME_SAMPLES = (
    "samples: points are chosen on the samples that they are measured on, so that the accuracy of a chosen one is a "
    "little too high; the figures of halves say by how much."
)
Mode = Literal["retune", "retrain"]
NOT_TO_BE_HAD = -1  # class of all samples, at a point beyond the registers


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs.

    Attributes
    ----------
    y : (samples,) labels; where the data has none, what the network decides as it was deployed.
    labelled : whether the data has some.
    units : per layer whose neurons are changed, what a threshold of 1 is there, in trained thresholds.
    time_constants : per such layer, the median in steps as it was; infinite where nothing leaks.
    relative_constants, relative_thresholds : whether those of a point are multiples of the trained ones.
    retraining : what training anew needs; None where the network is retuned.
    """

    program: Program
    x: Array
    y: Array
    labelled: bool
    costs: str | None
    units: Mapping[str, float]
    time_constants: Mapping[str, float]
    relative_constants: bool
    relative_thresholds: bool
    retraining: Retraining | None = None

    def moves(self, time_constant: float, threshold: float) -> dict[str, Move]:
        """What a point means for each layer."""
        return {
            layer: Move(threshold * unit, time_constant, self.relative_constants) for layer, unit in self.units.items()
        }


class OperatingSpace(Study):
    """A grid over membrane time constant and threshold.

    A network is retuned, in the registers of a chip and without training, or trained anew at every point.
    """

    name: ClassVar[str] = "operating-space"

    mode: Mode = Field(default="retune", description="Change registers only, or train anew at every point (retrain).")
    time_constants: Axis = Field(
        default=(), description="Membrane time constants in steps, LOW:HIGH:COUNT or a list; 1:5:20, retraining 1:5:8."
    )
    thresholds: Axis = Field(
        default=(), description="Thresholds in units of the trained network, likewise; 0.01:5:20, retraining 0.01:5:8."
    )
    relative: bool = Field(
        default=False, description="Time constants and thresholds are multiples of the trained ones."
    )
    layers: Names = Field(default=(), description="Only these layers, with commas between; else all.")
    tolerance: float = Field(
        default=0.01, ge=0, le=1, description="Accuracy that the knee and the fastest point may lose."
    )
    working_share: float = Field(
        default=0.5, ge=0, le=1, description="Of the way from chance to the best accuracy, from where a point works."
    )

    epochs: int = Field(default=10, ge=1, description="Of training at every point, to retrain.")
    target_rate: float | None = Field(
        default=None, gt=0, le=1,
        description="Spikes a neuron and step that retraining draws hidden layers to; else as the model was trained.",
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _grid_of_mode(cls, given: Any) -> Any:
        count = 8 if given.get("mode") == "retrain" else 20
        constants = f"0.25:2:{count}" if given.get("relative") else f"1:5:{count}"
        return {"time_constants": constants, "thresholds": f"0.01:5:{count}"} | given

    @model_validator(mode="after")
    def _options_of_mode(self) -> Self:
        if self.mode == "retrain" and self.relative:
            raise ValueError("A network that is trained anew has no trained thresholds: leave out --relative.")
        if self.mode == "retune" and self.target_rate is not None:
            raise ValueError(
                "Without training nothing is drawn to a rate: leave out --target-rate, or add --mode retrain."
            )
        if min(self.time_constants) < 1 and not self.relative:
            raise ValueError(
                f"A time constant of {min(self.time_constants):g} steps keeps less than nothing: they begin at 1 "
                "(--time-constants)."
            )
        return self

    @field_validator("time_constants", "thresholds")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0:
            raise ValueError("it is above 0")
        return value

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        assert subject is not None
        subject.require_classes()
        if self.mode == "retrain":
            retraining = retraining_of(subject, self.layers, self.epochs, self.target_rate)
            test = retraining.test
            assert test.y is not None
            units = dict.fromkeys(retraining.layers, 1.0)
            return Prepared(subject.program, test.x, test.y, True, subject.costs, units, {}, False, False, retraining)
        network = subject.program.network
        layers = tunable_layers(network, self.layers)
        constants = {layer: trained_time_constant(network, layer) for layer in layers}
        trained = {layer: trained_threshold(network, layer) for layer in layers}
        relative = self.relative or None in trained.values()
        units = {layer: 1.0 if relative or threshold is None else 1 / threshold for layer, threshold in trained.items()}
        data, labels = subject.data, subject.data.y
        labelled = labels is not None
        if labels is None:
            labels = Instrument(subject.program, data.x, None).measure().classes
        return Prepared(
            subject.program, data.x, labels, labelled, subject.costs, units, constants, self.relative, relative
        )

    def tasks(self, prepared: Prepared) -> tuple[Task, ...]:
        rows = [
            Task(f"time-constant-{number:03d}", {"time_constants": [value], "thresholds": list(self.thresholds)})
            for number, value in enumerate(self.time_constants)
        ]
        if prepared.retraining is not None:  # a point takes so long that each is a task
            rows = [
                Task(f"{row.name}-threshold-{number:03d}", {**row.parameters, "thresholds": [value]})
                for row in rows
                for number, value in enumerate(self.thresholds)
            ]
        return (Task(AS_DEPLOYED, {}), *rows)

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        if task.name == AS_DEPLOYED:
            return _as_deployed(prepared)
        (constant,) = task.parameters["time_constants"]
        thresholds = task.parameters["thresholds"]
        rows = []
        classes = np.full((len(thresholds), prepared.y.size), NOT_TO_BE_HAD, dtype=np.int32)
        measure = self._retuned(prepared) if prepared.retraining is None else self._retrained(prepared.retraining)
        for number, threshold in enumerate(thresholds):
            measured = measure(constant, threshold)
            rows.append({"time_constant": constant, "threshold": threshold, **point_columns(measured)})
            if measured is not None:
                classes[number] = measured.classes
        return Outcome(tuple(rows), {"classes": classes})

    def _retuned(self, prepared: Prepared) -> Callable[[float, float], Measurement | None]:
        instrument = Instrument(prepared.program, prepared.x, prepared.y, prepared.costs)
        precision = Precision.of(prepared.program.target)

        def measured(time_constant: float, threshold: float) -> Measurement | None:
            changed = retuned(prepared.program.network, prepared.moves(time_constant, threshold), precision)
            return None if changed is None else instrument.measure(changed)

        return measured

    def _retrained(self, retraining: Retraining) -> Callable[[float, float], Measurement | None]:
        return partial(retrained, retraining, seed=self.seed)

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        grid = [outcomes[task.name] for task in self.tasks(prepared) if task.name != AS_DEPLOYED]
        deployed = outcomes[AS_DEPLOYED]
        points = Points(
            [row for outcome in grid for row in outcome.rows],
            np.concatenate([outcome.arrays["classes"] for outcome in grid]) == prepared.y,
            deployed.rows[0],
            deployed.arrays["classes"][0] == prepared.y,
        )
        limits = Limits(self.tolerance, self.chance(prepared), self.working_share)
        return conclude_operating_space(
            points, (self.time_constants, self.thresholds), limits, labelled=prepared.labelled,
            mode=self.mode,
            trained_constants={} if self.relative else prepared.time_constants,
            relative=(prepared.relative_thresholds, prepared.relative_constants),
            assumptions=_assumptions(prepared),
        )  # fmt: skip

    def chance(self, prepared: Prepared) -> float:
        """Accuracy of an answer that is always the most frequent label."""
        _, counts = np.unique(prepared.y, return_counts=True)
        return float(counts.max()) / prepared.y.size


def _as_deployed(prepared: Prepared) -> Outcome:
    own: dict[str, float | None] = {"time_constant": None, "threshold": None}
    if prepared.retraining is None:
        own = {
            "time_constant": 1.0 if prepared.relative_constants else _common(prepared.time_constants.values()),
            "threshold": _common([1 / unit for unit in prepared.units.values()]),
        }
    measured = Instrument(prepared.program, prepared.x, prepared.y, prepared.costs).measure()
    return Outcome(({**own, **point_columns(measured)},), {"classes": measured.classes[np.newaxis]})


def point_columns(measured: Measurement | None) -> dict[str, Any]:
    """Columns of a point; all None where it is beyond the chip's registers."""
    if measured is None:
        columns = ("accuracy", "spikes", "energy", "energy_low", "energy_high", "latency", "latency_low")
        return dict.fromkeys((*columns, "latency_high", "silent_layers", "saturated_layers", "efficiency"))
    row = measured.as_row()
    share = measured.accuracy
    assert share is not None
    return {**row, "efficiency": share / measured.spikes if measured.spikes else None}


def _common(values: Iterable[float]) -> float | None:
    """What all layers have; None where they differ, or nothing leaks."""
    values = tuple(values)
    first = values[0]
    return first if np.isfinite(first) and all(abs(value - first) <= 0.05 * abs(first) for value in values) else None


def _assumptions(prepared: Prepared) -> tuple[str, ...]:
    if prepared.retraining is not None:
        neurons = f"neurons of {', '.join(prepared.units)} go by v + (x - v) / time constant."
        return (*prepared.retraining.notes, neurons, SAME_SAMPLES)
    tuned = (
        "retuning: weights, exponents, biases and the cores stay as deployed; only registers of the neurons change, in "
    )
    leak = (
        "time constants: multiples of each neuron's own, but at least a step."
        if prepared.relative_constants
        else "time constants: of the membrane, in steps; synaptic currents keep theirs."
    )
    unit = (
        "thresholds: multiples of those that each layer was trained with."
        if prepared.relative_thresholds
        else "thresholds: in units of the trained network; of a layer whose neurons differ, the median."
    )
    agreement = "labels: the data has none; accuracy is agreement with the network as it was deployed."
    return (
        tuned + f"{', '.join(prepared.units)}. A step keeps the share 1 - 1/time constant of the membrane potential.",
        leak,
        unit,
        SAME_SAMPLES,
        *(() if prepared.labelled else (agreement,)),
    )
