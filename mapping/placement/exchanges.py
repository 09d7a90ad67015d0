"""A few nodes on any board: every exchange is tried."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .placement_problem import FREE, PlacementProblem
from .starts import in_order, open_slots

Array = NDArray[Any]
FEW = 8  # free nodes for which exchanges are enough
NODES, SLOTS = 64, 4096  # free nodes and slots up to which all exchanges are tried
TRIES = 4  # random placements to begin with


def one_by_one(problem: PlacementProblem) -> Array:
    """The node with most traffic to those that are placed goes to the slot where it costs least, then the next one.

    Returns
    -------
    (nodes,) int64 slots.
    """
    traffic = problem.symmetric().toarray()
    slots = open_slots(problem)
    result = problem.pinned.astype(np.int64)
    waiting = result == FREE
    taken = np.zeros(slots.size, dtype=bool)
    for _ in range(int(waiting.sum())):
        # Without any tie to those that are placed, the busiest goes first.
        order = np.lexsort((-traffic.sum(axis=1), -traffic[:, ~waiting].sum(axis=1), ~waiting))
        node = int(order[0])
        placed = np.flatnonzero(~waiting)
        costs = traffic[node, placed] @ problem.distance(result[placed][:, None], slots)
        place = int(np.argmin(np.where(taken, np.inf, costs)))
        result[node], taken[place], waiting[node] = slots[place], True, False
    return result


def exchanged(problem: PlacementProblem, start: Array) -> Array:
    """Make the exchange of two nodes, or of a node and a free slot, that saves most, as long as one saves anything.

    Parameters
    ----------
    start : (nodes,) slots.

    Returns
    -------
    (nodes,) int64 slots; no single exchange makes them cheaper.
    """
    traffic = problem.symmetric().toarray()
    free = np.flatnonzero(problem.pinned == FREE)
    slots = open_slots(problem)
    inner = traffic[np.ix_(free, free)]
    result = start.astype(np.int64)
    while free.size:
        seats = np.searchsorted(slots, result[free])
        would = traffic[free] @ problem.distance(result[:, None], slots)
        own = would[np.arange(free.size), seats]
        change = would - own[:, None]
        between = problem.distance(result[free][:, None], slots[seats])
        change[:, seats] += would[:, seats].T - own[None, :] + 2 * inner * between
        node, slot = divmod(int(np.argmin(change)), slots.size)
        if change[node, slot] >= -1e-9 * max(1e-300, float(own.sum())):
            break
        other = np.flatnonzero(seats == slot)
        result[free[other]] = result[free[node]]
        result[free[node]] = slots[slot]
    return result


def placed_by_exchanges(problem: PlacementProblem, seed: int) -> tuple[Array, str]:
    """The cheapest of several placements after all exchanges that help, and the name of what it began with."""
    slots = open_slots(problem)
    random = np.random.default_rng(seed)
    starts = [("one by one", one_by_one(problem)), ("row-major", in_order(problem, slots))]
    starts += [("random", in_order(problem, random.permutation(slots))) for _ in range(TRIES)]
    found = [(exchanged(problem, start), name) for name, start in starts]
    return min(found, key=lambda placed: problem.cost(placed[0]))
