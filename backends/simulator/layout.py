"""The numbering of neurons inside the simulator: populations with spatial axes channels last.

So a spike that meets a convolution adds contiguous rows of weights, which is what processors do fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def outer_numbers(shape: tuple[int, ...]) -> Array:
    """(neurons,) int64: of each neuron in the inner order its number in C order, channels first."""
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return np.ascontiguousarray(np.moveaxis(numbers, 0, -1)).reshape(-1)


def inner_numbers(shape: tuple[int, ...]) -> Array:
    """(neurons,) int64: of each neuron in C order its number in the inner order."""
    if len(shape) == 1:
        return np.arange(shape[0], dtype=np.int64)
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(*shape[1:], shape[0])
    return np.ascontiguousarray(np.moveaxis(numbers, -1, 0)).reshape(-1)


def row_length(shape: tuple[int, ...]) -> int:
    """Neurons that must stay together when a population is cut into pieces: a row of positions, or one neuron.

    A population with one spatial axis is one row.
    """
    return 1 if len(shape) == 1 else int(np.prod(shape[2:] if len(shape) > 2 else shape[1:])) * shape[0]
