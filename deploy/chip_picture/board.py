"""Where the tiles and cores of a board lie in its picture."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

Tile = tuple[int, int, int]  # chip, column, row

CORE, BETWEEN_CORES = 14.0, 1.5
BETWEEN_TILES = 14.0  # where links lie
MARGIN, TITLE = 20.0, 20.0  # around the tiles of a chip; of its name
BETWEEN_CHIPS = 16.0
ASPECT = 1.5  # of the whole picture, where the chips may be arranged freely


@dataclass(frozen=True)
class Board:
    """A board in its picture, in units that a page scales to its own width.

    Attributes
    ----------
    columns, rows : of a chip, in tiles.
    cores_per_tile : of a tile, which lie in a square.
    absent : places where there is no tile.
    chips : numbers of the chips that are drawn, in their order.
    across : chips side by side in the picture.
    joined_across : chips side by side on the board.
    """

    columns: int
    rows: int
    cores_per_tile: int
    absent: frozenset[Tile]
    chips: tuple[int, ...]
    across: int
    joined_across: int

    @classmethod
    def of(cls, section: Mapping[str, Any], used: Collection[int]) -> Board:
        """A board as the report has it.

        Parameters
        ----------
        section : see `report.chip.board_section`.
        used : numbers of chips in use; others are drawn only on a board whose chips lie in rows that are known.
        """
        columns, rows, cores = (int(section[key]) for key in ("columns", "rows", "cores_per_tile"))
        known = section["chip_columns"]
        chips = tuple(range(int(section["chips"]))) if known else tuple(sorted(used))
        free = cls(columns, rows, cores, frozenset(), (0,), 1, 1)
        side = math.sqrt(ASPECT * max(1, len(chips)) * free.chip_height / free.chip_width)
        across = int(known) if known else min(max(1, round(side)), max(1, len(chips)))
        absent = frozenset((int(chip), int(column), int(row)) for chip, column, row in section["absent_tiles"])
        return cls(columns, rows, cores, absent, chips, across, int(known or section["chips"]))

    @property
    def tile_side(self) -> float:
        """Width and height of a tile."""
        return self._cores_across * (CORE + BETWEEN_CORES) - BETWEEN_CORES

    @property
    def chip_width(self) -> float:
        """Of a chip with its margin."""
        return self.columns * (self.tile_side + BETWEEN_TILES) - BETWEEN_TILES + 2 * MARGIN

    @property
    def chip_height(self) -> float:
        """Of a chip with its margin and its name."""
        return self.rows * (self.tile_side + BETWEEN_TILES) - BETWEEN_TILES + 2 * MARGIN + TITLE

    @property
    def width(self) -> float:
        """Of the picture."""
        return self.across * (self.chip_width + BETWEEN_CHIPS) - BETWEEN_CHIPS

    @property
    def height(self) -> float:
        """Of the picture."""
        return math.ceil(len(self.chips) / self.across) * (self.chip_height + BETWEEN_CHIPS) - BETWEEN_CHIPS

    def on_mesh(self, tile: Tile) -> tuple[int, int]:
        """Column and row of a tile on the whole board."""
        chip, column, row = tile
        down, across = divmod(chip, self.joined_across)
        return across * self.columns + column, down * self.rows + row

    def chip_corner(self, chip: int) -> tuple[float, float]:
        """Left upper corner of a chip that is drawn."""
        down, across = divmod(self.chips.index(chip), self.across)
        return across * (self.chip_width + BETWEEN_CHIPS), down * (self.chip_height + BETWEEN_CHIPS)

    def tile_corner(self, tile: Tile) -> tuple[float, float]:
        """Left upper corner of a tile of such a chip."""
        chip, column, row = tile
        x, y = self.chip_corner(chip)
        step = self.tile_side + BETWEEN_TILES
        return x + MARGIN + column * step, y + TITLE + MARGIN + row * step

    def core_corner(self, tile: Tile, core: int) -> tuple[float, float]:
        """Left upper corner of a core of such a chip."""
        x, y = self.tile_corner(tile)
        down, across = divmod(core, self._cores_across)
        step = CORE + BETWEEN_CORES
        return x + across * step, y + down * step

    @property
    def _cores_across(self) -> int:
        return math.ceil(math.sqrt(self.cores_per_tile))
