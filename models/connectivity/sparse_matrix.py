"""Listed synapses: what no symbolic connectivity can say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from .connectivity import Array, Connectivity


@dataclass(frozen=True, eq=False)
class Sparse(Connectivity):
    """y = W x with W in compressed sparse rows, a row a target.

    Attributes
    ----------
    weights : (synapses,), row by row.
    indices : (synapses,) int, the source of each synapse, ascending in a row.
    indptr : (targets + 1,) int, where each target's synapses begin.
    source_count : number of source neurons.
    """

    weights: Array
    indices: Array
    indptr: Array
    source_count: int

    @classmethod
    def from_matrix(cls, matrix: sparse.csr_array) -> Sparse:
        """Take over a (targets, sources) matrix, zeros left out and columns sorted."""
        matrix = sparse.csr_array(matrix)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        matrix.sort_indices()
        return cls(matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64), int(matrix.shape[1]))

    @property
    def sources(self) -> int:
        return self.source_count

    @property
    def targets(self) -> int:
        return int(self.indptr.size - 1)

    def apply(self, activity: Array) -> Array:
        result: Array = (self._matrix @ np.asarray(activity, dtype=np.float64).T).T
        return result

    @cached_property
    def _matrix(self) -> sparse.csr_array:
        """In float64, kept: at every step of a run it is wanted again."""
        return self.to_sparse().astype(np.float64)

    def to_sparse(self) -> sparse.csr_array:
        # SciPy shares the arrays it is given, and eliminating zeros would then edit this frozen object.
        matrix = sparse.csr_array(
            (self.weights.copy(), self.indices.copy(), self.indptr.copy()), shape=(self.targets, self.sources)
        )
        matrix.eliminate_zeros()
        return matrix

    def with_weights(self, weights: Array) -> Sparse:
        return Sparse(weights, self.indices, self.indptr, self.source_count)

    def scaled_by_target(self, gain: Array) -> Sparse:
        per_target = np.broadcast_to(np.asarray(gain, dtype=float).reshape(-1), (self.targets,))
        return self.with_weights(self.weights * np.repeat(per_target, np.diff(self.indptr)))

    def scaled_by_source(self, gain: Array) -> Sparse:
        per_source = np.broadcast_to(np.asarray(gain, dtype=float).reshape(-1), (self.sources,))
        return self.with_weights(self.weights * per_source[self.indices])
