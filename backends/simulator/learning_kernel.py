"""The compiled loops of plastic synapses: the same integers as `PlasticSynapses`, touching only what can change.

Synapses lie in rows by source, since spikes arrive by source. At the end of an epoch those are visited whose source or
whose target spiked, and all of them where a product does not ask for a spike, or where there is a tag, whose lowest
value does not stay what it is even without a spike.
"""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np

from ...models.compiled_code import keep_compiled_code

keep_compiled_code(Path(__file__))

X0, Y0, U = 0, 1, 2
"""Dependencies, as numbers."""
SOURCE_SPIKE, TARGET_SPIKE, SOURCE_TRACE, TARGET_TRACE, SYNAPTIC = range(5)
"""Kinds of variables, as numbers."""
_X0, _Y0, _U = X0, Y0, U
_SOURCE_SPIKE, _TARGET_SPIKE, _SOURCE_TRACE, _TARGET_TRACE = SOURCE_SPIKE, TARGET_SPIKE, SOURCE_TRACE, TARGET_TRACE
_SYNAPTIC = SYNAPTIC
_LOWEST, _HIGHEST = -(1 << 15) - 1, (1 << 15) - 1
_LARGEST_TRACE = 127


@numba.njit(cache=True, nogil=True)
def send(weights, sent, arriving):
    """Sum what arrives at the targets.

    Parameters
    ----------
    weights : (sources, targets) int16.
    sent : (sources,) int64.
    arriving : (targets,) int64, is written.
    """
    arriving[:] = 0
    for source in range(sent.size):
        value = sent[source]
        if value != 0:
            row = weights[source]
            for target in range(row.size):
                arriving[target] += row[target] * value


@numba.njit(cache=True, nogil=True)
def note_spikes(spikes, spike_step, within, traces, whole, fraction, number):
    """Note the step of each spike in the epoch; a neuron that had one adds its impulses now.

    Parameters
    ----------
    spikes : (neurons,), zero where there is none.
    spike_step : (neurons,) int64, step of the last spike in this epoch, from 1; 0 where there was none. Is written.
    within : this step.
    traces : (traces, neurons) int64, is written.
    whole, fraction : (traces,) int64, parts of the impulses.
    number : by which impulses are rounded.
    """
    for neuron in range(spikes.size):
        if spikes[neuron] != 0:
            if spike_step[neuron] > 0:
                for trace in range(whole.size):
                    higher = traces[trace, neuron] + whole[trace] + (1 if number < fraction[trace] else 0)
                    traces[trace, neuron] = min(max(higher, 0), _LARGEST_TRACE)
            spike_step[neuron] = within


@numba.njit(cache=True, nogil=True)
def decay_traces(history, spike_step, left, whole, fraction, number, impulse_number):
    """Traces after each step of an epoch, from those at its begin.

    Parameters
    ----------
    history : (epoch + 1, traces, neurons) int64; its first entry is read, the others are written.
    left : (traces,) float64, what is left of each after a step.
    number, impulse_number : by which decay and impulses are rounded.
    spike_step, whole, fraction : as in `note_spikes`.
    """
    for step in range(1, history.shape[0]):
        for trace in range(history.shape[1]):
            for neuron in range(history.shape[2]):
                decayed = left[trace] * history[step - 1, trace, neuron]
                floor = np.floor(decayed)
                value = int(floor) + (1 if number < decayed - floor else 0)
                if spike_step[neuron] == step:
                    value = value + whole[trace] + (1 if impulse_number < fraction[trace] else 0)
                    value = min(max(value, 0), _LARGEST_TRACE)
                history[step, trace, neuron] = value


@numba.njit(cache=True, nogil=True)
def change_synapses(weights, second_tags, tags, products, starts, factors, bounds, number, is_u, x_step, y_step, x, y):
    """Change all synapses at the end of an epoch.

    Parameters
    ----------
    weights, second_tags, tags : (sources, targets) int16; written where they have a rule. Second tags and tags that no
        rule has or reads may be (0, 0).
    products : (products, 6) int64: dependency, mantissa, shift, exponent, first factor, end of the factors.
    starts : (4,) int64, first product of the weight, of the second tag and of the tag, and their end.
    factors : (factors, 5) int64: kind of variable, its number, constant, whether its sign counts, limit.
    bounds : (3, 2) int64.
    number : by which synapses are rounded.
    is_u : whether "u" is computed in this epoch.
    x_step, y_step : (sources,) and (targets,) int64, steps of the last spikes in this epoch, 0 without.
    x, y : (epoch + 1, traces, neurons) int64, traces at the begin and after each step.
    """
    everything = starts[3] > starts[2]
    for index in range(starts[3]):
        everything = everything or (is_u and products[index, 0] == _U)
    targets = y_step.size
    every_target = np.arange(targets)
    fired = np.nonzero(y_step)[0]
    y_every, y_fired = y.astype(np.int32), y[:, :, fired].astype(np.int32)
    old = np.zeros((3, targets), dtype=np.int32)
    value, total = np.empty(targets, dtype=np.int32), np.empty(targets, dtype=np.int32)
    remainder = np.int32(np.floor(number * 128))
    for source in range(x_step.size):
        whole = everything or x_step[source] > 0
        chosen, traces = (every_target, y_every) if whole else (fired, y_fired)
        if chosen.size:
            _change_row(
                source, chosen, weights, second_tags, tags, products, starts, factors, bounds, remainder, is_u, x_step,
                y_step, x, traces, old, value, total
            )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _change_row(
    source, chosen, weights, second_tags, tags, products, starts, factors, bounds, remainder, is_u, x_step, y_step, x,
    traces, old, value, total
):  # fmt: skip
    """Change the synapses of one source to chosen targets; `traces` are those of these targets alone."""
    _take(weights, source, chosen, old[0])
    _take(second_tags, source, chosen, old[1])
    _take(tags, source, chosen, old[2])
    for variable in range(3):
        if starts[variable] == starts[variable + 1]:
            continue
        for i in range(chosen.size):
            total[i] = old[variable, i] << 7
        for index in range(starts[variable], starts[variable + 1]):
            dependency = products[index, 0]
            if (dependency == _U and is_u) or (dependency == _X0 and x_step[source] > 0) or dependency == _Y0:
                _add(total, products[index], factors, source, chosen, x_step, y_step, x, traces, old, value)
            for i in range(chosen.size):
                total[i] = min(max(total[i], _LOWEST), _HIGHEST)
        low, high = bounds[variable]
        for i in range(chosen.size):
            rounded = (total[i] >> 7) + ((total[i] & 127) > remainder)
            total[i] = min(max(rounded, low), high)
        changed = weights if variable == 0 else (second_tags if variable == 1 else tags)
        for i in range(chosen.size):
            changed[source, chosen[i]] = total[i]


@numba.njit(cache=True, nogil=True)
def _take(variables, source, chosen, taken):
    """Copy a row of synaptic variables, unless there are none."""
    if variables.size:
        for i in range(chosen.size):
            taken[i] = variables[source, chosen[i]]


@numba.njit(cache=True, nogil=True)
def _add(total, product, factors, source, chosen, x_step, y_step, x, traces, old, value):
    """Add a product to the sums of a row of synapses."""
    dependency, mantissa, shift, exponent, first, end = product
    for i in range(chosen.size):
        value[i] = mantissa
    for place in range(first, end):
        kind = factors[place, 0]
        if kind == _SOURCE_SPIKE or (kind == _SOURCE_TRACE and dependency != _Y0):
            _multiply_by_source(value, factors[place], dependency, source, chosen, x_step, x)
        elif (kind == _TARGET_TRACE and dependency != _Y0) or kind == _SYNAPTIC:
            moment = x_step[source] if dependency == _X0 else x.shape[0] - 1
            row = old[factors[place, 1]] if kind == _SYNAPTIC else traces[moment, factors[place, 1]]
            _multiply_by_row(value, factors[place], row, chosen.size)
        else:
            _multiply_by_target(value, factors[place], source, chosen, y_step, x, traces)
    if dependency == _Y0:
        for i in range(chosen.size):
            value[i] = value[i] if y_step[chosen[i]] > 0 else 0
    for i in range(chosen.size):
        total[i] += min(max(np.int32(value[i] >> shift << exponent), _LOWEST), _HIGHEST)


@numba.njit(cache=True, nogil=True)
def _multiply_by_source(value, factor, dependency, source, chosen, x_step, x):
    """By what is the same for all synapses of a source; all products have 32 bits and wrap."""
    kind, which, constant, sign, limit = factor
    moment = x_step[source] if dependency == _X0 else x.shape[0] - 1
    found = np.int64(x_step[source] > 0) if kind == _SOURCE_SPIKE else x[moment, which, source]
    scalar = np.int32(_limited(found + constant, sign, limit))
    for i in range(chosen.size):
        value[i] *= scalar


@numba.njit(cache=True, nogil=True)
def _multiply_by_row(value, factor, row, count):
    """By a number for each synapse."""
    _, _, constant, sign, limit = factor
    if sign:
        for i in range(count):
            value[i] *= np.int32(_limited(row[i] + constant, sign, limit))
        return
    low, high, added = np.int32(-limit), np.int32(limit - 1), np.int32(constant)
    for i in range(count):
        value[i] *= min(max(np.int32(row[i] + added), low), high)


@numba.njit(cache=True, nogil=True)
def _multiply_by_target(value, factor, source, chosen, y_step, x, traces):
    """By whether the target spiked, or by a trace as it stood when the target spiked."""
    kind, which, constant, sign, limit = factor
    for i in range(chosen.size):
        moment = y_step[chosen[i]]
        if kind == _TARGET_SPIKE:
            found = np.int64(moment > 0)
        elif kind == _SOURCE_TRACE:
            found = x[moment, which, source]
        else:
            found = np.int64(traces[moment, which, i])
        value[i] *= np.int32(_limited(found + constant, sign, limit))


@numba.njit(cache=True, nogil=True, inline="always")
def _limited(found, sign, limit):
    if sign:
        found = np.int64(found > 0) - np.int64(found < 0)
    return min(max(found, -limit), limit - 1)
