"""Compiled: every node drawn to the middle of those that it exchanges messages with."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .moves import CLOSED_SLOT, exchange_cost

Array = NDArray[Any]
keep_loops()


@numba.njit(cache=True, nogil=True)
def pull(
    offsets: Array,
    neighbours: Array,
    traffic: Array,
    positions: Array,
    cells: Array,
    slots_of_cells: Array,
    across: Array,
    down: Array,
    order: Array,
    slot_of: Array,
    occupant: Array,
    at: Array,
    tolerance: float,
) -> float:
    """One round: each node goes where it saves most, beside where it is or around the median of its neighbours.

    Parameters
    ----------
    order : int32, nodes in the order in which they are drawn.
    tolerance : what an exchange has to save.
    Others as in `moves.sweep`.

    Returns
    -------
    Sum of the changes of cost, 0 where no node moved.
    """
    columns, rows = across.shape[0], down.shape[0]
    by_column, by_row = np.zeros(columns), np.zeros(rows)
    total = 0.0
    for node in order:
        by_column[:] = 0.0
        by_row[:] = 0.0
        half = 0.0
        for edge in range(offsets[node], offsets[node + 1]):
            by_column[at[neighbours[edge], 0]] += traffic[edge]
            by_row[at[neighbours[edge], 1]] += traffic[edge]
            half += traffic[edge] / 2
        middle_x, middle_y, passed = 0, 0, by_column[0]
        while middle_x < columns - 1 and passed < half:
            middle_x += 1
            passed += by_column[middle_x]
        passed = by_row[0]
        while middle_y < rows - 1 and passed < half:
            middle_y += 1
            passed += by_row[middle_y]
        x_from, y_from = at[node, 0], at[node, 1]
        best, saved = -1, -tolerance
        for candidate in range(18):
            centre_x, centre_y = (x_from, y_from) if candidate < 9 else (middle_x, middle_y)
            x_to, y_to = centre_x + candidate % 3 - 1, centre_y + candidate // 3 % 3 - 1
            if x_to < 0 or y_to < 0 or x_to >= columns or y_to >= rows or (x_to == x_from and y_to == y_from):
                continue
            cell = y_to * columns + x_to
            for index in range(cells[cell], cells[cell + 1]):
                slot = slots_of_cells[index]
                other = occupant[slot]
                if other == CLOSED_SLOT:
                    continue
                cost = exchange_cost(
                    node, other, x_from, y_from, x_to, y_to, offsets, neighbours, traffic, across, down, at
                )
                if cost < saved:
                    best, saved = slot, cost
        if best >= 0:
            left, other = slot_of[node], occupant[best]
            slot_of[node], occupant[best], occupant[left] = best, node, other
            at[node, 0], at[node, 1] = positions[best, 0], positions[best, 1]
            if other >= 0:
                slot_of[other] = left
                at[other, 0], at[other, 1] = x_from, y_from
            total += saved
    return total
