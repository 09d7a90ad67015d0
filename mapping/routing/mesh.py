"""Places on the board, the links between its tiles, and how far tiles are apart.

The meshes of all chips are joined to one: the easternmost tiles of a chip to the westernmost of the next, and the
southernmost to the northernmost of the one below. How boards really join chips differs, and is not public for Loihi 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping import Place
from ..target import Target
from .line import Line

Array = NDArray[Any]
Tile = tuple[int, int, int]  # chip, column, row
Link = tuple[Tile, Tile]
EAST, WEST, SOUTH, NORTH = range(4)


@dataclass(frozen=True)
class Mesh:
    """Tiles of all chips, numbered row by row over the whole board from the north-west.

    A message goes along the row first and then along the column. On a torus it takes the cheaper way round, and east or
    south where both cost the same; a line of fewer than three tiles is not closed to a ring.

    Attributes
    ----------
    chips : number of chips, numbered row by row.
    columns, rows : of one chip, in tiles.
    chip_columns : chips side by side; None for all of them.
    torus : whether the board's edges are joined.
    between_chips : hops that a hop from chip to chip costs as much as, at least 1.
    input_tile : where input enters.
    """

    chips: int
    columns: int
    rows: int
    chip_columns: int | None = None
    torus: bool = False
    between_chips: float = 1.0
    input_tile: Tile = (0, 0, 0)

    @classmethod
    def of(cls, target: Target) -> Mesh:
        """The mesh of a target."""
        topology = target.topology
        return cls(
            topology.chips,
            topology.columns.value,
            topology.rows.value,
            topology.chip_columns,
            topology.torus,
            topology.link_between_chips.value,
            (topology.input_tile.chip, topology.input_tile.column, topology.input_tile.row),
        )

    @property
    def chips_across(self) -> int:
        """Chips from the board's western edge to its eastern."""
        return self.chip_columns or self.chips

    @property
    def width(self) -> int:
        """Columns of the board, in tiles."""
        return self.chips_across * self.columns

    @property
    def height(self) -> int:
        """Rows of the board, in tiles."""
        return self.chips // self.chips_across * self.rows

    @property
    def size(self) -> int:
        """Number of tiles."""
        return self.width * self.height

    @property
    def entry(self) -> int:
        """Number of the tile at which input enters."""
        return self.tile_number(*self.input_tile)

    def tile_number(self, chip: int, column: int, row: int) -> int:
        """Number of a tile by its chip, and its column and row within the chip."""
        down, across = divmod(chip, self.chips_across)
        return (down * self.rows + row) * self.width + across * self.columns + column

    def number(self, place: Place) -> int:
        """Number of a place's tile."""
        return self.tile_number(place.chip, place.column, place.row)

    def numbers(self, places: Sequence[Place]) -> Array:
        """(places,) int64, number of the tile of each."""
        return np.asarray([self.number(place) for place in places], dtype=np.int64)

    def tile(self, number: int) -> Tile:
        """Chip, column and row of a tile."""
        y, x = divmod(number, self.width)
        return (y // self.rows * self.chips_across + x // self.columns, x % self.columns, y % self.rows)

    @cached_property
    def across(self) -> Line:
        """Any row of the board."""
        return Line(self.width, self.columns, self.between_chips, self.torus)

    @cached_property
    def down(self) -> Line:
        """Any column of the board."""
        return Line(self.height, self.rows, self.between_chips, self.torus)

    @property
    def column_distance(self) -> Array:
        """(width, width) float64, symmetric: cost of the way between columns of the board, in hops within a chip."""
        return self.across.distances

    @property
    def row_distance(self) -> Array:
        """(height, height) float64, symmetric: cost of the way between rows of the board, in hops within a chip."""
        return self.down.distances

    def distance(self, first: Any, second: Any) -> Any:
        """Cost of the way between tiles, by their numbers (arrays too), in hops within a chip."""
        (first_y, first_x), (second_y, second_x) = np.divmod(first, self.width), np.divmod(second, self.width)
        return self.column_distance[first_x, second_x] + self.row_distance[first_y, second_y]

    @cached_property
    def _ends(self) -> tuple[Array, Array, Array]:
        """Start, end and direction of each link, (links,) int64, in ascending order of start and end."""
        tiles = np.arange(self.size)
        y, x = np.divmod(tiles, self.width)
        east = np.where(x + 1 < self.width, tiles + 1, y * self.width if self.across.closed else -1)
        south = np.where(y + 1 < self.height, tiles + self.width, x if self.down.closed else -1)
        starts, ends, directions = [], [], []
        for forward, backward, end in ((EAST, WEST, east), (SOUTH, NORTH, south)):
            start, end = tiles[end >= 0], end[end >= 0]
            starts += [start, end]
            ends += [end, start]
            directions += [np.full(start.size, forward), np.full(start.size, backward)]
        start, end, direction = (np.concatenate(part) for part in (starts, ends, directions))
        order = np.lexsort((end, start))
        return start[order], end[order], direction[order]

    @property
    def start(self) -> Array:
        """(links,) int64, the tile where each link begins; every direction is a link of its own."""
        return self._ends[0]

    @property
    def end(self) -> Array:
        """(links,) int64, the tile where each link ends."""
        return self._ends[1]

    @property
    def direction(self) -> Array:
        """(links,) int64: `EAST`, `WEST`, `SOUTH` or `NORTH`."""
        return self._ends[2]

    @property
    def east_west(self) -> Array:
        """(links,) bool, whether a link runs along a row."""
        return np.asarray(self.direction <= WEST)

    @cached_property
    def joins_chips(self) -> Array:
        """(links,) bool, whether a link leads from chip to chip."""
        y, x = np.divmod(np.stack([self.start, self.end]), self.width)
        chip = y // self.rows * self.chips_across + x // self.columns
        return np.asarray(chip[0] != chip[1])

    @property
    def link_cost(self) -> Array:
        """(links,) float64, hops within a chip that a hop over each link costs as much as."""
        return np.where(self.joins_chips, self.between_chips, 1.0)

    @cached_property
    def link_at(self) -> Array:
        """(4, tiles) int64, the link that leaves a tile in each direction; -1 where there is none."""
        result = np.full((4, self.size), -1, dtype=np.int64)
        result[self.direction, self.start] = np.arange(self.start.size)
        return result

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """((chip, column, row), (chip, column, row)) of every link, in use or not."""
        tiles = [self.tile(number) for number in range(self.size)]
        return tuple((tiles[start], tiles[end]) for start, end in zip(self.start, self.end, strict=True))

    def route(self, start: int, end: int) -> list[int]:
        """Links from tile to tile, by their numbers."""
        east = int(self.across.steps[start % self.width, end % self.width])
        south = int(self.down.steps[start // self.width, end // self.width])
        path, tile = [], start
        for count, forward, backward in ((east, EAST, WEST), (south, SOUTH, NORTH)):
            for _ in range(abs(count)):
                path.append(int(self.link_at[forward if count > 0 else backward, tile]))
                tile = int(self.end[path[-1]])
        return path


def usable_places(target: Target) -> list[Place]:
    """Every place that may hold a core, chip by chip, in a snake through the rows of tiles.

    Of each chip these are the first `usable_cores` that are neither dead nor reserved.
    """
    topology = target.topology
    lost = {Place(lost.chip, lost.column, lost.row, lost.core) for lost in topology.unusable}
    places = []
    for chip in range(topology.chips):
        of_chip = [
            Place(chip, column if row % 2 == 0 else topology.columns.value - 1 - column, row, core)
            for row in range(topology.rows.value)
            for column in range(topology.columns.value)
            for core in range(topology.cores_per_tile.value)
        ]
        working = [place for place in of_chip if place not in lost]
        places += working[: topology.usable_cores.value]
    return places
