"""The compiled loops that add up what spikes do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..models.compiled_code import keep_compiled_code

Array = NDArray[Any]
keep_compiled_code(Path(__file__))


@dataclass(frozen=True, eq=False)
class Events:
    """The spikes of groups of neurons, silent groups left out: of a sparse network that is most of them.

    Attributes
    ----------
    offsets : (steps + 1,) int64, where the events of each step begin.
    groups : (events,) int32.
    spikes : (events,) int64, of the group at the step; at least 1.
    """

    offsets: Array
    groups: Array
    spikes: Array

    @classmethod
    def of(cls, spikes: Array) -> Events:
        """List spikes, (steps, groups) int64."""
        offsets = np.zeros(spikes.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.count_nonzero(spikes, axis=1), out=offsets[1:])
        groups, counts = np.empty(offsets[-1], dtype=np.int32), np.empty(offsets[-1], dtype=np.int64)
        _list_events(np.ascontiguousarray(spikes, dtype=np.int64), groups, counts)
        return cls(offsets, groups, counts)

    def sums(self, effects: sparse.csr_array) -> Array:
        """What happens at each step, (steps, effects) int64.

        Parameters
        ----------
        effects : (groups, effects) CSR integers, how often a spike of each group has each effect.
        """
        result = np.zeros((self.offsets.size - 1, effects.shape[1]), dtype=np.int64)
        _add_effects(
            self.offsets, self.groups, self.spikes, effects.indptr.astype(np.int64, copy=False),
            effects.indices.astype(np.int32, copy=False), effects.data.astype(np.int32, copy=False), result,
        )  # fmt: skip
        return result


@numba.njit(cache=True)
def _list_events(spikes: Array, groups: Array, counts: Array) -> None:
    event = 0
    for step in range(spikes.shape[0]):
        for group in range(spikes.shape[1]):
            if spikes[step, group]:
                groups[event] = group
                counts[event] = spikes[step, group]
                event += 1


@numba.njit(cache=True)
def _add_effects(
    offsets: Array, groups: Array, spikes: Array, begins: Array, effects: Array, times: Array, result: Array
) -> None:
    for step in range(offsets.size - 1):
        for event in range(offsets[step], offsets[step + 1]):
            for entry in range(begins[groups[event]], begins[groups[event] + 1]):
                result[step, effects[entry]] += spikes[event] * times[entry]
