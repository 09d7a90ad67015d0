"""Each target gets one source, or none: slices, transpositions, the parts of a concatenation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .connectivity import Array, Connectivity
from .sparse_matrix import Sparse


@dataclass(frozen=True, eq=False)
class Selection(Connectivity):
    """y_i = w_i x[elements_i], and zero where an element is -1.

    It exists on the way from a graph to a network only, where it dissolves in the weights before or behind it or
    becomes `Sparse`; see `compose`.

    Attributes
    ----------
    elements : int64 array of the output's shape.
    input_shape : shape of the source population.
    weights : (1,), the same for all, or (targets,).
    """

    elements: Array
    input_shape: tuple[int, ...]
    weights: Array

    @classmethod
    def of(cls, elements: Array, input_shape: tuple[int, ...]) -> Selection:
        """A selection with weight 1."""
        return cls(np.asarray(elements, dtype=np.int64), input_shape, np.ones(1, dtype=np.int8))

    @property
    def sources(self) -> int:
        return int(np.prod(self.input_shape))

    @property
    def targets(self) -> int:
        return int(self.elements.size)

    @property
    def products(self) -> int:
        return int(np.count_nonzero(self.elements >= 0))

    def apply(self, activity: Array) -> Array:
        flat = self.elements.reshape(-1)
        picked = np.asarray(activity, dtype=np.float64)[:, np.maximum(flat, 0)]
        return np.where(flat >= 0, picked, 0.0) * self.weights

    def to_sparse(self) -> sparse.csr_array:
        targets = np.flatnonzero(self.elements.reshape(-1) >= 0)
        sources = self.elements.reshape(-1)[targets]
        values = np.broadcast_to(self.weights, (self.targets,))[targets]
        return sparse.csr_array((values, (targets, sources)), shape=(self.targets, self.sources))

    def with_weights(self, weights: Array) -> Selection:
        return Selection(self.elements, self.input_shape, weights)

    def scaled_by_target(self, gain: Array) -> Selection:
        return self.with_weights(self.weights * np.asarray(gain).reshape(-1))

    def scaled_by_source(self, gain: Array) -> Selection:
        of_source = np.broadcast_to(np.asarray(gain, dtype=np.float64).reshape(-1), (self.sources,))
        return self.scaled_by_target(of_source[np.maximum(self.elements.reshape(-1), 0)])

    def as_sparse(self) -> Sparse:
        """The same map, synapse by synapse."""
        return Sparse.from_matrix(self.to_sparse())

    def moves_nothing(self) -> bool:
        """Whether every source reaches the target of its number, with whatever weight."""
        return self.sources == self.targets and bool(np.all(self.elements.reshape(-1) == np.arange(self.targets)))

    def steps(self) -> tuple[tuple[int, int], ...] | None:
        """First position and step of what it takes along each spatial axis; None where it is no such regular grid."""
        if self.elements.ndim != len(self.input_shape) or self.elements.ndim < 2 or self.elements.min() < 0:
            return None
        if self.elements.shape[0] != self.input_shape[0]:
            return None
        places = np.unravel_index(self.elements, self.input_shape)
        result = []
        for axis, place in enumerate(places):
            along = np.moveaxis(place, axis, 0).reshape(self.elements.shape[axis], -1)[:, 0]
            first, step = int(along[0]), int(along[1] - along[0]) if along.size > 1 else 1
            expected = (first + step * np.arange(along.size)).reshape(-1, *[1] * (self.elements.ndim - 1 - axis))
            if step < 1 or not np.array_equal(place, np.broadcast_to(expected, place.shape)):
                return None
            result.append((first, step))
        return tuple(result[1:]) if result[0] == (0, 1) else None

    def channels(self) -> Array | None:
        """The source channel of each target channel, -1 for none; None where it does not move whole channels."""
        if self.elements.ndim != len(self.input_shape) or self.elements.shape[1:] != self.input_shape[1:]:
            return None
        size = int(np.prod(self.input_shape[1:]))
        rows = self.elements.reshape(self.elements.shape[0], size)
        first = rows[:, 0]
        expected = np.where(first[:, np.newaxis] >= 0, first[:, np.newaxis] + np.arange(size), -1)
        if np.any(first[first >= 0] % size) or not np.array_equal(rows, expected):
            return None
        return np.where(first >= 0, first // size, -1)
