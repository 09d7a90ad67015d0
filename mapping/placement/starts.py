"""Placements to begin with that follow an order of the slots, or none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .hilbert_curve import hilbert_curve
from .placement_problem import FREE, PlacementProblem

Array = NDArray[Any]


def open_slots(problem: PlacementProblem) -> Array:
    """Slots that free nodes may take, ascending."""
    closed = problem.reserved.copy()
    closed[problem.pinned[problem.pinned != FREE]] = True
    return np.flatnonzero(~closed)


def in_order(problem: PlacementProblem, order: Array) -> Array:
    """The free nodes one after the other on the open slots in an order; pinned ones at their slots.

    Parameters
    ----------
    order : open slots, at least as many as there are free nodes.

    Returns
    -------
    (nodes,) int64 slots.
    """
    free = np.flatnonzero(problem.pinned == FREE)
    if free.size > order.size:
        raise ValueError(f"{free.size} nodes do not fit on {order.size} slots")
    slots = problem.pinned.astype(np.int64)
    slots[free] = order[: free.size]
    return slots


def row_major(problem: PlacementProblem) -> Array:
    """Row after row of the whole board, from west to east."""
    slots = open_slots(problem)
    return in_order(problem, slots[np.lexsort((slots, problem.column[slots], problem.row[slots]))])


def along_hilbert_curve(problem: PlacementProblem) -> Array:
    """Along Hilbert's curve over the whole board; cells without an open slot are passed over."""
    slots = open_slots(problem)
    columns, rows = problem.column_distance.shape[0], problem.row_distance.shape[0]
    cells = hilbert_curve(columns, rows)
    visited = np.empty(columns * rows, dtype=np.int64)
    visited[cells[:, 1] * columns + cells[:, 0]] = np.arange(columns * rows)
    return in_order(
        problem, slots[np.argsort(visited[problem.row[slots] * columns + problem.column[slots]], kind="stable")]
    )


def at_random(problem: PlacementProblem, seed: int) -> Array:
    """Any open slot, the same for the same seed."""
    return in_order(problem, np.random.default_rng(seed).permutation(open_slots(problem)))
