"""Running an integer network in the simulator."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Population, Role
from .event_buffers import EventBuffers, build_buffers
from .largest_sums import largest_sum
from .layout import row_length
from .simulation import Simulation
from .stages import stages_of
from .synapse_tables import SynapseTables, build_synapses

if TYPE_CHECKING:
    from .dense_products import DenseProducts
    from .neuron_tables import NeuronTable

Array = NDArray[Any]
Record = Literal["all", "output"] | Collection[str]

# Of a population that is shared out to the workers: for less, waking them up and waiting for them takes longer.
FEWEST_NEURONS_CUT = 2048


def processors() -> int:
    """Processors that this process may use; where the system cannot say (macOS), those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Simulator:
    """An integer network laid out for the compiled loops; keep it to run more data.

    Attributes
    ----------
    network : integer.
    stages : its populations in the order in which they are run.
    sizes : (populations,) neurons of each.
    workers : threads that share the work: samples, or pieces of populations where there are fewer samples.
    """

    def __init__(self, network: Network) -> None:
        if not network.integer:
            raise ValueError("the simulator runs quantized networks")
        self.network = network
        self.stages = stages_of(network)
        self.sizes = tuple(population.size for population in network.populations)
        self.workers = processors()
        self._neurons: dict[int, dict[int, NeuronTable]] = {}
        self._synapses: dict[bool, tuple[SynapseTables, DenseProducts, dict[int, Array]]] = {}
        self._buffers: dict[int, tuple[object, EventBuffers]] = {}

    def run(
        self,
        data: Array,
        record: Record = "output",
        *,
        states: Collection[str] = (),
        groups: Mapping[str, Array] | None = None,
        rewards: Mapping[str, Array] | None = None,
        first_sample: int = 0,
        progress: Callable[[float], None] = lambda samples: None,
    ) -> Simulation:
        """Run all samples, each from the initial state.

        Parameters
        ----------
        data : (samples, steps, input neurons) integers; 0 and 1 for spikes, anything else for graded spikes.
        record : which populations' activity to keep: names, or all that have neurons, or the output alone.
        states : names of populations whose states to keep.
        groups : per population, (neurons,) integers: a group of each neuron, counted from 0. Spikes of a group are
            counted together, step by step.
        rewards : per projection that learns by a reward and is given it from outside, see `run_learning`.
        first_sample : number of the first sample among all, which noise depends on.
        progress : called with the samples done since the last call, or the share of them.

        Raises
        ------
        SimulationInterrupted : by a Ctrl-C, with what is done.
        """
        if self.network.plastic:
            from .learning_simulation import simulate_learning

            if states:
                raise ValueError("the states of a network that learns are not kept")
            names = self._names(record)
            return simulate_learning(self.network, data, names, groups or {}, rewards, first_sample, progress)
        from .sample_run import SampleRun

        return SampleRun(self, data, self._names(record), states, groups or {}, first_sample).all(progress)

    def _names(self, record: Record) -> tuple[str, ...]:
        if record == "all":
            return tuple(population.name for population in self.network.populations if population.neuron)
        return (self.network.output,) if record == "output" else tuple(record)

    def neurons(self, input_value: int) -> dict[int, NeuronTable]:
        """Per number of a population, its neurons, for input of at most a certain magnitude."""
        from .neuron_tables import NeuronTable

        if input_value not in self._neurons:
            self._neurons[input_value] = {
                index: NeuronTable.of(population, largest_sum(self.network, population.name, input_value))
                for index, population in enumerate(self.network.populations)
                if population.role is Role.NEURON
            }
        return self._neurons[input_value]

    def synapses(self, cut: bool) -> tuple[SynapseTables, DenseProducts, dict[int, Array]]:
        """The synapses, and per number of a population where its pieces begin, cut up for the workers or whole."""
        from .dense_products import DenseProducts

        if cut not in self._synapses:
            pieces = {
                index: self._pieces(population, cut)
                for index, population in enumerate(self.network.populations)
                if population.role is Role.NEURON
            }
            by_name = {self.network.populations[index].name: cuts for index, cuts in pieces.items()}
            tables = build_synapses(self.network, by_name)
            self._synapses[cut] = tables, DenseProducts(tables, self.sizes), pieces
        return self._synapses[cut]

    def buffers(
        self, worker: int, rows: tuple[int, ...], cut: bool, graded: tuple[bool, ...], samples: int
    ) -> EventBuffers:
        """A worker's room for spikes, kept from run to run: to get it from the system takes longer than many a run."""
        key = rows, cut, graded, samples
        if worker not in self._buffers or self._buffers[worker][0] != key:
            self._buffers[worker] = key, build_buffers(self.sizes, rows, self.synapses(cut)[2], graded, samples)
        return self._buffers[worker][1]

    def _pieces(self, population: Population, cut: bool) -> Array:
        """Where the pieces of a population begin, and its size; rows of positions stay together."""
        line = row_length(population.shape)
        lines = population.size // line
        if not cut or population.size < FEWEST_NEURONS_CUT or lines < self.workers:
            return np.array([0, population.size])
        piece = -(-lines // self.workers) * line
        return np.append(np.arange(0, population.size, piece), population.size)
