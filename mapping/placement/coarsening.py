"""A placement problem with half as many nodes and slots, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..search import Search
from .annealing import HOT, WARM, Board, anneal
from .pairing import merged, pair_up
from .placement_problem import FREE, PlacementProblem
from .starts import at_random, open_slots

Array = NDArray[Any]
COARSEST = 64  # nodes, from where on all moves are hot
OF_COARSEST = 4  # times as many moves of a node as on the finer levels


def from_coarse(problem: PlacementProblem, moves: int, search: Search) -> Array:
    """Place pairs of pairs of nodes first, then these, and so on: moves of a group cost no more than moves of a node.

    Parameters
    ----------
    moves : of the finest level, on which nothing is annealed here; the coarser ones take their share by their nodes.

    Returns
    -------
    (nodes,) int64 slots.
    """
    random = np.random.default_rng(search.seed)
    levels: list[Coarser] = []
    coarse = problem
    while np.count_nonzero(coarse.pinned == FREE) > COARSEST:
        levels.append(Coarser.of(coarse, random))
        coarse = levels[-1].coarse
    of_node = moves / max(1, problem.nodes)
    first = at_random(coarse, search.seed)
    slots = anneal(Board.of(coarse), first, int(OF_COARSEST * of_node * coarse.nodes), HOT, search, "coarsened")
    for level in levels[::-1]:
        slots = level.refined(slots)
        if level.fine is not problem:
            slots = anneal(Board.of(level.fine), slots, int(of_node * level.fine.nodes), WARM, search, "coarsened")
    return slots


@dataclass(frozen=True, eq=False)
class Coarser:
    """A problem and the one it came from.

    Attributes
    ----------
    fine, coarse : the problems. Nodes of the coarse one are pairs of free nodes of the fine one, and its pinned nodes;
        its slots are pairs of open slots side by side, and one of its own for each pinned node.
    node_of : (fine nodes,) the coarse node of each.
    slot_of : (fine slots,) the coarse slot of each open slot; -1 for the others.
    """

    fine: PlacementProblem
    coarse: PlacementProblem
    node_of: Array
    slot_of: Array

    @classmethod
    def of(cls, fine: PlacementProblem, random: np.random.Generator) -> Coarser:
        """Pair nodes with much traffic between them, and slots that are neighbours along the board's longer side."""
        board = Board.of(fine)
        free = np.flatnonzero(fine.pinned == FREE)
        partner = pair_up(board.offsets, board.neighbours, board.traffic, random.permutation(free).astype(np.int32))
        leaders, node_of, members = merged(partner)
        slot_of, column, row = _paired_slots(fine)
        pinned = fine.pinned[leaders].astype(np.int64)
        fixed = np.flatnonzero(pinned != FREE)
        where = pinned[fixed]
        pinned[fixed] = column.size + np.arange(fixed.size)
        halves = _halved(fine)
        column = np.concatenate([column, fine.column[where] // halves[0]])
        row = np.concatenate([row, fine.row[where] // halves[1]])
        reserved = np.arange(column.size) >= column.size - fixed.size
        traffic = sparse.csr_array(members.T @ fine.traffic @ members)
        coarse = PlacementProblem(
            traffic,
            pinned,
            column,
            row,
            reserved,
            np.ascontiguousarray(fine.column_distance[:: halves[0], :: halves[0]]),
            np.ascontiguousarray(fine.row_distance[:: halves[1], :: halves[1]]),
        )
        return cls(fine, coarse, node_of, slot_of)

    def refined(self, slots: Array) -> Array:
        """A placement of the fine problem where every pair stays where it is, or close by where there is no room.

        Parameters
        ----------
        slots : (coarse nodes,) a placement of the coarse problem.
        """
        result = self.fine.pinned.astype(np.int64)
        free = np.flatnonzero(result == FREE)
        wanted = slots[self.node_of[free]]
        available = np.flatnonzero(self.slot_of >= 0)
        # The first node of a pair to the first slot of its pair of slots, the second to the second.
        node_rank, slot_rank = _rank(wanted), _rank(self.slot_of[available])
        width = int(max(node_rank.max(initial=0), slot_rank.max(initial=0))) + 1
        keys = self.slot_of[available] * width + slot_rank
        order = np.argsort(keys)
        position = np.minimum(np.searchsorted(keys[order], wanted * width + node_rank), order.size - 1)
        fits = keys[order[position]] == wanted * width + node_rank
        result[free[fits]] = available[order[position[fits]]]
        left = np.setdiff1d(available, result[free[fits]])
        for node, slot in zip(free[~fits], wanted[~fits], strict=True):
            near = self._distance(slot, left)
            nearest = int(np.argmin(near))
            result[node] = left[nearest]
            left = np.delete(left, nearest)
        return result

    def _distance(self, coarse_slot: int, slots: Array) -> Array:
        columns, rows = _halved(self.fine)
        column, row = self.coarse.column[coarse_slot] * columns, self.coarse.row[coarse_slot] * rows
        across = self.fine.column_distance[column, self.fine.column[slots]]
        return np.asarray(across + self.fine.row_distance[row, self.fine.row[slots]])


def _halved(fine: PlacementProblem) -> tuple[int, int]:
    """How many columns and how many rows become one: 1 and 1 where there are cells with several open slots."""
    slots = open_slots(fine)
    columns, rows = fine.column_distance.shape[0], fine.row_distance.shape[0]
    if np.unique(fine.row[slots] * columns + fine.column[slots]).size < slots.size:
        return 1, 1
    return (2, 1) if columns >= rows else (1, 2)


def _paired_slots(fine: PlacementProblem) -> tuple[Array, Array, Array]:
    """(slots,) the coarse slot of each, -1 for those that are not open; column and row of the coarse slots."""
    slots = open_slots(fine)
    columns, rows = _halved(fine)
    column, row = fine.column[slots] // columns, fine.row[slots] // rows
    cell = row * fine.column_distance.shape[0] + column
    part = _rank(cell) // 2 if columns == rows else np.zeros_like(cell)
    _, first, which = np.unique(cell * (int(part.max(initial=0)) + 1) + part, return_index=True, return_inverse=True)
    slot_of = np.full(fine.slots, -1, dtype=np.int64)
    slot_of[slots] = which
    return slot_of, column[first], row[first]


def _rank(values: Array) -> Array:
    """How many of the values before each are equal to it."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))[: values.size]
    lengths = np.diff(np.append(starts, values.size))
    rank = np.empty(values.size, dtype=np.int64)
    rank[order] = np.arange(values.size) - np.repeat(starts, lengths)
    return rank
