"""Running some samples together: first what arrives from populations that are done, then the rest step by step.

Times are steps of a sample: a projection that looks back by its lag (see `Network.lag`) brings to step t what its
source sent at step t - lag, so that depths need no further thought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Role
from .fixed_point import Rounding
from .layer import Layer
from .loops import Part
from .weight_scales import BySign

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Portion:
    """What running some samples gave.

    Attributes
    ----------
    sent : per population, inputs and constants among them, (samples, steps, neurons) int64.
    ring_saturations, state_saturations, largest_sums : see `MachineRun`.
    """

    sent: Mapping[str, Array]
    ring_saturations: Mapping[str, int]
    state_saturations: Mapping[str, int]
    largest_sums: Mapping[str, BySign]

    @classmethod
    def nothing(cls, layers: Mapping[str, Layer]) -> Portion:
        """Of no samples."""
        return cls({}, dict.fromkeys(layers, 0), dict.fromkeys(layers, 0), dict.fromkeys(layers, BySign(0, 0)))

    def with_counts(self, other: Portion) -> Portion:
        """Both together, without what was sent."""
        return Portion(
            {},
            {name: count + other.ring_saturations[name] for name, count in self.ring_saturations.items()},
            {name: count + other.state_saturations[name] for name, count in self.state_saturations.items()},
            {
                name: BySign(*map(max, zip(sums, other.largest_sums[name], strict=True)))
                for name, sums in self.largest_sums.items()
            },
        )


def run_portion(
    network: Network,
    parts: tuple[Part, ...],
    layers: Mapping[str, Layer],
    integers: Array,
    rounding: Rounding,
    random: np.random.Generator,
) -> Portion:
    """Run samples.

    Parameters
    ----------
    parts : of the network; see `parts_of`.
    integers : (samples, steps, inputs).
    """
    samples, steps = integers.shape[:2]
    sent: dict[str, Array] = {network.input.name: integers.astype(np.int64)}
    for population in network.populations:
        if population.role is Role.CONSTANT:
            sent[population.name] = np.ones((samples, steps, population.size), dtype=np.int64)
    rings, states, largest = {}, {}, {}
    for part in parts:
        running = [
            _Running(network, layers[population.name], part, sent, samples, steps) for population in part.populations
        ]
        for one in running:
            sent[one.layer.name] = one.record
        for step in range(steps):
            for one in running:
                one.advance(step, sent, rounding, random)
        for one in running:
            name = one.layer.name
            rings[name], states[name], largest[name] = one.rings, one.states, one.largest
    return Portion(sent, rings, states, largest)


class _Running:
    """A layer while its part of the network runs."""

    def __init__(
        self, network: Network, layer: Layer, part: Part, sent: Mapping[str, Array], samples: int, steps: int
    ) -> None:
        self.layer, self._network = layer, network
        shape = samples, steps, layer.neurons.size
        self.record: Array = np.zeros(shape, dtype=np.int64)
        self.rings, self.states, self.largest = 0, 0, BySign(0, 0)
        self._state = layer.neurons.initial_state(samples)
        self._looping = [one for one in layer.synapses if one.projection.name in part.loops]
        self._sums = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for one in layer.synapses:
            if one.projection.name not in part.loops:
                lag = network.lag(one.projection)
                given = sent[one.projection.source][:, : max(0, steps - lag)]
                one.rows.deliver(given, (self._sums[0][:, lag:], self._sums[1][:, lag:]))

    def advance(self, step: int, sent: Mapping[str, Array], rounding: Rounding, random: np.random.Generator) -> None:
        """Work on a step of the samples."""
        here = slice(step, step + 1)
        for one in self._looping:
            then = step - self._network.lag(one.projection)
            if then >= 0:
                given = sent[one.projection.source][:, then : then + 1]
                one.rows.deliver(given, (self._sums[0][:, here], self._sums[1][:, here]))
        sums = self._sums[0][:, step], self._sums[1][:, step]
        charges, rings = self.layer.charges(sums)
        self._state, self.record[:, step], states = self.layer.neurons.step(self._state, *charges, rounding, random)
        self.rings, self.states = self.rings + rings, self.states + states
        largest = (
            int(part.max(initial=0)) << scale.exponent for part, scale in zip(sums, self.layer.scales, strict=True)
        )
        self.largest = BySign(*map(max, zip(self.largest, largest, strict=True)))
