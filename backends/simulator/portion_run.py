"""Running some samples through a network: block of steps by block of steps, population by population."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Role
from .event_buffers import Place
from .flag_bits import FLAGS_OF_A_WORD
from .input_kernel import list_input
from .interruption import InterruptionRequest
from .layout import inner_numbers
from .population_kernel import PopulationTask, kernel_of
from .row_sums import aligned_sums
from .stages import Stage
from .step_barrier import SPREAD
from .synapse_tables import Column
from .worker_threads import WorkerThreads

if TYPE_CHECKING:
    from .sample_run import SampleRun

Array = NDArray[Any]

_NO_SPIKES: Array = np.zeros((0, 0, 0), dtype=np.int8)
_NO_VALUES: Array = np.zeros((0, 0, 0), dtype=np.int32)
_NO_SUMS: Array = np.zeros((0, 0, 0), dtype=np.float32)
_NO_STATES: Array = np.zeros((0, 0, 0, 0), dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Portion:
    """What some samples gave.

    Attributes
    ----------
    samples, steps : how many; fewer steps than there are where the run was interrupted.
    spikes : per population (neurons,) int64, in the inner numbering, over all samples and steps.
    group_spikes : per number of a population whose groups are counted, (steps, groups), int32 of a single portion
        and int64 of several.
    """

    samples: int
    steps: int
    spikes: tuple[Array, ...]
    group_spikes: Mapping[int, Array]

    def __add__(self, other: Portion) -> Portion:
        return Portion(
            self.samples + other.samples,
            self.steps,
            tuple(mine + yours for mine, yours in zip(self.spikes, other.spikes, strict=True)),
            {
                index: np.add(part, other.group_spikes[index], dtype=np.int64)
                for index, part in self.group_spikes.items()
            },
        )


class PortionRunner:
    """One worker's memory, for one portion after the other.

    Parameters
    ----------
    run : what all workers share.
    worker : its number.
    threads : where populations are cut into pieces, which run these; None where this worker is one of several.
    """

    def __init__(self, run: SampleRun, worker: int, threads: WorkerThreads | None) -> None:
        self.whole, self.threads = run, threads
        self.parts = run.pieces if threads else 1
        populations, sizes = run.network.populations, run.simulator.sizes
        lags = [0] * len(populations)
        for row in run.synapses.rows:
            lags[row[Column.SOURCE]] = max(lags[row[Column.SOURCE]], int(row[Column.LAG]))
        graded = tuple(p.graded or (p.role is Role.INPUT and not run.plain) for p in populations)
        rows = tuple(run.block + lag for lag in lags)
        self.buffers = run.simulator.buffers(worker, rows, run.cut, graded, run.at_once)
        self._fill_constants()
        self.tallies = self._no_tallies()
        self.spikes = [np.zeros((self.parts, size), dtype=np.int64) for size in sizes]
        widest = max(-(-size // FLAGS_OF_A_WORD) * FLAGS_OF_A_WORD for size in sizes)
        numbers = any(population.graded for population in populations)
        self.told = np.zeros(self.parts * SPREAD, dtype=np.int64)
        kinds = {table.sums for table in run.neurons.values()}
        self.totals = {kind: aligned_sums(self.parts, widest, kind) for kind in kinds}
        grid = run.synapses.largest_grid()
        self.grids = {kind: aligned_sums(self.parts, grid, kind) for kind in kinds}
        self.flags = np.zeros((self.parts, widest), dtype=np.int8)
        self.numbers = np.zeros((self.parts, widest if numbers else 0), dtype=np.int32)

    def _no_tallies(self) -> list[Array]:
        """Per population, (pieces, steps, groups) int32; memory that is not written to costs nothing."""
        found = []
        for index, population in enumerate(self.whole.network.populations):
            pieces = self.parts if population.role is Role.INPUT else int(self.buffers.places[index, Place.PIECES])
            count = self.whole.counted.get(index, 0)
            found.append(np.zeros((pieces, self.whole.steps if count else 0, count), dtype=np.int32))
        return found

    def _fill_constants(self) -> None:
        """Constants spike at every step, so that their lists never change."""
        for index, population in enumerate(self.whole.network.populations):
            if population.role is Role.CONSTANT:
                size, rows, _, _, fired, _, counts = self.buffers.places[index].tolist()
                held = self.whole.at_once * rows
                self.buffers.fired[fired : fired + held * size].reshape(held, size)[:] = np.arange(size)
                self.buffers.counts[counts : counts + held] = size

    def run(
        self, first: int, stop: int, interruption: InterruptionRequest, progress: Callable[[float], None]
    ) -> Portion:
        """Run samples `first` to `stop` - 1; fewer steps than all if an interruption was asked for."""
        run = self.whole
        states = {index: table.start(stop - first, run.first_sample + first) for index, table in run.neurons.items()}
        self.tallies = self._no_tallies()
        done = 0
        while done < run.steps and not (done and interruption.pending):
            begin, done = done, min(run.steps, done + run.block)
            self._list_sources(first, stop, begin, done)
            for stage in run.simulator.stages:
                self._stage(stage, first, stop, begin, done, states)
            progress((stop - first) * (done - begin) / run.steps)
        spikes = tuple(parts.sum(axis=0) for parts in self.spikes)
        for parts in self.spikes:
            parts[:] = 0
        return Portion(stop - first, done, spikes, {index: _sum(self.tallies[index]) for index in run.counted})

    def _share(self, parts: int, work: Callable[..., None], *arguments: Any) -> None:
        if self.threads is None or parts == 1:
            work(0, *arguments)
        else:
            self.threads.share(parts, work, *arguments, release=self._release)

    def _release(self) -> None:
        self.told[:] = np.iinfo(np.int64).max

    def _list_sources(self, first: int, stop: int, begin: int, end: int) -> None:
        """List the spikes of the input, and count those of constants."""
        run, buffers = self.whole, self.buffers
        for index, population in enumerate(run.network.populations):
            if population.role is Role.INPUT:
                part = np.ascontiguousarray(run.data[first:stop, begin:end])
                if not run.plain:
                    part = part.astype(np.int32, copy=False)
                elif part.itemsize == 1:
                    part = part.view(np.int8)
                else:
                    part = part.astype(np.int8)
                self._share(
                    self.parts, list_input,
                    part, begin, buffers.places[index], self.parts, inner_numbers(population.shape), buffers.fired,
                    buffers.values, buffers.counts, run.groups[index], self.tallies[index], self.spikes[index],
                )  # fmt: skip
            elif population.role is Role.CONSTANT:
                if index in run.counted:
                    groups = np.bincount(run.groups[index], minlength=run.counted[index])
                    self.tallies[index][0, begin:end] += (groups * (stop - first)).astype(np.int32)
                self.spikes[index][0] += (stop - first) * (end - begin)

    def _stage(self, stage: Stage, first: int, stop: int, begin: int, end: int, states: Mapping[int, Array]) -> None:
        # Populations of a stage wait for each other as soon as spikes return, and so do the pieces of one.
        alone = len(stage.populations) == 1
        length = end - begin if alone else stage.stride or 1
        calls = {
            index: self._call(index, first, stop, begin, self._products(index, stage, begin, end, stop - first), states)
            for index in stage.populations
        }
        for at in range(begin, end, length):
            for index in stage.populations:
                pieces = int(self.buffers.places[index, Place.PIECES])
                stride = stage.stride or 0 if alone and pieces > 1 else 0
                self.told[:] = begin
                kernel, arguments = calls[index]
                self._share(pieces, kernel, at, min(end, at + length), stride, self.told, *arguments)

    def _products(self, index: int, stage: Stage, begin: int, end: int, samples: int) -> tuple[Array, Array]:
        """Projections that are added spike by spike, and the sums of the others."""
        synapses = self.whole.synapses
        sums: Array | None = None
        rows = []
        for number in range(synapses.first[index], synapses.first[index + 1]):
            product = None
            if synapses.rows[number, Column.SOURCE] not in stage.populations:
                product = self.whole.products.sums(number, self.buffers, (begin, end), samples)
            if product is None:
                rows.append(number)
            else:
                sums = product if sums is None else sums + product
        return synapses.rows[rows], _NO_SUMS if sums is None else sums

    def _call(
        self, index: int, first: int, stop: int, begin: int, given: tuple[Array, Array], states: Mapping[int, Array]
    ) -> tuple[Callable[..., None], PopulationTask]:
        """The compiled loop of a population, and what it takes after the piece and the steps."""
        run, buffers = self.whole, self.buffers
        population, neurons, synapses = run.network.populations[index], run.neurons[index], run.synapses
        name = population.name
        record = run.activity[name][first:stop] if name in run.activity else None
        probe = run.states[name][first:stop] if name in run.states else None
        rows, sums = given
        # Those of all projections that end here, also while products of matrices take the place of some.
        wide = synapses.rows[synapses.first[index] : synapses.first[index + 1], Column.WIDE].any()
        weights = synapses.wide if wide else synapses.narrow
        form = neurons.form if probe is None else neurons.complete_form
        task = PopulationTask(
            index, begin, stop - first, rows, weights, synapses.pointers, synapses.indices, buffers.places,
            buffers.fired, buffers.values, buffers.counts, sums, states[index], neurons.parameters,
            self.totals[neurons.sums], self.grids[neurons.sums], self.numbers if population.graded else self.flags,
            run.groups[index], self.tallies[index], self.spikes[index], neurons.order,
            _NO_SPIKES if record is None or population.graded else record,
            record if record is not None and population.graded else _NO_VALUES,
            _NO_STATES if probe is None else probe,
        )  # fmt: skip
        return kernel_of(neurons.neuron.rule.name, form, population.graded, task), task


def _sum(parts: Array) -> Array:
    """Over the first axis, in place of the first part: new memory would take longer than the sum."""
    total: Array = parts[0]
    for part in parts[1:]:
        total += part
    return total
