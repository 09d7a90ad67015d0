"""Which cores each of many senders reaches, with senders of equal sets told apart from all others.

The sets are the nodes of a tree: a node's set is its parent's and one core more. Cores are added one after the other in
ascending order, each to all senders that reach it; so two senders stand at the same node if and only if they reach the
same cores, and a set takes no memory of its own (partition refinement, Paige and Tarjan, SIAM J. Comput. 16, 1987).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

Array = NDArray[Any]

# Columns of the array of senders: the node each stands at, and the core that was added last.
NODE, ADDED = 0, 1
# Columns of the tree: parent, the core that the node adds to it, and the node's newest child.
PARENT, CORE, CHILD = 0, 1, 2
ROOT, NO_CORE = 0, -1
keep_loops()


@dataclass(eq=False)
class CoreSets:
    """Sets that grow core by core.

    Attributes
    ----------
    senders : (senders, 2) int32, node and core added last.
    tree : (capacity, 3) int32, the nodes; the first is the empty set, and a child of its own.
    used : (1,) int64, nodes in use.
    """

    senders: Array
    tree: Array
    used: Array = field(default_factory=lambda: np.ones(1, dtype=np.int64))

    @classmethod
    def empty(cls, senders: int) -> CoreSets:
        """Senders that reach nothing yet."""
        pairs = np.empty((senders, 2), dtype=np.int32)
        pairs[:, NODE], pairs[:, ADDED] = ROOT, NO_CORE
        tree = np.empty((64, 3), dtype=np.int32)
        tree[ROOT] = ROOT, NO_CORE, ROOT
        return cls(pairs, tree)

    def make_room(self) -> None:
        """Before a core is added: it gives every node at most one child, and every sender at most one node."""
        nodes = int(self.used[0])
        needed = nodes + min(nodes, self.senders.shape[0])
        if self.tree.shape[0] < needed:
            larger = np.empty((needed + nodes // 2, 3), dtype=np.int32)
            larger[:nodes] = self.tree[:nodes]
            self.tree = larger

    def cores_of(self, nodes: Array) -> tuple[Array, Array]:
        """Offsets, (nodes + 1,) int64, and int32 cores of some nodes' sets, ascending within each."""
        sizes = np.zeros(int(self.used[0]), dtype=np.int32)
        _count_cores(self.tree, sizes)
        offsets = np.zeros(nodes.size + 1, dtype=np.int64)
        np.cumsum(sizes[nodes], out=offsets[1:])
        cores = np.empty(int(offsets[-1]), dtype=np.int32)
        _list_cores(self.tree, nodes, offsets, cores)
        return offsets, cores


@numba.njit(cache=True)
def add_core(core: int, first: int, heard: Array, senders: Array, tree: Array, used: Array) -> None:
    """Add a core to the sets of the senders first + heard, unless it has been added already; no smaller one follows."""
    for index in range(heard.size):
        sender = first + heard[index]
        if senders[sender, ADDED] != core:
            senders[sender, ADDED] = core
            node = senders[sender, NODE]
            child = tree[node, CHILD]
            if tree[child, CORE] != core:
                child = used[0]
                used[0] += 1
                tree[child, PARENT] = node
                tree[child, CORE] = core
                tree[child, CHILD] = ROOT
                tree[node, CHILD] = child
            senders[sender, NODE] = child


@numba.njit(cache=True)
def _count_cores(tree: Array, sizes: Array) -> None:
    """Set (nodes,) int32 `sizes` to the cores of each node's set, from that of its parent, which comes before it."""
    for node in range(1, sizes.size):
        sizes[node] = sizes[tree[node, PARENT]] + 1


@numba.njit(cache=True)
def _list_cores(tree: Array, nodes: Array, offsets: Array, cores: Array) -> None:
    for index in range(nodes.size):
        node = nodes[index]
        for place in range(offsets[index + 1] - 1, offsets[index] - 1, -1):
            cores[place] = tree[node, CORE]
            node = tree[node, PARENT]


@numba.njit(cache=True)
def hear_through_kernel(
    neurons: Array,
    core: int,
    seen: Array,
    nonzero: Array,
    group_channels: int,
    first_block: Array,
    blocks: Array,
    input_size: int,
    rates: Array,
    senders: Array,
    tree: Array,
    used: Array,
) -> float:
    """Add a core to the sets of all senders that it hears through a convolution.

    Positions at which a core holds the same channels are taken together: there, only the number of weights at each
    place of the kernel counts. Input channels whose weights are zero at the same places are one sender at a position.

    Parameters
    ----------
    neurons : (n,) int64, ascending, target neurons on the core.
    seen : (output positions, kernel places) int32, input position, or -1 outside; see `seen_positions`.
    nonzero : (output channels, inputs of a group, kernel places) bool.
    group_channels : output channels of a group.
    first_block : (groups + 1,) int64, where the blocks of input channels of each group begin in `blocks`.
    blocks : (all blocks, 2) int64, number of the block among the senders, and one of its channels within the group.
    input_size : input positions; the sender of a block at a position is block * input_size + position.
    rates : (senders,) float64, spikes a step of all channels of the block together.
    senders, tree, used : see `CoreSets`.

    Returns
    -------
    Synaptic operations a step.
    """
    output_size, places = seen.shape
    operations = 0.0
    held = np.zeros((output_size, 2), np.int32)
    held[:, ADDED] = NO_CORE
    sets = np.empty((neurons.size + 1, 3), np.int32)
    begins = np.empty(neurons.size + 2, np.int64)
    order = np.empty(neurons.size, np.int64)
    looks = np.empty((places, neurons.size), np.int32)
    looking, weights, pattern = np.empty(places, np.int64), np.empty(places, np.int64), np.empty(places, np.int64)
    covered, covering = np.zeros(input_size, np.int64), 0
    footprint, size = np.empty(input_size, np.int64), 0
    start = 0
    while start < neurons.size:
        group = neurons[start] // output_size // group_channels
        stop = start + np.searchsorted(neurons[start:], (group + 1) * group_channels * output_size)
        number = positions_by_channels(neurons[start:stop], held, sets, begins, order)
        for node in range(1, number):
            if begins[node] == begins[node + 1]:
                continue
            look(order[begins[node] : begins[node + 1]], seen, looks, looking)
            pattern[:] = -1
            for row in range(first_block[group], first_block[group + 1]):
                base = blocks[row, 0] * input_size
                if _count_weights(nonzero, blocks[row, 1], sets, node, weights, pattern):
                    covering += 1
                    size = _cover(looks, looking, weights, covered, covering, footprint)
                add_core(core, base, footprint[:size], senders, tree, used)
                for place in range(places):
                    if weights[place] > 0:
                        total = 0.0
                        for index in range(looking[place]):
                            total += rates[base + looks[place, index]]
                        operations += weights[place] * total
        start = stop
    return operations


@numba.njit(cache=True)
def positions_by_channels(neurons: Array, held: Array, sets: Array, begins: Array, order: Array) -> int:
    """Positions of some neurons, in `order`, by the channels that they have there; those of node n from begins[n] on.

    The sets of channels are a tree as in `CoreSets`, with positions for senders, `held`, and channels for cores.
    """
    used = np.ones(1, np.int64)
    sets[ROOT, PARENT], sets[ROOT, CORE], sets[ROOT, CHILD] = ROOT, NO_CORE, ROOT
    start = 0
    while start < neurons.size:
        channel = neurons[start] // held.shape[0]
        stop = start + np.searchsorted(neurons[start:], (channel + 1) * held.shape[0])
        add_core(channel, -channel * held.shape[0], neurons[start:stop], held, sets, used)
        start = stop
    number = used[0]
    begins[: number + 1] = 0
    for neuron in neurons:
        position = neuron % held.shape[0]
        if held[position, ADDED] >= 0:  # each position once
            held[position, ADDED] = -2 - held[position, ADDED]
            begins[held[position, NODE] + 1] += 1
    for node in range(number):
        begins[node + 1] += begins[node]
    for neuron in neurons:
        position = neuron % held.shape[0]
        if held[position, ADDED] != NO_CORE:
            order[begins[held[position, NODE]]] = position
            begins[held[position, NODE]] += 1
            held[position, NODE], held[position, ADDED] = ROOT, NO_CORE
    for node in range(number, 0, -1):
        begins[node] = begins[node - 1]
    begins[0] = 0
    return int(number)


@numba.njit(cache=True)
def look(positions: Array, seen: Array, looks: Array, looking: Array) -> None:
    """The input positions behind each place of the kernel, `looking` of them in each row of `looks`."""
    for place in range(looking.size):
        looking[place] = 0
        for position in positions:
            if seen[position, place] >= 0:
                looks[place, looking[place]] = seen[position, place]
                looking[place] += 1


@numba.njit(cache=True)
def _count_weights(nonzero: Array, channel: int, sets: Array, node: int, weights: Array, pattern: Array) -> bool:
    """Weights of a set of channels at each place for one input channel; whether others are zero than before."""
    weights[:] = 0
    while node != ROOT:
        for place in range(weights.size):
            weights[place] += nonzero[sets[node, CORE], channel, place]
        node = sets[node, PARENT]
    changed = False
    for place in range(weights.size):
        present = min(weights[place], 1)
        changed = changed or pattern[place] != present
        pattern[place] = present
    return changed


@numba.njit(cache=True)
def _cover(looks: Array, looking: Array, weights: Array, covered: Array, covering: int, footprint: Array) -> int:
    """Input positions behind any weight, each once, in `footprint`; how many there are."""
    size = 0
    for place in range(weights.size):
        if weights[place] > 0:
            for position in looks[place, : looking[place]]:
                if covered[position] != covering:
                    covered[position] = covering
                    footprint[size] = position
                    size += 1
    return size
