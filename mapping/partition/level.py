"""A hypergraph as the compiled loops see it: nodes are neurons, or clusters of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from ..hypergraph import Hypergraph
from .block_limits import BlockLimits, target_pins
from .resource_columns import INPUT_AXONS, MEMORY_BITS, OUTPUT_AXONS, SYNAPTIC_BITS

Array = NDArray[Any]
keep_loops()


class Level(NamedTuple):
    """Nets with two nodes or more, in both directions; what nets of one node take is among the demands of the node.

    Attributes
    ----------
    offsets, pins : as in `Hypergraph`, with nodes in place of neurons.
    pin_synapses : (pins,) int32, synapses of the net that end in each of its nodes.
    node_offsets : (nodes + 1,) int64; the nets of node v are node_nets[node_offsets[v] : node_offsets[v + 1]].
    node_nets, node_synapses : (pins,) int32.
    sources : (nets,) int32, the node that holds the source, or `NO_SOURCE`.
    weights : (nets,) float64, the rates.
    storage : (nets, 4) int64, see `AxonStorage.table`.
    word : bits of a word of memory.
    demands : (nodes, columns) int64, what each node takes wherever it is; see `resource_columns`.
    """

    offsets: Array
    pins: Array
    pin_synapses: Array
    node_offsets: Array
    node_nets: Array
    node_synapses: Array
    sources: Array
    weights: Array
    storage: Array
    word: int
    demands: Array


def finest_level(hypergraph: Hypergraph, limits: BlockLimits) -> Level:
    """Every neuron a node."""
    if limits.storage is None:
        synapses, table, word = target_pins(hypergraph), np.zeros((hypergraph.nets, 4), np.int64), 1
    else:
        synapses, table, word = limits.storage.pin_synapses, limits.storage.table(), limits.storage.word_bits
    alone = np.arange(hypergraph.neurons, dtype=np.int32)
    given = (hypergraph.offsets, hypergraph.pins, synapses, hypergraph.sources, hypergraph.rates, table, word)
    return level_of(*contracted(*given, alone, limits.demands(hypergraph)))


def coarser_level(level: Level, node_of: Array, nodes: int) -> Level:
    """Join nodes.

    Parameters
    ----------
    node_of : (nodes of `level`,) int32, the node of the result that each becomes a part of.
    nodes : of the result.
    """
    demands = np.zeros((nodes, level.demands.shape[1]), dtype=np.int64)
    np.add.at(demands, node_of, level.demands)
    given = (level.offsets, level.pins, level.pin_synapses, level.sources, level.weights, level.storage, level.word)
    return level_of(*contracted(*given, node_of, demands))


def level_of(
    offsets: Array,
    pins: Array,
    synapses: Array,
    sources: Array,
    weights: Array,
    storage: Array,
    word: int,
    demands: Array,
) -> Level:
    """With the nets of every node."""
    incident = node_nets(offsets, pins, synapses, demands.shape[0])
    return Level(offsets, pins, synapses, *incident, sources, weights, storage, word, demands)


@numba.njit(cache=True)
def slot_bits(storage: Array, word: int, net: int, synapses: int) -> int:
    """Memory that some synapses of a net take on one block; see `AxonStorage`."""
    if synapses == 0:
        return 0
    axons = min(storage[net, 2], synapses)
    bits = axons * storage[net, 0] + synapses * storage[net, 1] + axons * (word - 1)
    result: int = max(bits // word * word, storage[net, 3] * synapses)
    return result


@numba.njit(cache=True)
def node_nets(offsets: Array, pins: Array, synapses: Array, nodes: int) -> tuple[Array, Array, Array]:
    """The nets of every node, and their synapses there."""
    node_offsets = np.zeros(nodes + 1, np.int64)
    for pin in pins:
        node_offsets[pin + 1] += 1
    node_offsets = np.cumsum(node_offsets)
    place = node_offsets[:-1].copy()
    nets = np.empty(pins.size, np.int32)
    counts = np.empty(pins.size, np.int32)
    for net in range(offsets.size - 1):
        for i in range(offsets[net], offsets[net + 1]):
            node = pins[i]
            nets[place[node]] = net
            counts[place[node]] = synapses[i]
            place[node] += 1
    return node_offsets, nets, counts


@numba.njit(cache=True)
def contracted(
    offsets: Array,
    pins: Array,
    synapses: Array,
    sources: Array,
    weights: Array,
    storage: Array,
    word: int,
    node_of: Array,
    demands: Array,
) -> tuple[Array, Array, Array, Array, Array, Array, int, Array]:
    """Nets between the nodes that their pins become parts of; `demands` gets what nets of one node take."""
    nets = offsets.size - 1
    place = np.full(demands.shape[0], -1, np.int64)
    new_offsets = np.zeros(nets + 1, np.int64)
    new_pins = np.empty(pins.size, np.int32)
    new_synapses = np.zeros(pins.size, np.int32)
    kept = np.empty(nets, np.int64)
    count, end = 0, 0
    for net in range(nets):
        start = end
        for i in range(offsets[net], offsets[net + 1]):
            node = node_of[pins[i]]
            if place[node] < start:
                place[node] = end
                new_pins[end] = node
                new_synapses[end] = 0
                end += 1
            new_synapses[place[node]] += synapses[i]
        if end - start > 1:
            kept[count] = net
            count += 1
            new_offsets[count] = end
            continue
        if end - start == 1:
            node = new_pins[start]
            place[node] = -1
            if new_synapses[start]:
                bits = slot_bits(storage, word, net, new_synapses[start])
                demands[node, SYNAPTIC_BITS] += bits
                demands[node, MEMORY_BITS] += bits
                demands[node, INPUT_AXONS] += 1
                if sources[net] >= 0:
                    demands[node, OUTPUT_AXONS] += 1
        end = start
    kept = kept[:count]
    new_sources = np.empty(count, np.int32)
    for i in range(count):
        source = sources[kept[i]]
        new_sources[i] = node_of[source] if source >= 0 else source
    return (
        new_offsets[: count + 1].copy(),
        new_pins[:end].copy(),
        new_synapses[:end].copy(),
        new_sources,
        weights[kept],
        storage[kept],
        word,
        demands,
    )
