"""Running a network in the time of the chip: float or integer, every projection with its delay, windows and resets.

Each population works in its window of the sample alone, [depth, depth + steps), from a state of zero. That is what a
chip does that resets populations at the start of their windows and holds them in the gap between samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import Network, Population, Projection, Role
from ..neurons import IntegerNeuron, Neuron

Array = NDArray[Any]


def run_network(network: Network, data: Array) -> Mapping[str, Array]:
    """Activity of every population with neurons, each in its own window.

    Parameters
    ----------
    network : float or integer.
    data : (samples, steps, input neurons); integers for an integer network.

    Returns
    -------
    per population (samples, steps, neurons): int8 spikes, or the graded output (float64, or int64 in integers).
    """
    samples, steps = data.shape[:2]
    stages = [_Stage(network, population, samples, steps) for population in network.populations if population.neuron]
    activity: dict[str, Array] = {network.input.name: data} | {stage.population.name: stage.record for stage in stages}
    deepest = max((stage.population.depth for stage in stages), default=0)
    for tick in range(steps + deepest):
        for stage in stages:
            step = tick - stage.population.depth
            if 0 <= step < steps:
                arriving = np.zeros((samples, stage.population.size))
                for projection in stage.incoming:
                    source = network.by_name[projection.source]
                    sent = tick - projection.delay - source.depth
                    arriving += _arrival(projection, source, activity, sent, steps, samples)
                stage.advance(step, arriving)
    return {stage.population.name: stage.record for stage in stages}


def _arrival(
    projection: Projection, source: Population, activity: Mapping[str, Array], sent: int, steps: int, samples: int
) -> Array:
    if source.role is Role.CONSTANT:
        sum_: Array = projection.connectivity.apply(np.ones((samples, 1)))
    elif 0 <= sent < steps:
        sum_ = projection.connectivity.apply(activity[source.name][:, sent])
    else:
        return np.zeros((samples, projection.connectivity.targets))
    return sum_ * 2.0**projection.exponent


class _Stage:
    """The state of one population while the network runs."""

    def __init__(self, network: Network, population: Population, samples: int, steps: int) -> None:
        neuron = population.neuron
        assert neuron is not None
        self.population = population
        self.neuron = neuron
        self.incoming = network.incoming(population.name)
        self.record: Array = np.zeros((samples, steps, population.size), dtype=output_type(neuron))
        self.state = neuron.initial_state(samples, population.size)

    def advance(self, step: int, arriving: Array) -> None:
        self.state, self.record[:, step] = self.neuron.step(self.state, arriving)


def output_type(neuron: Neuron) -> type:
    """Of the recorded output of a neuron model."""
    if not neuron.graded:
        return np.int8
    return np.int64 if isinstance(neuron, IntegerNeuron) else np.float64
