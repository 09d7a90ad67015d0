"""One layer by itself, given what it gets in the float network: how well do its integers follow?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Population, Projection, Role
from ...models.neurons.integer_rule import integer_step, rule_parameters
from ...models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from .weights import QuantizedWeights

Array = NDArray[Any]

BLOCK_ENTRIES = 1 << 22  # of arriving sums at a time


@dataclass(frozen=True, eq=False)
class LayerTrial:
    """A layer and the recorded activity of everything that reaches it.

    Attributes
    ----------
    incoming : projections, their weights per unit of integer input.
    sent : per projection, (steps, samples, source neurons): what arrives at each step, in integers of the source.
    wanted : (steps, samples, neurons): output of the float layer.
    largest_current, largest_voltage : largest magnitudes of the float states on the way.
    """

    incoming: tuple[Projection, ...]
    sent: Mapping[str, Array]
    wanted: Array
    largest_current: float
    largest_voltage: float

    @classmethod
    def prepare(
        cls,
        network: Network,
        population: Population,
        incoming: tuple[Projection, ...],
        activity: Mapping[str, Array],
        units: Mapping[str, float],
    ) -> LayerTrial:
        """Collect what reaches a layer, and run its float neurons once to see how far their states go."""
        wanted = activity[population.name].transpose(1, 0, 2)
        steps, samples, size = wanted.shape
        sent = {
            projection.name: _sent(network, projection, activity, units.get(projection.source, 1.0), steps, samples)
            for projection in incoming
        }
        neuron = population.neuron
        assert isinstance(neuron, LeakyIntegrateAndFire)
        current, voltage = np.zeros((samples, size)), np.zeros((samples, size))
        largest_current = largest_voltage = 0.0
        for step in range(steps):
            arriving = sum((p.connectivity.apply(sent[p.name][step]) for p in incoming), np.zeros((samples, size)))
            current, voltage, _ = neuron.step(current, voltage, arriving)
            largest_current = max(largest_current, float(np.max(np.abs(current))))
            largest_voltage = max(largest_voltage, float(np.max(np.abs(voltage))))
        return cls(incoming, sent, wanted, largest_current, largest_voltage)

    def agreement(
        self, neuron: IntegerLeakyIntegrateAndFire, weights: Mapping[str, QuantizedWeights], factor: float | None
    ) -> float:
        """Spikes in common / spikes of either, or for integrators 1 - relative error; in (-inf, 1].

        Parameters
        ----------
        factor : float potential per integer potential, for integrators; None where any will do, as for a readout.
        """
        _, samples, size = self.wanted.shape
        rule = rule_parameters(vars(neuron))
        current = np.zeros((samples, size), dtype=np.int64)
        voltage = np.zeros((samples, size), dtype=np.int64)
        common, either = 0, 0
        got = np.empty(self.wanted.shape) if not neuron.spiking else None
        for first, arriving in self._arriving(weights):
            for step, sums in enumerate(arriving, first):
                current, voltage, spikes = integer_step(current, voltage, sums, **rule)
                if got is not None:
                    got[step] = voltage
                else:
                    wanted = self.wanted[step] != 0
                    common += int(np.count_nonzero(spikes & wanted))
                    either += int(np.count_nonzero(spikes | wanted))
        if got is None:
            return common / either if either else 1.0
        return _likeness(got, self.wanted, factor)

    def _arriving(self, weights: Mapping[str, QuantizedWeights]) -> Iterator[tuple[int, Array]]:
        """Sums of the synapses, (some steps, samples, neurons) int64 at a time, and the first step of each."""
        steps, samples, size = self.wanted.shape
        block = max(1, BLOCK_ENTRIES // (samples * size))
        maps = {p.name: p.connectivity.with_weights(weights[p.name].weights) for p in self.incoming}
        for first in range(0, steps, block):
            total = np.zeros((min(block, steps - first), samples, size))
            for name, connectivity in maps.items():
                sent = self.sent[name][first : first + block]
                sums = connectivity.apply(sent.reshape(-1, sent.shape[2]))
                total += sums.reshape(total.shape) * 2.0 ** weights[name].exponent
            yield first, total.astype(np.int64)


def _likeness(got: Array, wanted: Array, factor: float | None) -> float:
    """1 - |got - wanted| / |wanted|, with the factor that brings them closest where none is given."""
    if factor is None:
        factor = float(np.vdot(got, wanted)) / max(float(np.vdot(got, got)), 1e-30)
    return 1 - float(np.linalg.norm(got * factor - wanted)) / max(float(np.linalg.norm(wanted)), 1e-30)


def _sent(
    network: Network, projection: Projection, activity: Mapping[str, Array], unit: float, steps: int, samples: int
) -> Array:
    source = network.by_name[projection.source]
    if source.role is Role.CONSTANT:
        return np.ones((steps, samples, 1))
    values = activity[projection.source].transpose(1, 0, 2)
    if unit != 1.0:
        values = np.rint(values * unit)
    lag = network.lag(projection)
    if lag:
        values = np.concatenate([np.zeros((min(lag, steps), *values.shape[1:]), values.dtype), values[: steps - lag]])
    return np.asarray(values)
