"""What the points of an operating space come to: the verdict and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...confidence import wilson_interval
from ...quantities import format_quantity
from ..study import Conclusion, Row
from .figures import Grid, operating_space_figures, place_of
from .points import EQUAL, OperatingPoints, operating_points

Array = NDArray[Any]
FEWEST_HALVED = 20  # samples, of which halves still say something


@dataclass(frozen=True, eq=False)
class Points:
    """What was measured.

    Attributes
    ----------
    rows : a point each, with `time_constant`, `threshold`, `accuracy`, `spikes`, `energy`, `latency`.
    right : (points, samples) bool: whether each sample is answered rightly.
    reference : the network as it was, likewise.
    reference_right : (samples,) bool.
    """

    rows: Sequence[Row]
    right: Array
    reference: Row
    reference_right: Array


@dataclass(frozen=True)
class Limits:
    """See `points.operating_points`."""

    tolerance: float
    chance: float
    share: float


def conclude_operating_space(
    points: Points,
    axes: Grid,
    limits: Limits,
    *,
    labelled: bool,
    mode: str,
    trained_constants: Mapping[str, float],
    relative: tuple[bool, bool],
    assumptions: tuple[str, ...],
) -> Conclusion:
    """Put an operating space together.

    Parameters
    ----------
    axes : time constants and thresholds of the grid, rising.
    labelled : whether accuracy is that, or agreement with the network as it was.
    trained_constants : of the layers of the network as it was, in steps, where the grid is in steps, too.
    mode : retune or retrain.
    relative : whether thresholds, and whether time constants are multiples of what each layer was trained with.
    """
    what = "accuracy" if labelled else "agreement"
    reference, samples = points.reference, points.right.shape[1]
    chosen = _chosen(points.rows, limits, reference["accuracy"])
    table = tuple({**row, "works": chosen is not None and chosen.works(row)} for row in points.rows)
    if chosen is None:
        sentence = (
            "No point of the grid is within the chip's registers; ask for other thresholds (--thresholds)."
            if mode == "retune"
            else "No network that was trained at a point of the grid fits the chip."
        )
        return Conclusion((sentence,), {"points": table}, assumptions=assumptions)
    named = {"most_accurate": chosen.most_accurate, "knee": chosen.knee, "fastest": chosen.fastest}
    facts: dict[str, Any] = {
        name: dict(row) | {"interval": wilson_interval(round(row["accuracy"] * samples), samples)}
        for name, row in {**named, "as_it_was": reference}.items()
    } | {
        "tolerance": limits.tolerance, "chance": limits.chance, "working_limit": chosen.limit, "samples": samples,
        "working_points": sum(1 for row in table if row["works"]), "points": len(table),
        "knee_saves": _saved(reference, chosen.knee),
        "knee_loses": reference["accuracy"] - chosen.knee["accuracy"],
        "halves": _halves(points, limits),
    }  # fmt: skip
    working = [row for row in table if row["works"]]
    extremes = {
        "as it was": reference,
        "most accurate": chosen.most_accurate,
        "knee": chosen.knee,
        "fastest": chosen.fastest,
    }
    if working:
        extremes["most efficient"] = max(working, key=lambda row: row["efficiency"] or 0.0)
        extremes["sparsest that works"] = min(working, key=lambda row: (row["spikes"], -row["accuracy"]))
    tables = {
        "chosen": tuple({"point": name, **_without(row, "works")} for name, row in extremes.items()),
        "points": table,
        "front": chosen.front,
        "boundary": _boundary(table, axes),
    }
    figures = operating_space_figures(table, reference, chosen, axes, what, relative)
    sentences = _sentences(chosen, reference, facts, what)
    best = chosen.most_accurate["accuracy"]
    if best <= limits.chance + EQUAL:
        told = f"the best point {best:.1%} {what}, the network as it was {reference['accuracy']:.1%}"
        sentences = (f"Nothing works: the most frequent class alone has {limits.chance:.1%}, {told}.",)
    elif reference["accuracy"] - best > limits.tolerance + EQUAL:
        sentences = (_none_near(chosen, reference, limits, axes, what, trained_constants), sentences[1], sentences[4])
    return Conclusion(sentences, tables, figures, facts, assumptions)


def _none_near(
    chosen: OperatingPoints, reference: Row, limits: Limits, axes: Grid, what: str, constants: Mapping[str, float]
) -> str:
    """Said in place of a knee that would be none."""
    best = chosen.most_accurate
    loss = 100 * (reference["accuracy"] - best["accuracy"])
    sentence = (
        f"No point of the grid comes within {_points(limits.tolerance)} of the network as it was, with "
        f"{reference['accuracy']:.1%} {what}: the most accurate, {place_of(best)}, loses {loss:.1f} points."
    )
    outside = {name: constant for name, constant in constants.items() if not axes[0][0] <= constant <= axes[0][-1]}
    if outside:
        told = ", ".join(f"{name} {constant:.3g}" for name, constant in outside.items())
        sentence += (
            f" Its time constants lie outside of the grid (median in steps: {told}): ask for others with "
            "--time-constants, or for multiples of them with --relative."
        )
    return sentence


def _chosen(rows: Sequence[Row], limits: Limits, reference: float) -> OperatingPoints | None:
    return operating_points(
        rows, tolerance=limits.tolerance, chance=limits.chance, share=limits.share, reference=reference
    )


def _halves(points: Points, limits: Limits) -> dict[str, float] | None:
    """The knee chosen on one half of the samples and measured on the other, mean of both ways; None for few samples."""
    samples = points.right.shape[1]
    if samples < FEWEST_HALVED:
        return None
    lost, saved = [], []
    for start in (0, 1):
        chosen_on, told_by = slice(start, None, 2), slice(1 - start, None, 2)
        accuracy = points.right[:, chosen_on].mean(axis=1)
        rows = [
            {**row, "accuracy": None if row["accuracy"] is None else float(share), "number": number}
            for number, (row, share) in enumerate(zip(points.rows, accuracy, strict=True))
        ]
        found = _chosen(rows, limits, float(points.reference_right[chosen_on].mean()))
        assert found is not None  # as there is one for all samples
        before, after = points.reference_right[told_by], points.right[found.knee["number"], told_by]
        lost.append(float(before.mean() - after.mean()))
        saved.append(_saved(points.reference, found.knee))
    return {"knee_loses": sum(lost) / 2, "knee_saves": sum(saved) / 2}


def _saved(before: Row, after: Row) -> float:
    """Share of the spikes that are saved."""
    return 1 - after["spikes"] / before["spikes"] if before["spikes"] else 0.0


def _sentences(points: OperatingPoints, reference: Row, facts: Mapping[str, Any], what: str) -> tuple[str, ...]:
    best, knee, fastest = points.most_accurate, points.knee, points.fastest
    saves, loses = facts["knee_saves"], facts["knee_loses"]
    sentences = [
        (
            f"The knee point, {place_of(knee)}: {_told(knee, what)}; {_more(saves, 'fewer', 'more')} spikes than the "
            f"network as it was, for {100 * loses:.1f} points of {what}."
        ),
        f"The network as it was: {_told(reference, what)}.",
        f"The most accurate point, {place_of(best)}: {_told(best, what)}.",
        (
            f"The fastest point that loses at most {_points(facts['tolerance'])}, {place_of(fastest)}: "
            f"{_told(fastest, what)}."
        ),
        (
            f"The network works at {facts['working_points']} of {facts['points']} points, those with at least "
            f"{points.limit:.1%} {what}."
        ),
    ]
    halves = facts["halves"]
    if halves is not None:
        sentences.append(
            f"Chosen by the accuracy on one half of the samples and told by the other, the knee has "
            f"{_more(halves['knee_saves'], 'fewer', 'more')} spikes, for {100 * halves['knee_loses']:.1f} points."
        )
    return tuple(sentences)


def _without(row: Row, column: str) -> Row:
    return {name: value for name, value in row.items() if name != column}


def _points(share: float) -> str:
    """Of accuracy."""
    return f"{100 * share:g} point{'' if share == 0.01 else 's'}"


def _more(share: float, less: str, more: str) -> str:
    return f"{abs(share):.0%} {less if share >= 0 else more}"


def _told(row: Row, what: str) -> str:
    """A point's figures, in a few words."""
    energy, latency = format_quantity(row["energy"], "J"), format_quantity(row["latency"], "s")
    return f"{row['accuracy']:.1%} {what}, {row['spikes']:,.0f} spikes, {energy} and {latency} a sample"


def _boundary(table: Sequence[Row], axes: Grid) -> tuple[Row, ...]:
    """For each time constant, between which thresholds the network works; holes in between are counted."""
    found = []
    for constant in axes[0]:
        column = [row for row in table if row["time_constant"] == constant]
        working = [row["threshold"] for row in column if row["works"]]
        low, high = (min(working), max(working)) if working else (None, None)
        inside = [row for row in column if low is not None and high is not None and low <= row["threshold"] <= high]
        found.append(
            {
                "time_constant": constant,
                "lowest_threshold": low,
                "highest_threshold": high,
                "holes": len(inside) - len(working),
            }
        )
    return tuple(found)
