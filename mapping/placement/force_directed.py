"""Nodes drawn towards their neighbours until none gains any more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..search import Search
from .annealing import Board
from .pulls import pull

Array = NDArray[Any]
ROUNDS = {"fast": 10, "normal": 50, "best": 200}
SMALLEST_GAIN = 1e-12  # of the whole cost, below which an exchange is rounding


def force_directed(board: Board, start: Array, search: Search) -> Array:
    """Exchange nodes, and nodes and free slots, where that saves something.

    Each node tries the slots beside its own and those around the weighted median of its neighbours, where it would cost
    least if it had no one to give way to. With Hilbert's curve as the start this is in the manner of Jin et al. (ASPLOS
    2023), who exchange neighbouring nodes by the forces on them.

    Parameters
    ----------
    start : (nodes,) slots.

    Returns
    -------
    (nodes,) int64 slots, never costlier than the start.
    """
    problem = board.problem
    slots, occupant = start.astype(np.int32), board.occupants(start)
    at = board.positions[slots]
    tolerance = SMALLEST_GAIN * problem.cost(start)
    strength = np.asarray(problem.symmetric().sum(axis=1)).ravel()
    order = board.movable[np.argsort(-strength[board.movable], kind="stable")]
    for _ in range(ROUNDS[search.effort]):
        saved = pull(
            board.offsets, board.neighbours, board.traffic, board.positions, board.cells, board.slots_of_cells,
            problem.column_distance, problem.row_distance, order, slots, occupant, at, tolerance,
        )  # fmt: skip
        if saved == 0 or search.late:
            break
    return slots.astype(np.int64)
