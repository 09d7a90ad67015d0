"""Scales, rounding and corrections of a spiking layer, neuron by neuron.

A spiking neuron's equation may be multiplied by any number, weights, threshold, bias and all, without a change to its
spikes. So every row of weights, which is a neuron's or a channel's, gets the scale at which its own weights suit the
synapses' grid best; only exponents are the same for a projection. Candidates come from each row's largest weight, its
percentiles and its squared rounding error; they are judged by what the integer neurons do with the spikes that the
layer gets in the float network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import IntegerLeakyIntegrateAndFire
from .exponent_plans import ExponentPlan, exponent_plans
from .joint_rounding import JointRounding
from .layer_sample import LayerSample
from .leaky_neurons import LeakyFamily
from .row_corrections import SHIFTS, Corrections, corrected
from .row_weights import RowWeights
from .spike_trial import Score, score
from .synapse_format import Part, SynapseFormat

Array = NDArray[Any]

RETENTIONS = np.array([0.85, 0.6, 0.95])  # of smoothed spike trains; the first decides on exponents
PERCENTILES = (99.0, 95.0)
FRACTIONS = np.geomspace(1.0, 0.12, 24)  # of a row's largest weight, tried for the end of the range
AROUND = (1.0, 1.25, 0.8, 1.1, 0.9)  # the one with the least squared error
GOOD = 0.03  # distance relative to the size of the trains with which no potential needs to stop at its lowest value
STOPPING_WORTH = 0.8  # share of the distance at which potentials may stop there
WORTH = 0.98  # a correction must bring the distance below this share: less may be chance


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
class _Candidate:
    """Weights and scales of all rows, and how they did."""

    scale: Array
    values: Mapping[str, Array]
    score: Score


class _BestRows:
    """The best candidate of each row so far, put together; only this is kept of large layers."""

    def __init__(self, weights: RowWeights) -> None:
        self.row_of = weights.row_of
        self.distance = np.full(weights.rows, np.inf)
        self.scale = np.ones(weights.rows)
        self.values = {name: np.zeros(flat.shape, dtype=np.float32) for name, flat in weights.flat.items()}

    def take(self, candidate: _Candidate, kind: int) -> None:
        """Take over the rows in which a candidate is better, after one of `RETENTIONS`."""
        better = candidate.score.distance[kind] < self.distance
        self.distance = np.where(better, candidate.score.distance[kind], self.distance)
        self.scale = np.where(better, candidate.scale, self.scale)
        for name, values in candidate.values.items():
            chosen = better[self.row_of[name]]
            self.values[name][chosen] = values[chosen]


class RowSearch:
    """The search for one layer.

    Parameters
    ----------
    sample, forms, constants : see `RowWeights`.
    ceilings : each (rows,), largest scales: the first keeps every potential within its register, the second lets those
        of neurons far from spiking stop at the lowest value.
    """

    def __init__(
        self,
        family: LeakyFamily,
        sample: LayerSample,
        forms: Mapping[str, SynapseFormat],
        constants: frozenset[str],
        ceilings: tuple[Array, ...],
    ) -> None:
        self.family, self.sample, self.ceilings = family, sample, ceilings
        self.weights = RowWeights(sample, forms, constants)
        self.joint = JointRounding(self.weights)

    def choices(self) -> tuple[RowChoice, ...]:
        """For each of `RETENTIONS` a choice with corrections and one without; the first is the likeliest best."""
        plan = self._best_plan()
        best = [_BestRows(self.weights) for _ in RETENTIONS]
        for fraction in self._fractions(plan):
            for jointly in (False, True) if self.joint.possible else (False,):
                candidate = self._candidate(plan, fraction, jointly)
                for kind, rows in enumerate(best):
                    rows.take(candidate, kind)
        return tuple(choice for kind, rows in enumerate(best) for choice in self._both(plan, rows, kind))

    def _best_plan(self) -> ExponentPlan:
        best, least = None, np.inf
        for ceiling in self.ceilings:
            if best is not None and least <= GOOD * self._size(0):
                break
            for plan in exponent_plans(self.weights, ceiling):
                distance = float(self._candidate(plan, 1.0, False).score.distance[0].sum())
                worth = 1.0 if best is None or ceiling is best.ceiling else STOPPING_WORTH
                if best is None or distance < worth * least:
                    best, least = plan, distance
        assert best is not None
        return best

    def _fractions(self, plan: ExponentPlan) -> list[Array]:
        """Shares of the rows' largest weights to put at the end of the range; what is beyond is clipped."""
        found = [np.ones(self.sample.rows)]
        if not self.weights.main:
            return found
        found += [self.weights.percentile(plan.of, plan.full, percentile) for percentile in PERCENTILES]
        errors = [self.weights.squared_error(plan.of, plan.scale(float(fraction))) for fraction in FRACTIONS]
        best = FRACTIONS[np.argmin(np.stack(errors), axis=0)]
        found += [np.minimum(best * factor, 1.0) for factor in AROUND]
        kept: list[Array] = []
        for fraction in found:
            if not any(np.allclose(fraction, other, rtol=0.01) for other in kept):
                kept.append(fraction)
        return kept

    def _candidate(self, plan: ExponentPlan, fraction: Array | float, jointly: bool) -> _Candidate:
        scale = plan.scale(fraction)
        weights = self.weights
        wanted = {name: flat * scale[weights.row_of[name]] for name, flat in weights.flat.items()}
        values = self.joint.rounded(wanted, plan.of) if jointly else wanted
        values = {name: weights.stored(name, values[name], wanted[name], plan.of)[0] for name in values}
        neuron = self._quantized(scale, Corrections.none(self.sample.rows))
        return _Candidate(scale, values, score(neuron, weights.sums(values), self.sample.wanted, RETENTIONS))

    def _both(self, plan: ExponentPlan, best: _BestRows, kind: int) -> tuple[RowChoice, RowChoice]:
        """The best candidate of each row, with corrections and without."""
        scale, values = best.scale, best.values
        parts = {
            name: self.weights.stored(name, values[name], weights * scale[self.weights.row_of[name]], plan.of)[1]
            for name, weights in self.weights.flat.items()
        }
        sums = self.weights.sums(
            {
                name: sum((p.values for p in each), np.zeros(self.weights.flat[name].shape))
                for name, each in parts.items()
            }
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
        for shift in SHIFTS:
            other = best.moved(shift, self.weights.threshold)
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
