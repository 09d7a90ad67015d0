"""Some of the samples, run as they run among all: noise that is part of neurons depends on a sample's number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backends.simulator.simulate import Record, Simulator
from ...models.errors import UnsupportedModelError
from ...models.network import Network
from ...models.neurons.noisy import IntegerNoisy

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SubsetRun:
    """What the simulator saw of some samples.

    Attributes
    ----------
    activity : per recorded population, (chosen samples, steps, neurons).
    group_spikes : per population for which groups were given, (steps, groups) int64, over the chosen samples.
    """

    activity: Mapping[str, Array]
    group_spikes: Mapping[str, Array]


def run_subset(
    simulator: Simulator,
    given: Array,
    numbers: Array,
    record: Record = "output",
    groups: Mapping[str, Array] | None = None,
) -> SubsetRun:
    """Run some samples; each does what it does when all samples run together.

    Parameters
    ----------
    given : (chosen samples, steps, input neurons) integers.
    numbers : (chosen samples,) their numbers among all samples, rising; one at least.
    """
    parts = []
    for stretch in _stretches(simulator.network, numbers):
        run = simulator.run(given[stretch], record, groups=groups, first_sample=int(numbers[stretch][0]))
        parts.append((run.activity, run.group_spikes))
    return SubsetRun(
        {name: np.concatenate([activity[name] for activity, _ in parts]) for name in parts[0][0]},
        {name: np.stack([spikes[name] for _, spikes in parts]).sum(axis=0, dtype=np.int64) for name in parts[0][1]},
    )


def check_samples_independent(network: Network, study: str) -> None:
    """Refuse a network in which a sample's answer depends on the samples before it.

    Raises
    ------
    UnsupportedModelError : the network learns while it runs.
    """
    if network.plastic:
        raise UnsupportedModelError(
            f"The network learns while it runs ({', '.join(projection.name for projection in network.plastic)}), so "
            f"that a sample's answer depends on those before it: the study {study} needs weights that stay."
        )


def _stretches(network: Network, numbers: Array) -> list[slice]:
    """Which samples may run together: all, or where neurons have noise, those whose numbers follow each other."""
    if not any(isinstance(population.neuron, IntegerNoisy) for population in network.populations):
        return [slice(0, len(numbers))]
    cuts = (np.flatnonzero(np.diff(numbers) != 1) + 1).tolist()
    return [slice(start, stop) for start, stop in zip([0, *cuts], [*cuts, len(numbers)], strict=True)]
