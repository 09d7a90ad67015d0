"""Every source reaches every target."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from .connectivity import Array, Connectivity


@dataclass(frozen=True, eq=False)
class Dense(Connectivity):
    """y = W x.

    Attributes
    ----------
    weights : (targets, sources).
    """

    weights: Array

    @property
    def sources(self) -> int:
        return int(self.weights.shape[1])

    @property
    def targets(self) -> int:
        return int(self.weights.shape[0])

    def apply(self, activity: Array) -> Array:
        result: Array = np.asarray(activity, dtype=np.float64) @ self._columns
        return result

    @cached_property
    def _columns(self) -> Array:
        """(sources, targets) float64, kept: at every step of a run it is wanted again."""
        return np.ascontiguousarray(self.weights.T, dtype=np.float64)

    def to_sparse(self) -> sparse.csr_array:
        return sparse.csr_array(self.weights)

    def with_weights(self, weights: Array) -> Dense:
        return Dense(weights)

    def scaled_by_target(self, gain: Array) -> Dense:
        return Dense(self.weights * np.reshape(gain, (-1, 1)))

    def scaled_by_source(self, gain: Array) -> Dense:
        return Dense(self.weights * np.reshape(gain, (1, -1)))
