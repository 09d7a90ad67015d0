"""The compiled loops: spikes in, synapses, neurons, spikes out.

Each worker takes every so-manieth sample through all its steps with a state of its own. Within a step, populations are
visited in the network's order; each gathers what arrives (only from neurons that spiked), advances all its neurons,
and lists those that spike for the populations after it and, through a ring of lists, for later steps.
"""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np

from ...models.compiled_code import keep_compiled_code
from ...models.neurons.rules import leaky_rule, sigma_delta_rule
from .tables import Column, Kind, Rule, Source

_RULES = (Path(leaky_rule.__file__), Path(sigma_delta_rule.__file__))
keep_compiled_code(Path(__file__), Path(__file__).with_name("tables.py"), *_RULES)

_leaky_step = numba.njit(inline="always")(leaky_rule.step)
_sigma_delta_step = numba.njit(inline="always")(sigma_delta_rule.step)

_KIND = int(Column.KIND)
_SOURCE = int(Column.SOURCE)
_LAG = int(Column.LAG)
_WEIGHTS = int(Column.WEIGHTS)
_POINTERS = int(Column.POINTERS)
_INDICES = int(Column.INDICES)
_FIRST_SIZE = int(Column.CHANNELS_IN)
_DENSE = int(Kind.DENSE)
_CONVOLUTION = int(Kind.CONVOLUTION)
_ONE_TO_ONE = int(Kind.ONE_TO_ONE)
_INPUT = int(Source.INPUT)
_CONSTANT = int(Source.CONSTANT)
_SIGMA_DELTA = int(Rule.SIGMA_DELTA)


@numba.njit(cache=True, nogil=True)
def _add_row(total, start, weights, first, count, value):
    """total[start + i] += weights[first + i] * value; plain spikes are spared the product.

    The slices let the compiler see that no index is negative, without which it does not vectorise.
    """
    row = total[start : start + count]
    added = weights[first : first + count]
    if value == 1:
        for i in range(count):
            row[i] += added[i]
    else:
        for i in range(count):
            row[i] += added[i] * value


@numba.njit(cache=True, nogil=True)
def _add_convolution(total, row, weights, source, value):
    channels_in, _, width_in, channels_out, height_out, width_out = row[_FIRST_SIZE : _FIRST_SIZE + 6]
    kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x = row[_FIRST_SIZE + 6 : _FIRST_SIZE + 12]
    dilation_y, dilation_x, groups = row[_FIRST_SIZE + 12 : _FIRST_SIZE + 15]
    outputs = channels_out // groups
    channel = source % channels_in
    x = source // channels_in % width_in
    y = source // (channels_in * width_in)
    group = channel // (channels_in // groups)
    kernel = row[_WEIGHTS] + channel * (kernel_y * kernel_x * outputs)
    for j in range(kernel_y):
        reach_y = y + pad_y - j * dilation_y
        if reach_y < 0 or reach_y % stride_y or reach_y // stride_y >= height_out:
            continue
        for i in range(kernel_x):
            reach_x = x + pad_x - i * dilation_x
            if reach_x < 0 or reach_x % stride_x or reach_x // stride_x >= width_out:
                continue
            place = (reach_y // stride_y) * width_out + reach_x // stride_x
            _add_row(
                total,
                place * channels_out + group * outputs,
                weights,
                kernel + (j * kernel_x + i) * outputs,
                outputs,
                value,
            )


@numba.njit(cache=True, nogil=True)
def _add_projection(total, row, weights, pointers, indices, fired, values, count):
    """Add what `count` spikes of one projection's source give to its target."""
    kind = row[_KIND]
    size = total.size
    for event in range(count):
        source, value = fired[event], values[event]
        if kind == _DENSE:
            _add_row(total, 0, weights, row[_WEIGHTS] + source * size, size, value)
        elif kind == _CONVOLUTION:
            _add_convolution(total, row, weights, source, value)
        elif kind == _ONE_TO_ONE:
            total[source] += weights[row[_WEIGHTS] + source] * value
        else:
            for synapse in range(pointers[row[_POINTERS] + source], pointers[row[_POINTERS] + source + 1]):
                total[indices[row[_INDICES] + synapse]] += weights[row[_WEIGHTS] + synapse] * value


@numba.njit(cache=True, nogil=True)
def _run_sample(  # noqa: PLR0912 - one loop, kept in one piece for the compiler
    data, offsets, sources, rules, first_projection, projections, weights, pointers, indices,
    start, p, slots, places, record, counts,
):  # fmt: skip
    neurons = offsets[-1]
    first_state = start[0].copy()
    second_state = start[1].copy()
    total = np.zeros(neurons, dtype=np.int32)
    fired = np.zeros((slots, neurons), dtype=np.int32)
    values = np.zeros((slots, neurons), dtype=np.int32)
    fired_count = np.zeros((slots, sources.size), dtype=np.int64)
    for step in range(data.shape[0]):
        slot = step % slots
        for population in range(sources.size):
            first, stop = offsets[population], offsets[population + 1]
            events = 0
            if sources[population] == _INPUT:
                for i in range(stop - first):
                    if data[step, i]:
                        fired[slot, first + events] = i
                        values[slot, first + events] = data[step, i]
                        events += 1
            elif sources[population] == _CONSTANT:
                fired[slot, first], values[slot, first], events = 0, 1, 1
            else:
                total[first:stop] = 0
                for index in range(first_projection[population], first_projection[population + 1]):
                    row = projections[index]
                    if row[_LAG] <= step:
                        source = row[_SOURCE]
                        then = (step - row[_LAG]) % slots
                        _add_projection(
                            total[first:stop], row, weights, pointers, indices, fired[then, offsets[source] :],
                            values[then, offsets[source] :], fired_count[then, source],
                        )  # fmt: skip
                if rules[population] == _SIGMA_DELTA:
                    for i in range(first, stop):
                        first_state[i], second_state[i], output = _sigma_delta_step(
                            first_state[i], second_state[i], np.int64(total[i]),
                            p[0, i], p[1, i], p[2, i], p[3, i], p[4, i], p[5, i], p[6, i], p[7, i],
                        )  # fmt: skip
                        if output:
                            fired[slot, first + events] = i - first
                            values[slot, first + events] = output
                            events += 1
                else:
                    for i in range(first, stop):
                        first_state[i], second_state[i], output = _leaky_step(
                            first_state[i], second_state[i], np.int64(total[i]),
                            p[0, i], p[1, i], p[2, i], p[3, i], p[4, i], p[5, i], p[6, i], p[7, i],
                        )  # fmt: skip
                        if output:
                            fired[slot, first + events] = i - first
                            values[slot, first + events] = output
                            events += 1
            fired_count[slot, population] = events
            for event in range(events):
                counts[step, first + fired[slot, first + event]] += 1
            if places[population] >= 0:
                for event in range(events):
                    record[step, places[population] + fired[slot, first + event]] = values[slot, first + event]


@numba.njit(cache=True, parallel=True)
def run_samples(
    data, offsets, sources, rules, first_projection, projections, weights, pointers, indices,
    start, p, slots, places, record, counts,
):  # fmt: skip
    """Run every sample; `counts` (workers, steps, neurons) and `record` (samples, steps, recorded neurons) are filled.

    data : (samples, steps, inputs) int32, inner numbering; places : (populations,), where a population stands in
    `record`, or -1; p: `Tables.parameters`; all else as in `Tables`.
    """
    workers = counts.shape[0]
    for worker in numba.prange(workers):
        for sample in range(worker, data.shape[0], workers):
            _run_sample(
                data[sample], offsets, sources, rules, first_projection, projections, weights, pointers, indices,
                start, p, slots, places, record[sample], counts[worker],
            )  # fmt: skip
