"""A curve that visits every cell of a rectangle and keeps cells that follow each other close together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def hilbert_curve(columns: int, rows: int) -> Array:
    """Cells in the order of Hilbert's curve (1891), on any rectangle.

    On a square whose side is a power of two this is the curve itself. Elsewhere the rectangle is cut in the same way
    into parts of unequal size; where a part has an odd side, a step may be diagonal.

    Returns
    -------
    (columns * rows, 2) int64, column and row of each cell, every cell once.
    """
    start, along, across = np.zeros(2, dtype=np.int64), np.array([columns, 0]), np.array([0, rows])
    if rows > columns:
        along, across = across, along
    return np.concatenate(list(_visit(start, along, across)), axis=0)


def _visit(start: Array, along: Array, across: Array) -> Iterator[Array]:
    """Runs of cells through a rectangle from its corner `start` to the corner at the end of `along`.

    Parameters
    ----------
    start : (2,) a cell.
    along, across : (2,) the rectangle's sides, one of them with one component only, as is the other; signs say where
        the rectangle lies from `start`.
    """
    length, width = int(np.abs(along).sum()), int(np.abs(across).sum())
    ahead, aside = np.sign(along), np.sign(across)
    if width == 1:
        yield start + np.arange(length)[:, None] * ahead
    elif length == 1:
        yield start + np.arange(width)[:, None] * aside
    elif 2 * length > 3 * width:
        # Too long: two rectangles one after the other, the first of even length where possible.
        half = _even(length, length // 2) * ahead
        yield from _visit(start, half, across)
        yield from _visit(start + half, along - half, across)
    else:
        # Up, along, and back down.
        half, step = (length // 2) * ahead, _even(width, width // 2) * aside
        yield from _visit(start, step, half)
        yield from _visit(start + step, along, across - step)
        yield from _visit(start + (along - ahead) + (step - aside), -step, half - along)


def _even(whole: int, part: int) -> int:
    return part + 1 if part % 2 and whole > 2 else part
