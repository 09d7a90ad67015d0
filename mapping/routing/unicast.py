"""The load of links where every receiving core gets a message of its own, first along the row, then the column."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .mesh import EAST, NORTH, SOUTH, WEST, Mesh

Array = NDArray[Any]
keep_loops()


def unicast_loads(mesh: Mesh, starts: Array, ends: Array, messages: Array) -> Array:
    """Messages over each link, (links,) float64 in the order of `Mesh.links`.

    Parameters
    ----------
    starts, ends : (pairs,) numbers of tiles.
    messages : (pairs,) float64 from one to the other.
    """
    loads = np.zeros(mesh.start.size)
    starts, ends = starts.astype(np.int64, copy=False), ends.astype(np.int64, copy=False)
    _add_ways(starts, ends, messages.astype(np.float64), mesh.across.steps, mesh.down.steps, mesh.link_at, loads)
    return loads


@numba.njit(cache=True)
def _add_ways(
    starts: Array, ends: Array, messages: Array, across: Array, down: Array, link_at: Array, loads: Array
) -> None:
    width, height = across.shape[0], down.shape[0]
    for pair in range(starts.size):
        x, y = starts[pair] % width, starts[pair] // width
        east, south = across[x, ends[pair] % width], down[y, ends[pair] // width]
        direction, step = (EAST, 1) if east > 0 else (WEST, -1)
        for _ in range(abs(east)):
            loads[link_at[direction, y * width + x]] += messages[pair]
            x = (x + step) % width
        direction, step = (SOUTH, 1) if south > 0 else (NORTH, -1)
        for _ in range(abs(south)):
            loads[link_at[direction, y * width + x]] += messages[pair]
            y = (y + step) % height
