"""A board as a mesh of tiles: its size, its cores, and how messages travel over it."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from .constant import Constant, Count, Strict

MOST_CORES = 2**24
"""Of a board; the largest machines of all, those of SpiNNaker's second generation, have ten million."""
SAME_LINK = Constant.model_validate(
    {"value": 1, "unit": "hops", "kind": "assumed", "source": "not given: a link between chips is as any other"}
)


class TilePlace(Strict):
    """A tile of the board: the chip's number, and column and row within the chip."""

    chip: int = Field(default=0, ge=0)
    column: int = Field(ge=0)
    row: int = Field(ge=0)

    def __str__(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in self.model_dump().items())


class CorePlace(TilePlace):
    """A core of a tile."""

    core: int = Field(ge=0)


class Topology(Strict):
    """A mesh of tiles, each with some cores; the meshes of several chips are joined to one.

    Attributes
    ----------
    chips : number of chips on the board; they are numbered row by row.
    chip_columns : chips that stand side by side from west to east, a divisor of `chips`; None for all of them.
    columns, rows : size of a chip's mesh, in tiles.
    cores_per_tile : cores of a tile.
    usable_cores : of a chip, whichever they are; at most columns * rows * cores_per_tile. The mapper uses `value`.
    torus : whether the board's eastern and western edges are joined, and the northern and southern ones.
    mesh : "square": a tile has links to its four neighbours; "triangular": it also has two on the diagonal, as on
        SpiNNaker: along links 0 to 5 lie the tiles at (+1, 0), (+1, +1), (0, +1), (-1, 0), (-1, -1) and (0, -1) in
        columns and rows. The placement of cores is by the distances of a square mesh in either case.
    absent_tiles : places of the grid where there is no tile, and no link.
    routing : "unicast": a spike is one message to every core that it reaches; "multicast": it is one message along a
        tree, copied where the tree branches.
    link_between_chips : hops within a chip that a hop from chip to chip costs as much as, at least 1.
    dead_cores : cores that do not work.
    reserved_cores : cores that hold no neurons, such as those for input and output.
    input_tile : where input enters the board.
    """

    chips: int = Field(default=1, ge=1)
    chip_columns: int | None = Field(default=None, ge=1)
    columns: Count
    rows: Count
    cores_per_tile: Count
    usable_cores: Count
    torus: bool = False
    mesh: Literal["square", "triangular"] = "square"
    absent_tiles: tuple[TilePlace, ...] = ()
    routing: Literal["unicast", "multicast"] = "unicast"
    link_between_chips: Constant = SAME_LINK
    dead_cores: tuple[CorePlace, ...] = ()
    reserved_cores: tuple[CorePlace, ...] = ()
    input_tile: TilePlace = TilePlace(column=0, row=0)

    @model_validator(mode="after")
    def _cores_exist(self) -> Self:
        present = self.columns.value * self.rows.value * self.cores_per_tile.value
        if present * self.chips > MOST_CORES:
            raise ValueError(f"a board of {present * self.chips} cores is larger than any, {MOST_CORES} are the most")
        if self.usable_cores.value > present:
            raise ValueError(f"{self.usable_cores.value} cores cannot be usable where {present} exist")
        if self.chip_columns is not None and self.chips % self.chip_columns:
            raise ValueError(f"{self.chips} chips do not fill rows of chip_columns {self.chip_columns}")
        if self.link_between_chips.unit != "hops" or self.link_between_chips.low < 1:
            raise ValueError("link_between_chips is in hops, at least 1")
        absent = self.absent
        if absent:
            raise ValueError(f"{absent[0]}, which the board does not have")
        if self.input_tile in self.absent_tiles:
            raise ValueError(f"input_tile names {self.input_tile}, which is one of absent_tiles")
        if self.mesh == "triangular" and (self.chips > 1 or self.routing != "multicast"):
            raise ValueError("a triangular mesh is that of one board, with multicast routing")
        if not sum(self.cores_of_chips):
            raise ValueError("dead_cores and reserved_cores leave no core for neurons")
        return self

    @property
    def unusable(self) -> frozenset[CorePlace]:
        """Cores that may not hold neurons: dead and reserved ones, and those of tiles that do not exist."""
        missing = (
            CorePlace(chip=tile.chip, column=tile.column, row=tile.row, core=core)
            for tile in self.absent_tiles
            for core in range(self.cores_per_tile.value)
        )
        return frozenset((*self.dead_cores, *self.reserved_cores, *missing))

    @property
    def cores_of_chips(self) -> tuple[int, ...]:
        """How many cores of each chip may hold neurons."""
        present = self.columns.value * self.rows.value * self.cores_per_tile.value
        lost = Counter(place.chip for place in self.unusable)
        return tuple(min(self.usable_cores.value, present - lost[chip]) for chip in range(self.chips))

    def chips_in_use(self, chips: int, tiles: int) -> int:
        """How many chips draw power of those that hold cores in use.

        Parameters
        ----------
        chips, tiles : how many of them hold cores in use. On a triangular mesh, SpiNNaker's, a tile is a chip.
        """
        return tiles if self.mesh == "triangular" else chips

    @property
    def absent(self) -> tuple[str, ...]:
        """Places that the keys name and the board does not have, such as "dead_cores names chip 3, ..."."""
        named = [("input_tile", self.input_tile)]
        named += [("absent_tiles", place) for place in self.absent_tiles]
        named += [("dead_cores", place) for place in self.dead_cores]
        named += [("reserved_cores", place) for place in self.reserved_cores]
        return tuple(f"{key} names {place}" for key, place in named if not self._has(place))

    def _has(self, place: TilePlace) -> bool:
        inside = place.chip < self.chips and place.column < self.columns.value and place.row < self.rows.value
        return inside and (not isinstance(place, CorePlace) or place.core < self.cores_per_tile.value)
