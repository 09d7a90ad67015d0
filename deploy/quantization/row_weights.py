"""The weights of a spiking layer by rows: what each row needs of a scale, and what synapses make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layer_sample import LayerSample
from .synapse_format import Part, SynapseFormat, fitting_exponent, parts_of
from .weights import LARGEST_EXPONENT, signs_of

Array = NDArray[Any]


class RowWeights:
    """Float weights of all projections into a layer, flat, and the synapses that are to hold them.

    Parameters
    ----------
    sample : the layer and what reaches it.
    forms : per projection, how its synapses are stored.
    constants : names of projections from constants; these are biases, and always have two matrices where one does not
        do.

    Attributes
    ----------
    flat : per projection, its weights.
    row_of : per projection, the row that each weight belongs to.
    grids : per projection, what its weights may be.
    kept : per projection, which weights are not pruned.
    main : projections with weights, biases left out.
    threshold : (rows,), of the float neurons.
    """

    def __init__(self, sample: LayerSample, forms: Mapping[str, SynapseFormat], constants: frozenset[str]) -> None:
        self.sample, self.forms, self.constants = sample, forms, constants
        self.flat = {p.name: np.asarray(p.connectivity.weights, np.float64).reshape(-1) for p in sample.incoming}
        self.grids = {name: forms[name].grid(signs_of(weights)) for name, weights in self.flat.items()}
        threshold = np.broadcast_to(sample.neuron.threshold, sample.targets.shape).mean(axis=0)
        self.threshold = np.asarray(threshold, dtype=np.float64)
        self.row_of = {name: sample.arriving[name].row_of_weight for name in self.flat}
        self.kept = {
            name: forms[name].kept(weights, self.threshold[self.row_of[name]]) for name, weights in self.flat.items()
        }
        self.main = [name for name in self.flat if name not in constants and np.any(self.flat[name])]

    @property
    def rows(self) -> int:
        """Of the layer."""
        return self.sample.rows

    def full_scale(self, name: str) -> Array:
        """(rows,): the scale at which a row's largest weight is the end of its range, with exponent 0; inf for none."""
        grid, weights, rows = self.grids[name], self.flat[name], self.row_of[name]
        highest, lowest = np.zeros(self.rows), np.zeros(self.rows)
        np.maximum.at(highest, rows, weights)
        np.minimum.at(lowest, rows, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            above = np.where(highest > 0, grid.high / highest, np.inf)
            below = np.where(lowest < 0, grid.low / lowest, np.inf)
        return np.asarray(np.minimum(above, below))

    def percentile(self, exponents: Mapping[str, int], full: Array, percentile: float) -> Array:
        """(rows,): the percentile of a row's weights, as a share of the end of the range.

        Parameters
        ----------
        full : (rows,), the scale at which the largest weight is there; inf for rows without weights.
        """
        finite = np.where(np.isfinite(full), full, 0.0)
        share = np.zeros(self.rows)
        for name in self.main:
            reach = self.grids[name].reach * 2.0 ** exponents[name]
            relative = np.abs(self.flat[name]) * finite[self.row_of[name]] / reach
            order = np.lexsort((relative, self.row_of[name]))
            ends = np.cumsum(np.bincount(self.row_of[name], minlength=self.rows))
            counts = np.diff(np.concatenate([[0], ends]))
            place = np.minimum(ends - 1, ends - counts + np.floor(counts * percentile / 100).astype(np.int64))
            share = np.maximum(share, np.where(counts > 0, relative[order[np.maximum(place, 0)]], 0.0))
        return np.where(share > 0, np.minimum(share, 1.0), 1.0)

    def squared_error(self, exponents: Mapping[str, int], scale: Array) -> Array:
        """(rows,): the squared rounding error of a row's weights, in float units."""
        total = np.zeros(self.rows)
        for name in self.main:
            each = scale[self.row_of[name]]
            unit = 2.0 ** exponents[name]
            rounded = self.grids[name].nearest(self.flat[name] * each / unit) * unit / each
            total += np.bincount(self.row_of[name], (rounded - self.flat[name]) ** 2, minlength=self.rows)
        return total

    def stored(
        self, name: str, values: Array, wanted: Array, exponents: Mapping[str, int]
    ) -> tuple[Array, tuple[Part, ...]]:
        """What synapses make of weights, and the parts that hold them."""
        exponent = exponents.get(name)
        form, grid = self.forms[name], self.grids[name]
        if exponent is None:  # a bias, or no weight at all: of its own size
            form = SynapseFormat(split=True)
            grid = form.grid(signs_of(values))  # rounding together may turn a sign
            fitting = fitting_exponent(values, grid)
            exponent = LARGEST_EXPONENT if fitting is None else fitting
        parts = parts_of(np.where(self.kept[name], values, 0.0), wanted, exponent, grid, form)
        return sum((part.values for part in parts), np.zeros(values.shape)), parts

    def sums(self, values: Mapping[str, Array]) -> Array:
        """(steps, replicates, rows) of what arrives with these flat weights."""
        arriving = [self.sample.arriving[name].sums(part) for name, part in values.items()]
        total: Array = np.zeros(self.sample.wanted.shape, dtype=np.float32)
        for part in arriving:
            total = total + part
        return total
