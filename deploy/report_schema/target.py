"""Which chip it is, and the board as a mesh."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import CoreList, Number, Section, TileList


class Board(Section):
    """The board as a mesh of tiles."""

    mesh: Literal["square", "triangular"] = Field(description="Neighbours of a tile: four, or six as on SpiNNaker 1.")
    chips: Number = Field(description="Chips of the board.")
    chip_columns: Number | None = Field(description="Chips side by side; null where they have no arrangement.")
    columns: Number = Field(description="Of tiles, on a chip.")
    rows: Number = Field(description="Of tiles, on a chip.")
    cores_per_tile: Number = Field(description="Cores of a tile.")
    torus: bool = Field(description="Whether links lead from edge to edge.")
    absent_tiles: list[TileList] = Field(description="Places of the mesh without a tile: chip, column, row.")
    dead_cores: list[CoreList] = Field(description="Cores that are out of order: chip, column, row, core.")
    reserved_cores: list[CoreList] = Field(description="Cores that the system keeps, likewise.")
    input_tile: TileList = Field(description="Where input from off the chip enters: chip, column, row.")


class TargetSection(Section):
    """The chip."""

    name: str = Field(description="Its name, as for `--target`.")
    description: str = Field(description="What it is, in a sentence.")
    board: Board = Field(description="The mesh, for pictures of it.")
