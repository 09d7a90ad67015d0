"""Running a network in the time of the chip: float or integer, every projection with its delay, windows and resets.

Each population works in its window of the sample alone, [depth, depth + steps), from a state of zero. That is what a
chip does that resets populations at the start of their windows and holds them in the gap between samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import Network, Population, Projection, Role
from ..neurons import IntegerNeuron, Neuron
from ..neurons.neuron_model import State

Array = NDArray[Any]

Probe = Callable[[Population, int, State, Array, Array], None]
"""Called after each step of a population: the step of the sample, the state before it, the sum that arrived and the
output, (samples, neurons) each."""


def run_network(
    network: Network,
    data: Array,
    probe: Probe | None = None,
    known: Mapping[str, Array] | None = None,
    first_sample: int = 0,
) -> Mapping[str, Array]:
    """Activity of every population with neurons, each in its own window.

    A network that learns does so from sample to sample, in their order; see `learning_run`.

    Parameters
    ----------
    network : float or integer.
    data : (samples, steps, input neurons); integers for an integer network.
    probe : sees every step of every population; see `overflow_counts`.
    known : per population whose activity is taken as it is, that activity, as it is returned.
    first_sample : number of the first sample among all, which noise depends on.

    Returns
    -------
    per population (samples, steps, neurons): int8 spikes, or the graded output (float64, or int64 in integers).
    """
    samples, steps = data.shape[:2]
    known = known or {}
    if network.plastic:
        from .learning_run import run_learning

        return run_learning(network, data, known=known, first_sample=first_sample, probe=probe).activity
    stages = [
        _Stage(network, population, samples, steps, first_sample)
        for population in network.populations
        if population.neuron and population.name not in known
    ]
    recorded = {**known, **{stage.population.name: stage.record for stage in stages}}
    activity: dict[str, Array] = {network.input.name: data, **recorded}
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
                before = stage.state
                stage.advance(step, arriving)
                if probe is not None:
                    probe(stage.population, step, before, arriving, stage.record[:, step])
    return {population.name: recorded[population.name] for population in network.populations if population.neuron}


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

    def __init__(self, network: Network, population: Population, samples: int, steps: int, first: int = 0) -> None:
        neuron = population.neuron
        assert neuron is not None
        self.population = population
        self.neuron = neuron
        self.incoming = network.incoming(population.name)
        self.record: Array = np.zeros((samples, steps, population.size), dtype=output_type(neuron))
        self.state = neuron.initial_state(samples, population.size, first)

    def advance(self, step: int, arriving: Array) -> None:
        self.state, self.record[:, step] = self.neuron.step(self.state, arriving)


def output_type(neuron: Neuron) -> type:
    """Of the recorded output of a neuron model."""
    if not neuron.graded:
        return np.int8
    return np.int64 if isinstance(neuron, IntegerNeuron) else np.float64
