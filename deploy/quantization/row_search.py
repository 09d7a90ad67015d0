"""Scales, rounding and corrections of a spiking layer, neuron by neuron.

A spiking neuron's equation may be multiplied by any number, weights, threshold, bias and all, without a change to its
spikes. So every row of weights, which is a neuron's or a channel's, gets the scale at which its own weights suit the
synapses' grid best; only exponents are the same for a projection. Candidates come from each row's largest weight, its
percentiles and its squared rounding error; they are judged by what the integer neurons do with the spikes that the
layer gets in the float network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from ...models.neurons.leaky_rule import DECAY_UNITY
from .layer_sample import LayerSample
from .leaky_neurons import LeakyFamily
from .rounding import MOST_COLUMNS, compensated, compensation, second_moments
from .spike_trial import Score, score
from .synapse_format import Part, SynapseFormat, fitting_exponent, parts_of
from .weights import LARGEST_EXPONENT, signs_of

Array = NDArray[Any]

RETENTIONS = np.array([0.85, 0.6, 0.95])  # of smoothed spike trains; the first decides on exponents
PERCENTILES = (99.0, 95.0)
FRACTIONS = np.geomspace(1.0, 0.12, 24)  # of a row's largest weight, tried for the end of the range
FURTHER_EXPONENTS = 2  # beyond the one that all rows can have
THRESHOLD_GAINS = (0.97, 1.03, 0.99, 1.01)
BIASES = (-0.02, 0.02, -0.005, 0.005)  # of the threshold
DECAYS = ("current_decay", "voltage_decay")
STOPPING_WORTH = 0.8  # share of the distance at which potentials may stop at their lowest value
WORTH = 0.98  # a correction must bring the distance below this share: less may be chance


@dataclass(frozen=True, eq=False)
class Corrections:
    """What neurons get to make up for the rounding of their weights, each (rows,).

    Attributes
    ----------
    threshold_gain : the threshold is multiplied by it.
    bias : added to the bias, in units of the float potential.
    current_decay, voltage_decay : added to the integer decays.
    """

    threshold_gain: Array
    bias: Array
    current_decay: Array
    voltage_decay: Array

    @classmethod
    def none(cls, rows: int) -> Corrections:
        """For so many rows."""
        whole = np.zeros(rows, dtype=np.int64)
        return cls(np.ones(rows), np.zeros(rows), whole, whole)

    def where(self, better: Array, other: Corrections) -> Corrections:
        """Those of `other` in some rows."""
        return Corrections(**{name: np.where(better, getattr(other, name), kept) for name, kept in vars(self).items()})


@dataclass(frozen=True, eq=False)
class RowChoice:
    """What a search found for a layer.

    Attributes
    ----------
    scale : (rows,), integer input per unit of float input.
    parts : per projection of the float network, what stands for it in integers.
    corrections : of the neurons.
    agreement : spikes in common / spikes of either.
    likeness : 1 - distance of the smoothed spike trains, relative to the float layer's own size.
    """

    scale: Array
    parts: Mapping[str, tuple[Part, ...]]
    corrections: Corrections
    agreement: float
    likeness: float


@dataclass(frozen=True, eq=False)
class _Exponents:
    """Exponents of the projections, and the scale at which each row's largest weight is at the end of its range.

    Attributes
    ----------
    of : per projection; below 0, down to the bits that are left out, its weights use the lower end of a synapse.
    full : (rows,).
    ceiling : (rows,), the largest scale.
    """

    of: Mapping[str, int]
    full: Array
    ceiling: Array


@dataclass(frozen=True, eq=False)
class _Candidate:
    """Weights and scales of all rows, and how they did."""

    scale: Array
    values: Mapping[str, Array]
    score: Score


class RowSearch:
    """The search for one layer.

    Parameters
    ----------
    sample : the layer and what reaches it.
    forms : per projection, how its synapses are stored.
    constants : names of projections from constants; these are biases, and always have two matrices where one does not
        do.
    ceilings : each (rows,), largest scales: the first keeps every potential within its register, a second one, where
        there is one, lets those of neurons far from spiking stop at the lowest value.
    """

    def __init__(
        self,
        family: LeakyFamily,
        sample: LayerSample,
        forms: Mapping[str, SynapseFormat],
        constants: frozenset[str],
        ceilings: tuple[Array, ...],
    ) -> None:
        self.family, self.sample, self.forms, self.constants, self.ceilings = family, sample, forms, constants, ceilings
        self.flat = {p.name: np.asarray(p.connectivity.weights, np.float64).reshape(-1) for p in sample.incoming}
        self.grids = {name: forms[name].grid(signs_of(weights)) for name, weights in self.flat.items()}
        threshold = np.broadcast_to(sample.neuron.threshold, sample.targets.shape).mean(axis=0)
        self.threshold = np.asarray(threshold, dtype=np.float64)
        self.row_of = {name: sample.arriving[name].row_of_weight for name in self.flat}
        self.kept = {
            name: forms[name].kept(weights, self.threshold[self.row_of[name]]) for name, weights in self.flat.items()
        }
        self.main = [name for name in self.flat if name not in constants and np.any(self.flat[name])]
        self.full = {name: self._full_scale(name) for name in self.main}

    def choices(self) -> tuple[RowChoice, ...]:
        """For each of `RETENTIONS` a choice with corrections and one without, the first the likeliest to be the best."""
        exponents = self._best_exponents()
        tried = [
            self._candidate(exponents, fraction, compensating)
            for fraction in self._fractions(exponents)
            for compensating in ((False, True) if self._compensates() else (False,))
        ]
        return tuple(choice for kind in range(RETENTIONS.size) for choice in self._both(exponents, tried, kind))

    # --- exponents

    def _full_scale(self, name: str) -> Array:
        """(rows,): the scale at which a row's largest weight is the end of its range, with exponent 0; inf for none."""
        grid, weights, rows = self.grids[name], self.flat[name], self.row_of[name]
        highest, lowest = np.zeros(self.sample.rows), np.zeros(self.sample.rows)
        np.maximum.at(highest, rows, weights)
        np.minimum.at(lowest, rows, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            above = np.where(highest > 0, grid.high / highest, np.inf)
            below = np.where(lowest < 0, grid.low / lowest, np.inf)
        return np.asarray(np.minimum(above, below))

    def _best_exponents(self) -> _Exponents:
        best, least = None, np.inf
        for ceiling in self.ceilings:
            for plan in self._exponent_plans(ceiling):
                distance = float(self._candidate(plan, 1.0, False).score.distance[0].sum())
                worth = 1.0 if best is None or ceiling is best.ceiling else STOPPING_WORTH
                if best is None or distance < worth * least:
                    best, least = plan, distance
        assert best is not None
        return best

    def _exponent_plans(self, ceiling: Array) -> Iterator[_Exponents]:
        """Differences between the projections, and how far all are raised together.

        A larger exponent makes thresholds and states finer; rows that then leave the registers lose weight bits.
        """
        if not self.main:
            yield _Exponents({}, np.full(self.sample.rows, np.inf), ceiling)
            return
        for differences in self._differences():
            full = np.min([self.full[name] * 2.0 ** differences[name] for name in self.main], axis=0)
            finite = np.isfinite(full) & np.isfinite(ceiling)
            room = np.min(np.log2(ceiling[finite] / full[finite])) if finite.any() else LARGEST_EXPONENT
            highest = LARGEST_EXPONENT - max(differences.values())
            lowest = max(self.forms[name].lowest_exponent - differences[name] for name in self.main)
            first = int(np.clip(np.floor(room), min(lowest, highest), highest))
            for raised in range(first, min(highest, first + FURTHER_EXPONENTS) + 1):
                exponents = {name: raised + difference for name, difference in differences.items()}
                yield _Exponents(exponents, full * 2.0**raised, ceiling)

    def _differences(self) -> list[dict[str, int]]:
        """How much larger the exponent of each projection may be than the smallest: by its largest or typical rows."""
        found = [dict.fromkeys(self.main, 0)]
        if len(self.main) > 1:
            for typical in (np.min, np.median):
                sizes = {
                    name: -np.log2(typical(full[np.isfinite(full)])) if np.isfinite(full).any() else 0.0
                    for name, full in self.full.items()
                }
                least = min(sizes.values())
                differences = {name: min(LARGEST_EXPONENT, round(size - least)) for name, size in sizes.items()}
                if differences not in found:
                    found.append(differences)
        return found

    # --- candidates

    def _fractions(self, exponents: _Exponents) -> list[Array]:
        """Shares of the rows' largest weights to put at the end of the range; what is beyond is clipped."""
        found = [np.ones(self.sample.rows)]
        if not self.main:
            return found
        found += [self._percentile(exponents, percentile) for percentile in PERCENTILES]
        errors = np.stack([self._squared_error(exponents, float(fraction)) for fraction in FRACTIONS])
        best = FRACTIONS[np.argmin(errors, axis=0)]
        found += [best, np.minimum(best * 1.25, 1.0), best * 0.8, np.minimum(best * 1.1, 1.0), best * 0.9]
        kept: list[Array] = []
        for fraction in found:
            if not any(np.allclose(fraction, other, rtol=0.01) for other in kept):
                kept.append(fraction)
        return kept

    def _percentile(self, exponents: _Exponents, percentile: float) -> Array:
        """Per row, the percentile of its weights relative to the end of the range, at the full scale."""
        share = np.zeros(self.sample.rows)
        for name in self.main:
            reach = self.grids[name].reach * 2.0 ** exponents.of[name]
            relative = np.abs(self.flat[name]) * self._finite(exponents.full)[self.row_of[name]] / reach
            order = np.lexsort((relative, self.row_of[name]))
            ends = np.cumsum(np.bincount(self.row_of[name], minlength=self.sample.rows))
            counts = np.diff(np.concatenate([[0], ends]))
            place = np.minimum(ends - 1, ends - counts + np.floor(counts * percentile / 100).astype(np.int64))
            share = np.maximum(share, np.where(counts > 0, relative[order[np.maximum(place, 0)]], 0.0))
        return np.where(share > 0, np.minimum(share, 1.0), 1.0)

    def _squared_error(self, exponents: _Exponents, fraction: float) -> Array:
        """Per row, the squared rounding error of its weights in float units."""
        scale = self._scale(exponents, fraction)
        total = np.zeros(self.sample.rows)
        for name in self.main:
            each = scale[self.row_of[name]]
            unit = 2.0 ** exponents.of[name]
            rounded = self.grids[name].nearest(self.flat[name] * each / unit) * unit / each
            total += np.bincount(self.row_of[name], (rounded - self.flat[name]) ** 2, minlength=self.sample.rows)
        return total

    @staticmethod
    def _finite(full: Array) -> Array:
        return np.where(np.isfinite(full), full, 0.0)

    def _scale(self, exponents: _Exponents, fraction: Array | float) -> Array:
        """(rows,); rows without weights get what the registers allow."""
        return np.asarray(np.minimum(exponents.full / fraction, exponents.ceiling))

    def _candidate(self, exponents: _Exponents, fraction: Array | float, compensating: bool) -> _Candidate:
        scale = self._scale(exponents, fraction)
        wanted = {name: weights * scale[self.row_of[name]] for name, weights in self.flat.items()}
        values = self._compensated(wanted, exponents) if compensating else wanted
        values = {name: self._stored(name, values[name], wanted[name], exponents)[0] for name in values}
        neuron = self._quantized(scale, Corrections.none(self.sample.rows))
        return _Candidate(scale, values, score(neuron, self._sums(values), self.sample.wanted, RETENTIONS))

    def _stored(self, name: str, values: Array, wanted: Array, exponents: _Exponents) -> tuple[Array, tuple[Part, ...]]:
        """What synapses make of weights, and the parts that hold them."""
        exponent = exponents.of.get(name)
        form = self.forms[name]
        if exponent is None:  # a bias, or no weight at all: of its own size
            fitting = fitting_exponent(values, self.grids[name])
            exponent = LARGEST_EXPONENT if fitting is None else fitting
            form = SynapseFormat(split=True)
        parts = parts_of(np.where(self.kept[name], values, 0.0), wanted, exponent, self.grids[name], form)
        return sum((part.values for part in parts), np.zeros(values.shape)), parts

    def _sums(self, values: Mapping[str, Array]) -> Array:
        arriving = [self.sample.arriving[name].sums(part) for name, part in values.items()]
        total: Array = np.zeros(self.sample.wanted.shape, dtype=np.float32)
        for part in arriving:
            total = total + part
        return total

    # --- compensated rounding

    def _compensates(self) -> bool:
        columns = [self.sample.arriving[name].columns() for name in self.main]
        widths = [part.shape[2] for part in columns if part is not None]
        whole = len(widths) == len(columns) and not any(self.forms[name].split for name in self.main)
        return bool(widths) and whole and sum(widths) <= MOST_COLUMNS

    def _joined(self) -> list[str]:
        """Projections whose weights are rounded together, biases last."""
        with_columns = [name for name in self.constants if self.sample.arriving[name].columns() is not None]
        return [*self.main, *(name for name in self.flat if name in with_columns)]

    def _factor(self) -> tuple[Array, Array]:
        """What an error passes on, and the order of rounding: strong inputs first, biases last."""
        if not hasattr(self, "_kept_factor"):
            names = self._joined()
            columns = [np.asarray(self.sample.arriving[name].columns()) for name in names]
            neuron = self.sample.neuron
            moments = second_moments(
                np.concatenate(columns, axis=2),
                float(np.mean(neuron.current_retention)),
                float(np.mean(neuron.voltage_retention)),
            )
            biases = np.concatenate(
                [np.full(c.shape[2], n in self.constants) for n, c in zip(names, columns, strict=True)]
            )
            order = np.lexsort((-np.diag(moments), biases))
            self._kept_factor = compensation(moments, order), order
        return self._kept_factor

    def _compensated(self, wanted: Mapping[str, Array], exponents: _Exponents) -> dict[str, Array]:
        names = self._joined()
        rows = self.sample.rows
        blocks = [wanted[name].reshape(rows, -1) for name in names]
        steps: list[Array] = []
        ranges: tuple[list[Array], list[Array]] = [], []
        for name, block in zip(names, blocks, strict=True):
            grid, unit = self.grids[name], 2.0 ** exponents.of.get(name, 0)
            wide = name in self.constants  # two matrices hold it to the last bit
            each = (1.0, -np.inf, np.inf) if wide else (grid.step * unit, grid.low * unit, grid.high * unit)
            kept = self.kept[name].reshape(block.shape)
            steps.append(np.full(block.shape, each[0]))
            for part, number in zip(ranges, each[1:], strict=True):
                part.append(np.where(kept, number, 0.0))
        factor, order = self._factor()
        together = compensated(
            np.concatenate(blocks, axis=1),
            np.concatenate(steps, axis=1),
            *(np.concatenate(part, axis=1) for part in ranges),
            factor=factor,
            order=order,
        )
        ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
        rounded = {name: part.reshape(-1) for name, part in zip(names, np.split(together, ends, axis=1), strict=True)}
        return {name: rounded.get(name, weights) for name, weights in wanted.items()}

    # --- the best of each row

    def _both(self, exponents: _Exponents, tried: list[_Candidate], kind: int) -> tuple[RowChoice, RowChoice]:
        """The best candidate of each row, with corrections and without."""
        best = np.argmin(np.stack([candidate.score.distance[kind] for candidate in tried]), axis=0)
        scale = np.stack([candidate.scale for candidate in tried])[best, np.arange(self.sample.rows)]
        values = {
            name: np.stack([candidate.values[name] for candidate in tried])[
                best[self.row_of[name]], np.arange(self.flat[name].size)
            ]
            for name in self.flat
        }
        parts = {
            name: self._stored(name, values[name], weights * scale[self.row_of[name]], exponents)[1]
            for name, weights in self.flat.items()
        }
        sums = self._sums(
            {name: sum((p.values for p in each), np.zeros(self.flat[name].shape)) for name, each in parts.items()}
        )
        none = Corrections.none(self.sample.rows)
        plain = score(self._quantized(scale, none), sums, self.sample.wanted, RETENTIONS)
        corrections, found = self._corrected(scale, sums, kind, plain)
        size = self._size(kind)
        corrected_choice, plain_choice = (
            RowChoice(
                scale,
                parts,
                moved,
                float(of.common.sum() / of.either.sum()) if of.either.sum() else 1.0,
                1.0 - float(of.distance[kind].sum()) / size if size else 1.0,
            )
            for moved, of in ((corrections, found), (none, plain))
        )
        return corrected_choice, plain_choice

    def _size(self, kind: int) -> float:
        smoothed = np.zeros(self.sample.wanted.shape[1:])
        total = 0.0
        for spikes in self.sample.wanted:
            smoothed = smoothed * RETENTIONS[kind] + spikes
            total += float(np.vdot(smoothed, smoothed))
        return total

    def _corrected(self, scale: Array, sums: Array, kind: int, found: Score) -> tuple[Corrections, Score]:
        """Thresholds, biases and decays moved by a little, row by row, where that makes up for rounding."""
        best = Corrections.none(self.sample.rows)
        for trial in _trials(self.threshold):
            other = trial(best)
            try_ = score(self._quantized(scale, other), sums, self.sample.wanted, RETENTIONS)
            better = try_.distance[kind] < WORTH * found.distance[kind]
            best = best.where(better, other)
            found = Score(
                np.where(better, try_.distance, found.distance),
                np.where(better, try_.common, found.common),
                np.where(better, try_.either, found.either),
            )
        return best, found

    def _quantized(self, scale: Array, corrections: Corrections) -> IntegerLeakyIntegrateAndFire:
        return corrected(self.family, self.sample.neuron, scale, corrections, np.arange(self.sample.rows))


def _trials(threshold: Array) -> list[Any]:
    trials: list[Any] = [
        lambda c, gain=gain: replace(c, threshold_gain=c.threshold_gain * gain) for gain in THRESHOLD_GAINS
    ]
    trials += [lambda c, share=share: replace(c, bias=c.bias + share * threshold) for share in BIASES]
    trials += [lambda c, d=d: replace(c, voltage_decay=c.voltage_decay + d) for d in (-1, 1)]
    trials += [lambda c, d=d: replace(c, current_decay=c.current_decay + d) for d in (-1, 1)]
    return trials


def corrected(
    family: LeakyFamily, neuron: LeakyIntegrateAndFire, scale: Array, corrections: Corrections, row_of: Array
) -> IntegerLeakyIntegrateAndFire:
    """Integer neurons with their corrections.

    Parameters
    ----------
    neuron : parameters (), or in a shape to which that of `row_of` broadcasts.
    scale : (rows,).
    row_of : row of each neuron, in the shape of the neurons or its last axis.
    """
    moved = replace(
        neuron,
        threshold=neuron.threshold * corrections.threshold_gain[row_of],
        bias=neuron.bias + corrections.bias[row_of],
    )
    quantized = family.quantized(moved, scale[row_of])
    decays = {name: getattr(quantized, name) + getattr(corrections, name)[row_of] for name in DECAYS}
    # A decay of none or of all is the kind of neuron that it is.
    kept = {name: getattr(quantized, name) for name in DECAYS}
    return replace(
        quantized,
        **{
            name: np.where((kept[name] > 1) & (kept[name] < DECAY_UNITY), moved, kept[name])
            for name, moved in decays.items()
            if np.any(moved != kept[name])
        },
    )
