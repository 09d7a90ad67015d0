"""What the operations of a chip cost, in energy, power and time."""

from __future__ import annotations

from typing import Generic, Literal, Self, TypeVar

from pydantic import model_validator

from .constant import Constant, Nanoseconds, Picojoules, Strict, TabledConstant, TabledNanoseconds, Watts
from .synapse_formats import SynapseKind

Value = TypeVar("Value")
StepTimeModel = Literal["sum", "maximum", "serial", "clock"]
JOULES_PER_PICOJOULE = 1e-12


def _nothing(unit: str) -> Constant:
    """What an account that does not name an operation says of it."""
    return Constant.model_validate(
        {"value": 0, "unit": unit, "kind": "assumed", "source": "not given: within the other operations"}
    )


NO_ENERGY, NO_TIME, NO_POWER = _nothing("pJ"), _nothing("ns"), _nothing("W")


class ByKind(Strict, Generic[Value]):
    """A constant for each kind of synapse."""

    dense: Value
    sparse: Value
    convolution: Value

    def of(self, kind: SynapseKind) -> Value:
        """The constant of one kind."""
        value: Value = getattr(self, kind)
        return value


class EnergyCosts(Strict):
    """Energy of each operation, in picojoules.

    Attributes
    ----------
    synaptic_operation : one weight added at one neuron, by kind of synapse.
    neuron_access : every neuron at every step, active or not.
    neuron_update : on top of the access, every neuron that is updated in a step; see `CostSet.updates`.
    spike : a neuron spikes.
    packet : a message sent to another core.
    hop_east_west, hop_north_south : a message passes from a tile to the next.
    packet_in : a message taken in from another core.
    row : a spike fetches the synapses that it has on a core, where they are more than one.
    memory_read : a word of synaptic memory.
    """

    synaptic_operation: ByKind[Picojoules]
    neuron_access: Picojoules
    neuron_update: Picojoules
    spike: Picojoules
    packet: Picojoules
    hop_east_west: Picojoules
    hop_north_south: Picojoules
    packet_in: Picojoules = NO_ENERGY
    row: Picojoules = NO_ENERGY
    memory_read: Picojoules = NO_ENERGY


class PowerCosts(Strict):
    """Power whether or not anything happens, in watts.

    Attributes
    ----------
    static : of the neuromorphic part of a chip; where `topology` is of one board of chips, such as SpiNNaker's, of a
        tile.
    processors : of the conventional processors on it, where they are counted apart.
    core : of each core in use, on top.
    board : of the whole board, its chips, their cores and everything else on it, at rest; 0 where it is not known. It
        takes the place of `static` and `processors` in the account of the system.
    """

    static: Watts
    processors: Watts
    core: Watts = NO_POWER
    board: Watts = NO_POWER


class TimeCosts(Strict):
    """Time of each operation, in nanoseconds.

    Attributes
    ----------
    synaptic_operation, neuron_access, neuron_update, spike : as in `EnergyCosts`, one after the other on a core.
    packet_out, packet_in : a core sends a message, or takes one in.
    hop_east_west, hop_north_south : a message passes over a link.
    barrier : ends every step, and is its floor; may grow with the number of tiles in use. With the model "clock", its
        period.
    memory_read : as in `EnergyCosts`.
    """

    synaptic_operation: ByKind[Nanoseconds]
    neuron_access: Nanoseconds
    neuron_update: Nanoseconds
    spike: Nanoseconds
    packet_out: Nanoseconds
    packet_in: Nanoseconds
    hop_east_west: Nanoseconds
    hop_north_south: Nanoseconds
    barrier: TabledNanoseconds
    memory_read: Nanoseconds = NO_TIME


class CostSet(Strict):
    """One account of what operations cost; accounts are never mixed.

    Attributes
    ----------
    description : whose account it is.
    step_time_model : how long a step takes; see `step_time`. "sum": as long as the longer of the busiest core's
        receiving and of its updating and sending, plus the barrier; "maximum": as long as the longest of neuron work,
        synapse work, memory reads, busiest link and barrier; "serial": as long as all work of the busiest core, one
        after the other, plus the barrier; "clock": as many periods of a clock as the busiest core of the busiest step
        needs for its work, one after the other.
    updates : which neurons take `neuron_update` in a step: "all" of them, or the "active" ones, that are not at rest.
    energy, power, time : the constants.
    """

    description: str
    step_time_model: StepTimeModel
    updates: Literal["all", "active"] = "all"
    energy: EnergyCosts
    power: PowerCosts
    time: TimeCosts

    @model_validator(mode="after")
    def _clock_has_a_period(self) -> Self:
        if self.step_time_model == "clock" and not self.time.barrier.low:
            raise ValueError("time.barrier is the period of the clock (step_time_model: clock), and above 0")
        return self

    def scaled(self, energy: float, power: float, time: float) -> CostSet:
        """The same account with all its energies, powers and times multiplied, each by a factor of at least 0."""
        return CostSet(
            **{name: getattr(self, name) for name in ("description", "step_time_model", "updates")},
            energy=_scaled(self.energy, energy),
            power=_scaled(self.power, power),
            time=_scaled(self.time, time),
        )


Section = TypeVar("Section", bound=Strict)


def _scaled(section: Section, factor: float) -> Section:
    """A copy of a section with all constants below it multiplied."""
    if isinstance(section, Constant):
        parts: dict[str, object] = {end: factor * getattr(section, end) for end in ("value", "low", "high")}
        if isinstance(section, TabledConstant):
            parts["table"] = {count: factor * value for count, value in section.table.items()}
        return section.model_copy(update=parts)
    return section.model_copy(
        update={name: _scaled(getattr(section, name), factor) for name in type(section).model_fields}
    )


class Costs(Strict):
    """The accounts of a chip.

    Attributes
    ----------
    default : name of the account that is used where none is asked for.
    sets : accounts by name.
    """

    default: str
    sets: dict[str, CostSet]

    @model_validator(mode="after")
    def _default_exists(self) -> Self:
        if self.default not in self.sets:
            raise ValueError(f"default names {self.default!r}, which is not among {', '.join(self.sets)}")
        return self
