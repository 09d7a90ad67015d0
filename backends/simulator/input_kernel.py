"""The compiled loop that lists the spikes of the data."""

from __future__ import annotations

import numpy as np

from .compiled_loops import compiled_loop, keep_loops
from .event_buffers import Place
from .flag_bits import flag_bits, list_bits
from .spike_counts import count_spikes

keep_loops()

_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)


@compiled_loop(cache=True)
def list_input(part, data, first_step, place, parts, inner, fired, values, counts, groups, tallies, spikes):
    """List what the data sends, and count it: one part of it.

    Parameters
    ----------
    part, parts : which of how many; each takes some rows.
    data : (samples, steps, neurons) int8 or int32, in C order; all of it is listed.
    first_step : of the sample, at which `data` begins.
    place : of the input population, see `event_buffers.Place`; then the buffers.
    inner : (neurons,) int64, the inner number of each neuron.
    groups, tallies, spikes : as for `population_kernel.kernel_of`.
    """
    samples, steps, size = data.shape
    for row in range(part, samples * steps, parts):
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
            count = _list_flags(data[sample, now], inner, fired, start)
        counts[place[_COUNTS] + at] = count
        count_spikes(part, step, fired, start, count, groups, tallies, spikes)


@compiled_loop(cache=True)
def _list_flags(flags, inner, fired, start):
    end, limit, whole = np.uint64(start), np.uint64(start + flags.size), np.uint64(flags.size // 64)
    for word in range(whole):
        bits = np.uint64(flag_bits(flags, np.uint64(64) * word))
        if bits:
            end = list_bits(bits, np.uint64(64) * word, fired, end, limit)
    for i in range(np.uint64(64) * whole, np.uint64(flags.size)):
        if flags[i]:
            fired[end] = i
            end += np.uint64(1)
    for event in range(np.uint64(start), end):
        fired[event] = inner[np.uint64(fired[event])]
    return np.int64(end) - start
