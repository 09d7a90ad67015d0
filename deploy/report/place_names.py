"""What places of a board are called: on a triangular mesh, SpiNNaker's, a tile is a chip of the one board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Board = Mapping[str, Any]


def tile_name(board: Board) -> str:
    """What holds the cores that share a router.

    Parameters
    ----------
    board : as in `report.json`.
    """
    return "chip" if board["mesh"] == "triangular" else "tile"


def place_name(board: Board, tile: Sequence[int]) -> str:
    """Where a tile is.

    Parameters
    ----------
    board : as in `report.json`.
    tile : chip, column and row.

    Examples
    --------
    >>> place_name({"mesh": "triangular"}, [0, 3, 2])
    'chip 3, 2'
    """
    chip, column, row = tile
    if tile_name(board) == "chip":
        return f"chip {column}, {row}"
    return f"chip {chip}, column {column}, row {row}"
