"""Series of values over a numeric axis, with bands of uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from .elements import element, hover, label, polyline
from .figure import Figure, drawn, nothing_to_show
from .finite import finite
from .legend import legend
from .markers import marker
from .palette import SeriesStyle, series_style
from .plane import Plane, plane, plane_parts
from .scale import Axis

MARKED_POINTS = 60  # a series of more points gets marks at some of them only
DRAWN_POINTS = 1000  # of a longer series, the least and the greatest value of each stretch are drawn

Place = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One line.

    Attributes
    ----------
    name : in the legend.
    x, y : its points in the order of the line. None and NaN interrupt it.
    low, high : ends of the band around each point; empty for none.
    """

    name: str
    x: Sequence[float | None]
    y: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()

    def __post_init__(self) -> None:
        lengths = {len(self.x), len(self.y), *(len(ends) for ends in (self.low, self.high) if len(ends))}
        if len(lengths) > 1 or bool(len(self.low)) != bool(len(self.high)):
            raise ValueError(f"Series '{self.name}' needs as many values, low and high ends as it has places.")


def lines(
    series: Sequence[Series],
    *,
    name: str,
    title: str,
    caption: str = "",
    horizontal: Axis | None = None,
    vertical: Axis | None = None,
) -> Figure:
    """Draw series as lines.

    Parameters
    ----------
    series : the lines; what an axis cannot show interrupts them and is counted below the picture.
    horizontal, vertical : the axes.
    name, title, caption : of the figure.
    """
    across = chain.from_iterable(one.x for one in series)
    up = chain.from_iterable((*one.y, *one.low, *one.high) for one in series)
    area = plane(horizontal or Axis(), vertical or Axis(), across, up)
    places = [[area.place(finite(x), finite(y)) for x, y in zip(one.x, one.y, strict=True)] for one in series]
    hidden = sum(
        place is None and finite(x) is not None and finite(y) is not None
        for one, row in zip(series, places, strict=True)
        for x, y, place in zip(one.x, one.y, row, strict=True)
    )
    if not any(place for row in places for place in row):
        return nothing_to_show(name, title, caption, "There is no value that can be drawn.")
    styles = [series_style(index) for index in range(len(series))]
    parts = plane_parts(area)
    parts += [_band(one, area, style) for one, style in zip(series, styles, strict=True) if len(one.low)]
    for one, row, style in zip(series, places, styles, strict=True):
        parts += _line(one, row, area, style)
    names = [one.name for one in series] if len(series) > 1 or series[0].name else []
    entries, bottom = legend(names, styles[: len(names)], area.foot, "line")
    parts += entries
    if hidden:
        parts.append(label(hidden_points(hidden), 2, bottom + 14))
        bottom += 20
    return drawn(name, title, caption, bottom, parts)


def hidden_points(number: int) -> str:
    """Say that points are at or below zero, where a logarithmic axis has no place."""
    return f"{number} point{'' if number == 1 else 's'} at or below zero: no place on a logarithmic axis."


def _line(one: Series, row: list[Place | None], area: Plane, style: SeriesStyle) -> list[str]:
    stretches = [
        [place for place in stretch if place] for known, stretch in groupby(row, key=lambda place: place is not None)
        if known
    ]  # fmt: skip
    data = "".join(polyline(_thinned(stretch)) for stretch in stretches)
    every = -(-len(row) // MARKED_POINTS)
    marks = [
        marker(style, *place, says=f"{one.name}: " * bool(one.name) + _says(one, index, area))
        for index, place in enumerate(row)
        if place and (index % every == 0 or _alone(row, index))
    ]
    class_ = f"series {style.colour}"
    return [element("path", hover(one.name), d=data, class_=class_, stroke_dasharray=style.dashes or None), *marks]


def _says(one: Series, index: int, area: Plane) -> str:
    x, y = finite(one.x[index]), finite(one.y[index])
    assert x is not None and y is not None  # it has a place
    text = f"{area.vertical.shown(y)} at {area.horizontal.shown(x)}"
    ends = [finite(values[index]) for values in (one.low, one.high) if len(values)]
    known = [area.vertical.shown(end) for end in ends if end is not None]
    return f"{text}, {known[0]} to {known[1]}" if len(known) == 2 else text


def _band(one: Series, area: Plane, style: SeriesStyle) -> str:
    """One closed shape for each uninterrupted stretch."""
    both = [
        (area.place(finite(x), finite(low)), area.place(finite(x), finite(high)))
        for x, low, high in zip(one.x, one.low, one.high, strict=True)
    ]
    data = ""
    for known, stretch in groupby(both, key=lambda ends: ends[0] is not None and ends[1] is not None):
        if known:
            pairs = list(stretch)
            below = _thinned([low for low, _ in pairs if low])
            above = _thinned([high for _, high in pairs if high])
            data += f"{polyline([*below, *reversed(above)])}Z"
    return element("path", d=data, class_=f"band {style.colour}")


def _thinned(places: list[Place]) -> list[Place]:
    """A line of fewer points that looks the same: the ends, and the lowest and highest point of each stretch."""
    if len(places) <= DRAWN_POINTS:
        return places
    size = -(-2 * len(places) // DRAWN_POINTS)
    kept = {0, len(places) - 1}
    for start in range(0, len(places), size):
        stretch = range(start, min(start + size, len(places)))
        kept |= {min(stretch, key=lambda index: places[index][1]), max(stretch, key=lambda index: places[index][1])}
    return [places[index] for index in sorted(kept)]


def _alone(row: list[Place | None], index: int) -> bool:
    """Whether a point has no neighbour, so that no line shows it."""
    return not any(row[beside] for beside in (index - 1, index + 1) if 0 <= beside < len(row))
