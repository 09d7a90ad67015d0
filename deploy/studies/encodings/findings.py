"""What the encoders of a comparison come to: verdict, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...confidence import wilson_interval
from ...quantities import format_quantity
from ..faults.figures import TITLES
from ..study import Conclusion, Row
from .figures import encodings_figures

Array = NDArray[Any]
MEANS = (
    "float_accuracy", "accuracy", "steps_to_decision", "steps_to_first_right", "undecided", "never_right", "spikes",
    "input_spikes", "energy", "energy_low", "energy_high", "latency", "latency_low", "latency_high", "cores", "inputs",
)  # fmt: skip
CLOSE = 0.02  # of accuracy: encoders within it of the best are alternatives to it


def conclude_encodings(
    runs: Sequence[Row],
    faults: Sequence[Row],
    by_step: Mapping[str, Sequence[Array]],
    *,
    samples: int,
    assumptions: tuple[str, ...],
) -> Conclusion:
    """Put a comparison of encoders together.

    Parameters
    ----------
    runs : one a trained network, as `Encodings.perform` makes them.
    faults : its accuracies with faults.
    by_step : per encoder and training, (steps,) share of samples that would be right if each step were the last.
    samples : that each network was tested with.
    assumptions : of the study.
    """
    names = tuple(by_step)
    summary = tuple(_summary(name, [row for row in runs if row["encoder"] == name], samples) for name in names)
    steps = tuple(
        {"encoder": name, "step": step, "accuracy": float(share)}
        for name, trainings in by_step.items()
        for step, share in enumerate(np.mean(trainings, axis=0), start=1)
    )
    broken = _broken(faults)
    tables = {"encoders": summary, "accuracy-by-step": steps, "faults": broken, "runs": tuple(runs)}
    facts = {"samples": samples, "best": _bests(summary), "close": CLOSE}
    figures = encodings_figures(summary, steps, broken)
    return Conclusion(_sentences(summary, broken), tables, figures, facts, assumptions)


def _summary(name: str, rows: Sequence[Row], samples: int) -> Row:
    """Means over trainings; the interval is that of the mean accuracy, from all their samples."""
    means = {column: _mean([row[column] for row in rows]) for column in MEANS}
    accuracies = [row["accuracy"] for row in rows]
    # The same test samples for each training, so that more trainings make the interval no narrower.
    low, high = wilson_interval(round(fmean(accuracies) * samples), samples)
    return {
        "encoder": name,
        "trainings": len(rows),
        **means,
        "accuracy_lowest": min(accuracies),
        "accuracy_highest": max(accuracies),
        "accuracy_interval_low": low,
        "accuracy_interval_high": high,
        "all_spikes": fmean(row["spikes"] + row["input_spikes"] for row in rows),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _broken(faults: Sequence[Row]) -> tuple[Row, ...]:
    groups: dict[tuple[str, str, float], list[float]] = {}
    for row in faults:
        groups.setdefault((row["encoder"], row["fault"], row["rate"]), []).append(row["accuracy"])
    return tuple(
        {
            "encoder": encoder, "fault": fault, "rate": rate, "chips": len(values), "accuracy": fmean(values),
            "accuracy_lowest": min(values), "accuracy_highest": max(values),
        }
        for (encoder, fault, rate), values in groups.items()
    )  # fmt: skip


def _close(summary: Sequence[Row]) -> list[Row]:
    """Encoders whose accuracy is near the best."""
    best = max(row["accuracy"] for row in summary)
    return [row for row in summary if row["accuracy"] >= best - CLOSE - 1e-12]


def _bests(summary: Sequence[Row]) -> dict[str, str]:
    """Which encoder is the best at what; of those that are close to the most accurate, for all but that."""
    close = _close(summary)
    deciding = [row for row in close if row["steps_to_decision"] is not None]
    found = {
        "most_accurate": max(summary, key=lambda row: row["accuracy"])["encoder"],
        "sparsest": min(close, key=lambda row: row["all_spikes"])["encoder"],
        "cheapest": min(close, key=lambda row: row["energy"])["encoder"],
        "shortest_latency": min(close, key=lambda row: row["latency"])["encoder"],
    }
    if deciding:
        found["fastest_to_decide"] = min(deciding, key=lambda row: row["steps_to_decision"])["encoder"]
    return found


def _sentences(summary: Sequence[Row], broken: Sequence[Row]) -> tuple[str, ...]:
    by_name = {row["encoder"]: row for row in summary}
    best = _bests(summary)
    first = by_name[best["most_accurate"]]
    low, high = first["accuracy_interval_low"], first["accuracy_interval_high"]
    text = f"The most accurate encoder is {first['encoder']}, {first['accuracy']:.1%} on the chip (95 % interval "
    alike = [row["encoder"] for row in summary if row is not first and row["accuracy"] >= low]
    order = f"; {', '.join(alike)} lie{'s' if len(alike) == 1 else ''} within that" if alike else ""
    sentences = [f"{text}{low:.1%} to {high:.1%}) and {first['float_accuracy']:.1%} in float{order}."]
    close = _close(summary)
    if len(close) == 1:
        sentences.append(f"No other is within {100 * CLOSE:g} points of it.")
    else:
        sparse, cheap = by_name[best["sparsest"]], by_name[best["cheapest"]]
        energy = f"{format_quantity(cheap['energy'], 'J')} a sample"
        thrifty = f"and the cheapest, {energy}" if sparse is cheap else f"{cheap['encoder']} the cheapest, {energy}"
        sentences.append(
            f"Of the {len(close)} within {100 * CLOSE:g} points of it, {sparse['encoder']} is the sparsest, "
            f"{sparse['all_spikes']:,.0f} spikes a sample with those of the input, {thrifty}{_fast(by_name, best)}."
        )
    least = min(summary, key=lambda row: row["all_spikes"])
    sentences.append(
        f"The fewest spikes of all has {least['encoder']}, {least['all_spikes']:,.0f} a sample at "
        f"{least['accuracy']:.1%}; the most accurate has {first['all_spikes']:,.0f}."
    )
    sentences.append(_told(summary))
    lost = max(summary, key=lambda row: row["float_accuracy"] - row["accuracy"])
    points = 100 * (lost["float_accuracy"] - lost["accuracy"])
    if points > 0:
        sentences.append(f"Integers cost {lost['encoder']} most, {points:.1f} points.")
    sentences += _robust(broken, by_name)
    return tuple(sentences)


def _fast(by_name: Mapping[str, Row], best: Mapping[str, str]) -> str:
    if "fastest_to_decide" not in best:
        return ""
    fast = by_name[best["fastest_to_decide"]]
    return f"; {fast['encoder']} decides first, after {fast['steps_to_decision']:.1f} steps"


def _told(summary: Sequence[Row]) -> str:
    """All of them, the most accurate first."""
    ordered = sorted(summary, key=lambda row: -row["accuracy"])
    return "By accuracy: " + ", ".join(f"{row['encoder']} {row['accuracy']:.1%}" for row in ordered) + "."


def _robust(broken: Sequence[Row], by_name: Mapping[str, Row]) -> list[str]:
    """For each kind of faults, what the largest rate leaves of which encoder."""
    sentences = []
    for fault in dict.fromkeys(row["fault"] for row in broken):
        own = [row for row in broken if row["fault"] == fault]
        rate = max(row["rate"] for row in own)
        last = [row for row in own if row["rate"] == rate]
        if len(last) > 1:
            lost = {row["encoder"]: by_name[row["encoder"]]["accuracy"] - row["accuracy"] for row in last}
            least, most = min(lost, key=lost.__getitem__), max(lost, key=lost.__getitem__)
            text = f"{100 * rate:g} % {TITLES[fault]} cost {least} least, {100 * lost[least]:.1f} points, and {most} "
            sentences.append(f"{text}most, {100 * lost[most]:.1f}.")
    return sentences
