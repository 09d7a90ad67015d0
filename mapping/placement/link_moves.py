"""The compiled moves that are also judged by the loads of links, under routing along the row and then the column."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from ..routing.mesh import EAST, NORTH, SOUTH, WEST
from .moves import CLOSED_SLOT, exchange_cost, fraction, near, next_number, number_below

Array = NDArray[Any]

keep_loops()


@numba.njit(cache=True, nogil=True)
def add_ways(
    node: int,
    skipped: int,
    offsets: Array,
    neighbours: Array,
    outward: Array,
    inward: Array,
    at: Array,
    across_steps: Array,
    down_steps: Array,
    prices: Array,
    loads: Array,
    factor: float,
    threshold: float,
) -> tuple[float, float]:
    """Put the messages of a node on the links, or take them off.

    Parameters
    ----------
    node, skipped : whose messages, both ways; those to and from `skipped` are left out.
    offsets, neighbours, outward, inward : traffic from the node and to it, in rows of the same pattern.
    at : column and row of each node.
    across_steps, down_steps : signed links between columns and rows.
    prices : (2, the longer side) what a message counts on the link from a column (a row) to the next.
    loads : (4, columns * rows) of the link that leaves each cell to the east, west, south and north; changed in place.
    factor : 1, or -1 to take them off; 0 to look only.
    threshold : load above which a link is busy.

    Returns
    -------
    Change of the sum over busy links of the square of what is above the threshold; and what this sum would lose at most
    if the messages were not on the links as they were.
    """
    columns, rows = across_steps.shape[0], down_steps.shape[0]
    change, relief = 0.0, 0.0
    for edge in range(offsets[node], offsets[node + 1]):
        neighbour = neighbours[edge]
        if neighbour == skipped:
            continue
        for way in range(2):
            start, end, messages = node, neighbour, outward[edge]
            if way == 1:
                start, end, messages = neighbour, node, inward[edge]
            if messages == 0:
                continue
            x, y = at[start, 0], at[start, 1]
            steps = across_steps[x, at[end, 0]]
            direction = EAST if steps > 0 else WEST
            for _ in range(abs(steps)):
                cell = y * columns + x
                link = x
                x = step_on(x, steps > 0, columns)
                weight = messages * prices[0, link if steps > 0 else x]
                before = loads[direction, cell]
                after = before + factor * weight
                loads[direction, cell] = after
                change += max(0.0, after - threshold) ** 2 - max(0.0, before - threshold) ** 2
                relief += max(0.0, before - threshold) * 2 * weight
            steps = down_steps[y, at[end, 1]]
            direction = SOUTH if steps > 0 else NORTH
            for _ in range(abs(steps)):
                cell = y * columns + x
                link = y
                y = step_on(y, steps > 0, rows)
                weight = messages * prices[1, link if steps > 0 else y]
                before = loads[direction, cell]
                after = before + factor * weight
                loads[direction, cell] = after
                change += max(0.0, after - threshold) ** 2 - max(0.0, before - threshold) ** 2
                relief += max(0.0, before - threshold) * 2 * weight
    return change, relief


@numba.njit(cache=True, inline="always")
def step_on(
    place: int,
    forward: bool,
    size: int,
) -> int:
    """The next place of a line, around its end where the way leads there."""
    result = place + 1 if forward else place - 1
    if result == size:
        result = 0
    if result < 0:
        result = size - 1
    return result


@numba.njit(cache=True, nogil=True)
def count_loads(
    offsets: Array,
    neighbours: Array,
    outward: Array,
    inward: Array,
    at: Array,
    across_steps: Array,
    down_steps: Array,
    prices: Array,
    loads: Array,
) -> None:
    """Loads of all links from nothing; for the parameters see `add_ways`."""
    loads[:] = 0.0
    for node in range(offsets.size - 1):
        # Every message is met twice, at its start and at its end.
        add_ways(
            node, -1, offsets, neighbours, outward, inward, at, across_steps, down_steps, prices, loads, 0.5, np.inf
        )


@numba.njit(cache=True, nogil=True)
def sweep_with_links(  # noqa: PLR0915 - one loop, see `moves.py`
    offsets: Array,
    neighbours: Array,
    traffic: Array,
    outward: Array,
    inward: Array,
    positions: Array,
    cells: Array,
    slots_of_cells: Array,
    across: Array,
    down: Array,
    across_steps: Array,
    down_steps: Array,
    prices: Array,
    wrap: bool,
    movable: Array,
    slot_of: Array,
    occupant: Array,
    at: Array,
    loads: Array,
    reliefs: Array,
    moves: int,
    temperature: float,
    reach: Any,
    aimed: float,
    threshold: float,
    strictness: float,
    seed: Array,
) -> float:
    """Try moves at one temperature, first by their cost, then by what they do to busy links.

    Parameters are those of `moves.sweep` and of `add_ways`; `strictness` is what a square counts, in the unit of cost;
    `reliefs` come from `count_reliefs`.

    Returns
    -------
    Sum of the changes of cost.
    """
    columns, rows = across.shape[0], down.shape[0]
    total = 0.0
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
        cost = exchange_cost(node, other, x_from, y_from, x_to, y_to, offsets, neighbours, traffic, across, down, at)
        state = next_number(state)
        # Drawn before the loads are known: where not even the most relief would be enough, no link has to be looked at.
        room = -temperature * math.log(1.0 - fraction(state))
        if cost - strictness * (reliefs[node] + (reliefs[other] if other >= 0 else 0.0)) > room:
            continue
        left = slot_of[node]
        excess = 0.0
        for turn in range(2):
            # Off the links; to the other place; on the links. A second time, back, if it costs too much.
            factor = -1.0
            for _ in range(2):
                excess += add_ways(
                    node, -1, offsets, neighbours, outward, inward, at, across_steps, down_steps, prices, loads,
                    factor, threshold,
                )[0]  # fmt: skip
                if other >= 0:
                    excess += add_ways(
                        other, node, offsets, neighbours, outward, inward, at, across_steps, down_steps, prices, loads,
                        factor, threshold,
                    )[0]  # fmt: skip
                if factor < 0:
                    to, back = (slot, left) if turn == 0 else (left, slot)
                    slot_of[node], occupant[to], occupant[back] = to, node, other
                    at[node, 0], at[node, 1] = positions[to, 0], positions[to, 1]
                    if other >= 0:
                        slot_of[other] = back
                        at[other, 0], at[other, 1] = positions[back, 0], positions[back, 1]
                factor = 1.0
            if turn == 0 and cost + strictness * excess <= room:
                total += cost
                break
    seed[0] = state
    return total


@numba.njit(cache=True, nogil=True)
def count_reliefs(
    offsets: Array,
    neighbours: Array,
    outward: Array,
    inward: Array,
    at: Array,
    across_steps: Array,
    down_steps: Array,
    prices: Array,
    loads: Array,
    threshold: float,
    reliefs: Array,
) -> None:
    """Per node, what the sum of squares would lose at most without its messages; see `add_ways`."""
    for node in range(offsets.size - 1):
        reliefs[node] = add_ways(
            node, -1, offsets, neighbours, outward, inward, at, across_steps, down_steps, prices, loads, 0.0, threshold
        )[1]
