"""The compiled loop that counts spikes, by neuron and, where that is wanted, by group and step."""

from __future__ import annotations

import numpy as np

from .compiled_loops import compiled_loop


@compiled_loop(inline="always")
def count_spikes(worker, step, fired, start, count, groups, tallies, spikes):
    """Count what a worker listed in a step.

    Parameters
    ----------
    fired, start, count : where the spikes are listed.
    groups : (neurons,) int32, or without entries where only neurons are counted.
    tallies : (workers, steps, groups) int32; spikes : (workers, neurons) int64; both are changed.
    """
    for event in range(np.uint64(start), np.uint64(start + count)):
        spikes[worker, np.uint64(fired[event])] += 1
    if groups.size:
        for event in range(np.uint64(start), np.uint64(start + count)):
            tallies[worker, step, groups[np.uint64(fired[event])]] += 1
