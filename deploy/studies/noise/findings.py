"""What noise does to a network: verdict, tables, figures."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

import numpy as np

from ...confidence import wilson_interval
from ...figures.figure import Figure
from ..study import Conclusion, Row
from .figures import noise_figures
from .spike_correlations import Distribution, pair_values
from .sums import BROKEN, CLEAN, HELD, LayerSums

ALL_CLEAN = "clean of all"
GROUPS = {CLEAN: (CLEAN,), BROKEN: (BROKEN,), ALL_CLEAN: (CLEAN, HELD)}
"""Conditions of the tables, and whose samples they are of."""
AVERAGED, SINGLE = "averaged matrix", "mean of samples"
BINS = 40  # of the histogram of correlations, from -1 to 1
PER_SAMPLE = ("pairs", "mean", "skewness", "kurtosis_fisher", "kurtosis_pearson", "percentile_99", "pairs_above_0.9")


def conclude_noise(
    samples: Sequence[Row],
    sums: LayerSums,
    *,
    steps: int,
    samples_in_all: int,
    labelled: bool,
    watched: str,
    fewest: int,
    seed: int,
    assumptions: tuple[str, ...],
) -> Conclusion:
    """Put a noise study together.

    Parameters
    ----------
    samples : one each that was answered rightly, with `sample`, `right`, `frames` (None where it never broke) and
        `answer_then`.
    sums : of their layers.
    steps : frames of a sample.
    samples_in_all : with those that were answered wrongly without noise.
    watched : the layer that the verdict is about.
    fewest : samples in which a pair must have a correlation to count in the mean.
    """
    samples = sorted(samples, key=lambda row: row["sample"])
    broken = [row["frames"] for row in samples if row["frames"] is not None]
    survival = _survival(broken, len(samples), steps)
    conditions = [name for name in GROUPS if broken or name == ALL_CLEAN]
    if len(broken) == len(samples):
        conditions.remove(ALL_CLEAN)  # the same samples as those that broke
    summary = [row for layer in sums.neurons for row in _layer_rows(sums, layer, conditions, fewest)]
    histogram = [row for layer in sums.neurons for row in _histogram(sums, layer, conditions, fewest)]
    rises = {layer: _rises(sums, layer) for layer in sums.neurons} if broken else {}
    facts = {
        "samples": samples_in_all, "right_without_noise": len(samples), "broken": len(broken),
        "never_broken": len(samples) - len(broken), "frames": steps,
        "median_frames_to_break": median(broken) if broken else None,
        "mean_frames_to_break": fmean(broken) if broken else None,
        "share_never_broken_interval": wilson_interval(len(samples) - len(broken), len(samples)),
        "watched_layer": watched, "layers": _nested(summary), "mean_correlation_rises": rises,
    }  # fmt: skip
    tables = {
        "layers": tuple(summary),
        "survival": survival,
        "samples": tuple(samples),
        "layers-of-samples": tuple(
            sorted(sums.rows, key=lambda row: (row["sample"], list(sums.neurons).index(row["layer"]), row["condition"]))
        ),
        "correlations": tuple(histogram),
    }
    figures: tuple[Figure, ...] = noise_figures(sums, survival, summary, histogram, conditions, watched, fewest, seed)
    return Conclusion(_sentences(facts, summary, watched, labelled), tables, figures, facts, assumptions)


def _survival(broken: Sequence[int], samples: int, steps: int) -> tuple[Row, ...]:
    """How many samples are still answered rightly after each frame."""
    counts = np.bincount(np.asarray(broken, dtype=np.int64), minlength=steps + 1)
    holding = samples - np.cumsum(counts)
    result = []
    for frames, left in enumerate(holding.tolist()):
        low, high = wilson_interval(left, samples)
        result.append(
            {"frames_of_noise": frames, "share_of_frames": frames / steps, "samples_right": left,
             "share_right": left / samples, "share_right_low": low, "share_right_high": high}
        )  # fmt: skip
    return tuple(result)


def _layer_rows(sums: LayerSums, layer: str, conditions: Sequence[str], fewest: int) -> list[Row]:
    result: list[Row] = []
    for condition in conditions:
        rows = sums.rows_of(layer, *GROUPS[condition])
        added = sums.over(layer, *GROUPS[condition])
        common = {
            "layer": layer, "condition": condition, "samples": len(rows), "neurons": added.neurons,
            "spikes": _mean([row["spikes"] for row in rows]),
            "silent_neurons": _mean([row["silent_neurons"] for row in rows]),
            "stuck_neurons": _mean([row["stuck_neurons"] for row in rows]),
        }  # fmt: skip
        whole = Distribution.of(pair_values(added.mean(fewest)))
        singles: dict[str, Any] = {name: _mean([row[name] for row in rows]) for name in PER_SAMPLE}
        samples, of_high = added.typical_samples(fewest)
        result.append(
            {**common, "values": AVERAGED, **whole.as_row(), "pairs_undefined": added.sums.size - whole.pairs,
             "samples_a_pair": samples, "samples_a_pair_above_0.9": of_high}
        )  # fmt: skip
        result.append({**common, "values": SINGLE, **singles, "pairs_undefined": added.sums.size - singles["pairs"]})
    return result


def _mean(values: Sequence[float | None]) -> float | None:
    """Over the samples that have a value."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _histogram(sums: LayerSums, layer: str, conditions: Sequence[str], fewest: int) -> list[Row]:
    """How many pairs of the averaged matrix have which correlation."""
    result: list[Row] = []
    for condition in conditions:
        values = pair_values(sums.over(layer, *GROUPS[condition]).mean(fewest))
        counts, edges = np.histogram(values[np.isfinite(values)], bins=BINS, range=(-1, 1))
        for low, high, pairs in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
            result.append({"layer": layer, "condition": condition, "from": low, "to": high, "pairs": pairs})
    return result


def _rises(sums: LayerSums, layer: str) -> Row:
    """Of the samples that broke, in how many the mean correlation within a layer rose."""
    before = {row["sample"]: row["mean"] for row in sums.rows_of(layer, CLEAN)}
    both = [
        (before[row["sample"]], row["mean"])
        for row in sums.rows_of(layer, BROKEN)
        if row["mean"] is not None and before[row["sample"]] is not None
    ]
    rose = sum(after > earlier for earlier, after in both)
    changed = sum(after != earlier for earlier, after in both)  # what stays the same speaks for neither
    return {
        "samples": len(both),
        "changed": changed,
        "rose": rose,
        "share": rose / changed if changed else None,
        "interval": wilson_interval(rose, changed) if changed else None,
        "mean_change": fmean(after - earlier for earlier, after in both) if both else None,
    }


def _nested(summary: Sequence[Row]) -> dict[str, Any]:
    """The table of layers by layer, condition and kind of values."""
    result: dict[str, Any] = {}
    for row in summary:
        rest = {name: value for name, value in row.items() if name not in ("layer", "condition", "values")}
        result.setdefault(row["layer"], {}).setdefault(row["condition"], {})[row["values"]] = rest
    return result


def _sentences(facts: Row, summary: Sequence[Row], watched: str, labelled: bool) -> tuple[str, ...]:
    right, broken, steps = facts["right_without_noise"], facts["broken"], facts["frames"]
    answered = f"{right} of {facts['samples']} samples are answered rightly without noise" if labelled else (
        f"Of {right} samples without labels, the answer without noise counts as right"
    )  # fmt: skip
    if not broken:
        return (
            (
                f"No sample breaks: all {right} that are answered rightly without noise are so with all {steps} frames "
                "of noise."
            ),
            "That an answer does not depend on the input at all would look the same; see the answers in the table.",
        )
    half = facts["median_frames_to_break"]
    sentences = [
        (
            f"Half of the answers that noise breaks are wrong after {half:g} of {steps} frames of noise; "
            f"{facts['never_broken']} of {right} are never broken."
        ),
        f"{answered}; {broken} of them break.",
    ]
    before, after = (facts["layers"][watched][condition][AVERAGED] for condition in (CLEAN, BROKEN))
    if before["pairs"] and after["pairs"]:
        sentences.append(
            f"In {watched}, pairs of spike trains with a mean correlation above 0.9 go from "
            f"{before['pairs_above_0.9']:,} of {before['pairs']:,} without noise to {after['pairs_above_0.9']:,} of "
            f"{after['pairs']:,} at the break, and the mean of all from {before['mean']:.3f} to {after['mean']:.3f}."
        )
        resting = after["samples_a_pair_above_0.9"]
        if resting is not None:
            sentences.append(
                f"Half of those pairs at the break have a correlation in at most {resting:g} of {broken} samples, and "
                f"half of all pairs in at most {after['samples_a_pair']:g}: in the others one of the two trains is "
                "constant."
            )
        sentences.append(
            f"The 99th percentile goes from {before['percentile_99']:.3f} to {after['percentile_99']:.3f}, skewness "
            f"from {_number(before['skewness'])} to {_number(after['skewness'])}, and Fisher's kurtosis (0 for a "
            f"normal distribution) from {_number(before['kurtosis_fisher'])} to {_number(after['kurtosis_fisher'])}."
        )
    else:
        sentences.append(f"In {watched}, hardly a train varies, so that nothing can be said of correlations.")
    sentences.append(_verdict(facts["mean_correlation_rises"][watched], watched))
    spikes = {name: sum(row["spikes"] for row in summary if row["condition"] == name and row["values"] == AVERAGED)
              for name in (CLEAN, BROKEN)}  # fmt: skip
    sentences.append(
        f"A sample has {spikes[BROKEN]:,.0f} spikes when it breaks, and {spikes[CLEAN]:,.0f} without noise; in "
        f"{watched}, {before['silent_neurons']:.1f} of {before['neurons']} neurons are silent without noise and "
        f"{after['silent_neurons']:.1f} at the break."
    )
    return tuple(sentences)


def _verdict(rises: Row, watched: str) -> str:
    """Whether the network gets more synchronous, as was published of other networks."""
    if not rises["changed"]:
        return f"No sample has correlations in {watched} both without noise and at the break that differ."
    low, high = rises["interval"]
    counted = f"the mean correlation in {watched} rises in {rises['rose']} of {rises['changed']} samples that broke, "
    counted += "over the pairs that have one, not all the same before and then"
    if low > 0.5:
        return f"Noise makes trains more alike, as published: {counted}."
    if high < 0.5:
        return f"Noise makes trains less alike, other than published: {counted}."
    return f"Noise makes trains neither more nor less alike: {counted}."


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:.2f}"
