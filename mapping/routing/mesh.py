"""Places on the mesh, distances between tiles, and the links that messages take.

Chips stand in a row from west to east, and the easternmost tiles of one are joined to the westernmost of the next as
tiles within a chip are; how boards really join chips differs, and is not public for Loihi 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping import Place
from ..target import Target

Array = NDArray[Any]
Tile = tuple[int, int, int]  # chip, column, row
Link = tuple[Tile, Tile]
ENTRY = 0  # number of the tile at which input enters: chip 0, column 0, row 0


@dataclass(frozen=True)
class Mesh:
    """Tiles of all chips, numbered row by row from the north-west; input enters at tile 0 (chip 0, column 0, row 0).

    Attributes
    ----------
    chips : in a row from west to east.
    columns, rows : of one chip, in tiles.
    """

    chips: int
    columns: int
    rows: int

    @classmethod
    def of(cls, target: Target) -> Mesh:
        """The mesh of a target."""
        topology = target.topology
        return cls(topology.chips, topology.columns.value, topology.rows.value)

    @property
    def width(self) -> int:
        """Columns of all chips together."""
        return self.chips * self.columns

    @property
    def size(self) -> int:
        """Number of tiles."""
        return self.width * self.rows

    def number(self, place: Place) -> int:
        """Number of a place's tile."""
        return place.row * self.width + place.chip * self.columns + place.column

    def tile(self, number: int) -> Tile:
        """Chip, column and row of a tile."""
        row, x = divmod(number, self.width)
        return (x // self.columns, x % self.columns, row)

    @cached_property
    def distances(self) -> Array:
        """(tiles, tiles) int64, hops between tiles."""
        row, x = np.divmod(np.arange(self.size), self.width)
        return np.asarray(np.abs(row[:, None] - row) + np.abs(x[:, None] - x))

    @cached_property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """Numbers of the two tiles of each link, every direction a link of its own."""
        east = [(tile, tile + 1) for tile in range(self.size) if tile % self.width < self.width - 1]
        south = [(tile, tile + self.width) for tile in range(self.size - self.width)]
        return tuple(sorted([*east, *south, *((end, start) for start, end in [*east, *south])]))

    @cached_property
    def _link_of(self) -> dict[tuple[int, int], int]:
        return {step: index for index, step in enumerate(self.steps)}

    def route(self, start: int, end: int) -> list[int]:
        """Links from tile to tile: first along the row (X), then along the column (Y)."""
        path = [start]
        while path[-1] % self.width != end % self.width:
            path.append(path[-1] + (1 if end % self.width > path[-1] % self.width else -1))
        while path[-1] != end:
            path.append(path[-1] + (self.width if end > path[-1] else -self.width))
        return [self._link_of[step] for step in pairwise(path)]


def usable_places(target: Target) -> list[Place]:
    """Every place that may hold a core, chip by chip, in a snake through the rows of tiles."""
    topology = target.topology
    places = []
    for chip in range(topology.chips):
        of_chip = [
            Place(chip, column if row % 2 == 0 else topology.columns.value - 1 - column, row, core)
            for row in range(topology.rows.value)
            for column in range(topology.columns.value)
            for core in range(topology.cores_per_tile.value)
        ]
        places += of_chip[: topology.usable_cores.value]
    return places
