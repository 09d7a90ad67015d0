"""How many synapses each source has on one core, and how much of its memory a spike reads."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .core_sets import CORE, NO_CORE, PARENT, ROOT, look, positions_by_channels

Array = NDArray[Any]
keep_loops()


@numba.njit(cache=True)
def count_through_kernel(
    neurons: Array, seen: Array, nonzero: Array, group_channels: int, input_size: int, counts: Array, heard: Array
) -> int:
    """Count the synapses of each source on some target neurons; see `hear_through_kernel`.

    Parameters
    ----------
    counts : (sources,) int64, zeros; what is counted is added.
    heard : (sources,) int64, filled with the sources that have any.

    Returns
    -------
    Number of these sources.
    """
    output_size, places = seen.shape
    inputs = nonzero.shape[1]
    found = 0
    for neuron in neurons:
        channel = neuron // output_size
        position = neuron - channel * output_size
        first = channel // group_channels * inputs
        for place in range(places):
            if seen[position, place] < 0:
                continue
            for which in range(inputs):
                if nonzero[channel, which, place]:
                    source = (first + which) * input_size + seen[position, place]
                    if counts[source] == 0:
                        heard[found] = source
                        found += 1
                    counts[source] += 1
    return found


@numba.njit(cache=True)
def count_in_rows(rows: Array, offsets: Array, indices: Array, counts: Array, heard: Array) -> int:
    """Count the entries of each column in some rows of a CSR matrix; otherwise as `count_through_kernel`."""
    found = 0
    for row in rows:
        for entry in range(offsets[row], offsets[row + 1]):
            source = indices[entry]
            if counts[source] == 0:
                heard[found] = source
                found += 1
            counts[source] += 1
    return found


@numba.njit(cache=True)
def count_in_shared_kernel(
    neurons: Array,
    seen: Array,
    nonzero: Array,
    group_channels: int,
    input_size: int,
    stored: tuple[int, int, int, int],
    counts: Array,
    words: Array,
    heard: Array,
) -> int:
    """As `count_through_kernel`, and how many words of the kernel a spike of each source reads.

    Positions at which a core holds the same channels are taken together, as in `hear_through_kernel`. At each place of
    the kernel, a spike reads what the place has for its channel if the core holds any neuron that sees it there.

    Parameters
    ----------
    stored : header, bits of a weight and of a zero, and of a word; see `KernelFormat`.
    counts, words : (sources,) int64, zeros; what is counted is added.
    heard : (sources,) int64, filled with the sources that have any synapse or word.
    """
    output_size, places = seen.shape
    inputs = nonzero.shape[1]
    held = np.zeros((output_size, 2), np.int32)
    held[:, 1] = NO_CORE
    sets = np.empty((neurons.size + 1, 3), np.int32)
    begins = np.empty(neurons.size + 2, np.int64)
    order = np.empty(neurons.size, np.int64)
    looks = np.empty((places, neurons.size), np.int32)
    looking = np.empty(places, np.int64)
    weights, sizes = np.empty((inputs, places), np.int64), np.empty((inputs, places), np.int64)
    found, start = 0, 0
    while start < neurons.size:
        group = neurons[start] // output_size // group_channels
        stop = start + np.searchsorted(neurons[start:], (group + 1) * group_channels * output_size)
        _size_places(neurons[start:stop], output_size, nonzero, stored, sizes)
        number = positions_by_channels(neurons[start:stop], held, sets, begins, order)
        for node in range(1, number):
            if begins[node] == begins[node + 1]:
                continue
            look(order[begins[node] : begins[node + 1]], seen, looks, looking)
            weights[:] = 0
            above = node
            while above != ROOT:
                weights += nonzero[sets[above, CORE]]
                above = sets[above, PARENT]
            for which in range(inputs):
                base = (group * inputs + which) * input_size
                for place in range(places):
                    more, read = weights[which, place], sizes[which, place]
                    if more + read == 0:
                        continue
                    for position in looks[place, : looking[place]]:
                        source = base + position
                        if counts[source] + words[source] == 0:
                            heard[found] = source
                            found += 1
                        counts[source] += more
                        words[source] += read
        start = stop
    return found


@numba.njit(cache=True)
def _size_places(
    neurons: Array, output_size: int, nonzero: Array, stored: tuple[int, int, int, int], sizes: Array
) -> None:
    """Set (inputs, places) int64 `sizes` to the words that some neurons of a group make the core hold there."""
    header, each, zero, word = stored
    sizes[:] = 0
    channels, last = 0, -1
    for neuron in neurons:
        channel = neuron // output_size
        if channel != last:
            sizes += nonzero[channel]
            channels, last = channels + 1, channel
    for which in range(sizes.shape[0]):
        for place in range(sizes.shape[1]):
            bits = sizes[which, place] * each + (channels - sizes[which, place]) * zero
            sizes[which, place] = -(-(header + bits) // word) if bits > 0 else 0
