"""The compiled loops that add up what spikes do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .simulator.compiled_loops import compiled_loop, keep_loops
from .simulator.flag_bits import FLAGS_OF_A_WORD, flag_bits, lowest_bit

Array = NDArray[Any]
keep_loops()


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
        """List spikes, (steps, groups) int32 or int64."""
        steps, size = spikes.shape
        offsets, totals = np.zeros(steps + 1, dtype=np.int64), np.zeros(size, dtype=np.int64)
        # The system gives out memory as it is written to: what no event takes costs nothing.
        groups, counts = np.empty(spikes.size + 1, dtype=np.int32), np.empty(spikes.size + 1, dtype=np.int64)
        _list_events(np.ascontiguousarray(spikes), offsets, groups, counts, totals)
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


@compiled_loop(cache=True)
def _list_events(spikes: Array, offsets: Array, groups: Array, counts: Array, totals: Array) -> None:
    event = np.uint64(0)
    whole = np.uint64(spikes.shape[1] // FLAGS_OF_A_WORD)
    for step in range(spikes.shape[0]):
        row = spikes[step]
        for word in range(whole):
            left = np.uint64(flag_bits(row, np.uint64(64) * word))  # type: ignore[call-arg]
            while left:
                group = np.uint64(64) * word + lowest_bit(left)
                groups[event], counts[event] = group, row[group]
                totals[group] += row[group]
                event += np.uint64(1)
                left &= left - np.uint64(1)
        for group in range(np.uint64(64) * whole, np.uint64(row.size)):
            groups[event], counts[event] = group, row[group]
            totals[group] += row[group]
            event += np.uint64(row[group] != 0)
        offsets[step + 1] = event


@compiled_loop(cache=True)
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
