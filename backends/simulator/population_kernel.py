"""The compiled loop over the steps of one population: gather, advance, list the spikes.

It is compiled once for every rule and form of its loop that occurs, and kept on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from ...models.neurons import FAMILIES
from .compiled_loops import compiled_loop, keep_loops
from .event_buffers import Place
from .event_kernels import gather
from .flag_bits import flag_bits, list_bits
from .rule_loops import advance_of
from .spike_counts import count_spikes
from .step_barrier import wait_for_others
from .wide_vectors import use_wide_vectors

keep_loops()

_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_PIECE = int(Place.PIECE)
_PIECES = int(Place.PIECES)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)


# Python 3.11 fails at random where two threads parse at the same time; and nothing should be compiled twice.
_ONE_AT_A_TIME = threading.Lock()


def kernel_of(rule_name: str, form: int, graded: bool) -> Callable[..., None]:
    """The compiled loop for populations whose neurons follow a rule; see `_part` for what it takes.

    Parameters
    ----------
    form : of the loop over the neurons, number in `rule_loops.forms_of`.
    graded : whether their output is numbers, not 0 or 1.
    """
    with _ONE_AT_A_TIME:
        return _made_kernel(rule_name, form, graded)


@cache
def _made_kernel(rule_name: str, form: int, graded: bool) -> Callable[..., None]:
    rule = FAMILIES[rule_name].integer_model.rule
    keep_loops(rule)
    name = f"run_{rule_name}_{form}_{'numbers' if graded else 'spikes'}"
    list_output = _list_numbers if graded else _list_spikes
    run = _with(_part, name, _advance=advance_of(rule, form), _list_output=list_output)
    return compiled_loop(cache=True)(run)


def _with(function: Callable[..., None], name: str, **names: Any) -> Callable[..., None]:
    """The same code with other functions in place of some; by its own name Numba keeps it apart on disk."""
    twin = FunctionType(function.__code__, {**function.__globals__, **names}, name)
    twin.__qualname__, twin.__module__ = name, __name__
    return twin


def _advance(*arguments: Any) -> None:
    """Stands for the loop of a rule, which `kernel_of` puts here."""
    raise NotImplementedError


_list_output = _advance


@compiled_loop(cache=True)
def _list_spikes(flags, size, first, fired, start, _values, _start_of_values):
    """Numbers of the neurons that spiked."""
    end, limit, whole = np.uint64(start), np.uint64(start + size), np.uint64((size + 63) // 64)
    for beyond in range(np.uint64(size), np.uint64(64) * whole):
        flags[beyond] = 0  # what a larger population left there
    for word in range(whole):
        bits = np.uint64(flag_bits(flags, np.uint64(64) * word))
        if bits:
            end = list_bits(bits, np.uint64(first) + np.uint64(64) * word, fired, end, limit)
    return np.int64(end) - start


@compiled_loop(cache=True)
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


def _part(
    cut, begin, end, stride, told, own, steps_before, samples, rows, weights, pointers, indices,
    places, fired, values, counts, given, states, parameters, totals, grids, outputs,
    groups, tallies, spikes, order, recorded_spikes, recorded_values, probe,
):  # fmt: skip
    """Advance one piece of a population through some steps.

    Parameters
    ----------
    cut : number of the piece.
    begin, end : the first step, and the one after the last.
    stride : steps that a piece may go ahead of the others; 0 for any number.
    told : (pieces * SPREAD,) int64, how far they are, see `step_barrier`; of one sample.
    own : number of the population.
    steps_before : steps before those that `given` is about.
    samples : number of them.
    rows : (projections, columns), those that end in this population; then all synapses, see `SynapseTables`.
    places, fired, values, counts : see `EventBuffers`.
    given : (samples, steps, neurons) float32, whole numbers that arrive besides; or without neurons.
    states : (samples, states, neurons) int32, changed.
    parameters : (parameters, neurons) int32.
    totals, grids, outputs : (pieces, neurons), (pieces, sums of a grid), of int16 where no sum has more, or int32; and
        (pieces, neurons) int8 or int32. Room to work in, sums being zero; see `ConvolutionTables` for the grids.
    groups : (neurons,) int32, and tallies : (pieces, steps, groups) int32: spikes are added up by group.
    spikes : (pieces, neurons) int64; spikes are added up by neuron.
    order : (neurons,) int64, the outer number of each neuron.
    recorded_spikes, recorded_values : (samples, steps, neurons) int8 and int32, filled; or without neurons.
    probe : (samples, steps, states, neurons) int32, filled with the states; or without neurons.
    """
    use_wide_vectors()
    width, piece, pieces, ring = places[own, _SIZE], places[own, _PIECE], places[own, _PIECES], places[own, _ROWS]
    first = cut * piece
    size = min(width - first, piece)
    total, grid, output = totals[cut], grids[cut], outputs[cut]
    for sample in range(samples):
        for step in range(begin, end):
            if stride and (step - begin) % stride == 0:
                wait_for_others(told, cut, pieces, step)
            gather(
                total, grid, size, first, width, cut, pieces, step, sample, rows, weights, pointers, indices,
                places, fired, values, counts,
            )  # fmt: skip
            if given.size:
                for i in range(np.uint64(size)):
                    total[i] += np.int64(given[sample, step - steps_before, np.uint64(first) + i])
            at = sample * ring + step % ring
            start = places[own, _FIRED] + at * width + first
            numbers = places[own, _VALUES] + at * width + first if places[own, _VALUES] >= 0 else -1
            _advance(states, sample, first, size, total, parameters, output)
            count = _list_output(output, size, first, fired, start, values, numbers)
            counts[places[own, _COUNTS] + at * pieces + cut] = count
            count_spikes(cut, step, fired, start, count, groups, tallies, spikes)
            if recorded_spikes.size or recorded_values.size:
                _record(sample, step, fired, start, count, values, numbers, order, recorded_spikes, recorded_values)
            if probe.size:
                for row in range(states.shape[1]):
                    for i in range(first, first + size):
                        probe[sample, step, row, order[i]] = states[sample, row, i]


@compiled_loop(cache=True)
def _record(sample, step, fired, start, count, values, numbers, order, recorded_spikes, recorded_values):
    for event in range(count):
        neuron = order[fired[start + event]]
        if recorded_spikes.size:
            recorded_spikes[sample, step, neuron] = 1
        else:
            recorded_values[sample, step, neuron] = values[numbers + event]
