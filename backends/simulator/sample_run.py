"""One run of samples through a network: shared out to threads, and put together again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Population
from ...models.neurons import IntegerNeuron
from .interruption import InterruptionRequest, SimulationInterrupted
from .layout import outer_numbers
from .portion_run import Portion, PortionRunner
from .simulation import Simulation
from .worker_threads import WorkerThreads

if TYPE_CHECKING:
    from .simulate import Simulator

Array = NDArray[Any]

# Of a thread's lists of spikes, if all neurons spiked. Most of it is never touched; with less, the threads would spend
# their time in Python, from one short block of steps to the next.
EVENT_BYTES = 32 << 20
PORTIONS_OF_A_WORKER = 4  # at least, so that all workers are busy to the end


class SampleRun:
    """What `Simulator.run` does with its arguments; see there.

    Samples are shared out to the workers in portions, which know nothing of each other. Where there are fewer samples
    than workers, one portion after the other is run, and large populations are cut into pieces for the workers.
    """

    def __init__(
        self,
        simulator: Simulator,
        data: Array,
        recorded: tuple[str, ...],
        states: Collection[str],
        groups: Mapping[str, Array],
        first_sample: int,
    ) -> None:
        self.simulator, self.network = simulator, simulator.network
        self.data, self.first_sample = data, first_sample
        self.samples, self.steps = int(data.shape[0]), int(data.shape[1])
        low, high = (int(data.min()), int(data.max())) if data.size and data.dtype != bool else (0, 1)
        self.plain = low >= 0 and high <= 1
        self.neurons = simulator.neurons(1 if self.plain else 1 << max(-low, high).bit_length())
        self.cut = self.samples < simulator.workers
        self.synapses, self.products, pieces = simulator.synapses(self.cut)
        self.pieces = max((cuts.size - 1 for cuts in pieces.values()), default=1)
        self.at_once, self.block = self._portions(sum(simulator.sizes))
        populations = self.network.populations
        self.groups = [_inner_groups(population, groups.get(population.name)) for population in populations]
        self.counted = {index: int(part.max()) + 1 for index, part in enumerate(self.groups) if part.size}
        self.activity = {name: self._room_for_activity(self.network.by_name[name]) for name in recorded}
        self.states = {name: self._room_for_states(self.network.by_name[name]) for name in states}

    def _room_for_activity(self, population: Population) -> Array:
        return np.zeros((self.samples, self.steps, population.size), np.int32 if population.graded else np.int8)

    def _room_for_states(self, population: Population) -> Array:
        neuron = population.neuron
        if not isinstance(neuron, IntegerNeuron):
            raise ValueError(f"{population.name!r} has no states")
        return np.zeros((self.samples, self.steps, len(neuron.rule.states), population.size), dtype=np.int32)

    def _portions(self, neurons: int) -> tuple[int, int]:
        """Samples of a portion, and the steps that they take at a time."""
        bearable = max(1, EVENT_BYTES // (4 * max(1, neurons)))  # samples times steps
        fair = 1 if self.cut else max(1, self.samples // (PORTIONS_OF_A_WORKER * self.simulator.workers))
        samples = max(1, min(fair, bearable // max(1, self.steps)))
        return samples, max(1, min(self.steps, bearable // samples))

    def all(self, progress: Callable[[float], None]) -> Simulation:
        """Run everything."""
        portions = -(-self.samples // self.at_once)
        workers = self.pieces if self.cut else max(1, min(self.simulator.workers, portions))
        results = _Results(self)
        numbers, lock = itertools.count(), threading.Lock()

        def report(done: float) -> None:
            with lock:
                progress(done)

        with InterruptionRequest() as interruption, WorkerThreads(workers) as threads:

            def work(worker: int) -> None:
                runner = PortionRunner(self, worker, threads if self.cut else None)
                for number in numbers:
                    if number >= portions or (number and interruption.pending):
                        return
                    first = number * self.at_once
                    stop = min(self.samples, first + self.at_once)
                    try:
                        portion = runner.run(first, stop, interruption, report)
                    except BaseException:
                        interruption.pending = True  # so that the others do not go on
                        raise
                    with lock:
                        results.add(number, portion)

            threads.share(1 if self.cut else workers, work)
        if results.samples < self.samples:
            raise SimulationInterrupted(results.partial())
        return results.simulation()


class _Results:
    """The portions that are complete, added up in their order, so that an end leaves the first samples."""

    def __init__(self, run: SampleRun) -> None:
        self.run, self.samples = run, 0
        self._number = 0
        self._waiting: dict[int, Portion] = {}
        self._sum: Portion | None = None

    def add(self, number: int, portion: Portion) -> None:
        self._waiting[number] = portion
        while self._number in self._waiting and self._waiting[self._number].steps == self.run.steps:
            found = self._waiting.pop(self._number)
            self._sum = found if self._sum is None else self._sum + found
            self.samples += found.samples
            self._number += 1

    def partial(self) -> Simulation:
        """What is done: all samples that are complete, or else some steps of the first."""
        if self._sum is not None:
            return self._of(self.samples, self.run.steps, self._sum)
        first = self._waiting[0]
        return self._of(first.samples, first.steps, first)

    def simulation(self) -> Simulation:
        """Everything."""
        if self._sum is None:  # no samples were asked for
            spikes = tuple(np.zeros(size, dtype=np.int64) for size in self.run.simulator.sizes)
            groups = {index: np.zeros((self.run.steps, count), np.int64) for index, count in self.run.counted.items()}
            self._sum = Portion(0, self.run.steps, spikes, groups)
        return self._of(self.samples, self.run.steps, self._sum)

    def _of(self, samples: int, steps: int, counts: Portion) -> Simulation:
        run, populations = self.run, self.run.network.populations
        return Simulation(
            samples,
            steps,
            {name: part[:samples, :steps] for name, part in run.activity.items()},
            {population.name: _outer(population, counts.spikes[index]) for index, population in enumerate(populations)},
            {populations[index].name: part[:steps] for index, part in counts.group_spikes.items()},
            {name: part[:samples, :steps] for name, part in run.states.items()},
        )


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
