"""Pictures of a comparison of encoders."""

from __future__ import annotations

from collections.abc import Sequence

from ...figures.bars import Bars, bars
from ...figures.figure import Figure
from ...figures.lines import Series, lines
from ...figures.scale import Axis
from ...figures.scatter import Group, Point, scatter
from ..faults.figures import TITLES
from ..faults.weights import NOISY
from ..study import Row


def encodings_figures(summary: Sequence[Row], by_step: Sequence[Row], broken: Sequence[Row]) -> tuple[Figure, ...]:
    """Draw a comparison of encoders; rows of its tables."""
    names = [row["encoder"] for row in summary]
    return (
        bars(
            names,
            [
                Bars("in float", [row["float_accuracy"] for row in summary]),
                Bars(
                    "on the chip",
                    [row["accuracy"] for row in summary],
                    [row["accuracy_lowest"] for row in summary],
                    [row["accuracy_highest"] for row in summary],
                ),
            ],
            name="accuracy",
            title="Accuracy",
            caption="Mean of the trainings; ranges reach from the worst to the best one.",
            quantity=Axis("accuracy", "%", low=0, high=1),
        ),
        _front(summary, "energy", Axis("dynamic energy a sample", "J", logarithmic=True)),
        _front(summary, "all_spikes", Axis("spikes a sample, with the input's", logarithmic=True)),
        bars(
            names,
            [
                Bars("decision that stays", [row["steps_to_decision"] for row in summary]),
                Bars("first right one", [row["steps_to_first_right"] for row in summary]),
            ],
            name="decision",
            title="Steps to decision",
            caption="Mean over the samples that have one.",
            quantity=Axis("steps", low=0),
        ),
        lines(
            [_line(name, [row for row in by_step if row["encoder"] == name], "step") for name in names],
            name="steps",
            title="Accuracy at every step",
            caption="If each step were the last; without a decision, an answer counts as wrong.",
            horizontal=Axis("step", low=0),
            vertical=Axis("accuracy", "%", low=0, high=1),
        ),
        *(_faults(broken, fault, names) for fault in dict.fromkeys(row["fault"] for row in broken)),
    )


def _front(summary: Sequence[Row], column: str, across: Axis) -> Figure:
    points = [Point(row[column], row["accuracy"], row["encoder"]) for row in summary]
    front: list[Row] = []
    for row in sorted(summary, key=lambda row: (row[column], -row["accuracy"])):
        if not front or row["accuracy"] > front[-1]["accuracy"]:
            front.append(row)
    return scatter(
        [Group("encoders", points)],
        name=column.replace("_", "-"),
        title=f"Accuracy against {'energy' if column == 'energy' else 'spikes'}",
        caption="The line is the Pareto front: no encoder is both more accurate and takes less.",
        horizontal=across,
        vertical=Axis("accuracy", "%"),
        path=[(row[column], row["accuracy"]) for row in front],
    )


def _line(name: str, rows: Sequence[Row], column: str) -> Series:
    return Series(name, [row[column] for row in rows], [row["accuracy"] for row in rows])


def _faults(broken: Sequence[Row], fault: str, names: Sequence[str]) -> Figure:
    rows = [row for row in broken if row["fault"] == fault]
    return lines(
        [_line(name, [row for row in rows if row["encoder"] == name], "rate") for name in names],
        name=f"faults-{fault}",
        title=f"Accuracy with {TITLES[fault]}",
        caption="Mean of the trained networks, each on a chip with faults of its own.",
        horizontal=Axis(
            "standard deviation of the weights" if fault == NOISY else "share that fails", "%", logarithmic=True
        ),
        vertical=Axis("accuracy", "%", low=0, high=1),
    )
