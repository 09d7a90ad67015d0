"""Marks of points, told apart by their shape."""

from __future__ import annotations

from .elements import element, hover, polyline
from .palette import SeriesStyle

# Corners around the middle, for a mark of radius 1; the areas look alike.
CORNERS = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)),
    "diamond": ((0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)),
    "downward": ((0.0, 1.25), (1.15, -0.8), (-1.15, -0.8)),
}
CROSS = (((-1.0, -1.0), (1.0, 1.0)), ((-1.0, 1.0), (1.0, -1.0)))


def marker(style: SeriesStyle, x: float, y: float, radius: float = 3.5, says: str = "") -> str:
    """Draw the mark of a series at a place.

    Parameters
    ----------
    radius : about half of its width.
    says : what is shown where the pointer rests on it; nothing where empty.
    """
    inside = [hover(says)] if says else []
    class_ = f"mark {style.colour}"
    if style.marker == "cross":
        lines = "".join(polyline((x + radius * dx, y + radius * dy) for dx, dy in line) for line in CROSS)
        return element("path", *inside, d=lines, class_=f"{class_} open")
    if style.marker == "circle":
        return element("circle", *inside, cx=x, cy=y, r=radius, class_=class_)
    corners = ((x + radius * dx, y + radius * dy) for dx, dy in CORNERS[style.marker])
    return element("path", *inside, d=f"{polyline(corners)}Z", class_=class_)
