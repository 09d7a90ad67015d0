"""The compiled loops over synapses: what the spikes of one step give to the neurons they reach.

Indices are unsigned, for Numba would otherwise ask of each whether it counts from the end, and short runs of weights
would take twice as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import types

from .compiled_loops import compiled_loop, keep_loops
from .convolution_tables import RUN_STEP
from .event_buffers import Place
from .loop_calls import address_of, call_at
from .prefetching import LINE_BYTES, prefetch
from .row_sums import add_line, add_rows, add_run
from .synapse_tables import Column, Kind
from .wide_vectors import use_wide_vectors

keep_loops()

_KIND = int(Column.KIND)
_SOURCE = int(Column.SOURCE)
_LAG = int(Column.LAG)
_WEIGHTS = int(Column.WEIGHTS)
_POINTERS = int(Column.POINTERS)
_INDICES = int(Column.INDICES)
_CHANNELS_IN = int(Column.CHANNELS_IN)
_WIDTH_IN = int(Column.WIDTH_IN)
_CHANNELS_OUT = int(Column.CHANNELS_OUT)
_HEIGHT_OUT = int(Column.HEIGHT_OUT)
_WIDTH_OUT = int(Column.WIDTH_OUT)
_KERNEL_Y = int(Column.KERNEL_Y)
_KERNEL_X = int(Column.KERNEL_X)
_STRIDE_Y = int(Column.STRIDE_Y)
_STRIDE_X = int(Column.STRIDE_X)
_PAD_Y = int(Column.PAD_Y)
_PAD_X = int(Column.PAD_X)
_DILATION_Y = int(Column.DILATION_Y)
_DILATION_X = int(Column.DILATION_X)
_GROUPS = int(Column.GROUPS)
_RUN = int(Column.RUN)
_LINES_REACHED = int(Column.LINES_REACHED)
_GRID_LINE = int(Column.GRID_LINE)
_MARGIN = int(Column.MARGIN)
_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_PIECE = int(Place.PIECE)
_PIECES = int(Place.PIECES)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)
_AHEAD, _MOST_AHEAD = 4, 512  # spikes of a listed projection, and synapses of each, that are asked for in advance


@compiled_loop(inline="always")
def _add_run(total, start, weights, first, count, value):
    """total[start + i] += weights[first + i] * value, for i in 0..count - 1."""
    if value == 1:
        for i in range(count):
            total[start + i] += weights[first + i]
    else:
        for i in range(count):
            total[start + i] += np.int32(np.int32(weights[first + i]) * value)


@compiled_loop(cache=True)
def add_dense(total, size, weights, begin, width, fired, start, count, values, numbers):
    """Add what the spikes of one step give by a dense projection; as for `gather`, `begin` is the first weight."""
    if numbers < 0:
        add_rows(total, size, weights, begin, width, fired, start, count)
        return
    for event in range(count):
        weight = np.uint64(begin + fired[start + event] * width)
        _add_run(total, np.uint64(0), weights, weight, np.uint64(size), values[numbers + event])


@compiled_loop(cache=True)
def _add_dense_rows(
    total, grid, size, first, width, piece, pieces, rows, index, weights, pointers, indices,
    fired, start, count, values, numbers,
):  # fmt: skip
    add_dense(total, size, weights, rows[index, _WEIGHTS] + first, width, fired, start, count, values, numbers)


@compiled_loop(cache=True)
def _add_convolution(
    total, grid, size, first, width, piece, pieces, rows, index, weights, pointers, reached,
    fired, start, count, values, numbers,
):  # fmt: skip
    """Add what spikes give to whole rows of positions, `first` being the first neuron of the first row.

    They are added up in the grid, which lies around these rows; see `ConvolutionTables`.
    """
    if not count:
        return
    use_wide_vectors()
    channels_in = rows[index, _CHANNELS_IN]
    per_place = 1.0 / channels_in  # a division of integers takes several times as long
    line = rows[index, _WIDTH_OUT] * rows[index, _CHANNELS_OUT]
    lines, first_line = size // line, first // line
    grid_line, run, reach = rows[index, _GRID_LINE], rows[index, _RUN], rows[index, _LINES_REACHED]
    block, table, begin = reach * run, rows[index, _INDICES], rows[index, _WEIGHTS]
    for event in range(count):
        source = fired[start + event]
        place = np.int64((source + 0.5) * per_place)
        at = np.uint64(table + 3 * place)
        row = reached[at] - first_line
        if row < 0 or row > lines + reach - 2:
            continue
        target = np.uint64(row * grid_line + reached[at + np.uint64(1)])
        weight = np.uint64(begin + reached[at + np.uint64(2)] + (source - place * channels_in) * block)
        for _ in range(reach):
            if numbers < 0:
                add_run(grid, target, weights, weight, np.uint64(run))
            else:
                _add_run(grid, target, weights, weight, np.uint64(run), values[numbers + event])
            target += np.uint64(grid_line)
            weight += np.uint64(run)
    for row in range(lines):
        to = np.uint64(row * line)
        inside = np.uint64((row + reach - 1) * grid_line + rows[index, _MARGIN])
        add_line(total, to, grid, inside, np.uint64(line))
    for i in range(np.uint64((lines + 2 * (reach - 1)) * grid_line + RUN_STEP)):
        grid[i] = 0


@compiled_loop(cache=True)
def _add_grouped_convolution(
    total, grid, size, first, width, piece, pieces, rows, index, weights, pointers, indices,
    fired, start, count, values, numbers,
):  # fmt: skip
    """As `_add_convolution`, position by position: with groups or dilation, runs end at each."""
    channels_in, width_in = rows[index, _CHANNELS_IN], rows[index, _WIDTH_IN]
    channels_out, height_out, width_out = (
        rows[index, _CHANNELS_OUT], rows[index, _HEIGHT_OUT], rows[index, _WIDTH_OUT]
    )  # fmt: skip
    kernel_y, kernel_x = rows[index, _KERNEL_Y], rows[index, _KERNEL_X]
    stride_y, stride_x = rows[index, _STRIDE_Y], rows[index, _STRIDE_X]
    outputs = channels_out // rows[index, _GROUPS]
    for event in range(count):
        value = values[numbers + event] if numbers >= 0 else np.int32(1)
        source = fired[start + event]
        channel = source % channels_in
        x = source // channels_in % width_in
        y = source // (channels_in * width_in)
        group = channel // (channels_in // rows[index, _GROUPS])
        kernel = rows[index, _WEIGHTS] + channel * (kernel_y * kernel_x * outputs)
        for j in range(kernel_y):
            reach_y = y + rows[index, _PAD_Y] - j * rows[index, _DILATION_Y]
            if reach_y < 0 or reach_y % stride_y or reach_y // stride_y >= height_out:
                continue
            for i in range(kernel_x):
                reach_x = x + rows[index, _PAD_X] - i * rows[index, _DILATION_X]
                if reach_x < 0 or reach_x % stride_x or reach_x // stride_x >= width_out:
                    continue
                place = (reach_y // stride_y) * width_out + reach_x // stride_x
                target = place * channels_out + group * outputs - first
                if 0 <= target < size:
                    weight = np.uint64(kernel + (j * kernel_x + i) * outputs)
                    _add_run(total, np.uint64(target), weights, weight, np.uint64(outputs), value)


@compiled_loop(cache=True)
def _add_one_to_one(
    total, grid, size, first, width, piece, pieces, rows, index, weights, pointers, indices,
    fired, start, count, values, numbers,
):  # fmt: skip
    for event in range(count):
        value = values[numbers + event] if numbers >= 0 else np.int32(1)
        source = fired[start + event]
        if first <= source < first + size:
            total[source - first] += np.int32(np.int32(weights[rows[index, _WEIGHTS] + source]) * value)


@compiled_loop(cache=True)
def _add_listed(
    total, grid, size, first, width, piece, pieces, rows, index, weights, pointers, indices,
    fired, start, count, values, numbers,
):  # fmt: skip
    table, first_index, first_weight = rows[index, _POINTERS], rows[index, _INDICES], rows[index, _WEIGHTS]
    stride = pieces + 1
    for event in range(count):
        # Lists lie anywhere in memory; the wait for the next ones passes while this one is added.
        if event + 2 * _AHEAD < count:
            prefetch(pointers, np.uint64(table + fired[start + event + 2 * _AHEAD] * stride + piece))
        if event + _AHEAD < count:
            at = np.uint64(table + fired[start + event + _AHEAD] * stride + piece)
            begin, length = pointers[at], min(pointers[at + np.uint64(1)] - pointers[at], _MOST_AHEAD)
            for synapse in range(0, length, LINE_BYTES // 4):
                prefetch(indices, np.uint64(first_index + begin + synapse))
            for synapse in range(0, length, LINE_BYTES):
                prefetch(weights, np.uint64(first_weight + begin + synapse))
        value = values[numbers + event] if numbers >= 0 else np.int32(1)
        at = np.uint64(table + fired[start + event] * stride + piece)
        begin = np.uint64(first_index + pointers[at])
        weight = np.uint64(first_weight + pointers[at])
        for synapse in range(np.uint64(pointers[at + np.uint64(1)] - pointers[at])):
            target = np.uint64(indices[begin + synapse] - first)
            total[target] += np.int32(np.int32(weights[weight + synapse]) * value)


_LOOPS: Mapping[int, Any] = {
    int(Kind.DENSE): _add_dense_rows,
    int(Kind.CONVOLUTION): _add_convolution,
    int(Kind.GROUPED_CONVOLUTION): _add_grouped_convolution,
    int(Kind.ONE_TO_ONE): _add_one_to_one,
    int(Kind.LISTED): _add_listed,
}


def synapse_loop(kind: int, arrays: Mapping[str, Any]) -> int:
    """The address of the loop over synapses of a kind, for `gather`.

    Parameters
    ----------
    arrays : Numba's types of those arguments of `gather` that are arrays, by name.
    """
    whole = types.int64
    total, rows, fired = arrays["total"], arrays["rows"], arrays["fired"]
    tables = (arrays["weights"], arrays["pointers"], arrays["indices"])
    numbers = (whole,) * 5  # size, first, width, piece, pieces
    events = (fired, whole, whole, arrays["values"], whole)
    return address_of(_LOOPS[kind], (total, arrays["grid"], *numbers, rows, whole, *tables, *events))


@compiled_loop(inline="always")
def gather(
    loops, total, grid, size, first, width, piece, pieces, step, sample, rows, weights, pointers, indices,
    places, fired, values, counts,
):  # fmt: skip
    """Add up what arrives at a piece of a population in a step; whether that failed.

    Parameters
    ----------
    loops : (kinds,) int64, addresses of `synapse_loop`; only those of the kinds that occur are called.
    total : int16 or int32, of the piece's neurons, `size` of them; is changed.
    grid : zeros of the same kind, room for the grid of a convolution.
    first, width : the number of the piece's first neuron, and how many neurons the population has.
    piece, pieces : which piece of how many.
    rows : the projections that end in the population.
    weights, pointers, indices : see `SynapseTables`.
    places, fired, values, counts : see `EventBuffers`.
    """
    failed = False
    for index in range(rows.shape[0]):
        sent = step - rows[index, _LAG]
        if sent < 0:
            continue
        source = rows[index, _SOURCE]
        ring, neurons, segments = places[source, _ROWS], places[source, _SIZE], places[source, _PIECES]
        at = sample * ring + sent % ring
        for segment in range(segments):
            count = counts[places[source, _COUNTS] + at * segments + segment]
            offset = at * neurons + segment * places[source, _PIECE]
            numbers = places[source, _VALUES] + offset if places[source, _VALUES] >= 0 else -1
            failed |= call_at(loops[rows[index, _KIND]], (
                total, grid, size, first, width, piece, pieces, rows, index, weights, pointers, indices,
                fired, places[source, _FIRED] + offset, count, values, numbers,
            ))  # fmt: skip
    return failed
