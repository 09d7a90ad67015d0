"""Convolutions on one core, counted place by place of the kernel: the inner loops, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

Array = NDArray[Any]
keep_loops()


@numba.njit(cache=True)
def count_sources(
    neurons: Array, nonzero: Array, geometry: Array, position_of: Array, tally: Array, counts: Array, touched: Array
) -> int:
    """Synapses of every source on a core.

    Neighbouring positions at which the core holds the same channels are taken together: for these channels the weights
    other than zero are added up once. So are neighbouring input channels with the same sums.

    Parameters
    ----------
    neurons : (n,) int64 ascending, target neurons on the core.
    nonzero : (output channels, inputs of a group * kernel places) bool.
    geometry : (13,) int64: groups; input rows and columns; output rows and columns; kernel rows and columns; stride,
        padding before, and dilation, each down and along.
    position_of : (output positions,) int32, all -1 at the beginning and at the end.
    tally : (input positions,) int32, all 0 at the beginning and at the end.
    counts : (sources,) int32, all 0 at the beginning; synapses of each source at the end.
    touched : (sources,) int64; at the end its beginning has the sources with synapses, in no order.

    Returns
    -------
    Number of sources with synapses.
    """
    groups, in_size, positions = geometry[0], geometry[1] * geometry[2], geometry[3] * geometry[4]
    places = geometry[5] * geometry[6]
    inputs, in_group = nonzero.shape[1] // places, nonzero.shape[0] // groups
    channel_of = neurons // positions
    here, slot, following = _channels_at_positions(neurons, positions, position_of)
    seen = np.empty((places, here.size), np.int64)
    sums = np.empty(nonzero.shape[1], np.int32)
    window = np.empty(in_size, np.int64)
    found = 0
    first: Any = np.int64(0)  # a plain 0 would have what is called compiled once for it and once for all other numbers
    while first < here.size:
        end = first + 1
        while end < here.size and _same_channels(channel_of, following, slot[first], slot[end]):
            end += 1
        _look(here, first, end, geometry, seen)
        index = slot[first]
        while index >= 0:
            group = channel_of[index] // in_group
            sums[:] = 0
            while index >= 0 and channel_of[index] // in_group == group:
                sums += nonzero[channel_of[index]]
                index = following[index]
            size = 0
            for channel in range(inputs):
                part = sums[channel * places : (channel + 1) * places]
                if channel == 0 or not np.array_equal(part, sums[(channel - 1) * places : channel * places]):
                    tally[window[:size]] = 0
                    size = _window(part, seen, first, end, tally, window)
                base = (group * inputs + channel) * in_size
                for number in range(size):
                    source = base + window[number]
                    if counts[source] == 0:
                        touched[found] = source
                        found += 1
                    counts[source] += tally[window[number]]
            tally[window[:size]] = 0
        first = end
    position_of[here] = -1
    return found


@numba.njit(cache=True)
def _channels_at_positions(neurons: Array, positions: int, position_of: Array) -> tuple[Array, Array, Array]:
    """The positions that a core holds, and the neurons at each as a list, ascending: the first, and the next of each.

    At the end `position_of` has the number of each position among them.
    """
    following = np.full(neurons.size, -1, np.int32)
    last = np.empty(neurons.size, np.int32)
    here = np.empty(neurons.size, np.int64)
    slot = np.empty(neurons.size, np.int32)
    occupied = 0
    for index in range(neurons.size):
        position = neurons[index] % positions
        number = position_of[position]
        if number < 0:
            position_of[position] = occupied
            here[occupied] = position
            slot[occupied] = index
            last[occupied] = index
            occupied += 1
        else:
            following[last[number]] = index
            last[number] = index
    return here[:occupied], slot[:occupied], following


@numba.njit(cache=True)
def _same_channels(channels: Array, following: Array, one: int, other: int) -> bool:
    while one >= 0 and other >= 0 and channels[one] == channels[other]:
        one, other = following[one], following[other]
    return one < 0 and other < 0


@numba.njit(cache=True)
def _look(here: Array, first: int, end: int, geometry: Array, seen: Array) -> None:
    """The input position behind each place of the kernel at some output positions, -1 outside."""
    in_rows, in_columns, _, out_columns, _, kernel_columns = geometry[1:7]
    down, along, top, left, dilation_down, dilation_along = geometry[7:]
    for place in range(seen.shape[0]):
        for number in range(first, end):
            row = here[number] // out_columns * down + place // kernel_columns * dilation_down - top
            column = here[number] % out_columns * along + place % kernel_columns * dilation_along - left
            inside = 0 <= row < in_rows and 0 <= column < in_columns
            seen[place, number] = row * in_columns + column if inside else -1


@numba.njit(cache=True)
def _window(sums: Array, seen: Array, first: int, end: int, tally: Array, window: Array) -> int:
    """How many positions of an input channel are seen through places with weights; `tally` says how often each."""
    size = 0
    for place in range(sums.size):
        if sums[place] > 0:
            for number in range(first, end):
                position = seen[place, number]
                if position >= 0:
                    if tally[position] == 0:
                        window[size] = position
                        size += 1
                    tally[position] += sums[place]
    return size


@numba.njit(cache=True)
def kernel_bits(
    neurons: Array, positions: int, groups: int, nonzero: Array, header: int, each: int, zero: int
) -> Array:
    """Bits that each stored place of the kernel and input takes, for the channels that a core holds; 0 for none.

    Parameters
    ----------
    neurons : (n,) int64, target neurons on the core.
    positions : of the output.
    nonzero : (output channels, inputs of a group * kernel places) bool.
    header, each, zero : bits of a stored place, of a weight other than zero, and of a weight of zero.

    Returns
    -------
    (groups, inputs of a group * kernel places) int64
    """
    held = np.zeros(nonzero.shape[0], np.bool_)
    for neuron in neurons:
        held[neuron // positions] = True
    sizes = np.zeros((groups, nonzero.shape[1]), np.int64)
    in_group = nonzero.shape[0] // groups
    for channel in range(nonzero.shape[0]):
        if held[channel]:
            for weight in range(nonzero.shape[1]):
                sizes[channel // in_group, weight] += each if nonzero[channel, weight] else zero
    for group in range(groups):
        for weight in range(nonzero.shape[1]):
            if sizes[group, weight] > 0:
                sizes[group, weight] += header
    return sizes


@numba.njit(cache=True)
def room_on_cores(core_of: Array, cores: int, rows: int, columns: int) -> Array:
    """Neurons that each core has room for, where it has a layer's neurons by tiles of a power of two of rows.

    Parameters
    ----------
    core_of : (neurons,) int64, the core of each neuron of the layer, channels first.
    rows, columns : of the layer.

    Returns
    -------
    (cores,) int64
    """
    channels = np.zeros(cores, np.int64)
    newest = np.full(cores, -1, np.int64)
    lowest = np.full(cores, rows, np.int64)
    highest = np.full(cores, -1, np.int64)
    column_of = np.full(cores, -1, np.int64)
    several = np.zeros(cores, np.bool_)
    for neuron in range(core_of.size):
        core = core_of[neuron]
        channel = neuron // (rows * columns)
        row = neuron // columns % rows
        column = neuron % columns
        if newest[core] != channel:
            newest[core] = channel
            channels[core] += 1
        lowest[core] = min(lowest[core], row)
        highest[core] = max(highest[core], row)
        if column_of[core] < 0:
            column_of[core] = column
        elif column_of[core] != column:
            several[core] = True
    result = np.zeros(cores, np.int64)
    for core in range(cores):
        if channels[core] > 0:
            height = 1
            while lowest[core] // height != highest[core] // height:
                height *= 2
            result[core] = channels[core] * height * (columns if several[core] else 1)
    return result
