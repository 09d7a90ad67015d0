"""Multicast trees on a triangular mesh: every destination joins the tree where that is nearest.

After neighbour exploring routing (Navaridas, Luján, Plana, Temple and Furber: SpiNNaker: Enhanced multicast routing,
Parallel Computing 45, 2015): destinations come one after the other, those nearest to the source first, and each is
reached from the nearest tile that the tree has already. The way from there is the longest dimension first. Here
distances are those of the board with its absent tiles, so that no repair is needed: a shortest way from the nearest
tile of a tree meets no other tile of it, and no tile is entered twice.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .triangular import NONE, TriangularMesh

Array = NDArray[Any]
keep_loops()


def explored_trees(mesh: TriangularMesh, starts: Array, offsets: Array, ends: Array) -> tuple[Array, Array]:
    """The links of each tree, each after those that lead to it.

    Parameters
    ----------
    starts : (trees,) numbers of tiles.
    offsets, ends : (trees + 1,) and numbers of tiles; tree t reaches ends[offsets[t] : offsets[t + 1]], repeats and its
        own start allowed.

    Returns
    -------
    (trees + 1,) int64 and int32; tree t has the links number links[offsets[t] : offsets[t + 1]], each once.

    Raises
    ------
    UsageError : a destination cannot be reached.
    """
    starts, offsets, ends = (np.ascontiguousarray(part, dtype=np.int64) for part in (starts, offsets, ends))
    mesh.check_ways(starts, offsets, ends)
    begins = np.zeros(starts.size + 1, dtype=np.int64)
    links = np.empty(0, dtype=np.int32)
    for _ in range(2):  # the first time to count them
        _grow_trees(starts, offsets, ends, mesh.distances, mesh.turns, mesh.neighbours, mesh.link_at, begins, links)
        if not links.size:
            links = np.empty(begins[-1], dtype=np.int32)
    return begins, links


@numba.njit(cache=True)
def _grow_trees(
    starts: Array,
    offsets: Array,
    ends: Array,
    distances: Array,
    turns: Array,
    neighbours: Array,
    link_at: Array,
    begins: Array,
    links: Array,
) -> None:
    size = distances.shape[0]
    member = np.full(size, -1, np.int64)  # the last tree that has each tile
    tiles = np.empty(size, np.int64)  # of the tree, in the order in which they joined
    found = 0
    for tree in range(starts.size):
        start = starts[tree]
        own = ends[offsets[tree] : offsets[tree + 1]]
        # Nearest first, and by number where two are as near.
        order = np.argsort(distances[start][own] * size + own)
        tiles[0], member[start], count = start, tree, 1
        for index in order:
            end = own[index]
            if member[end] == tree:
                continue
            tile = tiles[0]
            for other in range(1, count):
                if distances[tiles[other], end] < distances[tile, end]:
                    tile = tiles[other]
            link = NONE
            while tile != end:
                ahead = neighbours[link, tile] if link != NONE else NONE
                if ahead == NONE or distances[ahead, end] != distances[tile, end] - 1:
                    link = turns[tile, end]
                if found < links.size:
                    links[found] = link_at[link, tile]
                found += 1
                tile = neighbours[link, tile]
                member[tile] = tree
                tiles[count] = tile
                count += 1
        begins[tree + 1] = found
