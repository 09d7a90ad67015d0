"""How large a sum can get that arrives at a neuron: what decides in how many bits it can be worked on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool
from ...models.network import Network, Projection, Role
from ...models.neurons import IntegerNeuron

Array = NDArray[Any]
MESSAGE_LIMIT = 1 << 31


def largest_sum(network: Network, name: str, input_value: int = 1) -> int:
    """The largest magnitude of what arrives at any neuron of a population in a step, or a bound on it.

    Parameters
    ----------
    input_value : the largest magnitude of a number in the input.
    """
    return sum(_largest(network, projection, input_value) for projection in network.incoming(name))


def _largest(network: Network, projection: Projection, input_value: int) -> int:
    source = network.by_name[projection.source]
    value = input_value if source.role is Role.INPUT else 1
    if isinstance(source.neuron, IntegerNeuron):
        value = min(source.neuron.rule.largest_output(vars(source.neuron)), MESSAGE_LIMIT)
    return value * _row_sum(projection.connectivity) << projection.exponent


def _row_sum(connectivity: Connectivity) -> int:
    """The largest sum of the magnitudes of a neuron's weights."""
    magnitudes: Array = np.abs(connectivity.weights.astype(np.int32))
    if not magnitudes.size:
        return 0
    if isinstance(connectivity, Dense):
        return int(magnitudes.sum(axis=1, dtype=np.int64).max())
    if isinstance(connectivity, OneToOne):
        return int(magnitudes.max())
    if isinstance(connectivity, Pool):
        return int(magnitudes.max()) * int(np.prod(connectivity.kernel))
    if isinstance(connectivity, Convolution):
        return int(magnitudes.reshape(magnitudes.shape[0], -1).sum(axis=1, dtype=np.int64).max())
    matrix = abs(connectivity.to_sparse().astype(np.int64))
    return int(matrix.sum(axis=1).max())
