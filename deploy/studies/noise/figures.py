"""Pictures of a noise study: who survives, matrices side by side, distributions, spikes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...figures.bars import Bars, bars
from ...figures.figure import Figure
from ...figures.lines import Series, lines
from ...figures.matrices import LARGEST_PICTURE, matrices
from ...figures.scale import Axis
from ..study import Row
from .sums import BROKEN, CLEAN, HELD, LayerSums

TITLES = {CLEAN: "without noise", BROKEN: "when it broke", "clean of all": "without noise, of all samples"}


def noise_figures(
    sums: LayerSums,
    survival: Sequence[Row],
    summary: Sequence[Row],
    histogram: Sequence[Row],
    conditions: Sequence[str],
    watched: str,
    fewest: int,
    seed: int,
) -> tuple[Figure, ...]:
    """Draw a noise study; parameters as of `conclude_noise`, rows of its tables."""
    if BROKEN in conditions:
        conditions = (CLEAN, BROKEN)  # the same samples; those that never broke would add a line beside the first
    return (
        lines(
            [
                Series(
                    "",
                    [row["frames_of_noise"] for row in survival],
                    [row["share_right"] for row in survival],
                    [row["share_right_low"] for row in survival],
                    [row["share_right_high"] for row in survival],
                )
            ],
            name="survival",
            title="Answers that survive",
            caption="Of the samples that are answered rightly without noise, those that so many frames of noise have "
            "not broken; with the 95 % interval.",
            horizontal=Axis("frames of noise", low=0),
            vertical=Axis("samples", "%", low=0, high=1),
        ),
        *(
            _matrices(sums, layer, number, conditions, fewest, seed)
            for number, layer in enumerate(sorted(sums.neurons, key=lambda layer: layer != watched))
        ),
        _distribution(histogram, conditions, watched),
        _spikes(summary, conditions),
    )


def _matrices(sums: LayerSums, layer: str, number: int, conditions: Sequence[str], fewest: int, seed: int) -> Figure:
    size = len(sums.neurons[layer])
    shown = np.arange(size)
    caption = "Mean over samples of the Pearson correlation of spike trains, neuron by neuron."
    if size > LARGEST_PICTURE:
        shown = np.sort(np.random.default_rng(seed).choice(size, LARGEST_PICTURE, replace=False))
        caption += f" Of {size} neurons, {LARGEST_PICTURE} drawn by the seed are shown."
    sources = {name: (name,) if name in (CLEAN, BROKEN) else (CLEAN, HELD) for name in conditions}
    panels = {TITLES[name]: sums.over(layer, *sources[name]).mean(fewest)[np.ix_(shown, shown)] for name in conditions}
    return matrices(panels, name=f"matrices-{number}", title=f"Correlations in {layer}", caption=caption)


def _distribution(histogram: Sequence[Row], conditions: Sequence[str], watched: str) -> Figure:
    series = []
    for condition in conditions:
        rows = [row for row in histogram if row["layer"] == watched and row["condition"] == condition]
        total = sum(row["pairs"] for row in rows)
        # A bin without pairs interrupts the line: a logarithmic axis has no place for it.
        shares = [row["pairs"] / total if row["pairs"] else None for row in rows]
        series.append(Series(TITLES[condition], [(row["from"] + row["to"]) / 2 for row in rows], shares))
    return lines(
        series,
        name="distribution",
        title=f"Distribution of correlations in {watched}",
        caption="Share of the pairs whose mean correlation is in a bin of 0.05.",
        horizontal=Axis("correlation", low=-1, high=1),
        vertical=Axis("pairs", "%", logarithmic=True),
    )


def _spikes(summary: Sequence[Row], conditions: Sequence[str]) -> Figure:
    rows = [row for row in summary if row["values"] == "averaged matrix"]
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    by_place = {(row["layer"], row["condition"]): row["spikes"] for row in rows}
    return bars(
        layers,
        [Bars(TITLES[name], [by_place[layer, name] for layer in layers]) for name in conditions],
        name="spikes",
        title="Spikes",
        caption="Of a mean sample, layer by layer.",
        quantity=Axis("spikes a sample", low=0),
    )
