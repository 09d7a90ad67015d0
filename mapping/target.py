"""A chip as data: topology, limits, how synapses are stored, and what operations cost.

The chips that come with Spikeloom are `targets/*.yaml`; `target_files.py` reads them and the user's own.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from ..models.errors import UsageError
from .constant import (
    Constant,
    Count,
    Limit,
    Nanoseconds,
    Picojoules,
    StateWidth,
    Strict,
    TabledLimit,
    TabledNanoseconds,
    Watts,
    Width,
)

SynapseKind = Literal["dense", "sparse", "convolution"]
Value = TypeVar("Value")
UNKNOWN_WIDTH = Limit.model_validate(
    {"value": None, "unit": "bits", "kind": "assumed", "source": "not given: no narrower than the simulator's 24 bits"}
)
STORED_ZEROS = Limit.model_validate(
    {"value": None, "unit": "bits", "kind": "assumed", "source": "not given: a zero is stored as any other weight"}
)
NOT_LIMITED = Limit.model_validate(
    {"value": None, "unit": "things", "kind": "assumed", "source": "not given: not limited"}
)
SAME_LINK = Constant.model_validate(
    {"value": 1, "unit": "hops", "kind": "assumed", "source": "not given: a link between chips is as any other"}
)


class TilePlace(Strict):
    """A tile of the board: the chip's number, and column and row within the chip."""

    chip: int = Field(default=0, ge=0)
    column: int = Field(ge=0)
    row: int = Field(ge=0)


class CorePlace(TilePlace):
    """A core of a tile."""

    core: int = Field(ge=0)


class Topology(Strict):
    """A mesh of tiles, each with some cores; the meshes of several chips are joined to one.

    Attributes
    ----------
    chips : number of chips on the board; they are numbered row by row.
    chip_columns : chips that stand side by side from west to east, a divisor of `chips`; None for all of them.
    columns, rows : size of a chip's mesh, in tiles.
    cores_per_tile : cores of a tile.
    usable_cores : of a chip; at most columns * rows * cores_per_tile. The mapper uses `value`.
    torus : whether the board's eastern and western edges are joined, and the northern and southern ones.
    routing : "unicast": a spike is one message to every core that it reaches; "multicast": it is one message along a
        tree, copied where the tree branches.
    link_between_chips : hops within a chip that a hop from chip to chip costs as much as, at least 1.
    dead_cores : cores that do not work.
    reserved_cores : cores that hold no neurons, such as those for input and output.
    input_tile : where input enters the board.
    """

    chips: int = Field(default=1, ge=1)
    chip_columns: int | None = Field(default=None, ge=1)
    columns: Count
    rows: Count
    cores_per_tile: Count
    usable_cores: Count
    torus: bool = False
    routing: Literal["unicast", "multicast"] = "unicast"
    link_between_chips: Constant = SAME_LINK
    dead_cores: tuple[CorePlace, ...] = ()
    reserved_cores: tuple[CorePlace, ...] = ()
    input_tile: TilePlace = TilePlace(column=0, row=0)

    @model_validator(mode="after")
    def _cores_exist(self) -> Self:
        present = self.columns.value * self.rows.value * self.cores_per_tile.value
        if self.usable_cores.value > present:
            raise ValueError(f"{self.usable_cores.value} cores cannot be usable where {present} exist")
        if self.chip_columns is not None and self.chips % self.chip_columns:
            raise ValueError(f"{self.chips} chips do not fill rows of {self.chip_columns}")
        if self.link_between_chips.unit != "hops" or self.link_between_chips.low < 1:
            raise ValueError("link_between_chips is in hops, at least 1")
        for place in (self.input_tile, *self.dead_cores, *self.reserved_cores):
            inside = place.chip < self.chips and place.column < self.columns.value and place.row < self.rows.value
            if not inside or (isinstance(place, CorePlace) and place.core >= self.cores_per_tile.value):
                raise ValueError(f"the board has no {place}")
        return self

    @property
    def unusable(self) -> frozenset[CorePlace]:
        """Cores that may not hold neurons, dead and reserved ones."""
        return frozenset((*self.dead_cores, *self.reserved_cores))


class Limits(Strict):
    """What must not be exceeded; a limit with value None is not checked.

    Attributes
    ----------
    neurons, synaptic_memory_bits, input_axons, output_axons : of a core. An input axon is a source neuron (or input)
        that has a synapse on the core; an output axon is a pair of a neuron on the core and a core it reaches, its
        own core included, for a neuron knows its targets only through the axon table.
    memory_bits : of a core, for all uses together; see `SharedMemory`.
    routing_entries : of a tile's router; with multicast routing, each set of neurons of a core with the same
        destinations takes one at every tile where its tree begins, ends, turns or branches.
    delay_steps : the longest delay of a projection.
    graded_spike_bits : 1 where a spike carries no number.
    weight_bits : with the sign; weights that share a factor of two are stored without it.
    threshold_bits : without a sign.
    membrane_bits, current_bits : of a neuron's states, with the sign. The rules of the simulator hold 24: within a
        smaller width quantization keeps the states by its choice of scales.
    """

    neurons: Limit
    synaptic_memory_bits: Limit
    input_axons: Limit
    output_axons: Limit
    delay_steps: Limit
    graded_spike_bits: Width
    weight_bits: Width
    threshold_bits: Width
    membrane_bits: StateWidth = UNKNOWN_WIDTH
    current_bits: StateWidth = UNKNOWN_WIDTH
    memory_bits: Limit = NOT_LIMITED
    routing_entries: Limit = NOT_LIMITED

    def of(self, resource: str) -> int | None:
        """The limit of a resource by its name, such as "neurons"; None where it is not public."""
        limit: Limit = getattr(self, resource)
        return limit.value


class ListedSynapses(Strict):
    """Synapses stored one by one: an input axon takes ceil((header + synapses * bits) / word) words.

    Attributes
    ----------
    header_bits : of an axon.
    bits_per_synapse : weight, and target and delay where the format stores them; by the bits of the projection's
        weights where these are stored in their own width.
    """

    header_bits: Limit
    bits_per_synapse: TabledLimit


class SharedKernel(Strict):
    """A kernel stored once a core, whatever the number of positions the core holds.

    Each place of the kernel and input channel of a group takes ceil((header + weights * bits + zeros * bits) / word)
    words, where weights and zeros are those of the output channels of the group of which the core holds at least one
    neuron; a place of which no bit is stored takes none.

    Attributes
    ----------
    header_bits : with a stride of 1 along at least one axis.
    strided_header_bits : with a stride above 1 along all axes.
    bits_per_weight : of an output channel; by the bits of the projection's weights where these are stored in their own
        width.
    bits_per_zero : of an output channel whose weight is zero, never more than of another one; value None for as many.
    tiles : which neurons of a layer that such a kernel reaches may share a core. "any"; or "powers of two": those of
        one tile of the layer, that is, some channels of a grid cell of rows and columns; the cell's height is a power
        of two, its width one or the whole layer's, and it takes room for its full height where the layer ends within.
    """

    header_bits: Limit
    strided_header_bits: Limit
    bits_per_weight: TabledLimit
    bits_per_zero: Limit = STORED_ZEROS
    tiles: Literal["any", "powers of two"] = "any"


class SharedMemory(Strict):
    """What a core's memory holds where it is one for all uses, as far as it decides how layers are divided.

    A core needs bits_per_neuron for each neuron that it has room for (see `SharedKernel.tiles`), and for each
    projection the larger of what its synapses take and, for listed ones, bits_per_listed_synapse for each of them: for
    each neuron of an axon in the dense format, for each synapse in the sparse one.

    Attributes
    ----------
    bits_per_neuron : states and parameters.
    bits_per_listed_synapse : what a compiler sets aside for a synapse before it knows how it will be stored.
    """

    bits_per_neuron: Limit
    bits_per_listed_synapse: Limit


class SynapticMemory(Strict):
    """How synapses lie in a core's memory.

    What a core holds of a projection has one format, whatever the kind of its connectivity: a convolution's where the
    chip has it; otherwise the dense or the sparse one, whichever takes fewer bits on this core, and the dense one where
    both take the same.

    Attributes
    ----------
    word_bits : the unit in which memory is given out.
    dense : an axon stores a weight, zero or not, for every neuron of the layer on the core.
    sparse : an axon stores its synapses on the core.
    convolution : None where the chip cannot share weights, so that a convolution is stored as single synapses.
    shared : None where synapses have a memory of their own.
    """

    word_bits: Limit
    dense: ListedSynapses
    sparse: ListedSynapses
    convolution: SharedKernel | None
    shared: SharedMemory | None = None


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


class Target(Strict):
    """A chip, or a board of several."""

    name: str = Field(min_length=1)
    description: str
    topology: Topology
    limits: Limits
    synaptic_memory: SynapticMemory
    costs: Costs

    @property
    def cores(self) -> int:
        """Usable cores of all chips; dead and reserved ones do not count."""
        topology = self.topology
        present = topology.columns.value * topology.rows.value * topology.cores_per_tile.value
        lost = Counter(place.chip for place in topology.unusable)
        usable = topology.usable_cores.value
        return sum(min(usable, present - lost[chip]) for chip in range(topology.chips))

    def with_chips(self, chips: int) -> Target:
        """The same chip on a board with several."""
        if chips < 1:
            raise UsageError(f"a board has at least one chip, not {chips}")
        across = self.topology.chip_columns
        changes = {"chips": chips, "chip_columns": across if across and chips % across == 0 else None}
        return self.model_copy(update={"topology": self.topology.model_copy(update=changes)})

    def cost_set(self, name: str | None = None) -> CostSet:
        """An account by name, or the default one."""
        chosen = self.costs.default if name is None else name
        if chosen not in self.costs.sets:
            known = ", ".join(self.costs.sets)
            raise UsageError(f"target {self.name} has no account {chosen!r}; its accounts are {known}")
        return self.costs.sets[chosen]
