"""Points in a plane, in groups, with a path through some of them and names at others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .elements import element, label, polyline
from .figure import Figure, drawn, nothing_to_show
from .finite import finite
from .label_places import Box, point_labels
from .legend import legend
from .lines import hidden_points
from .markers import marker
from .palette import series_style
from .plane import Plane, plane, plane_parts
from .scale import Axis

POINTS_WITH_TEXT = 1500  # of more points than that, only those with a label say their values


@dataclass(frozen=True)
class Point:
    """One point.

    Attributes
    ----------
    x, y : where it is; a point with None or NaN is not drawn.
    label : stands beside it.
    says : is shown, before its values, where the pointer rests on it.
    highlighted : whether it gets a ring.
    """

    x: float | None
    y: float | None
    label: str = ""
    says: str = ""
    highlighted: bool = False


@dataclass(frozen=True)
class Group:
    """Points that look alike.

    Attributes
    ----------
    name : in the legend.
    points : its points.
    """

    name: str
    points: Sequence[Point]


def scatter(
    groups: Sequence[Group],
    *,
    name: str,
    title: str,
    caption: str = "",
    horizontal: Axis | None = None,
    vertical: Axis | None = None,
    path: Sequence[tuple[float | None, float | None]] = (),
) -> Figure:
    """Draw points.

    Parameters
    ----------
    groups : the points; what a logarithmic axis cannot show is counted below the picture.
    horizontal, vertical : the axes.
    path : points joined by a line in the order given, such as a Pareto front.
    name, title, caption : of the figure.
    """
    points = [point for group in groups for point in group.points if _is_known(point)]
    route = [(finite(x), finite(y)) for x, y in path]
    ends = [(x, y) for x, y in route if x is not None and y is not None]
    across = [*(point.x for point in points), *(x for x, _ in ends)]
    up = [*(point.y for point in points), *(y for _, y in ends)]
    area = plane(horizontal or Axis(), vertical or Axis(), across, up, height=300)
    placed = [(point, _place(point, area)) for point in points]
    seen = [(point, place) for point, place in placed if place]
    if not seen:
        return nothing_to_show(name, title, caption, "There is no point that can be drawn.")
    styles = [series_style(index) for index in range(len(groups))]
    texts = len(points) <= POINTS_WITH_TEXT
    marks = [
        marker(style, *place, says=_says(point, group.name, area) if texts or point.label else "")
        for group, style in zip(groups, styles, strict=True)
        for point in group.points
        if (place := _place(point, area))
    ]
    rings = [element("circle", cx=x, cy=y, r=7, class_="ring") for point, (x, y) in seen if point.highlighted]
    front = polyline(place for x, y in ends if (place := area.place(x, y)))
    room = Box(area.left, area.top, area.right, area.bottom)
    labels = point_labels([(*place, point.label) for point, place in seen], room)
    names = [group.name for group in groups] if len(groups) > 1 else []
    entries, bottom = legend(names, styles[: len(names)], area.foot, "mark")
    path_parts = [element("path", d=front, class_="front")] if front else []
    parts = [*plane_parts(area), *path_parts, *marks, *rings, *labels, *entries]
    if len(seen) < len(placed):
        parts.append(label(hidden_points(len(placed) - len(seen)), 2, bottom + 14))
        bottom += 20
    return drawn(name, title, caption, bottom, parts)


def _is_known(point: Point) -> bool:
    return finite(point.x) is not None and finite(point.y) is not None


def _place(point: Point, area: Plane) -> tuple[float, float] | None:
    return area.place(finite(point.x), finite(point.y))


def _says(point: Point, group: str, area: Plane) -> str:
    x, y = finite(point.x), finite(point.y)
    assert x is not None and y is not None  # it has a place
    heads = ", ".join(dict.fromkeys(part for part in (point.label, point.says, group) if part))
    return f"{heads}: " * bool(heads) + f"{area.vertical.named(y)}, {area.horizontal.named(x)}"
