"""What the simulator reports of a network that learns, from a run in which samples follow each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Population, Role
from .learning_run import run_learning
from .simulation import Simulation

Array = NDArray[Any]


def simulate_learning(
    network: Network,
    data: Array,
    recorded: Collection[str],
    groups: Mapping[str, Array],
    rewards: Mapping[str, Array] | None,
    first_sample: int,
    progress: Callable[[float], None],
) -> Simulation:
    """Run samples in their order; see `Simulator.run` for the arguments and the result."""
    run = run_learning(network, data, rewards=rewards, first_sample=first_sample, progress=progress)
    counts = {population.name: _counts(population, data, run.activity) for population in network.populations}
    return Simulation(
        data.shape[0],
        data.shape[1],
        MappingProxyType({name: run.activity[name] for name in recorded}),
        MappingProxyType({name: part.sum(axis=0) for name, part in counts.items()}),
        MappingProxyType({name: _grouped(counts[name], part) for name, part in groups.items()}),
        MappingProxyType({}),
        MappingProxyType(dict(run.weights)),
    )


def _counts(population: Population, data: Array, activity: Mapping[str, Array]) -> Array:
    """(steps, neurons) int64, spikes over all samples."""
    if population.role is Role.CONSTANT:
        return np.full((data.shape[1], population.size), data.shape[0], dtype=np.int64)
    sent = data if population.role is Role.INPUT else activity[population.name]
    return np.asarray(np.count_nonzero(sent, axis=0), dtype=np.int64)


def _grouped(counts: Array, groups: Array) -> Array:
    sums = np.zeros((counts.shape[0], int(groups.max(initial=0)) + 1), dtype=np.int64)
    np.add.at(sums.T, groups, counts.T)
    return sums
