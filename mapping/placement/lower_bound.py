"""A cost below which no placement can be."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .placement_problem import FREE, PlacementProblem
from .starts import open_slots

Array = NDArray[Any]
LARGEST, MOST_SLOTS = 400, 4096  # nodes and slots up to which the bound of Gilmore and Lawler is computed


def lower_bound(problem: PlacementProblem) -> float:
    """A bound from below for the cost of all placements: the one that `bound_name` names."""
    return gilmore_lawler(problem) if _is_small(problem) else nearest_slots(problem)


def bound_name(problem: PlacementProblem) -> Literal["Gilmore-Lawler", "nearest slots"]:
    """Which bound `lower_bound` gives: the second one, which is weaker, on large boards."""
    return "Gilmore-Lawler" if _is_small(problem) else "nearest slots"


def gilmore_lawler(problem: PlacementProblem) -> float:
    """The bound of Gilmore (1962) and Lawler (1963) for the quadratic assignment problem.

    At every slot a node has the best neighbourhood that there could be: most traffic to the nearest slots, a message
    counted half at either end. Then every slot is taken once.
    """
    free, fixed, between, to_fixed, cost = _parts(problem)
    slots = open_slots(problem)
    if free.size == 0:
        return cost
    most = int(np.diff(between.indptr).max())
    distances = problem.distance(slots[:, None], slots[None, :])
    np.fill_diagonal(distances, np.inf)
    nearest = np.sort(distances, axis=1)[:, :most]
    costs = _falling(between, most) @ nearest.T / 2
    costs += to_fixed @ problem.distance(problem.pinned[fixed][:, None], slots[None, :])
    if free.size == 1:  # whoever maps to a single core need not wait for SciPy's optimizers to be imported
        return cost + float(costs.min())
    from scipy.optimize import linear_sum_assignment

    return cost + float(costs[linear_sum_assignment(costs)].sum())


def nearest_slots(problem: PlacementProblem) -> float:
    """The sum of what each node costs at least, wherever it is: most of its traffic to the nearest slots.

    Several nodes may count on the same slot, so that this is below the bound of Gilmore and Lawler; it takes no longer
    than to sort the traffic.
    """
    free, fixed, between, to_fixed, cost = _parts(problem)
    if free.size == 0:
        return cost
    slots = open_slots(problem)
    nearest = _nearest_anywhere(problem, slots, int(np.diff(between.indptr).max()))
    cost += float((_falling_entries(between) * nearest[_ranks(between)]).sum()) / 2
    if fixed.size:
        closest = [problem.distance(problem.pinned[node], slots).min(initial=np.inf) for node in fixed]
        cost += float((to_fixed @ np.asarray(closest)).sum())
    return cost


def _is_small(problem: PlacementProblem) -> bool:
    return problem.nodes <= LARGEST and problem.slots <= MOST_SLOTS


def _parts(problem: PlacementProblem) -> tuple[Array, Array, sparse.csr_array, sparse.csr_array, float]:
    """Free nodes with traffic, pinned nodes, traffic among the free and from them to the pinned, cost of the pinned."""
    traffic = problem.symmetric()
    free = np.flatnonzero((problem.pinned == FREE) & (np.diff(traffic.indptr) > 0))
    fixed = np.flatnonzero(problem.pinned != FREE)
    pairs = sparse.csr_array(traffic[fixed][:, fixed]).tocoo()
    slots = problem.pinned[fixed]
    cost = float((pairs.data * problem.distance(slots[pairs.row], slots[pairs.col])).sum()) / 2
    of_free = sparse.csr_array(traffic[free])
    return free, fixed, sparse.csr_array(of_free[:, free]), sparse.csr_array(of_free[:, fixed]), cost


def _falling(traffic: sparse.csr_array, most: int) -> Array:
    """(nodes, most) the traffic of each node in falling order, then zeros."""
    result = np.zeros((traffic.shape[0], most))
    result[np.repeat(np.arange(traffic.shape[0]), np.diff(traffic.indptr)), _ranks(traffic)] = _falling_entries(traffic)
    return result


def _falling_entries(traffic: sparse.csr_array) -> Array:
    """(entries,) the entries, those of each row in falling order."""
    start = np.repeat(np.arange(traffic.shape[0]), np.diff(traffic.indptr))
    return np.asarray(traffic.data[np.lexsort((-traffic.data, start))])


def _ranks(traffic: sparse.csr_array) -> Array:
    """(entries,) the number of each entry within its row."""
    return np.asarray(np.arange(traffic.nnz) - np.repeat(traffic.indptr[:-1], np.diff(traffic.indptr)))


def _nearest_anywhere(problem: PlacementProblem, slots: Array, count: int) -> Array:
    """(count,) the smallest that the distances from a slot to its nearest, second nearest ... other slot can be.

    From every line of the tables the smallest first, second ... distance, and as many slots in each cell as in the
    fullest one.
    """
    across = np.sort(problem.column_distance, axis=1).min(axis=0)
    down = np.sort(problem.row_distance, axis=1).min(axis=0)
    cells = problem.row[slots] * problem.column_distance.shape[0] + problem.column[slots]
    fullest = int(np.bincount(cells).max())
    distances = np.sort((across[:, None] + down[None, :]).ravel())[: count + 1]
    return np.repeat(distances, fullest)[1 : count + 1]
