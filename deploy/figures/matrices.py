"""Square matrices of correlations side by side, on one scale of colours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .colour_bar import bar_ends, colour_bar, hatched
from .elements import element, hover, label, shortened
from .figure import WIDTH, Figure, drawn, nothing_to_show
from .palette import SIGNS, ramp_colour
from .raster import image
from .scale import Axis, fitted

LARGEST_WITH_CELLS = 24  # rows; above that a matrix becomes one picture
LARGEST_PICTURE = 256  # rows; above that neighbours are averaged
GAP = 16.0
LARGEST_SIDE = 252.0

Matrix = NDArray[np.float64]


def matrices(
    panels: Mapping[str, Matrix], *, name: str, title: str, caption: str = "", quantity: str = "correlation"
) -> Figure:
    """Draw matrices side by side, two or three in a row.

    Parameters
    ----------
    panels : by the name above it, each matrix, shape (neurons, neurons), between -1 and 1; NaN where there is no value.
        The first row is drawn at the top.
    quantity : what the colours are.
    name, title, caption : of the figure.

    Raises
    ------
    ValueError
        If a matrix is not square.
    """
    for heading, values in panels.items():
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise ValueError(f"Matrix '{heading}' of figure '{name}' has the shape {values.shape}; it must be square.")
    if not any(np.isfinite(values).any() for values in panels.values()):
        return nothing_to_show(name, title, caption, "No matrix has a value.")
    in_a_row = min(len(panels), 3 if len(panels) in {3, 5, 6, 9} else 2)
    side = min((WIDTH - GAP * (in_a_row - 1)) / in_a_row, LARGEST_SIDE)
    parts, pooled, empty = [], 1, False
    for index, (heading, values) in enumerate(panels.items()):
        row, column = divmod(index, in_a_row)
        x, y = column * (side + GAP), row * (side + 42)
        shown, factor = averaged(values)
        pooled, empty = max(pooled, factor), empty or not np.isfinite(shown).all() or not shown.size
        parts += [
            label(shortened(heading, side), x + 1, y + 15, "axis-title"),
            *_matrix(heading, values, shown, x, y + 24, side),
        ]
    bottom = (-(-len(panels) // in_a_row)) * (side + 42)
    scale = fitted(Axis(quantity, low=-1, high=1), (), *bar_ends(quantity, 0, in_a_row * (side + GAP) - GAP))
    bar, bottom = colour_bar(scale, SIGNS, bottom, "no value, as of a neuron that is constant" if empty else "")
    if pooled > 1:
        bar.append(label(f"A dot is the mean of up to {pooled} × {pooled} pairs.", 2, bottom + 12))
        bottom += 20
    return drawn(name, title, caption, bottom, [*parts, *bar])


def averaged(values: Matrix, largest: int = LARGEST_PICTURE) -> tuple[Matrix, int]:
    """Make a matrix small enough for a picture.

    Parameters
    ----------
    values : shape (neurons, neurons).
    largest : rows that a picture may have.

    Returns
    -------
    Matrix, int : means over squares of neighbours, NaN left out of them, and how many neighbours a side has; at the
        lower and right edge the squares may be smaller.
    """
    size = len(values)
    factor = max(1, -(-size // largest))
    finite = np.isfinite(values)
    if factor == 1:
        return np.where(finite, values, np.nan), 1
    starts = np.arange(0, size, factor)
    totals = np.add.reduceat(np.add.reduceat(np.where(finite, values, 0.0), starts, 0), starts, 1)
    numbers = np.add.reduceat(np.add.reduceat(finite.astype(np.int64), starts, 0), starts, 1)
    means = np.full(totals.shape, np.nan)
    np.divide(totals, numbers, out=means, where=numbers > 0)
    return means, factor


def _matrix(heading: str, values: Matrix, shown: Matrix, x: float, y: float, side: float) -> list[str]:
    shares = (np.clip(shown, -1, 1) + 1) / 2
    parts = [] if shown.size and np.isfinite(shown).all() else hatched(x, y, side, side)
    if len(shown) > LARGEST_WITH_CELLS:
        known = values[np.isfinite(values)]
        says = f"{heading}: {len(values)} × {len(values)}" + (f", mean {known.mean():.3f}" if known.size else "")
        return [*parts, image(shares, SIGNS, x, y, side, side, hover(says)), _frame(x, y, side)]
    cell = side / max(len(shown), 1)
    for row, column in np.argwhere(np.isfinite(shown)).tolist():
        value, colour = float(shown[row, column]), ramp_colour(SIGNS, float(shares[row, column]))
        parts.append(
            element(
                "rect",
                hover(f"{heading}, {row} and {column}: {value:.3f}".replace(": -", ": −")),
                x=x + column * cell,
                y=y + row * cell,
                width=cell,
                height=cell,
                fill=colour,
                stroke=colour,
            )
        )
    return [*parts, _frame(x, y, side)]


def _frame(x: float, y: float, side: float) -> str:
    return element("rect", x=x, y=y, width=side, height=side, class_="frame")
