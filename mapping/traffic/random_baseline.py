"""What a partition costs that knows nothing: neurons dealt to the cores at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Dense
from ...models.network import Network, Role
from ..windows import as_convolution, seen_positions

Array = NDArray[Any]


def random_packets(network: Network, cores: int, rates: Mapping[str, Array | float] | None = None) -> float:
    """Messages a step that are to be expected of a random partition.

    A neuron with k targets on C cores of equal size reaches C * (1 - (1 - 1/C)^k) of them; a C-th of these messages
    would go to its own core, and is none.

    Parameters
    ----------
    cores : at least 1.
    rates : per population, spikes of each neuron a step, or of all of them the same; one where it is missing.
    """
    total = 0.0
    for population in network.populations:
        fan_out = np.zeros(population.size, dtype=np.int64)
        for projection in network.outgoing(population.name):
            fan_out += _fan_out(projection.connectivity)
        reached = cores * -np.expm1(fan_out * np.log1p(-1.0 / cores)) if cores > 1 else np.minimum(fan_out, 1.0)
        if population.role is not Role.INPUT:
            reached = reached * (1 - 1 / cores)
        rate = (rates or {}).get(population.name, 1.0)
        total += float((np.asarray(rate, dtype=np.float64) * reached).sum())
    return total


def _fan_out(connectivity: Connectivity) -> Array:
    """(sources,) int64, weights other than zero of each source."""
    convolution = as_convolution(connectivity)
    if convolution is not None:
        groups, inputs = convolution.groups, int(convolution.weights.shape[1])
        positions = int(np.prod(convolution.input_shape[1:]))
        present = (convolution.weights != 0).reshape(groups, -1, inputs, int(np.prod(convolution.kernel)))
        per_place = present.sum(axis=1, dtype=np.int64).reshape(groups * inputs, -1)  # (input channels, places)
        seen = np.stack([np.bincount(row[row >= 0], minlength=positions) for row in seen_positions(convolution)])
        return np.asarray(per_place @ seen).ravel()
    if isinstance(connectivity, Dense):
        return np.asarray(np.count_nonzero(connectivity.weights, axis=0).astype(np.int64))
    matrix = connectivity.to_sparse()
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)
