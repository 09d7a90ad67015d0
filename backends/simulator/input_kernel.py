"""The compiled loop that lists the spikes of the data."""

from __future__ import annotations

import numpy as np

from .compiled_loops import compiled_loop, keep_loops
from .event_buffers import Place
from .spike_counts import count_spikes

keep_loops()

_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)


@compiled_loop(cache=True)
def list_input(worker, data, first_step, place, workers, inner, fired, values, counts, groups, tallies, spikes):
    """List what the data sends, and count it: what one worker does of it.

    Parameters
    ----------
    worker, workers : which of how many.
    data : (samples, steps, neurons) int8 or int32, in C order; all of it is listed.
    first_step : of the sample, at which `data` begins.
    place : of the input population, see `event_buffers.Place`; then the buffers.
    inner : (neurons,) int64, the inner number of each neuron.
    groups, tallies, spikes : as for `population_kernel.kernel_of`.
    """
    samples, steps, size = data.shape
    for row in range(worker, samples * steps, workers):
        sample, now = row // steps, row % steps
        step = first_step + now
        at = sample * place[_ROWS] + step % place[_ROWS]
        start = place[_FIRED] + at * place[_SIZE]
        count = 0
        if place[_VALUES] >= 0:
            for i in range(size):
                if data[sample, now, i]:
                    fired[start + count] = inner[i]
                    values[place[_VALUES] + at * place[_SIZE] + count] = data[sample, now, i]
                    count += 1
        else:
            end = np.uint64(start)  # no branch for each, which a processor could not foresee
            for i in range(np.uint64(size)):
                fired[end] = inner[i]
                end += np.uint64(data[sample, now, i])
            count = np.int64(end) - start
        counts[place[_COUNTS] + at] = count
        count_spikes(worker, now, fired, start, count, groups, tallies, spikes)
