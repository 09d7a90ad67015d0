"""Entries of the routers' tables that multicast trees take, tree by tree, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

Array = NDArray[Any]
keep_loops()


@numba.njit(cache=True)
def count_entries(roots: Array, offsets: Array, ends: Array, width: int, entries: Array) -> None:
    """Add an entry at every tile where a tree begins, ends, turns or branches.

    As messages go along the row first and then along the column, a tree turns and branches only where it ends or where
    the row of its beginning meets the column of an end, whichever way round a torus it goes.

    Parameters
    ----------
    roots : (trees,) int64, the tile where each begins.
    offsets : (trees + 1,) int64, where each tree's tiles begin in `ends`.
    ends : (n,) int64, tiles where a core takes the message.
    width : tiles of a row of the board.
    entries : (tiles,) int64, added to.
    """
    counted = np.full(entries.size, -1, np.int64)
    for tree in range(roots.size):
        for index in range(offsets[tree], offsets[tree + 1]):
            corner = roots[tree] // width * width + ends[index] % width
            for tile in (roots[tree], corner, ends[index]):
                if counted[tile] != tree:
                    counted[tile] = tree
                    entries[tile] += 1
