"""What is kept of the spike trains of every layer: rows of single samples, and exact sums of correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..study import Row
from .spike_correlations import CorrelationSums, Distribution, TrainCorrelations, pair_values

Array = NDArray[Any]

CLEAN, BROKEN, HELD = "clean", "broken", "held"
"""Samples that broke, without noise and at the break; and samples that never broke, without noise."""
CONDITIONS = (CLEAN, BROKEN, HELD)


class LayerSums:
    """Correlations within layers, by condition, over samples.

    Parameters
    ----------
    neurons : per layer, the numbers of the neurons that are looked at.

    Attributes
    ----------
    rows : per sample, condition and layer: spikes of the whole layer, silent and stuck ones of the neurons that are
        looked at, and the distribution of their correlations.
    """

    def __init__(self, neurons: Mapping[str, Array]) -> None:
        self.neurons = neurons
        self.rows: list[Row] = []
        self._sums: dict[tuple[str, str], CorrelationSums] = {}

    def add(self, sample: int, condition: str, activity: Mapping[str, Array]) -> None:
        """Add a sample.

        Parameters
        ----------
        activity : per layer, (steps, neurons).
        """
        for layer, chosen in self.neurons.items():
            trains = activity[layer]
            whole = len(chosen) == trains.shape[1]
            found = TrainCorrelations.of(trains if whole else trains[:, chosen])
            pairs = pair_values(found.values)
            self._of(layer, condition).add(pairs)
            self.rows.append(
                {
                    "sample": sample,
                    "layer": layer,
                    "condition": condition,
                    "spikes": int(np.count_nonzero(trains)),
                    "silent_neurons": found.silent,
                    "stuck_neurons": found.stuck,
                    **Distribution.of(pairs).as_row(),
                }
            )

    def merge(self, rows: Sequence[Row], arrays: Mapping[str, Array]) -> None:
        """Add what other samples came to, as `rows` and `arrays` gave it."""
        self.rows += rows
        for number, layer in enumerate(self.neurons):
            for condition in CONDITIONS:
                name = f"{number}-{condition}"
                if f"{name}-sums" in arrays:
                    self._of(layer, condition).merge(arrays[f"{name}-sums"], arrays[f"{name}-counts"])

    def arrays(self) -> dict[str, Array]:
        """Sums and counts of pairs, by the number of the layer and the condition."""
        numbers = {layer: number for number, layer in enumerate(self.neurons)}
        result = {}
        for (layer, condition), sums in self._sums.items():
            result[f"{numbers[layer]}-{condition}-sums"] = sums.sums
            result[f"{numbers[layer]}-{condition}-counts"] = sums.counts
        return result

    def over(self, layer: str, *conditions: str) -> CorrelationSums:
        """The sums of a layer over the samples of some conditions."""
        result = CorrelationSums(len(self.neurons[layer]))
        for condition in conditions:
            if (layer, condition) in self._sums:
                one = self._sums[layer, condition]
                result.merge(one.sums, one.counts)
        return result

    def rows_of(self, layer: str, *conditions: str) -> list[Row]:
        """The rows of a layer over the samples of some conditions."""
        return [row for row in self.rows if row["layer"] == layer and row["condition"] in conditions]

    def _of(self, layer: str, condition: str) -> CorrelationSums:
        if (layer, condition) not in self._sums:
            self._sums[layer, condition] = CorrelationSums(len(self.neurons[layer]))
        return self._sums[layer, condition]
