"""The synapses of a projection by their source, as SpiNNaker keeps them: what a spike of each adds, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.compiled_code import keep_compiled_code

Array = NDArray[Any]
keep_compiled_code(Path(__file__))


@dataclass(frozen=True, eq=False)
class SynapticRows:
    """A row for each source neuron, its excitatory synapses first.

    Attributes
    ----------
    starts : (2, sources) int64, where each source's excitatory and inhibitory synapses begin.
    ends : (sources,) int64, where the latter end.
    targets : (synapses,) int32.
    weights : (synapses,) int64, without a sign, as they are stored.
    """

    starts: Array
    ends: Array
    targets: Array
    weights: Array

    @classmethod
    def of(cls, excitatory: sparse.csr_array, inhibitory: sparse.csr_array) -> SynapticRows:
        """Rows of both signs' weights, (sources, targets) each, integers of at least 0."""
        both = sparse.hstack([excitatory, inhibitory], format="csr")
        both.sort_indices()
        width = excitatory.shape[1]
        begin = both.indptr[:-1].astype(np.int64)
        middle = begin + np.diff(excitatory.indptr)
        targets = (both.indices % width).astype(np.int32) if width else both.indices.astype(np.int32)
        return cls(np.stack([begin, middle]), both.indptr[1:].astype(np.int64), targets, both.data.astype(np.int64))

    def deliver(self, activity: Array, sums: tuple[Array, Array]) -> None:
        """Add what spikes bring to ring buffers.

        Parameters
        ----------
        activity : (samples, steps, sources) int64; a number by which the weights are multiplied, 0 for no spike. A
            negative one brings to the other sign's buffers.
        sums : for excitatory and inhibitory synapses, (samples, steps, targets) int64; are changed.
        """
        _deliver(activity, self.starts, self.ends, self.targets, self.weights, *sums)


# One machine code for all, whatever slices of arrays it is given.
@numba.njit(
    "void(int64[:, :, :], int64[:, ::1], int64[::1], int32[::1], int64[::1], int64[:, :, :], int64[:, :, :])",
    cache=True,
    nogil=True,
)
def _deliver(
    activity: Array, starts: Array, ends: Array, targets: Array, weights: Array, excitatory: Array, inhibitory: Array
) -> None:
    for sample in range(activity.shape[0]):
        for step in range(activity.shape[1]):
            for source in range(activity.shape[2]):
                number = activity[sample, step, source]
                if number != 0:
                    rising = excitatory[sample, step]
                    falling = inhibitory[sample, step]
                    if number < 0:
                        rising, falling, number = falling, rising, -number
                    for synapse in range(starts[0, source], starts[1, source]):
                        rising[targets[synapse]] += number * weights[synapse]
                    for synapse in range(starts[1, source], ends[source]):
                        falling[targets[synapse]] += number * weights[synapse]
