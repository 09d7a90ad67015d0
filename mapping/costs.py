"""What the operations of a chip cost, in energy, power and time."""

from __future__ import annotations

from typing import Generic, Literal, Self, TypeVar

from pydantic import model_validator

from .constant import Nanoseconds, Picojoules, Strict, TabledNanoseconds, Watts
from .synapse_formats import SynapseKind

Value = TypeVar("Value")
JOULES_PER_PICOJOULE = 1e-12


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
    neuron_update : on top of the access, every neuron that is updated in a step.
    spike : a neuron spikes.
    packet : a message sent to another core.
    hop_east_west, hop_north_south : a message passes from a tile to the next.
    """

    synaptic_operation: ByKind[Picojoules]
    neuron_access: Picojoules
    neuron_update: Picojoules
    spike: Picojoules
    packet: Picojoules
    hop_east_west: Picojoules
    hop_north_south: Picojoules


class PowerCosts(Strict):
    """Power whether or not anything happens, in watts a chip.

    Attributes
    ----------
    static : of the neuromorphic part.
    processors : of the conventional processors on the chip, where they are counted apart.
    """

    static: Watts
    processors: Watts


class TimeCosts(Strict):
    """Time of each operation, in nanoseconds.

    Attributes
    ----------
    synaptic_operation, neuron_access, neuron_update, spike : as in `EnergyCosts`, one after the other on a core.
    packet_out, packet_in : a core sends a message, or takes one in.
    hop_east_west, hop_north_south : a message passes over a link.
    barrier : ends every step, and is its floor; may grow with the number of tiles in use.
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


class CostSet(Strict):
    """One account of what operations cost; accounts are never mixed.

    Attributes
    ----------
    description : whose account it is.
    step_time_model : "sum": a step takes as long as the longer of the busiest core's receiving and of its updating
        and sending, plus the barrier; "maximum": as long as the longest of neuron work, synapse work, busiest link
        and barrier.
    energy, power, time : the constants.
    """

    description: str
    step_time_model: Literal["sum", "maximum"]
    energy: EnergyCosts
    power: PowerCosts
    time: TimeCosts


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
