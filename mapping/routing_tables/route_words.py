"""From multicast trees to the entries that every block of keys needs on every chip of its tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from ..routing.triangular import TriangularMesh
from .tables import FIRST_PROCESSOR_BIT

Array = NDArray[Any]
keep_loops()


@dataclass(frozen=True, eq=False)
class Entries:
    """What blocks need on chips, one entry a block and chip of its tree; by chip, and by block within each.

    Attributes
    ----------
    offsets : (tiles + 1,) int64, where each tile's entries begin.
    block : (entries,) int64.
    route : (entries,) int64, the route's word.
    default : (entries,) bool, whether default routing does the same: in over a link, out over the opposite one only.
    """

    offsets: Array
    block: Array
    route: Array
    default: Array


def entries_of(
    mesh: TriangularMesh, starts: Array, begins: Array, links: Array, offsets: Array, ends: Array, processors: Array
) -> Entries:
    """The entries of some blocks.

    Parameters
    ----------
    starts : (blocks,) int64, the tile where each block's keys are sent.
    begins, links : the trees; see `explored_trees`.
    offsets, ends, processors : (blocks + 1,), (n,), (n,) int64: block b reaches the processors of the tiles `ends` with
        the numbers `processors` from offsets[b] to offsets[b + 1].
    """
    number = int(begins[-1]) + starts.size
    tile, block, route = (np.empty(number, dtype=np.int64) for _ in range(3))
    default = np.empty(number, dtype=np.bool_)
    _list_entries(
        *(starts, begins, links, offsets, ends, processors),
        *(mesh.start, mesh.end, mesh.direction, mesh.size),
        *(tile, block, route, default),
    )
    order = np.argsort(tile, kind="stable")
    by_tile = np.concatenate([[0], np.cumsum(np.bincount(tile, minlength=mesh.size))])
    return Entries(by_tile, block[order], route[order], default[order])


@numba.njit(cache=True)
def _list_entries(
    starts: Array,
    begins: Array,
    links: Array,
    offsets: Array,
    ends: Array,
    processors: Array,
    link_start: Array,
    link_end: Array,
    direction: Array,
    size: int,
    tile: Array,
    block: Array,
    route: Array,
    default: Array,
) -> None:
    onward = np.zeros(size, np.int64)  # the route at each tile
    straight = np.zeros(size, np.int64)  # the route by which it would pass straight through
    found = 0
    for tree in range(starts.size):
        first = found
        onward[starts[tree]], straight[starts[tree]] = 0, 0
        tile[found] = starts[tree]
        found += 1
        for index in range(begins[tree], begins[tree + 1]):
            link = links[index]
            onward[link_start[link]] |= 1 << direction[link]
            end = link_end[link]
            onward[end], straight[end] = 0, 1 << direction[link]
            tile[found] = end
            found += 1
        for index in range(offsets[tree], offsets[tree + 1]):
            onward[ends[index]] |= 1 << (FIRST_PROCESSOR_BIT + processors[index])
        for entry in range(first, found):
            block[entry] = tree
            route[entry] = onward[tile[entry]]
            default[entry] = onward[tile[entry]] == straight[tile[entry]]
