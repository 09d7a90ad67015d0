"""Which slot of the board each node takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..search import Search
from .annealing import HOT, REHEATED, WARM, Board, anneal
from .coarsening import from_coarse
from .exchanges import FEW, NODES, SLOTS, exchanged, placed_by_exchanges
from .force_directed import force_directed
from .link_balancing import relieve_links
from .placement_problem import FREE, PlacementProblem
from .spectral import spectral
from .starts import along_hilbert_curve, at_random, row_major

Array = NDArray[Any]
MOVES = {"fast": 300, "normal": 3000, "best": 30_000}  # of a node, in all
MOVES_OF_LINKS = {"fast": 5, "normal": 20, "best": 100}  # of a node, once the cost is low
STRIDE = 100  # between the random numbers of one seed and the next
FEWEST = 50  # nodes for whom there are moves
# Share of the moves with which each start is tried; the best one gets what is left.
TRIALS = {"coarsened": 0.12, "spectral": 0.15, "Hilbert": 0.03, "row-major": 0.03, "random": 0.03}
COARSENED = {"fast": 1, "normal": 1, "best": 4}  # how often with other pairs


@dataclass(frozen=True, eq=False)
class Placed:
    """A placement.

    Attributes
    ----------
    slots : (nodes,) int64, the slot of each node.
    cost : sum of traffic times distance.
    start : name of the placement that it began with.
    """

    slots: Array
    cost: float
    start: str


def place(problem: PlacementProblem, search: Search, relieve: bool = True) -> Placed:
    """Find a placement with little traffic times distance, and a busiest link with little traffic.

    A handful of nodes is placed by exchanges alone. Otherwise several starts are annealed a little, the best one much
    more, then nodes are drawn to where they save anything, and at last busy links are relieved.

    Parameters
    ----------
    problem : with at least as many open slots as free nodes.
    search : the effort decides the number of moves; after the deadline the best so far is the result.
    relieve : whether the cost may rise a little to make the busiest link less busy.
    """
    if np.count_nonzero(problem.pinned == FREE) <= FEW:
        slots, start = placed_by_exchanges(problem, search.seed)
        return Placed(slots, problem.cost(slots), start)
    board = Board.of(problem)
    moves = MOVES[search.effort] * max(board.movable.size, FEWEST)
    trials = [name for name in TRIALS for _ in range(COARSENED[search.effort] if name == "coarsened" else 1)]
    tried = _tried(board, trials, moves, search)
    slots, start = min(tried, key=lambda placed: problem.cost(placed[0]))
    if not search.late:
        left = int(moves * (1 - sum(TRIALS[name] for name in trials)))
        slots = anneal(
            board, slots, left, REHEATED, replace(search, seed=STRIDE * search.seed + len(trials)), "placement"
        )
    slots = force_directed(board, slots, search)
    if _is_small(problem):
        slots = exchanged(problem, slots)
    if relieve and not search.late:
        slots = relieve_links(board, slots, MOVES_OF_LINKS[search.effort] * board.movable.size, search)
    return Placed(slots, problem.cost(slots), start)


def baselines(problem: PlacementProblem, search: Search) -> dict[str, float]:
    """Cost of placements that are easy to have, by name."""
    drawn = force_directed(Board.of(problem), along_hilbert_curve(problem), replace(search, effort="best"))
    return {
        "row-major": problem.cost(row_major(problem)),
        "Hilbert + force-directed": problem.cost(drawn),
        "random": problem.cost(at_random(problem, search.seed)),
    }


def _tried(board: Board, trials: list[str], moves: int, search: Search) -> list[tuple[Array, str]]:
    """Each start after some moves, and its name; fewer of them after the deadline, but at least one."""
    problem = board.problem
    begin: dict[str, Callable[[int, Search], Array]] = {
        "coarsened": lambda moves, search: from_coarse(problem, moves, search),
        "spectral": lambda moves, search: spectral(problem, search.seed),
        "Hilbert": lambda moves, search: along_hilbert_curve(problem),
        "row-major": lambda moves, search: row_major(problem),
        "random": lambda moves, search: at_random(problem, search.seed),
    }
    result: list[tuple[Array, str]] = []
    for number, name in enumerate(trials):
        if result and search.late:
            break
        share, own = int(moves * TRIALS[name]), replace(search, seed=STRIDE * search.seed + number)
        start = begin[name](share, own)
        result.append((anneal(board, start, share, HOT if name == "random" else WARM, own, name), name))
    if _is_small(problem):
        result.append(placed_by_exchanges(problem, search.seed))
    return result


def _is_small(problem: PlacementProblem) -> bool:
    return bool(np.count_nonzero(problem.pinned == FREE) <= NODES and problem.slots <= SLOTS)
