"""All weights of a spiking layer's rows rounded together, such that their errors cancel; see `rounding`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .rounding import MOST_COLUMNS, compensated, compensation, second_moments
from .row_weights import RowWeights

Array = NDArray[Any]


class JointRounding:
    """For one layer; the second moments of its inputs are kept."""

    def __init__(self, weights: RowWeights) -> None:
        self.weights = weights
        columns = {name: arriving.columns() for name, arriving in weights.sample.arriving.items()}
        self.columns = {name: part for name, part in columns.items() if part is not None}
        biases = [name for name in weights.flat if name in weights.constants and name in self.columns]
        self.names = [*weights.main, *biases]

    @property
    def possible(self) -> bool:
        """Whether all rows meet the same inputs, few enough, and no matrix is split, which is fine enough by itself."""
        main = self.weights.main
        whole = all(name in self.columns and not self.weights.forms[name].split for name in main)
        return bool(main) and whole and sum(self.columns[name].shape[2] for name in main) <= MOST_COLUMNS

    @cached_property
    def _factor(self) -> tuple[Array, Array]:
        """What an error passes on, and the order of rounding: strong inputs first, biases last."""
        neuron = self.weights.sample.neuron
        moments = second_moments(
            np.concatenate([self.columns[name] for name in self.names], axis=2),
            float(np.mean(neuron.current_retention)),
            float(np.mean(neuron.voltage_retention)),
        )
        widths = [self.columns[name].shape[2] for name in self.names]
        biases = np.repeat([name in self.weights.constants for name in self.names], widths)
        order = np.lexsort((-np.diag(moments), biases))
        return compensation(moments, order), order

    def rounded(self, wanted: Mapping[str, Array], exponents: Mapping[str, int]) -> dict[str, Array]:
        """Flat weights in units of the scale, to weights that their synapses hold; biases to whole numbers."""
        blocks = [wanted[name].reshape(self.weights.rows, -1) for name in self.names]
        steps: list[Array] = []
        ranges: tuple[list[Array], list[Array]] = [], []
        pruned = any(not np.all(self.weights.kept[name]) for name in self.names)
        for name, block in zip(self.names, blocks, strict=True):
            grid, unit = self.weights.grids[name], 2.0 ** exponents.get(name, 0)
            wide = name in self.weights.constants  # two matrices hold it to the last bit
            each = (1.0, -np.inf, np.inf) if wide else (grid.step * unit, grid.low * unit, grid.high * unit)
            kept = self.weights.kept[name].reshape(block.shape)
            steps.append(np.full(block.shape[1], each[0]))
            for part, number in zip(ranges, each[1:], strict=True):
                part.append(np.where(kept, number, 0.0) if pruned else np.full(block.shape[1], number))
        factor, order = self._factor
        together = compensated(
            np.concatenate(blocks, axis=1),
            np.concatenate(steps),
            *(np.concatenate(part, axis=-1) for part in ranges),
            factor=factor,
            order=order,
        )
        ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
        parts = np.split(together, ends, axis=1)
        return dict(wanted) | {name: part.reshape(-1) for name, part in zip(self.names, parts, strict=True)}
