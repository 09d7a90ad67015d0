"""One layer by itself, given what it gets in the float network: how well do its integers follow?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Population, Projection, Role
from ...models.neurons import FloatNeuron, IntegerNeuron
from .synapse_format import Part

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
    largest : of each float state of the neuron model, the largest magnitude on the way.
    """

    incoming: tuple[Projection, ...]
    sent: Mapping[str, Array]
    wanted: Array
    largest: tuple[float, ...]

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
        assert isinstance(neuron, FloatNeuron)
        state = neuron.initial_state(samples, size)
        largest = [0.0] * len(state)
        for step in range(steps):
            arriving = sum((p.connectivity.apply(sent[p.name][step]) for p in incoming), np.zeros((samples, size)))
            state, _ = neuron.step(state, arriving)
            largest = [max(before, float(np.max(np.abs(part)))) for before, part in zip(largest, state, strict=True)]
        return cls(incoming, sent, wanted, tuple(largest))

    def agreement(self, neuron: IntegerNeuron, weights: Mapping[str, tuple[Part, ...]], factor: float | None) -> float:
        """Spikes in common / spikes of either, or for graded outputs 1 - relative error; in (-inf, 1].

        What sends changes is compared by their running sums, for that is what receivers make of them.

        Parameters
        ----------
        factor : float output per integer output, for graded ones; None where any will do, as for a readout.
        """
        _, samples, size = self.wanted.shape
        state = neuron.initial_state(samples, size)
        common, either = 0, 0
        got = np.empty(self.wanted.shape) if neuron.graded else None
        for first, arriving in self._arriving(weights):
            for step, sums in enumerate(arriving, first):
                state, output = neuron.step(state, sums)
                if got is not None:
                    got[step] = output
                else:
                    wanted = self.wanted[step] != 0
                    common += int(np.count_nonzero((output != 0) & wanted))
                    either += int(np.count_nonzero((output != 0) | wanted))
        if got is None:
            return common / either if either else 1.0
        if neuron.eventful:
            return _likeness(np.cumsum(got, axis=0), np.cumsum(self.wanted, axis=0), factor)
        return _likeness(got, self.wanted, factor)

    def _arriving(self, weights: Mapping[str, tuple[Part, ...]]) -> Iterator[tuple[int, Array]]:
        """Sums of the synapses, (some steps, samples, neurons) int64 at a time, and the first step of each."""
        steps, samples, size = self.wanted.shape
        block = max(1, BLOCK_ENTRIES // (samples * size))
        maps = {
            p.name: p.connectivity.with_weights(
                sum(part.values for part in weights[p.name]).reshape(p.connectivity.weights.shape)  # type: ignore[union-attr]
            )
            for p in self.incoming
        }
        for first in range(0, steps, block):
            total = np.zeros((min(block, steps - first), samples, size))
            for name, connectivity in maps.items():
                sent = self.sent[name][first : first + block]
                sums = connectivity.apply(sent.reshape(-1, sent.shape[2]))
                total += sums.reshape(total.shape)
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
