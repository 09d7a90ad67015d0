"""One run of samples through a network: block of steps by block of steps, population by population."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Population, Role
from ...models.neurons import IntegerNeuron
from .event_buffers import Place
from .input_kernel import list_input
from .interruption import InterruptionRequest, SimulationInterrupted
from .layout import inner_numbers, outer_numbers
from .population_kernel import kernel_of
from .simulation import Simulation
from .stages import Stage
from .synapse_tables import Column
from .worker_threads import WorkerThreads

if TYPE_CHECKING:
    from .simulate import Simulator

Array = NDArray[Any]

EVENT_BYTES = 16 << 20  # of lists of spikes, if all neurons spiked; more would leave the processor's caches
_NO_SPIKES: Array = np.zeros((0, 0, 0), dtype=np.int8)
_NO_VALUES: Array = np.zeros((0, 0, 0), dtype=np.int32)
_NO_SUMS: Array = np.zeros((0, 0, 0), dtype=np.float32)
_NO_STATES: Array = np.zeros((0, 0, 0, 0), dtype=np.int32)


class SampleRun:
    """What `Simulator.run` does with its arguments; see there."""

    def __init__(
        self,
        simulator: Simulator,
        data: Array,
        recorded: tuple[str, ...],
        states: Collection[str],
        groups: Mapping[str, Array],
        first_sample: int,
    ) -> None:
        self.network, self.stages, self.workers = simulator.network, simulator.stages, simulator.workers
        self.data, self.first_sample = data, first_sample
        self.samples, self.steps = int(data.shape[0]), int(data.shape[1])
        low, high = (int(data.min()), int(data.max())) if data.size and data.dtype != bool else (0, 1)
        self.plain = low >= 0 and high <= 1
        self.neurons = simulator.neurons(1 if self.plain else 1 << max(-low, high).bit_length())
        self.cut = self.samples < self.workers
        self.synapses, self.products, pieces = simulator.synapses(self.cut)
        if self.cut and all(cuts.size == 2 for cuts in pieces.values()):
            self.workers = 1
        self.threads = WorkerThreads(self.workers)
        populations = self.network.populations
        self.at_once, self.block = self._portions(sum(simulator.sizes))
        lags = [0] * len(populations)
        for row in self.synapses.rows:
            lags[row[Column.SOURCE]] = max(lags[row[Column.SOURCE]], int(row[Column.LAG]))
        graded = tuple(p.graded or (p.role is Role.INPUT and not self.plain) for p in populations)
        self.buffers = simulator.buffers(tuple(self.block + lag for lag in lags), self.cut, graded, self.at_once)
        self._fill_constants()
        self.groups = [_inner_groups(population, groups.get(population.name)) for population in populations]
        self.counted = {index: int(part.max()) + 1 for index, part in enumerate(self.groups) if part.size}
        counts = [self.counted.get(index, 0) for index in range(len(populations))]
        self.tallies = [np.zeros((self.workers, self.block if count else 0, count), dtype=np.int32) for count in counts]
        self.spikes = [np.zeros((self.workers, size), dtype=np.int64) for size in simulator.sizes]
        widest = max(-(-size // 8) * 8 for size in simulator.sizes)
        self.totals = np.zeros((self.workers, widest), dtype=np.int32)
        self.flags = np.zeros((self.workers, widest), dtype=np.int8)
        self.numbers = np.zeros((self.workers, widest if self._puts_out_numbers() else 0), dtype=np.int32)
        self.activity = {name: self._room_for_activity(self.network.by_name[name]) for name in recorded}
        self.states = {name: self._room_for_states(self.network.by_name[name]) for name in states}

    def _puts_out_numbers(self) -> bool:
        return any(population.graded for population in self.network.populations)

    def _room_for_activity(self, population: Population) -> Array:
        return np.zeros((self.samples, self.steps, population.size), np.int32 if population.graded else np.int8)

    def _room_for_states(self, population: Population) -> Array:
        neuron = population.neuron
        if not isinstance(neuron, IntegerNeuron):
            raise ValueError(f"{population.name!r} has no states")
        return np.zeros((self.samples, self.steps, len(neuron.rule.states), population.size), dtype=np.int32)

    def _portions(self, neurons: int) -> tuple[int, int]:
        """Samples and steps to take at a time."""
        bearable = max(1, EVENT_BYTES // (4 * max(1, neurons)))  # samples times steps
        if self.cut:
            return 1, max(1, min(self.steps, bearable))
        samples = min(self.samples, 4 * self.workers if bearable >= self.workers else self.workers)
        block = max(1, min(self.steps, bearable // samples))
        if block == self.steps:  # short samples: more of them
            samples = min(self.samples, max(samples, bearable // block // self.workers * self.workers))
        return samples, block

    def _fill_constants(self) -> None:
        """Constants spike at every step, so that their lists never change."""
        for index, population in enumerate(self.network.populations):
            if population.role is Role.CONSTANT:
                size, rows, _, _, fired, _, counts = self.buffers.places[index].tolist()
                held = self.at_once * rows
                self.buffers.fired[fired : fired + held * size].reshape(held, size)[:] = np.arange(size)
                self.buffers.counts[counts : counts + held] = size

    def all(self, progress: Callable[[float], None]) -> Simulation:
        """Run everything."""
        group_spikes = {index: np.zeros((self.steps, count), dtype=np.int64) for index, count in self.counted.items()}
        spikes = [np.zeros(population.size, dtype=np.int64) for population in self.network.populations]
        with InterruptionRequest() as interruption, self.threads:
            for first in range(0, self.samples, self.at_once):
                stop = min(self.samples, first + self.at_once)
                counts = {index: np.zeros_like(part) for index, part in group_spikes.items()}
                done = self._portion(first, stop, counts, interruption, progress)
                if done == self.steps or first == 0:
                    for index, part in counts.items():
                        group_spikes[index] += part
                    for index, workers in enumerate(self.spikes):
                        spikes[index] += workers.sum(axis=0)
                        workers[:] = 0
                if done < self.steps:
                    samples, steps = (first, self.steps) if first else (stop, done)
                    raise SimulationInterrupted(self._result(samples, steps, spikes, group_spikes))
        return self._result(self.samples, self.steps, spikes, group_spikes)

    def _result(self, samples: int, steps: int, spikes: list[Array], group_spikes: Mapping[int, Array]) -> Simulation:
        populations = self.network.populations
        return Simulation(
            samples,
            steps,
            {name: part[:samples, :steps] for name, part in self.activity.items()},
            {population.name: _outer(population, spikes[index]) for index, population in enumerate(populations)},
            {populations[index].name: part[:steps] for index, part in group_spikes.items()},
            {name: part[:samples, :steps] for name, part in self.states.items()},
        )

    def _portion(
        self,
        first: int,
        stop: int,
        counts: Mapping[int, Array],
        interruption: InterruptionRequest,
        progress: Callable[[float], None],
    ) -> int:
        """Run some samples; the number of steps that were done, fewer than all if that was asked for."""
        states = {index: table.start(stop - first, self.first_sample + first) for index, table in self.neurons.items()}
        for begin in range(0, self.steps, self.block):
            end = min(self.steps, begin + self.block)
            self._list_sources(first, stop, begin, end)
            for stage in self.stages:
                self._stage(stage, first, stop, begin, end, states)
            for index, part in counts.items():
                part[begin:end] += self.tallies[index][:, : end - begin].sum(axis=0)
                self.tallies[index][:] = 0
            progress((stop - first) * (end - begin) / self.steps)
            if interruption.pending:
                return end
        return self.steps

    def _list_sources(self, first: int, stop: int, begin: int, end: int) -> None:
        """List the spikes of the input, and count those of constants."""
        buffers = self.buffers
        for index, population in enumerate(self.network.populations):
            if population.role is Role.INPUT:
                part = np.ascontiguousarray(self.data[first:stop, begin:end])
                if not self.plain:
                    part = part.astype(np.int32, copy=False)
                elif part.itemsize == 1:
                    part = part.view(np.int8)
                else:
                    part = part.astype(np.int8)
                self.threads.share(
                    self.workers, list_input,
                    part, begin, buffers.places[index], self.workers, inner_numbers(population.shape), buffers.fired,
                    buffers.values, buffers.counts, self.groups[index], self.tallies[index], self.spikes[index],
                )  # fmt: skip
            elif population.role is Role.CONSTANT:
                if index in self.counted:
                    groups = np.bincount(self.groups[index], minlength=self.counted[index])
                    self.tallies[index][0, : end - begin] += (groups * (stop - first)).astype(np.int32)
                self.spikes[index][0] += (stop - first) * (end - begin)

    def _stage(self, stage: Stage, first: int, stop: int, begin: int, end: int, states: Mapping[int, Array]) -> None:
        # Pieces of a population wait for each other as soon as spikes return; so do the populations of a stage.
        stride = stage.stride if stage.stride and self.cut else end - begin
        length = end - begin if len(stage.populations) == 1 else stage.stride or 1
        given = {index: self._products(index, stage, begin, end, stop - first) for index in stage.populations}
        calls = {index: self._call(index, first, stop, begin, given[index], states[index]) for index in given}
        for at in range(begin, end, length):
            for index in stage.populations:
                pieces = int(self.buffers.places[index, Place.PIECES])
                parts = pieces if pieces > 1 else min(self.workers, stop - first)
                until = min(end, at + length)
                for step in range(at, until, stride):
                    kernel, arguments = calls[index]
                    self.threads.share(parts, kernel, step, min(until, step + stride), *arguments)

    def _products(self, index: int, stage: Stage, begin: int, end: int, samples: int) -> tuple[Array, Array]:
        """Projections that are added spike by spike, and the sums of the others."""
        sums: Array | None = None
        rows = []
        for number in range(self.synapses.first[index], self.synapses.first[index + 1]):
            product = None
            if self.synapses.rows[number, Column.SOURCE] not in stage.populations:
                product = self.products.sums(number, self.buffers, (begin, end), samples)
            if product is None:
                rows.append(number)
            else:
                sums = product if sums is None else sums + product
        return self.synapses.rows[rows], _NO_SUMS if sums is None else sums

    def _call(
        self, index: int, first: int, stop: int, begin: int, given: tuple[Array, Array], states: Array
    ) -> tuple[Callable[..., None], tuple[Any, ...]]:
        """The compiled loop of a population, and what it takes after the worker and the steps."""
        population, neurons = self.network.populations[index], self.neurons[index]
        name, synapses, buffers = population.name, self.synapses, self.buffers
        record = self.activity[name][first:stop] if name in self.activity else None
        probe = self.states[name][first:stop] if name in self.states else None
        rows, sums = given
        form = neurons.form if probe is None else neurons.complete_form
        kernel = kernel_of(neurons.neuron.rule.name, form, population.graded)
        return kernel, (
            index, begin, stop - first, self.workers, rows, synapses.narrow, synapses.wide, synapses.pointers,
            synapses.indices, buffers.places, buffers.fired, buffers.values, buffers.counts, sums, states,
            neurons.parameters, self.totals, self.numbers if population.graded else self.flags,
            self.groups[index], self.tallies[index], self.spikes[index], neurons.order,
            _NO_SPIKES if record is None or population.graded else record,
            record if record is not None and population.graded else _NO_VALUES,
            _NO_STATES if probe is None else probe,
        )  # fmt: skip


def _inner_groups(population: Population, groups: Array | None) -> Array:
    """(neurons,) int32, in the inner numbering; none where nobody asks."""
    if groups is None:
        return np.zeros(0, dtype=np.int32)
    return np.asarray(groups, dtype=np.int32)[outer_numbers(population.shape)]


def _outer(population: Population, inner: Array) -> Array:
    """From the inner numbering back to C order."""
    result = np.empty_like(inner)
    result[outer_numbers(population.shape)] = inner
    return result
