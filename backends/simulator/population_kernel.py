"""The compiled loop over the steps of one population: gather, advance, list the spikes.

It is compiled once for every rule that occurs, and kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numba
import numpy as np

from ...models.neurons import FAMILIES
from .compiled_loops import keep_loops
from .event_buffers import Place
from .event_kernels import gather
from .rule_loops import advance_of
from .spike_counts import count_spikes
from .wide_vectors import use_wide_vectors

keep_loops()

_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_PIECE = int(Place.PIECE)
_PIECES = int(Place.PIECES)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)
# The upper byte of its product with 256**k is k.
_BYTE_NUMBERS = np.uint64(0x0001020304050607)


@cache
def kernel_of(rule_name: str) -> Callable[..., None]:
    """The compiled loop for populations whose neurons follow a rule."""
    rule = FAMILIES[rule_name].integer_model.rule
    keep_loops(rule)
    part = numba.njit(nogil=True)(_with(_part, f"part_{rule_name}", _advance=advance_of(rule)))
    run = _with(_run_population, f"run_{rule_name}", _run_part=part)
    return numba.njit(cache=True, parallel=True)(run)


def _with(function: Callable[..., None], name: str, **names: Any) -> Callable[..., None]:
    """The same code with other functions in place of some; by its own name Numba keeps it apart on disk."""
    twin = FunctionType(function.__code__, {**function.__globals__, **names}, name)
    twin.__qualname__, twin.__module__ = name, __name__
    return twin


def _advance(*arguments: Any) -> None:
    """Stands for the loop of a rule, which `kernel_of` puts here."""
    raise NotImplementedError


_run_part = _advance


@numba.njit(cache=True, nogil=True)
def _list_spikes(flags, size, first, fired, start):
    """Numbers of the neurons that spiked; flags are looked at eight at a time, and 64 at a time where nobody spikes."""
    words = flags.view(np.uint64)
    end = np.uint64(start)
    whole = np.uint64((size + 7) // 8)
    for beyond in range(np.uint64(size), np.uint64(8) * whole):
        flags[beyond] = 0  # what a larger population left there
    word = np.uint64(0)
    while word < whole:
        if word + np.uint64(8) <= whole:
            some = np.uint64(0)
            for i in range(np.uint64(8)):
                some |= words[word + i]
            if not some:
                word += np.uint64(8)
                continue
        for now in range(word, min(word + np.uint64(8), whole)):
            left = words[now]
            base = np.uint64(first) + np.uint64(8) * now
            while left:
                lowest = left & (~left + np.uint64(1))
                fired[end] = base + ((lowest * _BYTE_NUMBERS) >> np.uint64(56))
                end += np.uint64(1)
                left ^= lowest
        word += np.uint64(8)
    return np.int64(end) - start


@numba.njit(cache=True, nogil=True)
def _list_numbers(output, size, first, fired, start, values, start_of_values):
    """Numbers of the neurons that sent something, and what; that only where `start_of_values` is not negative."""
    count = 0
    for i in range(size):
        if output[i]:
            fired[start + count] = first + i
            if start_of_values >= 0:
                values[start_of_values + count] = output[i]
            count += 1
    return count


def _run_population(
    own, form, listed, steps, stride, samples, workers, rows, narrow, wide, pointers, indices,
    places, fired, values, counts, given, states, parameters, totals, flags, outputs,
    groups, tallies, spikes, order, recorded_spikes, recorded_values, probe,
):  # fmt: skip
    """Advance one population through some steps of some samples.

    Samples are shared out to the workers; where the population is cut into pieces, pieces are, and every worker goes
    through all samples.

    Parameters
    ----------
    own : number of the population.
    form : of the loop over its neurons, see `rule_loops`.
    listed : whether its output is 0 or 1 and put out as flags; else it is put out as numbers.
    steps : (3,) the first step, the one after the last, and that at which `tallies` begin.
    stride : steps that a piece may go ahead of the others.
    samples, workers : numbers of them.
    rows : (projections, columns), those that end in this population; then all synapses, see `SynapseTables`.
    places, fired, values, counts : see `EventBuffers`.
    given : (samples, steps, neurons) float32, whole numbers that arrive besides; or without neurons.
    states : (samples, states, neurons) int32, changed.
    parameters : (parameters, neurons) int32.
    totals, flags, outputs : (workers, neurons) int32, int8, int32; room to work in, totals being zero.
    groups : (neurons,) int32, and tallies : (workers, steps, groups) int32: spikes are added up by group.
    spikes : (workers, neurons) int64; spikes are added up by neuron.
    order : (neurons,) int64, the outer number of each neuron.
    recorded_spikes, recorded_values : (samples, steps, neurons) int8 and int32, filled; or without neurons.
    probe : (samples, steps, states, neurons) int32, filled with the states; or without neurons.
    """
    parts = places[own, _PIECES] if places[own, _PIECES] > 1 else workers
    for begin in range(steps[0], steps[1], stride):
        for worker in numba.prange(parts):
            _run_part(
                np.int64(worker), begin, min(begin + stride, steps[1]),
                own, form, listed, steps, samples, workers, rows, narrow, wide, pointers, indices,
                places, fired, values, counts, given, states, parameters, totals, flags, outputs,
                groups, tallies, spikes, order, recorded_spikes, recorded_values, probe,
            )  # fmt: skip


def _part(
    worker, begin, end, own, form, listed, steps, samples, workers, rows, narrow, wide, pointers, indices,
    places, fired, values, counts, given, states, parameters, totals, flags, outputs,
    groups, tallies, spikes, order, recorded_spikes, recorded_values, probe,
):  # fmt: skip
    """What one worker does: some of the samples, or one piece of the population for all of them."""
    use_wide_vectors()
    width, piece, pieces, ring = places[own, _SIZE], places[own, _PIECE], places[own, _PIECES], places[own, _ROWS]
    cut = worker if pieces > 1 else 0
    first = cut * piece
    size = min(width - first, piece)
    total, flag, output = totals[worker], flags[worker], outputs[worker]
    for sample in range(worker if pieces == 1 else 0, samples, workers if pieces == 1 else 1):
        for step in range(begin, end):
            gather(
                total, size, first, width, cut, pieces, step, sample, rows, narrow, wide, pointers, indices,
                places, fired, values, counts,
            )  # fmt: skip
            if given.size:
                for i in range(np.uint64(size)):
                    total[i] += np.int32(given[sample, step - steps[2], np.uint64(first) + i])
            at = sample * ring + step % ring
            start = places[own, _FIRED] + at * width + first
            numbers = places[own, _VALUES] + at * width + first if places[own, _VALUES] >= 0 else -1
            if listed:
                _advance(form, states, sample, first, size, total, parameters, flag)
                count = _list_spikes(flag, size, first, fired, start)
            else:
                _advance(form, states, sample, first, size, total, parameters, output)
                count = _list_numbers(output, size, first, fired, start, values, numbers)
            counts[places[own, _COUNTS] + at * pieces + cut] = count
            count_spikes(worker, step - steps[2], fired, start, count, groups, tallies, spikes)
            if recorded_spikes.size or recorded_values.size:
                _record(sample, step, fired, start, count, values, numbers, order, recorded_spikes, recorded_values)
            if probe.size:
                for row in range(states.shape[1]):
                    for i in range(first, first + size):
                        probe[sample, step, row, order[i]] = states[sample, row, i]


@numba.njit(cache=True, nogil=True)
def _record(sample, step, fired, start, count, values, numbers, order, recorded_spikes, recorded_values):
    for event in range(count):
        neuron = order[fired[start + event]]
        if recorded_spikes.size:
            recorded_spikes[sample, step, neuron] = 1
        else:
            recorded_values[sample, step, neuron] = values[numbers + event]
