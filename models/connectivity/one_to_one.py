"""Each source reaches the target of the same number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .connectivity import Array, Connectivity


@dataclass(frozen=True, eq=False)
class OneToOne(Connectivity):
    """y_i = w_i x_i.

    Attributes
    ----------
    weights : (size,).
    """

    weights: Array

    @property
    def sources(self) -> int:
        return int(self.weights.size)

    @property
    def targets(self) -> int:
        return int(self.weights.size)

    def apply(self, activity: Array) -> Array:
        result: Array = np.asarray(activity, dtype=np.float64) * self.weights.astype(np.float64)
        return result

    def to_sparse(self) -> sparse.csr_array:
        matrix = sparse.csr_array(sparse.diags_array(self.weights, dtype=self.weights.dtype))
        matrix.eliminate_zeros()
        return matrix

    def with_weights(self, weights: Array) -> OneToOne:
        return OneToOne(weights)

    def scaled_by_target(self, gain: Array) -> OneToOne:
        return OneToOne(self.weights * gain)

    def scaled_by_source(self, gain: Array) -> OneToOne:
        return OneToOne(self.weights * gain)
