"""The load of links, and the entries of routers, where a spike is one message along a tree.

The tree of a flow is what the ways to all its destinations have in common, each first along the row and then along the
column; every link of it carries each spike once.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .mesh import EAST, NORTH, SOUTH, WEST, Mesh

Array = NDArray[Any]
keep_loops()


def multicast_loads(mesh: Mesh, starts: Array, offsets: Array, ends: Array, messages: Array) -> tuple[Array, Array]:
    """Messages over each link, and entries of each tile's router.

    A flow takes an entry at the tile where its tree begins, and at every other one but those that it goes straight
    through: in at one side, out at the opposite one, and to no core of the tile.

    Parameters
    ----------
    starts : (flows,) numbers of tiles.
    offsets, ends : (flows + 1,) and numbers of tiles; flow f reaches ends[offsets[f] : offsets[f + 1]], repeats
        allowed. A flow that reaches nothing takes no entry.
    messages : (flows,) float64.

    Returns
    -------
    (links,) float64 in the order of `Mesh.links`, and (tiles,) int64.
    """
    loads, entries = np.zeros(mesh.start.size), np.zeros(mesh.size, dtype=np.int64)
    starts, offsets, ends = (part.astype(np.int64, copy=False) for part in (starts, offsets, ends))
    across, down = mesh.across.steps, mesh.down.steps
    _add_trees(starts, offsets, ends, messages.astype(np.float64), across, down, mesh.link_at, loads, entries)
    return loads, entries


def tree_links(mesh: Mesh, starts: Array, offsets: Array, ends: Array) -> tuple[Array, Array]:
    """The links of each tree; that of a flow with one destination is the way of a message of unicast routing.

    Parameters
    ----------
    starts, offsets, ends : see `multicast_loads`.

    Returns
    -------
    (flows + 1,) int64 and int32; flow f crosses the links number links[offsets[f] : offsets[f + 1]], each once.
    """
    tiles = (starts.astype(np.int64, copy=False), offsets.astype(np.int64), ends.astype(np.int64, copy=False))
    across, down = mesh.across.steps, mesh.down.steps
    begins = np.zeros(starts.size + 1, dtype=np.int64)
    links = np.empty(0, dtype=np.int32)
    for _ in range(2):  # the first time to count them
        _list_links(*tiles, across, down, mesh.link_at, mesh.end, begins, links)
        if not links.size:
            links = np.empty(begins[-1], dtype=np.int32)
    return begins, links


@numba.njit(cache=True)
def _list_links(
    starts: Array,
    offsets: Array,
    ends: Array,
    across: Array,
    down: Array,
    link_at: Array,
    link_ends: Array,
    begins: Array,
    links: Array,
) -> None:
    width = across.shape[0]
    crossed = np.full(link_ends.size, -1, np.int64)  # the last flow that crosses each link
    found = 0
    for flow in range(starts.size):
        for index in range(offsets[flow], offsets[flow + 1]):
            tile = starts[flow]
            east = across[tile % width, ends[index] % width]
            south = down[tile // width, ends[index] // width]
            for hop in range(abs(east) + abs(south)):
                if hop < abs(east):
                    link = link_at[EAST if east > 0 else WEST, tile]
                else:
                    link = link_at[SOUTH if south > 0 else NORTH, tile]
                if crossed[link] != flow:
                    crossed[link] = flow
                    if found < links.size:
                        links[found] = link
                    found += 1
                tile = link_ends[link]
        begins[flow + 1] = found


@numba.njit(cache=True)
def _add_trees(
    starts: Array,
    offsets: Array,
    ends: Array,
    messages: Array,
    across: Array,
    down: Array,
    link_at: Array,
    loads: Array,
    entries: Array,
) -> None:
    width, height = across.shape[0], down.shape[0]
    delivers = np.full(width * height, -1, np.int64)  # the last flow with a destination at a tile
    turns = np.full(width, -1, np.int64)  # the last flow with a destination in a column
    south, north = np.zeros(width, np.int64), np.zeros(width, np.int64)  # how far it goes there
    columns = np.empty(width, np.int64)
    for flow in range(starts.size):
        x, y = starts[flow] % width, starts[flow] // width
        count, east, west = 0, 0, 0
        for index in range(offsets[flow], offsets[flow + 1]):
            tile = ends[index]
            delivers[tile] = flow
            column = tile % width
            if turns[column] != flow:
                turns[column], south[column], north[column] = flow, 0, 0
                columns[count] = column
                count += 1
                east, west = max(east, across[x, column]), max(west, -across[x, column])
            south[column] = max(south[column], down[y, tile // width])
            north[column] = max(north[column], -down[y, tile // width])
        if count == 0:
            continue
        entries[starts[flow]] += 1
        for direction, step, far in ((EAST, 1, east), (WEST, -1, west)):
            column = x
            for hop in range(far):
                loads[link_at[direction, y * width + column]] += messages[flow]
                column = (column + step) % width
                # Where it turns or delivers there is a destination in the column.
                if hop == far - 1 or turns[column] == flow:
                    entries[y * width + column] += 1
        for which in range(count):
            column = columns[which]
            for direction, step, far in ((SOUTH, 1, south[column]), (NORTH, -1, north[column])):
                row = y
                for hop in range(far):
                    loads[link_at[direction, row * width + column]] += messages[flow]
                    row = (row + step) % height
                    if hop == far - 1 or delivers[row * width + column] == flow:
                        entries[row * width + column] += 1
