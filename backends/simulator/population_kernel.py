"""The compiled loop over the steps of one population: gather, advance, list the spikes.

The loops that gather and advance are called by their address: those over synapses are compiled once for every kind
that occurs, and that over neurons for every rule and form of its loop. All are kept on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, partial
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import typeof, types
from numpy.typing import NDArray

from ...models.neurons import FAMILIES
from .compiled_loops import compiled_loop, keep_loops
from .event_buffers import Place
from .event_kernels import gather, synapse_loop
from .flag_bits import flag_bits, list_bits
from .loop_calls import address_of, call_at
from .rule_loops import advance_of
from .spike_counts import count_spikes
from .step_barrier import wait_for_others
from .synapse_tables import Column, Kind
from .wide_vectors import use_wide_vectors

keep_loops()

_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_PIECE = int(Place.PIECE)
_PIECES = int(Place.PIECES)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)


_KIND = int(Column.KIND)
_ADVANCE = len(Kind)  # where the address of the loop over neurons stands, behind those over synapses

Array = NDArray[Any]


class PopulationTask(NamedTuple):
    """What the loop takes after the piece and the steps.

    Attributes
    ----------
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

    own: int
    steps_before: int
    samples: int
    rows: Array
    weights: Array
    pointers: Array
    indices: Array
    places: Array
    fired: Array
    values: Array
    counts: Array
    given: Array
    states: Array
    parameters: Array
    totals: Array
    grids: Array
    outputs: Array
    groups: Array
    tallies: Array
    spikes: Array
    order: Array
    recorded_spikes: Array
    recorded_values: Array
    probe: Array


# Of the last three, the loops that are called are given one row.
_SHARED = (
    "rows", "weights", "pointers", "indices", "fired", "values", "states", "parameters", "totals", "grids", "outputs",
)  # fmt: skip
# Python 3.11 fails at random where two threads parse at the same time; and nothing should be compiled twice.
_ONE_AT_A_TIME = threading.Lock()


def kernel_of(rule_name: str, form: int, graded: bool, task: PopulationTask) -> Callable[..., None]:
    """The compiled loop for a population whose neurons follow a rule; see `_part` for what it takes.

    Parameters
    ----------
    form : of the loop over the neurons, number in `rule_loops.forms_of`.
    graded : whether their output is numbers, not 0 or 1.
    task : what it will take, but for the samples and steps.
    """
    kinds = tuple(np.unique(task.rows[:, _KIND]).tolist())
    arrays = tuple((name, typeof(values)) for name, values in zip(task._fields, task, strict=True) if name in _SHARED)
    with _ONE_AT_A_TIME:
        addresses = _addresses(rule_name, form, graded, kinds, arrays)
        return partial(_loop_over_steps(graded), addresses)


@cache
def _addresses(
    rule_name: str, form: int, graded: bool, kinds: tuple[int, ...], arrays: tuple[tuple[str, types.Array], ...]
) -> Array:
    """(kinds + 1,) int64, of the loops that are called; 0 where none will be."""
    known = dict(arrays)
    row = {name: types.Array(known[f"{name}s"].dtype, 1, "C") for name in ("total", "grid", "output")}
    found = np.zeros(len(Kind) + 1, dtype=np.int64)
    for kind in kinds:
        found[kind] = synapse_loop(kind, known | row)
    whole = types.int64
    given = (known["states"], whole, whole, whole, row["total"], known["parameters"], row["output"])
    found[_ADVANCE] = address_of(_loop_over_neurons(rule_name, form, graded), given)
    return found


@cache
def _loop_over_neurons(rule_name: str, form: int, graded: bool) -> Any:
    rule = FAMILIES[rule_name].integer_model.rule
    keep_loops(rule)
    name = f"advance_{rule_name}_{form}_{'numbers' if graded else 'spikes'}"
    return compiled_loop(cache=True)(_with(_neurons, name, _advance=advance_of(rule, form)))


@cache
def _loop_over_steps(graded: bool) -> Any:
    keep_loops()
    if graded:
        return compiled_loop(cache=True)(_with(_part, "run_numbers", _list_output=_list_numbers))
    return compiled_loop(cache=True)(_with(_part, "run_spikes", _list_output=_list_spikes))


def _with(function: Callable[..., None], name: str, **names: Any) -> Callable[..., None]:
    """The same code with other functions in place of some; by its own name Numba keeps it apart on disk."""
    twin = FunctionType(function.__code__, {**function.__globals__, **names}, name)
    twin.__qualname__, twin.__module__ = name, __name__
    return twin


def _advance(*arguments: Any) -> None:
    """Stands for the loop of a rule, which `_loop_over_neurons` puts here."""
    raise NotImplementedError


_list_output = _advance


def _neurons(states, sample, first, count, total, parameters, output):
    _advance(states, sample, first, count, total, parameters, output)


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
    loops, cut, begin, end, stride, told, own, steps_before, samples, rows, weights, pointers, indices,
    places, fired, values, counts, given, states, parameters, totals, grids, outputs,
    groups, tallies, spikes, order, recorded_spikes, recorded_values, probe,
):  # fmt: skip
    """Advance one piece of a population through some steps.

    Parameters
    ----------
    loops : (kinds of synapses + 1,) int64, addresses of the loops that are called.
    cut : number of the piece.
    begin, end : the first step, and the one after the last.
    stride : steps that a piece may go ahead of the others; 0 for any number.
    told : (pieces * SPREAD,) int64, how far they are, see `step_barrier`; of one sample.

    All others are those of `PopulationTask`.
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
            failed = gather(
                loops, total, grid, size, first, width, cut, pieces, step, sample, rows, weights, pointers, indices,
                places, fired, values, counts,
            )  # fmt: skip
            if given.size:
                for i in range(np.uint64(size)):
                    total[i] += np.int64(given[sample, step - steps_before, np.uint64(first) + i])
            at = sample * ring + step % ring
            start = places[own, _FIRED] + at * width + first
            numbers = places[own, _VALUES] + at * width + first if places[own, _VALUES] >= 0 else -1
            failed |= call_at(loops[_ADVANCE], (states, sample, first, size, total, parameters, output))
            if failed:
                raise ZeroDivisionError("in a loop over synapses or neurons")
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
