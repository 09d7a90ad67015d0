"""Simulated annealing of a placement with a schedule that follows the instance instead of numbers chosen for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..search import Search
from .moves import CLOSED_SLOT, FREE_SLOT, sweep
from .placement_problem import FREE, PlacementProblem

Array = NDArray[Any]
AIMED = 1 / 3  # share of the moves beside a traffic neighbour
# Share of the costly moves that are made at the beginning: nothing, the rough outline, or most of a start remains.
HOT, REHEATED, WARM = 0.4, 0.25, 0.15
FROZEN = 0.01  # the same at the end
WIDEST = 8  # columns and rows that a node may go at once, at the beginning
NARROWED = 0.7  # share of the moves after which it is one
PLATEAUS = 200
ADJUSTMENTS = 20  # of the first temperature


@dataclass(frozen=True, eq=False)
class Board:
    """A placement problem as the compiled moves take it; see `moves.sweep` for the fields."""

    problem: PlacementProblem
    offsets: Array
    neighbours: Array
    traffic: Array
    positions: Array
    cells: Array
    slots_of_cells: Array
    wrap: bool
    movable: Array
    closed: Array

    @classmethod
    def of(cls, problem: PlacementProblem) -> Board:
        """Tables of a problem."""
        traffic = problem.symmetric()
        columns = problem.column_distance.shape[0]
        cell = problem.row * columns + problem.column
        cells = np.zeros(columns * problem.row_distance.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(cell, minlength=cells.size - 1), out=cells[1:])
        closed = problem.reserved.copy()
        closed[problem.pinned[problem.pinned != FREE]] = True
        moves = (problem.pinned == FREE) & (np.diff(traffic.indptr) > 0)
        return cls(
            problem,
            traffic.indptr.astype(np.int64),
            traffic.indices.astype(np.int32),
            traffic.data.astype(np.float64),
            np.ascontiguousarray(np.stack([problem.column, problem.row], axis=1), dtype=np.int32),
            cells,
            np.argsort(cell, kind="stable").astype(np.int32),
            _is_torus(problem.column_distance) or _is_torus(problem.row_distance),
            np.flatnonzero(moves).astype(np.int32),
            closed,
        )

    def occupants(self, slots: Array) -> Array:
        """(slots,) int32, the node on each slot, `FREE_SLOT` or `CLOSED_SLOT`."""
        result = np.full(self.problem.slots, FREE_SLOT, dtype=np.int32)
        free = np.flatnonzero(self.problem.pinned == FREE)
        result[slots[free]] = free
        result[self.closed] = CLOSED_SLOT
        return result

    @property
    def reach(self) -> int:
        """The widest step that makes sense."""
        return int(max(self.problem.column_distance.shape[0], self.problem.row_distance.shape[0])) - 1


def anneal(board: Board, start: Array, moves: int, warmth: float, search: Search, what: str) -> Array:
    """Improve a placement by moves that may also cost something, fewer and fewer of them.

    The temperature follows a falling goal for the share of costly moves that are made, as in Lam and Delosme (1988);
    the reach of a move falls from `WIDEST` to one, as in VPR (Betz and Rose 1997).

    Parameters
    ----------
    start : (nodes,) slots, a valid placement.
    moves : how many to try.
    warmth : share of costly moves that are made at the beginning, in (0, 1), such as `HOT`.
    search : its seed, and its deadline, after which the best so far is the result.
    what : name of the work for `search.progress`.

    Returns
    -------
    (nodes,) slots, never costlier than the start.
    """
    if board.movable.size == 0:
        return start
    state = np.random.default_rng(search.seed).integers(1, 2**63, 1).astype(np.uint64)
    slots = start.astype(np.int32)
    occupant = board.occupants(start)
    at = board.positions[slots]
    cost = board.problem.cost(start)
    best, least = slots.copy(), cost

    def tried(count: int, temperature: float, reach: float) -> tuple[float, float]:
        change, uphill, climbed = sweep(
            board.offsets, board.neighbours, board.traffic, board.positions, board.cells, board.slots_of_cells,
            board.problem.column_distance, board.problem.row_distance, board.wrap, board.movable,
            slots, occupant, at, count, temperature, reach, AIMED, state,
        )  # fmt: skip
        return change, climbed / max(1, uphill)

    each = max(1, moves // PLATEAUS)
    widest = float(max(1, min(WIDEST, board.reach)))
    temperature = max(cost, 1e-300) / board.movable.size / 8
    for _ in range(ADJUSTMENTS):
        change, made = tried(max(1, each // ADJUSTMENTS), temperature, widest)
        cost += change
        temperature *= min(2.0, max(0.5, warmth / max(made, 1e-9)))
    for plateau in range(PLATEAUS):
        share = plateau / (PLATEAUS - 1)
        reach = widest ** max(0.0, 1 - share / NARROWED)
        change, made = tried(each, temperature, reach)
        cost += change
        if cost < least:
            best, least = slots.copy(), cost
        goal = warmth * (FROZEN / warmth) ** share
        temperature *= min(1.05, max(0.8, (goal / max(made, 1e-9)) ** 0.5))
        if plateau % 8 == 7:
            search.progress(what, share)
            if search.late:
                break
    else:
        cost += tried(each, 0.0, 1.0)[0]
        if cost < least:
            best = slots
    return best.astype(np.int64)


def _is_torus(distance: Array) -> bool:
    """Whether the last place is as near to the first as to any other but its neighbour on that side."""
    return bool(distance.shape[0] > 2 and distance[0, -1] < distance[0, distance.shape[0] // 2])
