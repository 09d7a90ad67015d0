"""What is to be placed, and where it may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]
FREE = -1


@dataclass(frozen=True, eq=False)
class PlacementProblem:
    """Nodes with traffic between them, and slots on a mesh.

    A node is a logical core, or something that stays where it is, such as the input. A slot is a place of a core; all
    cores of a tile have a slot each at the same position.

    Attributes
    ----------
    traffic : (nodes, nodes) CSR float64, messages a step from row to column; the diagonal is ignored.
    pinned : (nodes,) int64, the slot at which a node stays; `FREE` for the others. Several nodes may be pinned to one
        slot; no other node may take it.
    column, row : (slots,) int64, position of each slot on the mesh of the whole board.
    reserved : (slots,) bool, slots for pinned nodes alone.
    column_distance, row_distance : (columns, columns) and (rows, rows) float64, symmetric: the cost of the way between
        two columns and two rows. A message pays the sum of both. They say whether the mesh is a torus, and what a link
        between chips costs more.
    column_steps, row_steps : of the same shapes, int64, links from the first to the second, below 0 where the way
        leads west or north; None where it leads from the one straight to the other. A message goes along the row first
        and then along the column.
    """

    traffic: sparse.csr_array
    pinned: Array
    column: Array
    row: Array
    reserved: Array
    column_distance: Array
    row_distance: Array
    column_steps: Array | None = None
    row_steps: Array | None = None

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return int(self.pinned.size)

    @property
    def slots(self) -> int:
        """Number of slots."""
        return int(self.column.size)

    @property
    def steps(self) -> tuple[Array, Array]:
        """Signed links between columns and between rows, int64."""
        across, down = (np.arange(table.shape[0]) for table in (self.column_distance, self.row_distance))
        straight = (across - across[:, None], down - down[:, None])
        given = (self.column_steps, self.row_steps)
        first, second = (plain if own is None else own for plain, own in zip(straight, given, strict=True))
        return np.ascontiguousarray(first), np.ascontiguousarray(second)

    def cost(self, slots: Array) -> float:
        """Sum over all pairs of traffic times distance.

        Parameters
        ----------
        slots : (nodes,) the slot of each node.
        """
        pairs = self.traffic.tocoo()
        return float((pairs.data * self.distance(slots[pairs.row], slots[pairs.col])).sum())

    def distance(self, first: Any, second: Any) -> Array:
        """Distance of slots from others, float64.

        Parameters
        ----------
        first, second : numbers of slots, or integer arrays that broadcast against each other.
        """
        across = self.column_distance[self.column[first], self.column[second]]
        return np.asarray(across + self.row_distance[self.row[first], self.row[second]], dtype=np.float64)

    def symmetric(self) -> sparse.csr_array:
        """Traffic of each pair of nodes in both directions together, without the diagonal and without zeros."""
        both = (self.traffic + self.traffic.T).tocoo()
        kept = (both.row != both.col) & (both.data != 0)
        result = sparse.csr_array((both.data[kept], (both.row[kept], both.col[kept])), shape=both.shape)
        result.sort_indices()
        return result

    def verify(self, slots: Array) -> None:
        """Raise ValueError where a placement breaks the rules: a bug of the stage that made it."""
        if slots.shape != (self.nodes,) or slots.min(initial=0) < 0 or slots.max(initial=0) >= self.slots:
            raise ValueError("not every node has a slot")
        fixed = self.pinned != FREE
        if not np.array_equal(slots[fixed], self.pinned[fixed]):
            raise ValueError("a pinned node moved")
        free = slots[~fixed]
        if np.unique(free).size != free.size or self.reserved[free].any() or np.isin(free, self.pinned[fixed]).any():
            raise ValueError("two nodes share a slot, or a slot is not theirs")
