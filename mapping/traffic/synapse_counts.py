"""How many synapses each source has on one core, counted one by one."""

from __future__ import annotations

from typing import Any

import numba
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

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
