"""A grid of values over two axes, with the region in which something holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .colour_bar import bar_ends, colour_bar, hatched
from .elements import element, hover, label, polyline, shortened, text_width
from .figure import WIDTH, Figure, drawn, nothing_to_show
from .finite import finite
from .grid_axis import GridAxis, grid_axis
from .label_places import Box, point_labels
from .palette import AMOUNTS, is_dark, ramp_colour
from .plane import RIGHT_MARGIN, TICK_GAP, TITLE_HEIGHT
from .raster import image
from .scale import Axis, Scale, fitted
from .tick_labels import tick_labels

CELLS_WITH_TEXT = 2500  # a grid of more cells becomes one picture, so that the page stays small
LEAST_HEIGHT, LARGEST_HEIGHT = 60.0, 340.0
LONGEST_NAME = 150.0  # of a row, in units


@dataclass(frozen=True)
class Mark:
    """A point of the grid that has a name.

    Attributes
    ----------
    across, up : where, as values of the axes.
    label : such as "knee".
    """

    across: object
    up: object
    label: str


def heat_map(
    values: Sequence[Sequence[float | None]] | NDArray[np.float64],
    across: Sequence[object],
    up: Sequence[object],
    *,
    name: str,
    title: str,
    caption: str = "",
    horizontal: Axis | None = None,
    vertical: Axis | None = None,
    quantity: Axis | None = None,
    boundary: Sequence[Sequence[bool]] | NDArray[np.bool_] | None = None,
    marks: Sequence[Mark] = (),
) -> Figure:
    """Draw a grid as coloured cells.

    Parameters
    ----------
    values : shape (len(up), len(across)), the lowest row first; None and NaN are hatched, and so is what a
        logarithmic quantity cannot show.
    across, up : values of the axes, numbers or names; cells are equally large.
    horizontal, vertical : the axes' labels and units; whether they are logarithmic shows in their values.
    quantity : what the colours are; the figure's title where it is missing.
    boundary : a line is drawn around the cells in which this is true.
    marks : points with a name; those outside of the grid are left out.
    name, title, caption : of the figure.

    Raises
    ------
    ValueError
        If the values or the boundary have another shape than the grid.
    """
    cells = [[finite(value) for value in row] for row in values]
    if len(cells) != len(up) or any(len(row) != len(across) for row in cells):
        raise ValueError(f"The values of figure '{name}' are not {len(up)} rows of {len(across)}.")
    inside = None if boundary is None else np.asarray(boundary, dtype=bool)
    if inside is not None and inside.size != len(across) * len(up):
        raise ValueError(f"The boundary of figure '{name}' has the shape {inside.shape}, not that of its values.")
    quantity = quantity or Axis(title)
    known = [value for row in cells for value in row if value is not None and (value > 0 or not quantity.logarithmic)]
    if not known:
        return nothing_to_show(name, title, caption, "No cell has a value that can be drawn.")
    columns, rows = grid_axis(horizontal or Axis(), across), grid_axis(vertical or Axis(), up)
    grid = _Grid(columns, rows)
    draft = fitted(quantity, known, 0.0, 1.0)
    colours = fitted(quantity, known, *bar_ends(draft.title, grid.left, grid.right))
    empty = len(known) < len(across) * len(up)
    parts = [*hatched(grid.left, grid.top, grid.right - grid.left, grid.bottom - grid.top)] if empty else []
    parts += _cells(cells, grid, colours)
    if inside is not None:
        data = "".join(_edges(inside.reshape(len(up), len(across)), grid))
        parts += [element("path", d=data, class_=class_) for class_ in ("boundary under", "boundary") if data]
    parts += _axes(grid)
    parts += _marks(marks, grid)
    missing = "no value, or none above zero" if quantity.logarithmic else "no value"
    legend, bottom = colour_bar(colours, AMOUNTS, grid.bottom + 54, missing if empty else "")
    return drawn(name, title, caption, bottom, [*parts, *legend])


class _Grid:
    """Where the cells are."""

    def __init__(self, columns: GridAxis, rows: GridAxis) -> None:
        self.columns, self.rows = columns, rows
        self.left = 10.0 + min(LONGEST_NAME, max(text_width(text) for _, text in rows.ticks))
        self.right, self.top = WIDTH - RIGHT_MARGIN, TITLE_HEIGHT
        self.width = (self.right - self.left) / len(columns.texts)
        height = min(max(len(rows.texts) * min(self.width, 34.0), LEAST_HEIGHT), LARGEST_HEIGHT)
        self.height = height / len(rows.texts)
        self.bottom = self.top + height

    def x(self, position: float) -> float:
        return self.left + position * self.width

    def y(self, position: float) -> float:
        return self.bottom - position * self.height


def _cells(cells: list[list[float | None]], grid: _Grid, colours: Scale) -> list[str]:
    shares = [[colours.share(value) if colours.can_show(value) and value is not None else None for value in row]
              for row in cells]  # fmt: skip
    if len(grid.columns.texts) * len(grid.rows.texts) > CELLS_WITH_TEXT:
        pixels = np.array(shares, dtype=np.float64)[::-1]  # None becomes NaN
        return [image(pixels, AMOUNTS, grid.left, grid.top, grid.right - grid.left, grid.bottom - grid.top)]
    figures = {
        (row, column): tick_labels([float(f"{value * colours.factor:.3g}")])[0]
        for row, values in enumerate(cells)
        for column, value in enumerate(values)
        if value is not None
    }
    with_figures = grid.height >= 18 and max(map(text_width, figures.values())) + 6 <= grid.width
    parts = []
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            x, y, share = grid.x(column), grid.y(row + 1), shares[row][column]
            shown = "no value" if value is None else colours.shown(value)
            says = f"{_named(grid.columns, column)}, {_named(grid.rows, row)}: {shown}"
            colour = None if share is None else ramp_colour(AMOUNTS, share)
            parts.append(
                element(
                    "rect",
                    hover(says),
                    x=x,
                    y=y,
                    width=grid.width,
                    height=grid.height,
                    fill=colour or "transparent",
                    stroke=colour,  # closes the seams between cells
                    class_="value",
                )
            )
            if with_figures and colour:
                class_ = "cell-figure bright" if is_dark(colour) else "cell-figure"
                text = figures[row, column]
                parts.append(label(text, x + grid.width / 2, y + grid.height / 2 + 4, class_, "middle"))
    return parts


def _named(axis: GridAxis, index: int) -> str:
    head = axis.title.rsplit(" (", 1)[0] if axis.values else axis.title
    return f"{head} {axis.texts[index]}".strip()


def _edges(inside: NDArray[np.bool_], grid: _Grid) -> Iterator[str]:
    """Lines between cells within and cells without, the outside of the grid being without."""
    padded = np.pad(inside, 1)
    for row, column in np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1]).tolist():
        yield polyline([(grid.x(column), grid.y(row)), (grid.x(column), grid.y(row + 1))])
    for row, column in np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1]).tolist():
        yield polyline([(grid.x(column), grid.y(row)), (grid.x(column + 1), grid.y(row))])


def _marks(marks: Sequence[Mark], grid: _Grid) -> list[str]:
    placed = []
    for mark in marks:
        across, up = grid.columns.position(mark.across), grid.rows.position(mark.up)
        if across is not None and up is not None:
            placed.append((grid.x(across), grid.y(up), mark.label))
    rings = [
        element("circle", cx=x, cy=y, r=6, class_=class_)
        for x, y in dict.fromkeys((x, y) for x, y, _ in placed)
        for class_ in ("ring under", "ring")
    ]
    return [*rings, *point_labels(placed, Box(grid.left, grid.top, grid.right, grid.bottom))]


def _axes(grid: _Grid) -> list[str]:
    upright = [
        label(shortened(text, LONGEST_NAME), grid.left - 6, grid.y(place) + 4, "tick", "end")
        for place, text in _spread(grid.rows.ticks, grid.height, upright=True)
    ]
    level = [
        label(text, grid.x(place), grid.bottom + 17, "tick", "middle")
        for place, text in _spread(grid.columns.ticks, grid.width, upright=False)
    ]
    return [
        *upright,
        *level,
        label(grid.columns.title, (grid.left + grid.right) / 2, grid.bottom + 38, "axis-title", "middle"),
        label(grid.rows.title, 2, 16, "axis-title"),
    ]


def _spread(ticks: Sequence[tuple[float, str]], size: float, upright: bool) -> Sequence[tuple[float, str]]:
    """Every second, third ... tick, so that none touches the next."""
    for every in range(1, len(ticks) + 1):
        kept = ticks[::every]
        least = [
            15.0 if upright else (text_width(one) + text_width(other)) / 2 + TICK_GAP
            for (_, one), (_, other) in pairwise(kept)
        ]
        gaps = [abs(right - left) * size for (left, _), (right, _) in pairwise(kept)]
        if all(gap >= need for gap, need in zip(gaps, least, strict=True)):
            return kept
    return ticks[:1]
