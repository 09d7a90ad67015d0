"""Which neurons do the same with every spike: they reach the same cores, with as many synapses on each.

Classes are the nodes of a tree, as in `core_sets.py`. What a projection has on a core splits them: a class's sources
with different numbers of synapses or words there part, and those with none stay. So two sources stand at the same node
if and only if they have the same on every core, and what a class has is the way from the root to its node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

Array = NDArray[Any]

# Columns of the tree: parent, and what the node's sources have more than the parent's.
PARENT, VISIT, SYNAPSES, WORDS = range(4)
ROOT = 0
SMALLEST_TABLE = 64
keep_loops()


@dataclass(eq=False)
class SourceClasses:
    """Classes that are split visit by visit; a visit is a projection on a core.

    Attributes
    ----------
    nodes : (sources,) int32, where each stands.
    tree : (capacity, 4) int32, the nodes; the first is the root: sources that reach nothing.
    used : (1,) int64, nodes in use.
    table : (power of two,) int32, nodes by what they have, for the visit that goes on.
    """

    nodes: Array
    tree: Array
    used: Array = field(default_factory=lambda: np.ones(1, dtype=np.int64))
    table: Array = field(default_factory=lambda: np.zeros(SMALLEST_TABLE, dtype=np.int32))

    @classmethod
    def empty(cls, sources: int) -> SourceClasses:
        """Sources that reach nothing yet."""
        return cls(np.zeros(sources, dtype=np.int32), np.zeros((64, 4), dtype=np.int32))

    def split(self, visit: int, sources: Array, synapses: Array, words: Array) -> None:
        """Let some sources have something.

        Parameters
        ----------
        visit : its number, another one each time.
        sources : (n,) int, each once.
        synapses, words : (n,) int, what each has.
        """
        nodes = int(self.used[0])
        needed = nodes + sources.size
        if self.tree.shape[0] < needed:
            larger = np.empty((needed + nodes // 2, 4), dtype=np.int32)
            larger[:nodes] = self.tree[:nodes]
            self.tree = larger
        if self.table.size < 2 * sources.size:
            self.table = np.zeros(1 << (2 * sources.size - 1).bit_length(), dtype=np.int32)
        _split(visit, sources, synapses, words, self.nodes, self.tree, self.used, self.table)

    def paths(self, nodes: Array) -> tuple[Array, Array]:
        """Offsets, (nodes + 1,) int64, and what each of some nodes has: (entries, 3) int32, visit, synapses, words."""
        depths = np.zeros(int(self.used[0]), dtype=np.int32)
        _count_depths(self.tree, depths)
        offsets = np.zeros(nodes.size + 1, dtype=np.int64)
        np.cumsum(depths[nodes], out=offsets[1:])
        entries = np.empty((int(offsets[-1]), 3), dtype=np.int32)
        _list_paths(self.tree, nodes, offsets, entries)
        return offsets, entries


@numba.njit(cache=True)
def _split(
    visit: int, sources: Array, synapses: Array, words: Array, nodes: Array, tree: Array, used: Array, table: Array
) -> None:
    first = used[0]  # nodes below are those of earlier visits, and leave their places in the table free
    mask = np.uint64(table.size - 1)
    for index in range(sources.size):
        source = sources[index]
        node = nodes[source]
        mixed = np.uint64(node) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ np.uint64(synapses[index])) * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = (mixed ^ np.uint64(words[index])) * np.uint64(0x165667B19E3779F9)
        place = (mixed >> np.uint64(32)) & mask
        child = table[place]
        while child >= first and not (
            tree[child, PARENT] == node
            and tree[child, SYNAPSES] == synapses[index]
            and tree[child, WORDS] == words[index]
        ):
            place = (place + np.uint64(1)) & mask
            child = table[place]
        if child < first:
            child = used[0]
            used[0] += 1
            table[place] = child
            tree[child, PARENT] = node
            tree[child, VISIT] = visit
            tree[child, SYNAPSES] = synapses[index]
            tree[child, WORDS] = words[index]
        nodes[source] = child


@numba.njit(cache=True)
def _count_depths(tree: Array, depths: Array) -> None:
    """Set (nodes,) int32 `depths` to the nodes on the way from the root, from that of the parent, which comes first."""
    for node in range(1, depths.size):
        depths[node] = depths[tree[node, PARENT]] + 1


@numba.njit(cache=True)
def _list_paths(tree: Array, nodes: Array, offsets: Array, entries: Array) -> None:
    for index in range(nodes.size):
        node = nodes[index]
        for place in range(offsets[index + 1] - 1, offsets[index] - 1, -1):
            entries[place, 0] = tree[node, VISIT]
            entries[place, 1] = tree[node, SYNAPSES]
            entries[place, 2] = tree[node, WORDS]
            node = tree[node, PARENT]
