"""What attacks come to: verdict, tables, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ...figures.bars import Bars, bars
from ...figures.figure import Figure
from ...figures.lines import Series, lines
from ...figures.scale import Axis
from ..components.variants import BASELINE
from ..study import Conclusion, Row

NORMAL_QUANTILE = 1.959963984540054  # at 97.5 %
KINDS = ("float", "integer")
LESS_ROBUST = {"no-leakage": True, "complete-leakage": False, "recurrence": True}
"""Whether the publication finds a variant less robust than the baseline, where it finds a difference."""


@dataclass(frozen=True)
class AttackFacts:
    """Of the data and the attack.

    Attributes
    ----------
    task, source : of the data.
    samples, inputs : attacked, and values of each that can be moved.
    spikes : whether inputs are spikes, which are flipped.
    unit : by which an input is moved.
    most : units at most.
    target : name of the chip.
    """

    task: str
    source: str
    samples: int
    inputs: int
    spikes: bool
    unit: float
    most: int
    target: str


def conclude_adversarial(rows: Sequence[Row], facts: AttackFacts) -> Conclusion:
    """Put the attacks together.

    Parameters
    ----------
    rows : one a variant, repeat, network ("float" or "integer") and sample, with `right`, `broken` and, where it is
        broken, `changes`, `distance` and `largest`.
    """
    summary = summarized(rows)
    on_chip = sorted((row for row in summary if row["network"] == "integer"), key=_robustness, reverse=True)
    return Conclusion(
        _sentences(on_chip, summary, facts),
        {"variants": tuple(summary), "samples": tuple(rows)},
        _figures([row["variant"] for row in on_chip], summary, rows, facts),
        asdict(facts) | {"order_on_chip": [row["variant"] for row in on_chip]},
        _assumptions(facts),
    )


def summarized(rows: Sequence[Row]) -> list[Row]:
    """A row a variant and network, over all samples of all repeats that were right before.

    The mean and the largest perturbation are those of full success, so that they are None where a sample held; the
    median is that of all samples, and None where half of them held.
    """
    result: list[Row] = []
    for variant, kind in dict.fromkeys((row["variant"], row["network"]) for row in rows):
        own = [row for row in rows if (row["variant"], row["network"]) == (variant, kind)]
        right = [row for row in own if row["right"]]
        broken = [row for row in right if row["broken"]]
        summary: dict[str, object] = {
            "variant": variant, "network": kind, "accuracy": len(right) / len(own), "attacked": len(right),
            "broken": len(broken), "success": len(broken) / len(right) if right else None,
        }  # fmt: skip
        for column in ("changes", "distance"):
            values = np.array([row[column] for row in broken], dtype=np.float64)
            held = np.full(len(right) - len(broken), np.inf)
            every = np.concatenate([values, held])
            whole = bool(right) and not held.size
            error = NORMAL_QUANTILE * values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else None
            mean = float(values.mean()) if whole else None
            middle = float(np.median(every)) if right and np.isfinite(np.median(every)) else None
            summary |= {
                f"mean_{column}": mean,
                f"mean_{column}_low": None if mean is None or error is None else mean - error,
                f"mean_{column}_high": None if mean is None or error is None else mean + error,
                f"median_{column}": middle,
                f"largest_{column}": float(values.max()) if whole else None,
            }
        result.append(summary)
    return result


def _robustness(row: Row) -> float:
    """By which variants are put in order: the mean perturbation; beyond all where some samples held."""
    return np.inf if row["mean_changes"] is None else row["mean_changes"]


def _sentences(on_chip: Sequence[Row], summary: Sequence[Row], facts: AttackFacts) -> tuple[str, ...]:
    what = "flipped spikes" if facts.spikes else f"moved levels of {facts.unit:g}"
    parts = ", ".join(f"{row['variant']} {_told(row)}" for row in on_chip)
    sentences = [
        f"Mean perturbation for 100 % success on {facts.target}, in {what}, from the most robust to the least: {parts}."
    ]
    sentences += [
        f"{row['variant']}: the largest that a sample needs is {row['largest_changes']:,.0f} (distance "
        f"{row['largest_distance']:.2f}), the median {row['median_changes']:,.0f}; {row['attacked']} samples were "
        "answered rightly before."
        for row in on_chip
        if row["largest_changes"] is not None
    ]
    sentences += [
        f"{row['variant']}: {row['attacked'] - row['broken']} of {row['attacked']} samples hold against {facts.most:,} "
        "units, so that 100 % success is not reached (--most)."
        for row in on_chip
        if row["attacked"] and row["mean_changes"] is None
    ]
    by_name = {row["variant"]: row for row in on_chip}
    baseline = by_name.get(BASELINE)
    if baseline is not None and baseline["mean_changes"] is not None:
        for name, less in LESS_ROBUST.items():
            row = by_name.get(name)
            if row is not None and row["attacked"]:
                sentences.append(_against_published(row, baseline, less))
    in_float = {row["variant"]: row for row in summary if row["network"] == "float"}
    ratios = [
        row["mean_changes"] / in_float[row["variant"]]["mean_changes"]
        for row in on_chip
        if row["mean_changes"] and in_float[row["variant"]]["mean_changes"]
    ]
    if ratios:
        sentences.append(
            f"The integer network takes {min(ratios):.2f} to {max(ratios):.2f} times the mean perturbation of the "
            "float network."
        )
    return tuple(sentences)


def _told(row: Row) -> str:
    if not row["attacked"]:
        return "with no right answer to break"
    if row["mean_changes"] is None:
        return f"{row['success']:.0%} broken only"
    return f"{row['mean_changes']:.1f}"


def _against_published(row: Row, baseline: Row, less: bool) -> str:
    """Whether a variant differs from the baseline as published; intervals that overlap leave it open."""
    name = row["variant"]
    published = f"{'less' if less else 'more'} robust than the baseline"
    if row["mean_changes"] is not None:
        ends = (row["mean_changes_low"], row["mean_changes_high"], baseline["mean_changes_low"])
        if None in ends:
            return f"{name} is published as {published}; here there are too few samples to say."
        below = row["mean_changes_high"] < baseline["mean_changes_low"]
        above = row["mean_changes_low"] > baseline["mean_changes_high"]
    else:
        below, above = False, True
    if not below and not above:
        return f"{name} is published as {published}; here the two do not differ beyond their 95 % intervals."
    found = "less" if below else "more"
    return f"{name} is {found} robust than the baseline, {'as' if below == less else 'other than'} published."


def _figures(
    order: Sequence[str], summary: Sequence[Row], rows: Sequence[Row], facts: AttackFacts
) -> tuple[Figure, ...]:
    by_place = {(row["variant"], row["network"]): row for row in summary}
    unit = "flips" if facts.spikes else "levels"

    def column(kind: str, name: str) -> list[float | None]:
        return [by_place[variant, kind][name] for variant in order]

    return (
        bars(
            list(order),
            [
                Bars(
                    kind,
                    column(kind, "mean_changes"),
                    column(kind, "mean_changes_low"),
                    column(kind, "mean_changes_high"),
                )
                for kind in KINDS
            ],
            name="mean",
            title="Mean perturbation for 100 % success",
            caption="With the 95 % interval of the mean; no bar where a sample held against all that was tried.",
            quantity=Axis("perturbation of a sample", unit, low=0),
        ),
        lines(
            [_success(variant, rows) for variant in order],
            name="success",
            title="Success of the attack on the chip",
            caption="Share of the samples, right before, that are wrong after at most so many units.",
            horizontal=Axis("perturbation of a sample", unit, low=0),
            vertical=Axis("broken", "%", low=0, high=1),
        ),
    )


def _success(variant: str, rows: Sequence[Row]) -> Series:
    own = [row for row in rows if row["variant"] == variant and row["network"] == "integer" and row["right"]]
    changes = np.sort([row["changes"] for row in own if row["broken"]]).astype(int)
    places = np.unique(changes)
    shares = np.searchsorted(changes, places, side="right") / max(len(own), 1)
    return Series(variant, [0, *places.tolist()], [0.0, *shares.tolist()])


def _assumptions(facts: AttackFacts) -> tuple[str, ...]:
    moved = (
        "perturbation: spikes of the input are flipped, each once at most, so that it stays binary."
        if facts.spikes
        else f"perturbation: values move by levels of {facts.unit:g} between 0 and 1, which the chip's input takes as "
        "they are."
    )
    return (
        f"data: {facts.source}.",
        moved,
        (
            "attack: step by step, the inputs from which the best wrong class gains most on the right one, by the "
            "gradient through the surrogate of the trained float network."
        ),
        (
            "integer network: attacked by the float network's gradient, checked on its own answers after each step, "
            "and attacked on until it is wrong itself. Its own best attack may be smaller."
        ),
        "smallest: the first perturbation on that way that breaks the answer; others could be smaller.",
        "samples: only those that a network answers rightly without any perturbation.",
    )
