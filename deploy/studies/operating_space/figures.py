"""The figures of an operating space."""

from __future__ import annotations

from collections.abc import Sequence

from ...figures.figure import Figure
from ...figures.heat_map import Mark, heat_map
from ...figures.scale import Axis
from ...figures.scatter import Group, Point, scatter
from ..study import Row
from .points import OperatingPoints

Grid = tuple[Sequence[float], Sequence[float]]


def operating_space_figures(
    table: Sequence[Row], reference: Row, points: OperatingPoints, axes: Grid, what: str, relative: tuple[bool, bool]
) -> tuple[Figure, ...]:
    """Heat maps of accuracy, spikes, energy and latency, and accuracy against spikes.

    Parameters
    ----------
    table : the points, each with whether it `works`.
    reference : the network as it was.
    axes : time constants and thresholds of the grid, rising.
    what : accuracy, or what stands for it.
    relative : whether thresholds, and whether time constants are multiples of what each layer was trained with.
    """
    times = ", times the trained one"
    names = (
        Axis("threshold" + times * relative[0]),
        Axis("membrane time constant" + times) if relative[1] else Axis("membrane time constant", "steps"),
    )
    return (
        _map(table, points, axes, names, "accuracy", Axis(what, "%", low=0, high=1)),
        _map(table, points, axes, names, "spikes", Axis("spikes a sample", logarithmic=True)),
        _map(table, points, axes, names, "energy", Axis("dynamic energy a sample", "J", logarithmic=True)),
        _map(table, points, axes, names, "latency", Axis("latency of a sample", "s")),
        _front(table, reference, points, what),
    )


def _map(
    table: Sequence[Row],
    points: OperatingPoints,
    axes: Grid,
    names: tuple[Axis, Axis],
    column: str,
    quantity: Axis,
) -> Figure:
    by_place = {(row["time_constant"], row["threshold"]): row for row in table}
    grid = [[by_place[constant, threshold] for threshold in axes[1]] for constant in axes[0]]
    return heat_map(
        [[row[column] for row in line] for line in grid],
        axes[1],
        axes[0],
        name=f"{column}-map",
        title=quantity.label[0].upper() + quantity.label[1:],
        caption="Inside the line is the operational manifold, where the network works. Hatched points cannot be "
        "had on the chip, or have nothing to show.",
        horizontal=names[0],
        vertical=names[1],
        quantity=quantity,
        boundary=[[row["works"] for row in line] for line in grid],
        marks=[Mark(row["threshold"], row["time_constant"], name) for name, row in _marked(points)],
    )


def _marked(points: OperatingPoints) -> tuple[tuple[str, Row], ...]:
    """Points with a name; one that has several of them gets them all."""
    names: dict[tuple[float, float], list[str]] = {}
    rows = {"most accurate": points.most_accurate, "knee": points.knee, "fastest": points.fastest}
    for name, row in rows.items():
        names.setdefault((row["time_constant"], row["threshold"]), []).append(name)
    return tuple((", ".join(labels), rows[labels[0]]) for labels in names.values())


def _front(table: Sequence[Row], reference: Row, points: OperatingPoints, what: str) -> Figure:
    named = {(row["time_constant"], row["threshold"]): name for name, row in _marked(points)}
    dots = []
    for row in table:
        if points.works(row) or (row["time_constant"], row["threshold"]) in named:
            name = named.get((row["time_constant"], row["threshold"]), "")
            dots.append(Point(row["spikes"], row["accuracy"], name, place_of(row), bool(name)))
    groups = [
        Group("points of the grid", dots),
        Group("as it was", [Point(reference["spikes"], reference["accuracy"], "as it was")]),
    ]
    return scatter(
        groups,
        name="front",
        title=f"{what.capitalize()} against spikes",
        caption="Points of the operational manifold. The line is the Pareto front: no point is both sparser and more "
        "accurate.",
        horizontal=Axis("spikes a sample", logarithmic=True),
        vertical=Axis(what, "%"),
        path=[(row["spikes"], row["accuracy"]) for row in points.front if points.works(row)],
    )


def place_of(row: Row) -> str:
    """A point, in words."""
    return f"time constant {row['time_constant']:.3g}, threshold {row['threshold']:.3g}"
