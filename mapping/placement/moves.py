"""The compiled moves of the annealing: a node changes places with another one, or goes to a free slot.

The loop is one piece and takes its random numbers from a plain variable: arrays handed to inner functions would be
counted in and out by Numba at every call, which takes as long as the move itself.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

Array = NDArray[Any]

FREE_SLOT = -1
CLOSED_SLOT = -2  # reserved, or taken by nodes that are pinned to it
_UNIT = 1.0 / 9007199254740992.0
keep_loops()


@numba.njit(cache=True, inline="always")
def next_number(
    state: Any,
) -> Any:
    """Next of Marsaglia's xorshift numbers (2003): 64 bits, never 0 where the state is not."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@numba.njit(cache=True, inline="always")
def number_below(
    state: Any,
    count: int,
) -> Any:
    """Integer from 0 to count - 1."""
    return np.int64(((state >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@numba.njit(cache=True, inline="always")
def fraction(
    state: Any,
) -> float:
    """Number from 0 to below 1."""
    return np.float64(state >> np.uint64(11)) * _UNIT


@numba.njit(cache=True, inline="always")
def near(
    state: Any,
    place: int,
    reach: Any,
    size: int,
    wrap: bool,
) -> Any:
    """Another coordinate at most `reach` away, within 0 to size - 1."""
    low, high = place - reach, place + reach
    if wrap and high - low < size:
        result = low + number_below(state, high - low + 1)
        result += size if result < 0 else 0
        result -= size if result >= size else 0
    else:
        low, high = max(0, low), min(size - 1, high)
        result = low + number_below(state, high - low + 1)
    return result


@numba.njit(cache=True, nogil=True)
def exchange_cost(
    node: int,
    other: int,
    x_from: int,
    y_from: int,
    x_to: int,
    y_to: int,
    offsets: Array,
    neighbours: Array,
    traffic: Array,
    across: Array,
    down: Array,
    at: Array,
) -> float:
    """Change of cost if a node goes elsewhere and `other`, which is there (below 0: none), takes its place.

    The sums over the neighbours of those that move are the whole change: what others pay between them stays. For the
    parameters see `sweep`.
    """
    cost = 0.0
    for edge in range(offsets[node], offsets[node + 1]):
        neighbour = neighbours[edge]
        if neighbour != other:
            x, y = at[neighbour, 0], at[neighbour, 1]
            cost += traffic[edge] * (across[x_to, x] - across[x_from, x] + down[y_to, y] - down[y_from, y])
    if other >= 0:
        for edge in range(offsets[other], offsets[other + 1]):
            neighbour = neighbours[edge]
            if neighbour != node:
                x, y = at[neighbour, 0], at[neighbour, 1]
                cost += traffic[edge] * (across[x_from, x] - across[x_to, x] + down[y_from, y] - down[y_to, y])
    return cost


@numba.njit(cache=True, nogil=True)
def sweep(  # noqa: PLR0915 - one loop, see above
    offsets: Array,
    neighbours: Array,
    traffic: Array,
    positions: Array,
    cells: Array,
    slots_of_cells: Array,
    across: Array,
    down: Array,
    wrap: bool,
    movable: Array,
    slot_of: Array,
    occupant: Array,
    at: Array,
    moves: int,
    temperature: float,
    reach: Any,
    aimed: float,
    seed: Array,
) -> tuple[float, int, int]:
    """Try moves at one temperature (Metropolis et al. 1953).

    Parameters
    ----------
    offsets, neighbours, traffic : int64, int32, float64; symmetric traffic in compressed rows, without the diagonal.
    positions : (slots, 2) int32, column and row.
    cells, slots_of_cells : int64 (columns * rows + 1,) and int32; the slots of a cell, cells row by row.
    across, down : distance tables.
    wrap : whether the mesh is a torus.
    movable : int32, nodes to move.
    slot_of, occupant, at : int32, the placement, changed in place: the slot of a node, the node on a slot (or
        `FREE_SLOT`, `CLOSED_SLOT`), and column and row of a node.
    moves : how many to try.
    temperature : in the unit of cost; 0 for only those moves that cost nothing.
    reach : columns and rows that a node may go at once, at least 1; a fraction is the chance of one more.
    aimed : share of moves beside a neighbour.
    seed : (1,) uint64, the state of the random numbers, changed in place.

    Returns
    -------
    Sum of the changes of cost; moves tried that would cost something; those of them that were made.
    """
    columns, rows = across.shape[0], down.shape[0]
    total, uphill, climbed = 0.0, 0, 0
    state = seed[0]
    for _ in range(moves):
        state = next_number(state)
        node = movable[number_below(state, movable.size)]
        state = next_number(state)
        window = int(reach + fraction(state))
        first, degree = offsets[node], offsets[node + 1] - offsets[node]
        centre = node
        state = next_number(state)
        if fraction(state) < aimed:
            state = next_number(state)
            centre = neighbours[first + number_below(state, degree)]
            window = 1
        x_from, y_from = at[node, 0], at[node, 1]
        state = next_number(state)
        x_to = near(state, at[centre, 0], window, columns, wrap)
        state = next_number(state)
        y_to = near(state, at[centre, 1], window, rows, wrap)
        cell = y_to * columns + x_to
        choices = cells[cell + 1] - cells[cell]
        if choices == 0 or (x_to == x_from and y_to == y_from):
            continue
        state = next_number(state)
        slot = slots_of_cells[cells[cell] + number_below(state, choices)]
        other = occupant[slot]
        if other == CLOSED_SLOT:
            continue
        # As `exchange_cost`, which is not called: that took this loop a third more time.
        cost = 0.0
        for edge in range(first, first + degree):
            neighbour = neighbours[edge]
            if neighbour != other:
                x, y = at[neighbour, 0], at[neighbour, 1]
                cost += traffic[edge] * (across[x_to, x] - across[x_from, x] + down[y_to, y] - down[y_from, y])
        if other >= 0:
            for edge in range(offsets[other], offsets[other + 1]):
                neighbour = neighbours[edge]
                if neighbour != node:
                    x, y = at[neighbour, 0], at[neighbour, 1]
                    cost += traffic[edge] * (across[x_from, x] - across[x_to, x] + down[y_from, y] - down[y_to, y])
        if cost > 0:
            uphill += 1
            state = next_number(state)
            if temperature <= 0 or fraction(state) >= math.exp(-cost / temperature):
                continue
            climbed += 1
        total += cost
        left = slot_of[node]
        slot_of[node], occupant[slot], occupant[left] = slot, node, other
        at[node, 0], at[node, 1] = x_to, y_to
        if other >= 0:
            slot_of[other] = left
            at[other, 0], at[other, 1] = x_from, y_from
    seed[0] = state
    return total, uphill, climbed
