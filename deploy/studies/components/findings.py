"""What trainings with different components come to: verdict, tables, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from ...confidence import wilson_interval
from ...figures.bars import Bars, bars
from ...figures.figure import Figure
from ...figures.scale import Axis
from ...figures.scatter import Group, Point, scatter
from ...quantities import format_quantity
from ..study import Conclusion, Row
from .variants import BASELINE

AT_CHANCE = 0.05
"""Accuracy above chance up to which a variant counts as being at chance."""
FAR = 0.1
"""Accuracy by which a variant must lie above the baseline to be far above it."""


@dataclass(frozen=True)
class TaskFacts:
    """Of the data and the recipe.

    Attributes
    ----------
    name, source : of the data.
    training_samples, test_samples, steps : of the data.
    answer_from : first step whose output counts.
    chance : accuracy of an answer that is always the most frequent label.
    hidden : neurons of the hidden layers.
    epochs, learning_rates : of training.
    baseline : its components, in words.
    published : accuracies by variant; empty where nothing was published.
    target : name of the chip.
    """

    name: str
    source: str
    training_samples: int
    test_samples: int
    steps: int
    answer_from: int
    chance: float
    hidden: tuple[int, ...]
    epochs: int
    learning_rates: tuple[float, ...]
    baseline: str
    published: Mapping[str, float] = field(default_factory=dict)
    target: str = "loihi2"


def conclude_components(rows: Sequence[Row], facts: TaskFacts) -> Conclusion:
    """Put the trainings together.

    Parameters
    ----------
    rows : one a training, with `variant`, `repeat`, `samples`, `float_accuracy`, `accuracy`, `spikes`, `energy`,
        `latency`.
    """
    summary = sorted(summarized(rows, facts.published), key=lambda row: -row["accuracy"])
    checks = published_checks(summary, facts)
    verdict = asdict(facts) | {"at_chance": AT_CHANCE, "far": FAR, "order": [row["variant"] for row in summary],
                               "published_checks": checks}  # fmt: skip
    return Conclusion(
        _sentences(summary, facts, checks),
        {"variants": tuple(summary), "trainings": tuple(rows)},
        _figures(summary, rows),
        verdict,
        _assumptions(facts),
    )


def summarized(rows: Sequence[Row], published: Mapping[str, float]) -> list[Row]:
    """A row a variant: means over its trainings; intervals are of a share of all test samples of all trainings."""
    result: list[Row] = []
    for variant in dict.fromkeys(row["variant"] for row in rows):
        own = [row for row in rows if row["variant"] == variant]
        samples = sum(row["samples"] for row in own)
        summary: dict[str, object] = {"variant": variant, "trainings": len(own)}
        for column in ("float_accuracy", "accuracy"):
            right = sum(round(row[column] * row["samples"]) for row in own)
            low, high = wilson_interval(right, samples)
            summary |= {column: right / samples, f"{column}_low": low, f"{column}_high": high}
        accuracies = [row["accuracy"] for row in own]
        summary |= {"worst_training": min(accuracies), "best_training": max(accuracies)}
        for column in ("spikes", "energy", "latency", "retention", "parameters"):
            summary[column] = float(np.mean([row[column] for row in own]))
        result.append(summary | {"published": published.get(variant)})
    return result


def published_checks(summary: Sequence[Row], facts: TaskFacts) -> dict[str, bool]:
    """Whether what was published holds of the accuracy on the chip, by what it says; only of variants at hand.

    Far above the baseline: by `FAR` at least, with intervals that do not touch. At chance: `AT_CHANCE` above at most.
    """
    by_name = {row["variant"]: row for row in summary}
    baseline = by_name.get(BASELINE)
    reference = facts.published.get(BASELINE)
    result = {}
    for name, value in facts.published.items():
        row = by_name.get(name)
        if row is None or baseline is None or reference is None or name == BASELINE:
            continue
        if value <= facts.chance + AT_CHANCE:
            result[f"{name} at chance"] = row["accuracy"] <= facts.chance + AT_CHANCE
        else:
            apart = row["accuracy_low"] > baseline["accuracy_high"]
            result[f"{name} far above the baseline"] = apart and row["accuracy"] >= baseline["accuracy"] + FAR
    return result


def _sentences(summary: Sequence[Row], facts: TaskFacts, checks: Mapping[str, bool]) -> tuple[str, ...]:
    order = ", ".join(f"{row['variant']} {row['accuracy']:.1%}" for row in summary)
    sentences = [f"On {facts.target}, from the most accurate to the least: {order}. Chance is {facts.chance:.1%}."]
    if checks:
        wrong = [what for what, holds in checks.items() if not holds]
        right = [what for what, holds in checks.items() if holds]
        sentences.append(
            f"The published order comes out: {_and(right)}."
            if not wrong
            else f"The published order does not come out in full: not {_and(wrong)}"
            + (f"; but {_and(right)}." if right else ".")
        )
        values = ", ".join(f"{name} {facts.published[name]:.1%}" for name in facts.published)
        sentences.append(f"Published, in float: {values}.")
        sentences += _baseline_itself(summary, facts)
    widest = max(summary, key=lambda row: abs(row["accuracy"] - row["float_accuracy"]))
    sentences.append(
        f"From float to integers accuracy changes most in {widest['variant']}: {widest['float_accuracy']:.1%} to "
        f"{widest['accuracy']:.1%}."
    )
    above = [row for row in summary if row["accuracy"] > facts.chance + AT_CHANCE]
    if above:
        sparsest = min(above, key=lambda row: row["spikes"])
        sentences.append(
            f"Of the variants above chance, {sparsest['variant']} has the fewest spikes: {_told(sparsest)}."
        )
        best = summary[0]
        if best is not sparsest:
            sentences.append(f"The most accurate, {best['variant']}: {_told(best)}.")
    return tuple(sentences)


def _baseline_itself(summary: Sequence[Row], facts: TaskFacts) -> list[str]:
    """The order says nothing of how much the baseline itself learns, and a reader should know."""
    found = {row["variant"]: row["accuracy"] for row in summary}.get(BASELINE)
    published = facts.published.get(BASELINE)
    if (
        found is None
        or published is None
        or (found > facts.chance + AT_CHANCE) == (published > facts.chance + AT_CHANCE)
    ):
        return []
    where = "at chance" if found <= facts.chance + AT_CHANCE else "above chance"
    return [f"Other than published ({published:.1%}), the baseline itself is {where}: {found:.1%}."]


def _told(row: Row) -> str:
    energy, latency = format_quantity(row["energy"], "J"), format_quantity(row["latency"], "s")
    return f"{row['accuracy']:.1%}, {row['spikes']:,.0f} spikes, {energy} and {latency} a sample"


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _figures(summary: Sequence[Row], rows: Sequence[Row]) -> tuple[Figure, ...]:
    kinds = {"float": "float_accuracy", "integer": "accuracy"}
    return (
        bars(
            [row["variant"] for row in summary],
            [
                Bars(
                    name,
                    [row[column] for row in summary],
                    [row[f"{column}_low"] for row in summary],
                    [row[f"{column}_high"] for row in summary],
                )
                for name, column in kinds.items()
            ],
            name="accuracy",
            title="Accuracy of the variants",
            caption="As trained in float, and in the integers of the chip; with the 95 % interval over the test "
            "samples of all trainings.",
            quantity=Axis("accuracy", "%", low=0, high=1),
        ),
        scatter(
            [
                Group(
                    summed["variant"],
                    [
                        Point(row["spikes"], row["accuracy"], says=f"training {row['repeat']}")
                        for row in rows
                        if row["variant"] == summed["variant"]
                    ],
                )
                for summed in summary
            ],
            name="spikes",
            title="Accuracy against spikes",
            caption="Each point is a training, measured in the integers of the chip.",
            horizontal=Axis("spikes a sample"),
            vertical=Axis("accuracy", "%"),
        ),
        bars(
            [row["variant"] for row in summary],
            [Bars("", [row["energy"] for row in summary])],
            name="energy",
            title="Energy of the variants",
            caption="Dynamic energy of a mean sample; mean over the trainings.",
            quantity=Axis("dynamic energy a sample", "J", low=0),
        ),
    )


def _assumptions(facts: TaskFacts) -> tuple[str, ...]:
    result = [
        f"data: {facts.source}.",
        f"baseline: {facts.baseline}; every other variant changes only what its name says.",
        "training: one recipe for all variants, whose gradient runs through the reset, as in the publication"
        + _choice(facts.learning_rates),
        "output: neurons of the same components as the hidden ones, without recurrence; the most spikes win.",
        "intervals: of samples, at 95 % (Wilson); the worst and the best training show what the seed does.",
        "quantization: as `spikeloom deploy` does it by default, calibrated on samples to train with.",
    ]
    if facts.answer_from:
        result.append(
            f"answer: what the output says from step {facts.answer_from} of {facts.steps} on; before it, nothing tells "
            "the class."
        )
    return tuple(result)


def _choice(rates: Sequence[float]) -> str:
    if len(rates) == 1:
        return f"; its learning rate is {rates[0]:g}."
    listed = ", ".join(f"{rate:g}" for rate in rates)
    return f"; of the learning rates {listed} each training takes the one that is best on samples held out."
