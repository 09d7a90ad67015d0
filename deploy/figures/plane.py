"""The part of a figure between a horizontal and a vertical axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from .elements import element, label, polyline, text_width
from .figure import WIDTH
from .scale import Axis, Scale, fitted

TITLE_HEIGHT = 26.0  # of the vertical axis' title, which stands above the axis: it need not be read sideways
FOOT_HEIGHT = 48.0  # ticks and title of the horizontal axis
RIGHT_MARGIN = 16.0
TICK_GAP = 12.0  # least distance between two labels side by side


@dataclass(frozen=True)
class Plane:
    """Two axes and the room between them.

    Attributes
    ----------
    horizontal, vertical : the axes.
    left, right, top, bottom : edges of the room between them.
    """

    horizontal: Scale
    vertical: Scale
    left: float
    right: float
    top: float
    bottom: float

    @property
    def foot(self) -> float:
        """Where the horizontal axis' own texts end."""
        return self.bottom + FOOT_HEIGHT

    def place(self, x: float | None, y: float | None) -> tuple[float, float] | None:
        """Where a point lies; None where an axis cannot show it."""
        if x is None or y is None or not self.horizontal.can_show(x) or not self.vertical.can_show(y):
            return None
        return self.horizontal.at(x), self.vertical.at(y)


def plane(
    horizontal: Axis, vertical: Axis, across: Iterable[object], up: Iterable[object], height: float = 270.0
) -> Plane:
    """Fit a plane to the values that it must show.

    Parameters
    ----------
    across, up : values of the horizontal and the vertical axis.
    height : of the room between the axes.
    """
    top, bottom = TITLE_HEIGHT, TITLE_HEIGHT + height
    upright = fitted(vertical, up, bottom, top)
    left = 10.0 + max((text_width(text) for _, text in upright.ticks), default=0.0)
    right = WIDTH - RIGHT_MARGIN
    return Plane(fitted(horizontal, across, left, right), upright, left, right, top, bottom)


def plane_parts(area: Plane) -> list[str]:
    """Draw grid, ticks and titles of both axes."""
    return [
        *_upright_parts(area),
        *foot_parts(area.horizontal, area.top, area.bottom),
        label(area.vertical.title, 2, 16, "axis-title"),
    ]


def foot_parts(scale: Scale, top: float, bottom: float, line: bool = True) -> list[str]:
    """Draw a horizontal axis below some room.

    Parameters
    ----------
    top, bottom : of the room, through which lines run at the ticks where `line` is true.
    """
    ticks = apart(scale)
    lines = "".join(polyline([(scale.at(value), top), (scale.at(value), bottom)]) for value, _ in ticks)
    base = polyline([(scale.start, bottom), (scale.end, bottom)])
    return [
        *([element("path", d=lines, class_="grid-line")] if line and lines else []),
        element("path", d=base, class_="axis-line"),
        *(label(text, scale.at(value), bottom + 17, "tick", "middle") for value, text in ticks),
        label(scale.title, (scale.start + scale.end) / 2, bottom + 38, "axis-title", "middle"),
    ]


def apart(scale: Scale) -> list[tuple[float, str]]:
    """Those ticks of a horizontal axis whose labels do not touch: every second, third ... of them."""
    for every in range(1, len(scale.ticks) + 1):
        kept = list(scale.ticks[::every])
        room = [
            abs(scale.at(right) - scale.at(left)) - (text_width(one) + text_width(other)) / 2
            for (left, one), (right, other) in pairwise(kept)
        ]
        if all(gap >= TICK_GAP for gap in room):
            return kept
    return list(scale.ticks[:1])


def _upright_parts(area: Plane) -> list[str]:
    scale = area.vertical
    lines = "".join(polyline([(area.left, scale.at(value)), (area.right, scale.at(value))]) for value, _ in scale.ticks)
    return [
        *([element("path", d=lines, class_="grid-line")] if lines else []),
        *(label(text, area.left - 6, scale.at(value) + 4, "tick", "end") for value, text in scale.ticks),
    ]
