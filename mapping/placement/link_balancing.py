"""A placement whose busiest link is less busy, for few hops more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..search import Search
from .annealing import AIMED, Board
from .link_moves import count_loads, count_reliefs, sweep_with_links

Array = NDArray[Any]
MARGIN = 0.02  # share of cost more that the busiest link may take
WORTH = 10.0  # per cent that the busiest link has to lose for one per cent of cost more
PLATEAUS = {"fast": 8, "normal": 20, "best": 40}
HOTTEST, COLDEST = 0.03, 0.001  # temperature at the beginning and the end, in the hops of a node
REACH = 2.0  # columns and rows that a node may go at once
BUSY = 0.6  # of the busiest link's load: links above it are relieved
SMALLEST_GAIN = 1e-9
DETOUR = 4.0  # hops that a message may go out of its way not to pass the busiest link


@dataclass(frozen=True, eq=False)
class Links:
    """The links of a problem, as the compiled moves take them; see `link_moves.add_ways`.

    Attributes
    ----------
    outward, inward : aligned with the neighbours of a `Board`.
    prices : what a message counts on a link: the hops that the link costs as much as.
    """

    board: Board
    outward: Array
    inward: Array
    prices: Array

    @classmethod
    def of(cls, board: Board) -> Links:
        """Tables of a problem."""
        problem = board.problem
        nodes = problem.nodes
        start = np.repeat(np.arange(nodes), np.diff(board.offsets))
        outward = _at(problem.traffic, start, board.neighbours)
        inward = _at(problem.traffic, board.neighbours, start)
        longest = max(problem.column_distance.shape[0], problem.row_distance.shape[0])
        prices = np.ones((2, longest))
        for line, distance in enumerate((problem.column_distance, problem.row_distance)):
            size = distance.shape[0]
            prices[line, :size] = distance[np.arange(size), (np.arange(size) + 1) % size]
        return cls(board, outward, inward, prices)

    def loads(self, slots: Array) -> Array:
        """(4, columns * rows) load of the link that leaves each cell to the east, west, south and north."""
        problem = self.board.problem
        loads = np.zeros((4, problem.column_distance.shape[0] * problem.row_distance.shape[0]))
        count_loads(*self._tables(self.board.positions[slots]), loads)
        return loads

    def _tables(self, at: Array) -> tuple[Array, Array, Array, Array, Array, Array, Array, Array]:
        board, problem = self.board, self.board.problem
        return board.offsets, board.neighbours, self.outward, self.inward, at, *problem.steps, self.prices


def relieve_links(board: Board, start: Array, moves: int, search: Search) -> Array:
    """Anneal with a price on busy links.

    Parameters
    ----------
    start : (nodes,) slots, a placement with little cost.
    moves : how many to try.

    Returns
    -------
    (nodes,) slots: of the placements on the way that cost at most `MARGIN` more than the start, the one with the least
    sum of cost, counted `WORTH` times, and load of the busiest link, both as shares of the start's.
    """
    problem = board.problem
    links = Links.of(board)
    first = float(problem.cost(start))
    if board.movable.size == 0 or first <= 0:
        return start
    state = np.random.default_rng(search.seed).integers(1, 2**63, 1).astype(np.uint64)
    slots, occupant = start.astype(np.int32), board.occupants(start)
    at = board.positions[slots]
    loads, reliefs = links.loads(start), np.zeros(problem.nodes)
    busiest_at_first = max(float(loads.max()), 1e-300)
    best, least, cost = start, WORTH + 1.0, first
    of_node = first / board.movable.size
    plateaus = PLATEAUS[search.effort]
    for plateau in range(plateaus):
        share = plateau / (plateaus - 1)
        count_loads(*links._tables(at), loads)
        busiest = float(loads.max())
        threshold = BUSY * busiest
        strictness = DETOUR / (2 * (busiest - threshold))
        count_reliefs(*links._tables(at), loads, threshold, reliefs)
        temperature = of_node * HOTTEST * (COLDEST / HOTTEST) ** share
        cost += sweep_with_links(
            board.offsets, board.neighbours, board.traffic, links.outward, links.inward, board.positions, board.cells,
            board.slots_of_cells, problem.column_distance, problem.row_distance, *problem.steps, links.prices,
            board.wrap, board.movable, slots, occupant, at, loads, reliefs, max(1, moves // plateaus), temperature,
            REACH, AIMED, threshold, strictness, state,
        )  # fmt: skip
        score = WORTH * cost / first + float(loads.max()) / busiest_at_first
        if cost <= first * (1 + MARGIN) and score < least - SMALLEST_GAIN:
            best, least = slots.astype(np.int64), score
        search.progress("busiest link", share)
        if search.late:
            break
    return best


def _at(matrix: sparse.csr_array, rows: Array, columns: Array) -> Array:
    """(entries,) float64, values of a matrix at places of which it may hold nothing."""
    if rows.size == 0:
        return np.zeros(0)
    return np.asarray(matrix[rows, columns], dtype=np.float64).ravel()
