"""Which sources reach a core through a projection, with how many synapses each, by looking at every weight."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Convolution, Dense, Pool
from .windows_on_core import count_sources, kernel_bits

Array = NDArray[Any]
BLOCK = 8_000_000  # weights looked at at a time


class Sources(ABC):
    """A projection as the cores that hold its targets see it."""

    @abstractmethod
    def on_core(self, neurons: Array) -> tuple[Array, Array]:
        """Sources with a synapse other than zero, (n,) int64 without repetition, and how many each has, (n,) int64.

        Parameters
        ----------
        neurons : (n,) int64 ascending, target neurons on the core.
        """


def sources_of(connectivity: Connectivity) -> Sources:
    """The sources of a connectivity."""
    if isinstance(connectivity, Pool):
        return Windows(connectivity.as_convolution())
    if isinstance(connectivity, Convolution):
        return Windows(connectivity)
    return _Matrix(connectivity) if isinstance(connectivity, Dense) else _List(connectivity)


class _Matrix(Sources):
    def __init__(self, dense: Dense) -> None:
        self.weights = dense.weights

    def on_core(self, neurons: Array) -> tuple[Array, Array]:
        counts = np.zeros(self.weights.shape[1], dtype=np.int64)
        rows = max(1, BLOCK // max(1, counts.size))
        for first in range(0, neurons.size, rows):
            counts += (self.weights[neurons[first : first + rows]] != 0).sum(axis=0)
        found = np.flatnonzero(counts)
        return found, counts[found]


class _List(Sources):
    def __init__(self, connectivity: Connectivity) -> None:
        matrix = connectivity.to_sparse()
        self.starts, self.columns = np.asarray(matrix.indptr), np.asarray(matrix.indices)

    def on_core(self, neurons: Array) -> tuple[Array, Array]:
        rows = [self.columns[self.starts[neuron] : self.starts[neuron + 1]] for neuron in neurons]
        found, counts = np.unique(np.concatenate(rows), return_counts=True)
        return found.astype(np.int64), counts


class Windows(Sources):
    """A convolution; with one spatial axis as with two, of which the first has length 1.

    Attributes
    ----------
    groups : of channels.
    positions : of the output.
    """

    def __init__(self, convolution: Convolution) -> None:
        one = (1,) * (3 - len(convolution.input_shape))
        self.groups = convolution.groups
        _, *size = convolution.output_shape
        self.positions = int(np.prod(size))
        self._nonzero = np.ascontiguousarray((convolution.weights != 0).reshape(convolution.weights.shape[0], -1))
        numbers = [
            self.groups,
            *one,
            *convolution.input_shape[1:],
            *one,
            *size,
            *one,
            *convolution.weights.shape[2:],
            *one,
            *convolution.stride,
            *(0 for _ in one),
            *(before for before, _ in convolution.padding),
            *one,
            *convolution.dilation,
        ]
        self._geometry = np.asarray(numbers, dtype=np.int64)
        self._position_of = np.full(self.positions, -1, dtype=np.int32)
        self._tally = np.zeros(int(np.prod(convolution.input_shape[1:])), dtype=np.int32)
        self._counts = np.zeros(convolution.sources, dtype=np.int32)
        self._touched = np.empty(convolution.sources, dtype=np.int64)

    def on_core(self, neurons: Array) -> tuple[Array, Array]:
        number = count_sources(
            neurons, self._nonzero, self._geometry, self._position_of, self._tally, self._counts, self._touched
        )
        found = self._touched[:number].copy()
        counts = self._counts[found].astype(np.int64)
        self._counts[found] = 0
        return found, counts

    def kernel_bits(self, neurons: Array, header: int, each: int, zero: int) -> Array:
        """See `windows_on_core.kernel_bits`."""
        return np.asarray(kernel_bits(neurons, self.positions, self.groups, self._nonzero, header, each, zero))
