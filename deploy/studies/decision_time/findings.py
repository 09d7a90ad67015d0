"""What looking at answers step by step comes to: verdict, tables, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...confidence import wilson_interval
from ...quantities import format_quantity
from ..study import Conclusion, Row
from .answers import NEVER, Answers
from .cut_off import choose_step, choose_threshold, right_at, stops, thresholds
from .figures import decision_time_figures

Array = NDArray[Any]
FEWEST_HALVED = 20  # samples, of which halves still say something
ENDS = ("_low", "", "_high")
CUT_OFF, ALIKE = "cut-off", "all alike"
TWO_HALVES = {"odd": (slice(0, None, 2), slice(1, None, 2)), "even": (slice(1, None, 2), slice(0, None, 2))}
"""Samples, counted from 1, that a threshold is chosen on, and those that it is told by: the others."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """What was seen of every sample at every step.

    Attributes
    ----------
    answers : of each sample at each step.
    right : (samples,) int64, the right classes.
    energy : (samples, steps, 3) J until a stop at each step, low, nominal and high.
    time : (samples, steps, 3) s, likewise.
    """

    answers: Answers
    right: Array
    energy: Array
    time: Array

    @property
    def correct(self) -> Array:
        """(samples, steps) bool."""
        return np.asarray(self.answers.classes == self.right[:, np.newaxis])

    @property
    def steps(self) -> int:
        """Of a sample."""
        return int(self.answers.classes.shape[1])

    def of(self, samples: slice) -> Timeline:
        """Some of the samples."""
        answers = Answers(self.answers.classes[samples], self.answers.gaps[samples])
        return Timeline(answers, self.right[samples], self.energy[samples], self.time[samples])

    def stopped(self, taken: Array) -> Row:
        """Means over samples that are each stopped at a step of its own, (samples,) counted from 1."""
        places = np.arange(len(taken)), taken - 1
        hits = int(right_at(self.correct, taken).sum())
        low, high = wilson_interval(hits, len(taken))
        accuracy = {"accuracy": hits / len(taken), "accuracy_low": low, "accuracy_high": high}
        return {"steps": float(taken.mean()), **accuracy, **_means("energy", self.energy[places]), **_means(
            "latency", self.time[places]
        )}  # fmt: skip


def _means(name: str, values: Array) -> Row:
    """Columns of values (samples, 3): nominal, low, high."""
    low, nominal, high = values.mean(axis=0).tolist()
    return {name: nominal, f"{name}_low": low, f"{name}_high": high}


def conclude_decision_time(
    timeline: Timeline, *, tolerance: float, beta: float | None, labelled: bool, assumptions: tuple[str, ...]
) -> Conclusion:
    """Put a study of decision times together.

    Parameters
    ----------
    tolerance : share of samples that the cut-off may lose where it is chosen.
    beta : the threshold; chosen where None.
    labelled : whether the right classes are labels, or the answers at the last step.
    """
    what = "accuracy" if labelled else "agreement"
    by_step = _by_step(timeline)
    samples = _samples(timeline, labelled)
    tables = {"steps": by_step, "samples": samples}
    count = len(timeline.right)
    halves = count >= FEWEST_HALVED or beta is not None
    rules = _rules(timeline, tolerance, beta) if halves else ()
    told = timeline if beta is not None else timeline.of(TWO_HALVES["odd"][1])
    curve = _curve(told) if halves else ()
    facts: dict[str, Any] = {
        "samples": count, "steps": timeline.steps, what: by_step[-1]["accuracy"], "tolerance": tolerance,
        "first_right": _spread(samples, "first_right"), "stable": _spread(samples, "stable"), "rules": list(rules),
    }  # fmt: skip
    if halves:
        tables |= {"cut-off": rules, "thresholds": curve}
    alike = [told.stopped(np.full(len(told.right), step)) for step in range(1, told.steps + 1)] if halves else []
    figures = decision_time_figures(by_step, samples, curve, alike, rules[:1], what)
    return Conclusion(_sentences(facts, rules, what, beta), tables, figures, facts, assumptions)


def _by_step(timeline: Timeline) -> tuple[Row, ...]:
    """All samples stopped at the same step, for every step."""
    count = len(timeline.right)
    last = timeline.answers.classes[:, -1]
    result = []
    for step in range(1, timeline.steps + 1):
        row = {"step": step, **timeline.stopped(np.full(count, step))}
        del row["steps"]
        row["decided"] = float(np.mean(timeline.answers.gaps[:, step - 1] > 0))
        row["as_at_the_end"] = float(np.mean(timeline.answers.classes[:, step - 1] == last))
        result.append(row)
    return tuple(result)


def _samples(timeline: Timeline, labelled: bool) -> tuple[Row, ...]:
    """Sample by sample, when it was answered rightly first, and when for good; None where never."""
    first, stable = timeline.answers.first_right(timeline.right), timeline.answers.stable_from()
    result = []
    for number, correct in enumerate(timeline.correct):
        row: dict[str, Any] = {"sample": number, "label": int(timeline.right[number]) if labelled else None}
        row |= {"answer": int(timeline.answers.classes[number, -1]), "right": bool(correct[-1])}
        for name, step in (("first_right", int(first[number])), ("stable", int(stable[number]))):
            row[f"{name}_step"] = None if step == NEVER else step
            for place, end in enumerate(ENDS):
                row[f"{name}_latency{end}"] = None if step == NEVER else float(timeline.time[number, step - 1, place])
        result.append(row)
    return tuple(result)


def _spread(samples: Sequence[Row], name: str) -> Row:
    """Of the samples that have such a step, how it is distributed."""
    steps = [row[f"{name}_step"] for row in samples if row[f"{name}_step"] is not None]
    times = [row[f"{name}_latency"] for row in samples if row[f"{name}_step"] is not None]
    return {
        "samples": len(steps),
        "never": len(samples) - len(steps),
        "median_step": median(steps) if steps else None,
        "mean_step": fmean(steps) if steps else None,
        "latest_step": max(steps) if steps else None,
        "median_latency": median(times) if times else None,
        "mean_latency": fmean(times) if times else None,
    }


def _rules(timeline: Timeline, tolerance: float, beta: float | None) -> tuple[Row, ...]:
    """The cut-off, and beside it the same step for all samples, chosen on one half and told by the other, both ways."""
    if beta is not None:
        return (_rule(CUT_OFF, "given", beta, timeline, stops(timeline.answers.gaps, beta)),)
    result = []
    for name, (chosen_on, told_by) in TWO_HALVES.items():
        here, there = timeline.of(chosen_on), timeline.of(told_by)
        best = choose_threshold(here.answers.gaps, here.correct, tolerance)
        result.append(_rule(CUT_OFF, f"{name} samples", best, there, stops(there.answers.gaps, best)))
        step = choose_step(here.correct, tolerance)
        result.append(_rule(ALIKE, f"{name} samples", None, there, np.full(len(there.right), step)))
    return tuple(sorted(result, key=lambda row: (row["chosen_on"] != "odd samples", row["rule"] != CUT_OFF)))


def _rule(rule: str, chosen_on: str, beta: float | None, timeline: Timeline, taken: Array) -> Row:
    stopped = timeline.stopped(taken)
    whole = timeline.stopped(np.full(len(taken), timeline.steps))
    return {
        "rule": rule,
        "chosen_on": chosen_on,
        "beta": beta,
        "samples": len(taken),
        **stopped,
        "whole_accuracy": whole["accuracy"],
        "whole_energy": whole["energy"],
        "whole_latency": whole["latency"],
        "times_fewer_steps": timeline.steps / stopped["steps"],
        "energy_saved": 1 - stopped["energy"] / whole["energy"] if whole["energy"] else 0.0,
        "latency_saved": 1 - stopped["latency"] / whole["latency"] if whole["latency"] else 0.0,
        "accuracy_lost": whole["accuracy"] - stopped["accuracy"],
    }


def _curve(timeline: Timeline) -> tuple[Row, ...]:
    """What each threshold comes to, the rising thresholds of these samples."""
    gaps = timeline.answers.gaps
    return tuple({"beta": beta, **timeline.stopped(stops(gaps, beta))} for beta in thresholds(gaps).tolist())


def _sentences(facts: Row, rules: Sequence[Row], what: str, beta: float | None) -> tuple[str, ...]:
    steps, count = facts["steps"], facts["samples"]
    sentences = []
    if rules:
        sentences.append(_cut_off(rules[0], steps, what, "given" if beta is not None else "chosen on the other half"))
    first, stable = facts["first_right"], facts["stable"]
    sentences.append(f"After all {steps} steps, {what} is {facts[what]:.1%} of {count} samples.")
    if first["samples"]:
        sentences.append(
            f"The first right decision comes in the median at step {first['median_step']:g} of {steps}, "
            f"{format_quantity(first['median_latency'], 's')} after the sample began; {first['never']} of {count} "
            "samples never have one."
        )
    if stable["samples"]:
        sentences.append(
            f"From step {stable['median_step']:g} on, {format_quantity(stable['median_latency'], 's')} after it began, "
            f"half of the samples with a decision have the one that they end with; the last of them from step "
            f"{stable['latest_step']} on."
        )
    for row in rules[1:]:
        if row["rule"] == ALIKE and row["chosen_on"] == rules[0]["chosen_on"]:
            sentences.append(
                f"Were all samples stopped at the same step instead, chosen likewise, it would be step "
                f"{row['steps']:g}: {row['accuracy']:.1%} {what} and {format_quantity(row['energy'], 'J')} a sample."
            )
        elif row["rule"] == CUT_OFF:
            sentences.append(f"The halves exchanged: {_fewer(row)}; {_kept(row, what)}.")
    if not rules:
        sentences.append(
            f"{count} samples are too few to choose a cut-off on one half and to tell its accuracy by the other: bring "
            f"at least {FEWEST_HALVED}, or give one (--beta)."
        )
    return tuple(sentences)


def _cut_off(row: Row, steps: int, what: str, origin: str) -> str:
    if row["steps"] == steps:
        return (
            f"Stopping early saves nothing: with beta {row['beta']:.4g}, {origin}, every sample runs to its last step."
        )
    return (
        f"Stopped where the best class is ahead by more than {row['beta']:.4g} ({origin}), a sample needs "
        f"{row['steps']:.1f} of {steps} steps: {_fewer(row)}, {format_quantity(row['energy'], 'J')} in place of "
        f"{format_quantity(row['whole_energy'], 'J')}; {_kept(row, what)}."
    )


def _fewer(row: Row) -> str:
    return f"{row['times_fewer_steps']:.2f} times fewer steps and {row['energy_saved']:.0%} less energy"


def _kept(row: Row, what: str) -> str:
    return f"{what} is {row['accuracy']:.1%}, after all steps {row['whole_accuracy']:.1%}"
