"""What a block may hold at most, and what neurons and their axons take of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hypergraph import Hypergraph
from .resource_columns import (
    COLUMNS,
    INPUT_AXONS,
    MEMORY_BITS,
    NEURONS,
    NO_LIMIT,
    OUTPUT_AXONS,
    SYNAPSES,
    SYNAPTIC_BITS,
)

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class AxonStorage:
    """What the synapses of a net take in the memory of each block that they end in.

    A net with n synapses on a block, from p projections, takes at most
    floor((min(p, n) * header + n * synapse + min(p, n) * (word - 1)) / word) words, which is exact for one projection,
    and never less than n * reserved bits.

    Attributes
    ----------
    pin_synapses : (pins,) int32, how many synapses each pin of the hypergraph stands for; 0 for a source alone.
    header_bits, synapse_bits, projections : (nets,) int64, of each net; where its projections differ, the largest.
    reserved_bits : of a synapse.
    word_bits : the unit in which memory is given out, at least 1.
    """

    pin_synapses: Array
    header_bits: Array
    synapse_bits: Array
    projections: Array
    reserved_bits: int
    word_bits: int

    @classmethod
    def uniform(cls, hypergraph: Hypergraph, header_bits: int, synapse_bits: int, word_bits: int = 1) -> AxonStorage:
        """One projection with the same format everywhere."""
        nets = hypergraph.nets
        header, synapse = np.full(nets, header_bits, np.int64), np.full(nets, synapse_bits, np.int64)
        return cls(target_pins(hypergraph), header, synapse, np.ones(nets, np.int64), 0, word_bits)

    def table(self) -> Array:
        """(nets, 4) int64, header, synapse, projections, reserved."""
        reserved = np.full(self.header_bits.size, self.reserved_bits, np.int64)
        return np.stack([self.header_bits, self.synapse_bits, self.projections, reserved], axis=1)


@dataclass(frozen=True, eq=False)
class BlockLimits:
    """The most that each block may hold; None for as much as there is.

    Attributes
    ----------
    neurons : number of them.
    synapses : that end at the block's neurons.
    synaptic_bits : memory that the block's axons take, see `AxonStorage`, and `neuron_synaptic_bits`.
    memory_bits : the same with `neuron_bits`.
    input_axons : distinct nets with a target on the block.
    output_axons : pairs of a net whose source is on the block and a block with one of its targets, its own included.
    storage : None where neither kind of memory is limited.
    neuron_synaptic_bits : (neurons,) int64, of synapses that belong to no net; None for none.
    neuron_bits : (neurons,) int64, of states and parameters; None for none.
    neuron_output_axons : (neurons,) int64, blocks beyond these that each neuron reaches; None for none.
    """

    neurons: int | None = None
    synapses: int | None = None
    synaptic_bits: int | None = None
    memory_bits: int | None = None
    input_axons: int | None = None
    output_axons: int | None = None
    storage: AxonStorage | None = None
    neuron_synaptic_bits: Array | None = None
    neuron_bits: Array | None = None
    neuron_output_axons: Array | None = None

    def __post_init__(self) -> None:
        if (self.synaptic_bits is not None or self.memory_bits is not None) and self.storage is None:
            raise ValueError("a limit of memory needs to know what axons take of it")

    def caps(self) -> Array:
        """(columns,) int64 in the order of `resource_columns`."""
        result = np.full(COLUMNS, NO_LIMIT, dtype=np.int64)
        given = {
            NEURONS: self.neurons,
            SYNAPSES: self.synapses,
            SYNAPTIC_BITS: self.synaptic_bits,
            MEMORY_BITS: self.memory_bits,
            INPUT_AXONS: self.input_axons,
            OUTPUT_AXONS: self.output_axons,
        }
        for column, limit in given.items():
            if limit is not None:
                result[column] = limit
        return result

    def demands(self, hypergraph: Hypergraph) -> Array:
        """(neurons, columns) int64, what each neuron takes wherever it is."""
        result = np.zeros((hypergraph.neurons, COLUMNS), dtype=np.int64)
        result[:, NEURONS] = 1
        result[:, SYNAPSES] = hypergraph.synapses
        synaptic = 0 if self.neuron_synaptic_bits is None else self.neuron_synaptic_bits
        result[:, SYNAPTIC_BITS] = synaptic
        result[:, MEMORY_BITS] = synaptic + (0 if self.neuron_bits is None else self.neuron_bits)
        result[:, OUTPUT_AXONS] = 0 if self.neuron_output_axons is None else self.neuron_output_axons
        return result


def target_pins(hypergraph: Hypergraph) -> Array:
    """(pins,) int32, 1 where the pin is a target of its net, 0 where it is the source alone."""
    nets = np.repeat(np.arange(hypergraph.nets), np.diff(hypergraph.offsets))
    source = (hypergraph.sources[nets] == hypergraph.pins) & ~hypergraph.loops[nets]
    return np.asarray(~source, dtype=np.int32)
