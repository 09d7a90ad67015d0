"""From points in the plane, as many at one place as there may be, to a slot for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .placement_problem import PlacementProblem
from .starts import open_slots

Array = NDArray[Any]


def compact_slots(problem: PlacementProblem, count: int) -> Array:
    """Open slots that lie together: those around the board's middle, or around what is pinned and has traffic.

    Parameters
    ----------
    count : how many, at most as many as there are.
    """
    slots = open_slots(problem)
    column, row = problem.column[slots], problem.row[slots]
    fixed = np.flatnonzero(problem.pinned >= 0)
    if fixed.size:
        weight = np.asarray(problem.traffic[fixed].sum(axis=1) + problem.traffic[:, fixed].sum(axis=0)).ravel()
        fixed = fixed[weight > 0]
    if fixed.size:
        around = problem.pinned[fixed[int(np.argmax(weight[weight > 0]))]]
        across = problem.column_distance[problem.column[around], column]
        down = problem.row_distance[problem.row[around], row]
    else:
        across = np.abs(2 * column - problem.column_distance.shape[0] + 1)
        down = np.abs(2 * row - problem.row_distance.shape[0] + 1)
    nearest = np.lexsort((slots, across + down, np.maximum(across, down)))[:count]
    return np.sort(slots[nearest])


def spread(problem: PlacementProblem, slots: Array, x: Array, y: Array) -> Array:
    """Give each point a slot so that points keep their order from west to east and from north to south.

    Slots and points are halved together, again and again, across the longer side of the slots' rectangle.

    Parameters
    ----------
    slots : (points,) the slots to give.
    x, y : (points,) where the points are, in any unit.

    Returns
    -------
    (points,) int64, the slot of each.
    """
    count = slots.size
    points, seats = np.arange(count), slots.copy()
    starts = np.zeros(1, dtype=np.int64)
    while starts.size < count:
        sizes = np.diff(np.append(starts, count))
        group = np.repeat(np.arange(starts.size), sizes)
        column, row = problem.column[seats], problem.row[seats]
        wide, high = (np.maximum.reduceat(axis, starts) - np.minimum.reduceat(axis, starts) for axis in (column, row))
        by_column = np.repeat(wide >= high, sizes)
        key = np.where(by_column, column, row)
        order = np.lexsort((seats, key, group))
        seats, key = seats[order], key[order]
        points = points[np.lexsort((points, np.where(by_column, x[points], y[points]), group))]
        cuts = _cuts(key, starts, sizes)
        starts = np.unique(np.concatenate([starts, (starts + cuts)[sizes > 1]]))
    result = np.empty(count, dtype=np.int64)
    result[points] = seats
    return result


def _cuts(key: Array, starts: Array, sizes: Array) -> Array:
    """(groups,) how many slots of each group go to the first half: whole columns or rows where there are several."""
    half = sizes // 2
    edges = np.flatnonzero(np.diff(key)) + 1  # where a column or row of slots begins, or a group
    if edges.size == 0:
        return half
    after = edges[np.minimum(np.searchsorted(edges, starts + half), edges.size - 1)]
    before = edges[np.maximum(np.searchsorted(edges, starts + half, side="right") - 1, 0)]
    nearer = np.where(np.abs(after - starts - half) <= np.abs(before - starts - half), after, before) - starts
    inside = (nearer > 0) & (nearer < sizes)
    return np.where(inside, nearer, half)
