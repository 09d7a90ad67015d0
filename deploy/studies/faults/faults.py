"""What survives broken hardware: accuracy against the rate of faults of the deployed integer network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ....backends.program import Program
from ....models.errors import UsageError
from ....models.network import Role
from ...progress.progress import Progress
from ..grid_axis import Axis
from ..measurement import Instrument
from ..names import Names
from ..sample_subsets import check_samples_independent
from ..study import Conclusion, Outcome, Study, Task
from ..subject import Subject
from .encodings import AS_DEPLOYED, USABLE, comparable_encodings, encoded_inputs
from .findings import conclude_faults
from .packets import Scope
from .tasks import CORES, FAULT_KINDS, HEALTHY, FaultTask, perform_fault
from .weight_cells import Rounding
from .weights import NOISY

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs.

    Attributes
    ----------
    given : per encoding, (samples, steps, input neurons) integers that enter.
    y : (samples,) labels; where the data has none, what the network decides as it was deployed.
    labelled : whether the data has some.
    """

    program: Program
    given: Mapping[str, Array]
    y: Array
    labelled: bool
    costs: str | None


class Faults(Study):
    """Neurons, cores, weights and packets that fail at several rates, several times each."""

    name: ClassVar[str] = "faults"

    kinds: Names = Field(FAULT_KINDS, description=f"Only some, with commas between: {', '.join(FAULT_KINDS)}.")
    rates: Axis = Field(
        "0.001,0.003,0.01,0.03,0.1,0.3",
        description="Shares of neurons, weights, bits or packets that fail, LOW:HIGH:COUNT or a list.",
        validate_default=True,
    )
    deviations: Axis = Field(
        "0.01,0.02,0.05,0.1,0.2,0.5",
        description="Standard deviations of noisy weights, relative to each weight, likewise.",
        validate_default=True,
    )
    dead_cores: Axis = Field(
        "1,2,4,8", description="How many of the cores in use die, likewise.", validate_default=True
    )
    repeats: int = Field(5, ge=1, le=1000, description="Chips with other faults, for each rate.")
    layers: Names = Field((), description="Faults in these layers alone, with commas between; else in all.")
    per_layer: bool = Field(False, description="Besides, each layer with faults in it alone.")
    encodings: Names = Field(
        (),
        description=f"Encodings of the data to compare, with commas between: {', '.join(USABLE)}. Unless told, "
        f"{AS_DEPLOYED}, and rate besides for static data under constant current.",
    )
    tolerance: float = Field(0.01, ge=0, le=1, description="Accuracy that faults may cost and still be withstood.")
    packets: Scope = Field("all", description="Which packets fail: also those that stay on their core, or not.")
    rounding: Rounding = Field("nearest", description="How noisy weights become those that a synapse can hold.")

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [kind for kind in value if kind not in FAULT_KINDS]
        if unknown or not value:
            raise ValueError(f"there are {', '.join(FAULT_KINDS)}")
        return value

    @field_validator("encodings")
    @classmethod
    def _known_encodings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(name not in USABLE for name in value):
            raise ValueError(f"there are {', '.join(USABLE)}")
        return value

    @field_validator("rates")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0 or max(value) > 1:
            raise ValueError("a share is above 0 and at most 1")
        return value

    @field_validator("deviations")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0 or max(value) > 10:
            raise ValueError("a relative deviation is above 0 and at most 10")
        return value

    @field_validator("dead_cores")
    @classmethod
    def _whole(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(count < 1 or count != int(count) for count in value):
            raise ValueError("cores are counted, from 1")
        return value

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        assert subject is not None
        program, data = subject.program, subject.data
        check_samples_independent(program.network, self.name)
        subject.require_classes()
        if CORES in self.kinds and not self._rates(CORES, program):
            cores = program.mapping.cores
            raise UsageError(
                f"{subject.name} lies on {cores} core{'' if cores == 1 else 's'}, so that {self.dead_cores[0]:g} "
                "cannot die: ask for fewer (--dead-cores), or leave dead-cores out of --kinds."
            )
        known = [part.name for part in program.network.populations if part.role is not Role.CONSTANT]
        for name in self.layers:
            if name not in known:
                raise UsageError(f"There is no layer {name!r} that could have faults; there are {', '.join(known)}.")
        encodings = self.encodings or comparable_encodings(program, data)
        given = {name: _narrow(encoded_inputs(program, data, name, self.seed)) for name in encodings}
        labels = data.y
        if labels is None:
            labels = Instrument(program, data.x, None).measure().classes
        return Prepared(program, given, labels, data.y is not None, subject.costs)

    def tasks(self, prepared: Prepared) -> tuple[Task, ...]:
        places: list[str] = [""]
        if self.per_layer:
            layers = [part.name for part in prepared.program.network.populations if part.role is not Role.CONSTANT]
            places += [name for name in layers if not self.layers or name in self.layers]
        found = []
        for encoding in prepared.given:
            found.append(FaultTask(HEALTHY, encoding))
            for kind in self.kinds:
                for layer in places[:1] if kind == CORES else places:
                    for rate in self._rates(kind, prepared.program):
                        found += [FaultTask(kind, encoding, layer, rate, repeat) for repeat in range(self.repeats)]
        return tuple(Task(one.name(prepared.program), one.parameters()) for one in found)

    def _rates(self, kind: str, program: Program) -> tuple[float, ...]:
        if kind == CORES:
            return tuple(count for count in self.dead_cores if count <= program.mapping.cores)
        return self.deviations if kind == NOISY else self.rates

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        of = FaultTask(**task.parameters)
        given = {of.encoding: prepared.given[of.encoding].astype(np.int32)}
        return perform_fault(
            of, prepared.program, given, prepared.y, prepared.costs,
            seed=self.seed, repeats=self.repeats, layers=self.layers, scope=self.packets, rounding=self.rounding,
        )  # fmt: skip

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        _, counts = np.unique(prepared.y, return_counts=True)
        return conclude_faults(
            [row for outcome in outcomes.values() for row in outcome.rows],
            prepared.program,
            chance=float(counts.max()) / prepared.y.size,
            beyond=tuple(int(count) for count in self.dead_cores if count > prepared.program.mapping.cores),
            tolerance=self.tolerance,
            samples=int(prepared.y.size),
            labelled=prepared.labelled,
            scope=self.packets,
            rounding=self.rounding,
            repeats=self.repeats,
        )


def _narrow(integers: Array) -> Array:
    """The same integers in as few bytes as hold them, for they go to every worker."""
    ends = int(integers.min(initial=0)), int(integers.max(initial=0))
    fitting = (kind for kind in (np.int8, np.int16) if np.iinfo(kind).min <= ends[0] and ends[1] <= np.iinfo(kind).max)
    return integers.astype(next(fitting, np.int32))
