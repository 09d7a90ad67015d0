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
    groups : (at least the events,) int32.
    spikes : (at least the events,) int64, of the group at the step; at least 1.
    totals : (groups,) int64, spikes of each group over all steps.
    """

    offsets: Array
    groups: Array
    spikes: Array
    totals: Array

    @classmethod
    def of(cls, spikes: Array) -> Events:
        """List spikes, (steps, groups) int64."""
        steps, size = spikes.shape
        offsets, totals = np.zeros(steps + 1, dtype=np.int64), np.zeros(size, dtype=np.int64)
        # The system gives out memory as it is written to: what no event takes costs nothing.
        groups, counts = np.empty(spikes.size + 1, dtype=np.int32), np.empty(spikes.size + 1, dtype=np.int64)
        _list_events(np.ascontiguousarray(spikes, dtype=np.int64), offsets, groups, counts, totals)
        return cls(offsets, groups, counts, totals)

    def add(self, effects: sparse.csr_array, result: Array) -> None:
        """Add what happens at each step.

        Parameters
        ----------
        effects : (groups, effects) CSR integers, how often a spike of each group has each effect.
        result : (steps, effects) int64.
        """
        _add_effects(
            self.offsets, self.groups, self.spikes, effects.indptr.astype(np.int64, copy=False),
            effects.indices.astype(np.int32, copy=False), effects.data.astype(np.int32, copy=False), result,
        )  # fmt: skip


@numba.njit(cache=True)
def _list_events(spikes: Array, offsets: Array, groups: Array, counts: Array, totals: Array) -> None:
    event = np.int64(0)
    for step in range(spikes.shape[0]):
        for group in range(spikes.shape[1]):
            groups[event] = group  # no branch, which a processor could not foresee
            counts[event] = spikes[step, group]
            totals[group] += spikes[step, group]
            event += np.int64(spikes[step, group] != 0)
        offsets[step + 1] = event


@numba.njit(cache=True)
def _add_effects(
    offsets: Array, groups: Array, spikes: Array, begins: Array, effects: Array, times: Array, result: Array
) -> None:
    for step in range(offsets.size - 1):
        row = result[step]
        # Unsigned, for Numba would otherwise ask of each index whether it counts from the end.
        for event in range(np.uint64(offsets[step]), np.uint64(offsets[step + 1])):
            group, count = np.uint64(groups[event]), spikes[event]
            for entry in range(np.uint64(begins[group]), np.uint64(begins[group + np.uint64(1)])):
                row[np.uint64(effects[entry])] += count * times[entry]
