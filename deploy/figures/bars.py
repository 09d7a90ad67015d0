"""Grouped bars with ranges of error. They lie, so that their names need no turning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from .elements import element, hover, label, polyline, shortened, text_width
from .figure import WIDTH, Figure, drawn, nothing_to_show
from .finite import finite
from .legend import legend
from .palette import SeriesStyle, series_style
from .plane import FOOT_HEIGHT, RIGHT_MARGIN, foot_parts
from .scale import Axis, Scale, fitted

THICKNESS = 16.0
GROUP_GAP = 12.0
LONGEST_NAME = 190.0  # of a group, in units
TOP = 8.0


@dataclass(frozen=True)
class Bars:
    """One bar in every group.

    Attributes
    ----------
    name : in the legend.
    values : one a group; None and NaN for no bar.
    low, high : ends of the range around each value; empty for none.
    """

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


def bars(
    groups: Sequence[str],
    series: Sequence[Bars],
    *,
    name: str,
    title: str,
    caption: str = "",
    quantity: Axis | None = None,
) -> Figure:
    """Draw bars from zero.

    Parameters
    ----------
    groups : names of the groups, the upper one first.
    series : the bars of each group, the upper one first.
    quantity : the axis of the values.
    name, title, caption : of the figure.

    Raises
    ------
    ValueError
        If a series has not one value a group, or the axis is logarithmic, where bars have no zero to begin at.
    """
    quantity = quantity or Axis()
    if quantity.logarithmic:
        raise ValueError(f"The bars of figure '{name}' cannot have a logarithmic axis: it has no zero.")
    for one in series:
        if {len(one.values), *(len(ends) for ends in (one.low, one.high) if len(ends))} != {len(groups)}:
            raise ValueError(f"Bars '{one.name}' of figure '{name}' need one value for each of {len(groups)} groups.")
    values = list(chain.from_iterable((*one.values, *one.low, *one.high) for one in series))
    if not any(finite(value) is not None for one in series for value in one.values):
        return nothing_to_show(name, title, caption, "There is no value that can be drawn.")
    zero = Axis(quantity.label, quantity.unit, low=min(0.0, finite(quantity.low) or 0.0), high=quantity.high)
    left = 12.0 + min(LONGEST_NAME, max(text_width(group) for group in groups))
    # Zero is among the values: an axis ends there unless bars lie on both sides of it.
    figures = fitted(zero, [*values, 0.0], 0.0, 1.0)
    room = max(text_width(figures.shown(value)) for value in map(finite, values) if value is not None)
    scale = fitted(zero, [*values, 0.0], left, WIDTH - RIGHT_MARGIN - room)
    styles = [series_style(index) for index in range(len(series))]
    bottom = TOP + len(groups) * (len(series) * THICKNESS + GROUP_GAP)
    parts = foot_parts(scale, TOP, bottom)
    for number, group in enumerate(groups):
        top = TOP + GROUP_GAP / 2 + number * (len(series) * THICKNESS + GROUP_GAP)
        middle = top + len(series) * THICKNESS / 2
        shown = shortened(group, LONGEST_NAME)
        parts.append(element("g", hover(group), label(shown, left - 8, middle + 4, "tick", "end")))
        for index, (one, style) in enumerate(zip(series, styles, strict=True)):
            parts += _bar(one, number, group, top + index * THICKNESS, style, scale)
    parts.append(element("path", d=polyline([(scale.at(0), TOP), (scale.at(0), bottom)]), class_="axis-line"))
    names = [one.name for one in series] if len(series) > 1 else []
    entries, end = legend(names, styles[: len(names)], bottom + FOOT_HEIGHT, "box")
    return drawn(name, title, caption, end, [*parts, *entries])


def _bar(one: Bars, number: int, group: str, top: float, style: SeriesStyle, scale: Scale) -> list[str]:
    value = finite(one.values[number])
    middle = top + THICKNESS / 2
    if value is None:
        return [label("–", scale.at(0) + 6, middle + 4)]
    ends = [finite(values[number]) for values in (one.low, one.high) if len(values)]
    known = [end for end in ends if end is not None]
    reach = scale.at(value)
    says = f"{group}, {one.name}: ".replace(", :", ":") + scale.shown(value)
    if len(known) == 2:
        says += f", {scale.shown(known[0])} to {scale.shown(known[1])}"
    parts = [
        element(
            "rect",
            hover(says),
            x=min(scale.at(0), reach),
            y=top + 1.5,
            width=abs(reach - scale.at(0)),
            height=THICKNESS - 3,
            class_=f"bar {style.colour}",
        )
    ]
    if len(known) == 2:
        low, high = (scale.at(end) for end in known)
        caps = "".join(polyline([(x, middle - 4), (x, middle + 4)]) for x in (low, high))
        parts.append(element("path", d=polyline([(low, middle), (high, middle)]) + caps, class_="whisker"))
    beside = max([reach, scale.at(0), *(scale.at(end) for end in known)]) + 6
    parts.append(label(scale.shown(value), beside, middle + 4, "bar-figure"))
    return parts
