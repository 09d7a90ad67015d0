"""The compiled loop that counts spikes, by neuron and, where that is wanted, by group and step."""

from __future__ import annotations

import numpy as np

from .compiled_loops import compiled_loop


@compiled_loop(inline="always")
def count_spikes(part, step, fired, start, count, groups, tallies, spikes):
    """Count what a part of the neurons sent in a step.

    Parameters
    ----------
    fired, start, count : where the spikes are listed.
    groups : (neurons,) int32, or without entries where only neurons are counted.
    tallies : (parts, steps, groups) int32; spikes : (parts, neurons) int64; both are changed.
    """
    for event in range(np.uint64(start), np.uint64(start + count)):
        spikes[part, np.uint64(fired[event])] += 1
    if groups.size:
        for event in range(np.uint64(start), np.uint64(start + count)):
            tallies[part, step, groups[np.uint64(fired[event])]] += 1
