"""Every stage on the same samples: what the ledger is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backends.counting import CoreCounting
from ..backends.lava.backend import learn_in_lava
from ..backends.program import Program
from ..backends.run import Run
from ..backends.simulator.simulate import Simulator
from ..models.encoders import RateCode
from ..models.execution.active_neurons import ActiveNeurons
from ..models.execution.forward import forward
from ..models.execution.graph_run import run_graph
from ..models.execution.network_run import Probe, run_network
from ..models.execution.overflow_counts import OverflowCounts
from ..models.graph import Graph
from ..models.network import Network, Population
from ..models.neurons import SigmaDelta
from ..models.neurons.neuron_model import State
from .chip_run import Simulated
from .confidence import wilson_interval
from .data import Data
from .ledger import Entry, Tally
from .quantization.layer_quantization import LayerQuantization
from .report.spikes import raster_section
from .state_widths import state_bits
from .weight_shares import weight_shares

Array = NDArray[Any]

BATCH_BYTES = 1 << 30  # of activity that the stages of one batch may take together
BYTES_AN_ENTRY = 12  # of a neuron and step over all stages


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What all stages but Lava and the chip's own came to.

    Attributes
    ----------
    entries : of the ledger.
    simulated : what happened in the simulator.
    raster : the spikes of the first sample there, for the report; see `report.spikes.raster_section`.
    """

    entries: tuple[Entry, ...]
    simulated: Simulated
    raster: Mapping[str, Any] | None


def evaluate(
    graph: Graph,
    network: Network,
    program: Program,
    data: Data,
    progress: Callable[[int], None] = lambda samples: None,
    ordinary: Graph | None = None,
    quantized: Sequence[LayerQuantization] = (),
) -> Evaluation:
    """Run the graph, the network, the integer network and the simulator on all samples.

    Parameters
    ----------
    graph, network : in float, unless the model is made of integers.
    program : of the same model.
    progress : called with the number of samples done since the last call.
    ordinary : the network that the graph was converted from, or None.
    quantized : how the layers were quantized; for what became of their weights.
    """
    simulator = Simulator(program.network)
    first_stage = "graph" if ordinary is None else "converted"
    stages = (first_stage, "network", "integer", "simulator")
    tallies = {stage: Tally(stage, program.network, program.decision) for stage in stages}
    overflows = OverflowCounts(state_bits(program.target))
    active = ActiveNeurons(program.mapping.core_of, program.mapping.cores, program.steps)
    wrong: list[int] = []
    shape = network.input.shape
    last = isinstance(network.by_name[network.output].neuron, SigmaDelta)
    batch = _batch(network, data, program.network)
    counting = CoreCounting(program)
    group_spikes: dict[str, Array] = {}
    raster: Mapping[str, Any] | None = None
    for first in range(0, data.samples, batch):
        x = data.x[first : first + batch]
        labels = None if data.y is None else data.y[first : first + batch]
        integers = program.code.encode(x)
        if ordinary is not None and labels is not None:
            classes = _classes(ordinary, data, x.reshape(*x.shape[:2], *shape), last)
            wrong += (first + np.flatnonzero(classes != labels)).tolist()
        given = integers if network.integer else x
        trained = run_graph(graph, given.reshape(*x.shape[:2], *shape), first_sample=first)
        timed = run_network(network, given, first_sample=first)
        integer = run_network(program.network, integers, _both(overflows, active), first_sample=first)
        simulation = simulator.run(integers, "all", groups=counting.groups, first_sample=first)
        tallies[first_stage].add(_of_network(trained, network), labels, None)
        tallies["network"].add(timed, labels, trained)
        tallies["integer"].add(integer, labels, timed)
        tallies["simulator"].add(simulation.activity, labels, integer)
        if first == 0:
            raster = raster_section(program.network, simulation.activity, program.steps)
        for name, counts in simulation.group_spikes.items():
            group_spikes[name] = group_spikes.get(name, np.int64(0)) + counts
        progress(x.shape[0])
    entries = tuple(
        tally.entry(overflows.layers, weight_shares(quantized)) if stage == "integer" else tally.entry()
        for stage, tally in tallies.items()
    )
    if ordinary is not None:
        entries = (_of_ordinary(data, wrong), *entries)
    counters = counting.counters(group_spikes, data.samples)
    depths = {population.name: population.depth for population in program.network.populations}
    return Evaluation(entries, Simulated(counting, group_spikes, counters.with_active(active.counts, depths)), raster)


def _of_ordinary(data: Data, wrong: Sequence[int]) -> Entry:
    """The ledger's entry of a network without spikes, by its wrong answers."""
    if data.y is None:
        return Entry("ordinary", None, data.samples, 0.0, None, {}, None)
    right = data.samples - len(wrong)
    interval = wilson_interval(right, data.samples)
    return Entry(
        "ordinary", right / data.samples, data.samples, 0.0, None, {}, None, interval, wrong_samples=tuple(wrong)
    )


def _both(*probes: Probe) -> Probe:
    def probe(population: Population, step: int, state: State, arriving: Array, output: Array) -> None:
        for one in probes:
            one(population, step, state, arriving, output)

    return probe


def _classes(ordinary: Graph, data: Data, x: Array, last: bool) -> Array:
    """What a network without spikes says of samples: of static ones once, of others what the spiking one is asked for.

    Parameters
    ----------
    last : the answer at the last step, as of sigma-delta neurons; not the mean over the steps, as of rates.
    """
    if data.encoder is not None:
        scale = data.encoder.largest if isinstance(data.encoder, RateCode) else 1.0
        outputs = forward(ordinary, x.mean(axis=1) * scale)[ordinary.outputs[0]]
    elif last:
        outputs = forward(ordinary, x[:, -1])[ordinary.outputs[0]]
    else:
        frames = forward(ordinary, x.reshape(-1, *x.shape[2:]))[ordinary.outputs[0]]
        outputs = frames.reshape(x.shape[0], x.shape[1], -1).mean(axis=1)
    return np.asarray(outputs.reshape(x.shape[0], -1).argmax(axis=1))


def _of_network(trained: Mapping[str, Array], network: Network) -> Mapping[str, Array]:
    """Activity of a graph's layers with the populations that only the network has, such as relays, as silent."""
    some = next(iter(trained.values()))
    return {
        population.name: trained.get(population.name, np.zeros((*some.shape[:2], population.size), dtype=np.int8))
        for population in network.populations
        if population.neuron is not None
    }


def _batch(network: Network, data: Data, integer: Network) -> int:
    """Samples whose activity in all stages may be held at once; all of them where each learns from those before."""
    if integer.plastic:
        return data.samples
    neurons = sum(population.size for population in network.populations)
    return max(1, BATCH_BYTES // (BYTES_AN_ENTRY * data.steps * neurons))


def evaluate_learning(program: Program, data: Data) -> tuple[Entry, Run]:
    """Run a program that learns in the simulator; the entry is compared with nothing."""
    run = simulate(program, data.x)
    tally = Tally("simulator", program.network, program.decision)
    tally.add(run.activity, data.y, None)
    return tally.entry(), run


def simulate(program: Program, x: Array) -> Run:
    """Run a program in the simulator, with every population recorded and counted.

    Parameters
    ----------
    x : (samples, steps, input neurons), as in the data.
    """
    counting = CoreCounting(program)
    simulation = Simulator(program.network).run(program.code.encode(x), "all", groups=counting.groups)
    counters = counting.counters(simulation.group_spikes, x.shape[0])
    return Run(program.network.output, simulation.activity, counters, simulation.weights)


def evaluate_lava(
    program: Program, data: Data, simulated: Run, *, per_core: bool = False, timeout: float = 600
) -> tuple[Entry, Run]:
    """Run Lava on all samples of `data` and compare it with the simulator's run, which may have more samples."""
    run = learn_in_lava(
        program.network,
        program.code.encode(data.x),
        record="all",
        processes="core" if per_core else "layer",
        cores=program.mapping.core_of if per_core else None,
        timeout=timeout,
    )
    tally = Tally("lava", program.network, program.decision)
    tally.add(run.activity, data.y, simulated.activity)
    return tally.entry(), Run(program.network.output, run.activity, None, run.weights)
