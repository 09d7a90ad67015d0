"""The scale of a layer whose neurons share one: what they send are numbers, or their weights are integers already.

A larger scale is finer for thresholds, biases and states, until a register overflows; where a weight matrix lands
between two powers of two is decided by it, too. So a handful of scales is tried on the dynamics themselves: the layer
gets what it gets in the float network, and the scale that comes closest is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Dense
from ...models.network import Population
from ...models.neurons import FloatNeuron, LeakyIntegrateAndFire
from .layer_trial import LayerTrial
from .neuron_family import NeuronFamily
from .rounding import MOST_COLUMNS, compensated, compensation, second_moments
from .synapse_format import Part, SynapseFormat, fitting_exponent, parts_of
from .trained_steps import scales_of_step, trained_step
from .weights import LARGEST_EXPONENT, signs_of

Array = NDArray[Any]

EXACT = 0.01  # of a weight's step, by which the rounding of float32 may miss a whole number
RARE = 0.002  # share of weights that may be clipped for a finer step of all others
LARGEST_WEIGHT = 254 * 2.0**7  # with its exponent
FINER = 3  # exponents below the one that clips nothing which are looked at
COMPENSATION_WORTH, GROUPS_WORTH = 0.98, 0.7  # share of the error that must not be left


@dataclass(frozen=True, eq=False)
class SharedChoice:
    """A scale, what holds the weights, and how close the layer then comes: in (-inf, 1]."""

    scale: float
    parts: Mapping[str, tuple[Part, ...]]
    agreement: float


class SharedSearch:
    """The search for one layer.

    Parameters
    ----------
    population : of the float network.
    trial : the layer and what reaches it; its projections' weights are per unit of integer input.
    forms : per projection, how its synapses are stored.
    unit : integer output per unit of float output where that is settled, or None.
    """

    def __init__(
        self,
        family: NeuronFamily,
        population: Population,
        trial: LayerTrial,
        forms: Mapping[str, SynapseFormat],
        unit: float | None,
    ) -> None:
        assert isinstance(population.neuron, FloatNeuron)
        self.family, self.population, self.neuron = family, population, population.neuron
        self.trial, self.incoming, self.forms, self.unit = trial, trial.incoming, forms, unit
        self.flat = {}
        for p in self.incoming:
            weights = np.asarray(p.connectivity.weights, np.float64).reshape(-1)
            self.flat[p.name] = np.where(forms[p.name].kept(weights, np.ones(())), weights, 0.0)
        self.grids = {name: forms[name].grid(signs_of(weights)) for name, weights in self.flat.items()}
        magnitudes = [np.asarray(magnitude) for magnitude in trial.largest]
        if isinstance(self.neuron, LeakyIntegrateAndFire) and self.neuron.spiking:
            magnitudes[1] = np.zeros(())  # a potential far below the threshold was part of its training
        sent = np.asarray(np.max(np.abs(trial.wanted), initial=0.0))
        bounds = family.ceiling(self.neuron, magnitudes), family.output_ceiling(self.neuron, sent)
        ceiling = float(np.min(np.minimum(*bounds)))
        largest = max((float(np.max(np.abs(weights), initial=0.0)) for weights in self.flat.values()), default=0.0)
        self.ceiling = min(ceiling, LARGEST_WEIGHT / largest) if largest else ceiling

    def trained(self) -> SharedChoice | None:
        """The best scale at which all weights stay the integers that they were trained as; None where there is none."""
        step = trained_step(self.incoming)
        if step is None or self.unit is not None:
            return None
        suiting = [s for s in scales_of_step(step, self.ceiling) if self.family.suits(self.neuron, s)]
        scales = [scale for scale in suiting if self._holds_exactly(scale)]
        return self._best(scales, frozenset(p.name for p in self.incoming if p.trained_step is not None))

    def best(self) -> SharedChoice | None:
        """The best of all scales; None where no exponent of the chip holds weights and threshold at once."""
        best = self._best([*self._exact_scales(), *self.family.scales_of(self.neuron, self.ceiling, self.unit)])
        return best if best is None else self._refined(best)

    def _best(self, scales: list[float], exact: frozenset[str] = frozenset()) -> SharedChoice | None:
        best: SharedChoice | None = None
        for scale in scales:
            for parts in self._choices(float(scale), exact):
                choice = self._tried(float(scale), parts)
                if best is None or choice.agreement > best.agreement:
                    best = choice
        return best

    def _tried(self, scale: float, parts: Mapping[str, tuple[Part, ...]]) -> SharedChoice:
        free = self.unit is None and not self.population.eventful
        factor = 1.0 if self.neuron.whole else None if free else 1 / (scale * self.family.state_unit)
        neuron = self.family.quantized(self.neuron, np.asarray(scale))
        return SharedChoice(scale, parts, self.trial.agreement(neuron, parts, factor))

    def _holds_exactly(self, scale: float) -> bool:
        """Whether every weight is a value of its synapse, without rounding or clipping."""
        for name in (p.name for p in self.incoming if p.trained_step is not None):
            weights = self.flat[name]
            exponent = fitting_exponent(weights * scale, self.grids[name])
            if exponent is None:
                return False
            values = weights * scale / 2.0**exponent
            if not np.allclose(self.grids[name].nearest(values), values, rtol=0, atol=EXACT):
                return False
        return bool(self.flat)

    def _exact_scales(self) -> list[float]:
        """Scales at which a layer that only passes something on has a power of two for its weight."""
        if self.unit is not None or len(self.incoming) != 1:
            return []
        magnitudes = np.unique(np.abs(next(iter(self.flat.values()))))
        if magnitudes.size != 1 or magnitudes[0] == 0:
            return []
        scales = 2.0 ** np.arange(15)[::-1] / magnitudes[0]
        return [float(scale) for scale in scales if scale <= self.ceiling and self.family.suits(self.neuron, scale)]

    def _choices(self, scale: float, exact: frozenset[str] = frozenset()) -> list[dict[str, tuple[Part, ...]]]:
        """Exponents that clip nothing, finer ones that clip few weights, and those of the least squared error."""
        wanted = {name: weights * scale for name, weights in self.flat.items()}
        fitting = {
            name: fitting_exponent(values, self.grids[name], self.forms[name].lowest_exponent)
            for name, values in wanted.items()
        }
        if any(exponent is None for exponent in fitting.values()):
            return []
        whole = {name: exponent or 0 for name, exponent in fitting.items()}
        few = {name: self._finer(wanted[name], name, exponent) for name, exponent in whole.items()}
        least = {name: self._least_error(wanted[name], name, exponent) for name, exponent in whole.items()}
        plans: list[dict[str, int]] = []
        for plan in (whole, few | {name: whole[name] for name in exact}, least | {name: whole[name] for name in exact}):
            if plan not in plans:
                plans.append(plan)
        return [{name: self._parts(name, wanted[name], plan[name]) for name in wanted} for plan in plans]

    def _parts(self, name: str, wanted: Array, exponent: int) -> tuple[Part, ...]:
        return parts_of(wanted, wanted, exponent, self.grids[name], self.forms[name])

    def _finer(self, wanted: Array, name: str, exponent: int) -> int:
        if exponent == self.forms[name].lowest_exponent:
            return exponent
        finer = self._parts(name, wanted, exponent - 1)[0].shaped(wanted.shape)
        return exponent - 1 if finer.clipped_share <= RARE else exponent

    def _least_error(self, wanted: Array, name: str, exponent: int) -> int:
        tried = range(exponent, max(self.forms[name].lowest_exponent - 1, exponent - FINER - 1), -1)
        grid = self.grids[name]
        return min(tried, key=lambda e: float(np.sum((grid.nearest(wanted / 2.0**e) * 2.0**e - wanted) ** 2)))

    # --- once the scale is known

    def _refined(self, best: SharedChoice) -> SharedChoice:
        for refine, worth in ((self._compensated, COMPENSATION_WORTH), (self._grouped, GROUPS_WORTH)):
            parts = refine(best)
            if parts is not None:
                tried = self._tried(best.scale, parts)
                if 1 - tried.agreement < worth * (1 - best.agreement):
                    best = tried
        return best

    def _compensated(self, best: SharedChoice) -> dict[str, tuple[Part, ...]] | None:
        """Weights of dense layers rounded so that errors cancel; None where there are none."""
        dense = [p for p in self.incoming if isinstance(p.connectivity, Dense) and not self.forms[p.name].split]
        if not dense or sum(p.connectivity.sources for p in dense) > MOST_COLUMNS:
            return None
        retentions = [
            float(np.mean(getattr(self.neuron, f"{state}_retention", 0.0))) for state in ("current", "voltage")
        ]
        moments = second_moments(np.concatenate([self.trial.sent[p.name] for p in dense], axis=2), *retentions)
        order = np.argsort(-np.diag(moments))
        parts = {p.name: best.parts[p.name][0] for p in dense}
        blocks = [self.flat[p.name].reshape(p.connectivity.targets, -1) * best.scale for p in dense]
        rounded = compensated(
            np.concatenate(blocks, axis=1),
            *(
                np.concatenate(
                    [
                        np.full(
                            p.connectivity.sources, getattr(parts[p.name].grid, number) * 2.0 ** parts[p.name].exponent
                        )
                        for p in dense
                    ]
                )
                for number in ("step", "low", "high")
            ),
            factor=compensation(moments, order),
            order=order,
        )
        ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
        found = dict(best.parts)
        for p, block, values in zip(dense, blocks, np.split(rounded, ends, axis=1), strict=True):
            kept, flat = parts[p.name], np.where(self.flat[p.name] != 0, values.reshape(-1), 0.0)
            found[p.name] = parts_of(flat, block.reshape(-1), kept.exponent, kept.grid, self.forms[p.name])
        return found

    def _grouped(self, best: SharedChoice) -> dict[str, tuple[Part, ...]] | None:
        """Rows of small weights with smaller exponents, as projections of their own; None where all need the same."""
        found = dict(best.parts)
        for p in self.incoming:
            (first, *more) = best.parts[p.name]
            rows = p.connectivity.weights.shape[0]
            if more or rows == self.flat[p.name].size or not first.exponent:
                continue
            wanted = (self.flat[p.name] * best.scale).reshape(rows, -1)
            fitting = [fitting_exponent(row, first.grid) for row in wanted]
            exponents = np.array([min(first.exponent, LARGEST_EXPONENT if e is None else e) for e in fitting])
            if np.ptp(exponents) == 0:
                continue
            found[p.name] = tuple(
                _rows(wanted, first, exponents == exponent, int(exponent), "" if not place else f", rows at {exponent}")
                for place, exponent in enumerate(sorted(set(exponents.tolist()), reverse=True))
            )
        return found if any(len(parts) > 1 and parts != best.parts[name] for name, parts in found.items()) else None


def _rows(wanted: Array, first: Part, chosen: Array, exponent: int, suffix: str) -> Part:
    ideal = np.where(chosen[:, np.newaxis], wanted, 0.0).reshape(-1) / 2.0**exponent
    return Part(suffix, first.grid.nearest(ideal), ideal, exponent, first.grid)
