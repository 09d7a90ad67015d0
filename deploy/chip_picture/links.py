"""The links between tiles as lines: two for each pair, one each way; stubs where a link leads off its chip."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .board import BETWEEN_TILES, Board, Tile

APART = 3.0  # of the lines of both ways from the middle between them
STUB = 10.0  # length of a line that leads off the chip

Line = tuple[float, float, float, float]


@dataclass(frozen=True)
class DrawnLink:
    """A link with traffic.

    Attributes
    ----------
    start, end : tiles.
    packets : of a mean sample.
    share : in those of the busiest link, above 0.
    lines : x and y of the start and end of one line, or of two stubs.
    """

    start: Tile
    end: Tile
    packets: float
    share: float
    lines: tuple[Line, ...]


def drawn_links(board: Board, links: Iterable[Mapping[str, Any]]) -> tuple[DrawnLink, ...]:
    """Place the links of a report in the picture."""
    known = [(_tile(link["from"]), _tile(link["to"]), float(link["packets"])) for link in links]
    most = max((packets for *_, packets in known), default=0.0)
    return tuple(
        DrawnLink(start, end, packets, packets / most, _lines(board, start, end)) for start, end, packets in known
    )


def _lines(board: Board, start: Tile, end: Tile) -> tuple[Line, ...]:
    (x, y), (to_x, to_y) = board.on_mesh(start), board.on_mesh(end)
    across, down = _step(to_x - x), _step(to_y - y)
    if start[0] == end[0] and (to_x - x, to_y - y) == (across, down):
        return (_line(board, start, across, down, BETWEEN_TILES),) if start[0] in board.chips else ()
    stubs = []
    if start[0] in board.chips:
        stubs.append(_line(board, start, across, down, STUB))
    if end[0] in board.chips:
        x_there, y_there, before_x, before_y = _line(board, end, -across, -down, STUB, way=-1)
        stubs.append((before_x, before_y, x_there, y_there))
    return tuple(stubs)


def _line(board: Board, tile: Tile, across: int, down: int, length: float, way: int = 1) -> Line:
    """From the edge of a tile outwards; on the right of the way that messages take, which `way` turns round."""
    x, y = board.tile_corner(tile)
    half = board.tile_side / 2
    norm = math.hypot(across, down)
    aside_x, aside_y = -way * APART * down / norm, way * APART * across / norm
    x, y = x + half + across * half + aside_x, y + half + down * half + aside_y
    return x, y, x + across * length, y + down * length


def _step(distance: int) -> int:
    """Which way a link goes, -1, 0 or 1: one that spans the whole board goes round its edge."""
    if abs(distance) > 1:
        return -1 if distance > 0 else 1
    return distance


def _tile(place: Iterable[int]) -> Tile:
    chip, column, row = place
    return int(chip), int(column), int(row)
