"""From a graph to a float network: layers become populations, what lies between them becomes projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...models.connectivity import Connectivity, Dense, OneToOne, Selection
from ...models.errors import Unsupported, UsageError, unsupported_model
from ...models.graph import Graph, unused
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import FloatNeuron, IntegerNeuron
from ...models.operators import Neurons
from .add_readout import AddReadout
from .fuse_thresholds import FuseThresholds
from .graph_pass import GraphPass
from .integer_projections import as_integers
from .order import ordered
from .paths import Path, PathFinder, with_passing_steps
from .spiking_maxima import SpikingMaxima

PASSES: tuple[GraphPass, ...] = (SpikingMaxima(), FuseThresholds(), AddReadout())
CONSTANT = "always on"


def prepare(graph: Graph) -> Graph:
    """Run the passes that make a graph ready to be lowered; it computes the same as before."""
    for graph_pass in PASSES:
        graph = graph_pass.apply(graph)
    return graph


def lower(graph: Graph) -> Network:
    """Make a prepared graph a network that computes the same, each layer later by its depth.

    An integer graph becomes an integer network. A layer's depth is the longest way from the input; paths that are
    shorter get the difference as delay. What an affine map adds goes to the bias of the membrane potential, or, where
    there is a synaptic current that it would charge first, comes through an always-on axon.

    Raises
    ------
    UnsupportedModelError : lists everything in the graph that no network can express.
    UsageError : an ordinary network that was not converted.
    """
    if graph.rectifiers and not graph.layers:
        some = ", ".join(map(repr, graph.rectifiers[:3])) + (", ..." if len(graph.rectifiers) > 3 else "")
        raise UsageError(
            f"{graph.name} is an ordinary network, whose rectifiers ({some}) do not spike: say how it is to become a "
            "spiking one, --convert rate or --convert sigma-delta."
        )
    if graph.rectifiers:
        reason = "gets numbers that are no spikes, in a network that spikes elsewhere; put it behind spiking neurons"
        kinds = {name: type(graph.nodes[name]).__name__ for name in graph.rectifiers}
        raise unsupported_model(graph.name, [Unsupported(name, kind, reason) for name, kind in kinds.items()])
    finder = PathFinder(graph)
    problems: list[Unsupported] = []
    if len(graph.inputs) != 1:
        problems.append(Unsupported(", ".join(graph.inputs), "Input", "one input is needed; there are several"))
    if len(graph.outputs) != 1:
        problems.append(Unsupported(", ".join(graph.outputs), "Output", "one output is needed; there are several"))
    arriving = {name: finder.arriving(name) for name in graph.layers}
    if any(getattr(operator, "step", None) is not None for operator in graph.nodes.values()):
        arriving = {name: with_passing_steps(paths) for name, paths in arriving.items()}
    depths = _depths(graph, arriving, problems)
    problems += finder.problems
    if problems:
        raise unsupported_model(graph.name, dict.fromkeys(problems))

    populations = [Population(graph.inputs[0], graph.shapes[graph.inputs[0]], Role.INPUT, None, 0)]
    projections: list[Projection] = []
    always_on, always = False, unused(CONSTANT, graph.nodes)
    for name in graph.layers:
        operator = graph.nodes[name]
        assert isinstance(operator, Neurons)
        population = Population(name, graph.shapes[name], Role.NEURON, operator.model, depths[name])
        constant = finder.constant(name)
        population, axon = _with_constant(population, constant, problems)
        always_on = always_on or axon is not None
        populations.append(population)
        projections += _projections(name, arriving[name], axon, always, operator, depths, population.size)
    problems += finder.problems
    if problems:
        raise unsupported_model(graph.name, dict.fromkeys(problems))
    if always_on:
        populations.insert(0, Population(always, (1,), Role.CONSTANT, None, 0))
    output = finder.arriving(graph.outputs[0])[0].source
    if graph.integer:
        projections = as_integers(graph.name, projections)
    return Network(ordered(populations, projections), tuple(projections), output, graph.integer)


def _depths(graph: Graph, arriving: Mapping[str, list[Path]], problems: list[Unsupported]) -> dict[str, int]:
    """Longest ways from the input; a loop of more projections than lag has none and becomes a problem."""
    depths = dict.fromkeys(arriving, 1) | dict.fromkeys(graph.inputs, 0)
    for _ in range(len(depths) + 1):
        late = [
            (name, path)
            for name, paths in arriving.items()
            for path in paths
            if depths[name] < depths[path.source] + 1 - path.lag
        ]
        if not late:
            return depths
        for name, path in late:
            depths[name] = max(depths[name], depths[path.source] + 1 - path.lag)
    for name in sorted({name for name, _ in late}):
        reason = (
            "lies on a loop through several layers that takes one step in the graph; on a chip each projection takes a "
            "step of its own, so the loop needs a Delay of at least one step for each further layer on it"
        )
        problems.append(Unsupported(name, "loop", reason))
    return depths


def _with_constant(
    population: Population, constant: object, problems: list[Unsupported]
) -> tuple[Population, Connectivity | None]:
    """Fold gains and a constant drive into the neuron model; the drive of a current or a sum becomes an axon."""
    model = population.neuron
    drive = np.zeros(()) if constant is None else np.asarray(constant, dtype=np.float64)
    if isinstance(model, IntegerNeuron) and np.any(drive):
        problems.append(Unsupported(population.name, "bias", "belongs into the neurons of an integer network"))
    if not isinstance(model, FloatNeuron):
        return population, None
    charged, folded = drive * model.gain, model.with_unit_gain()
    if not np.any(charged):
        return replace(population, neuron=folded), None
    driven = folded.with_drive(charged)
    if driven is not None:
        return replace(population, neuron=driven), None
    axon = Dense(np.broadcast_to(charged, (population.size,)).reshape(-1, 1).copy())
    return replace(population, neuron=folded), axon


def _projections(
    name: str,
    paths: list[Path],
    axon: Connectivity | None,
    always: str,
    operator: Neurons,
    depths: Mapping[str, int],
    size: int,
) -> list[Projection]:
    model = operator.model
    gain = model.gain if isinstance(model, FloatNeuron) else None
    result: list[Projection] = []
    if axon is not None:
        result.append(Projection(f"{always} -> {name}", always, name, axon))
    taken: dict[str, int] = {}
    for path in paths:
        taken[path.source] = taken.get(path.source, 0) + 1
        suffix = f" ({taken[path.source]})" if taken[path.source] > 1 else ""
        connectivity = path.connectivity or OneToOne(np.ones(size))
        if isinstance(connectivity, Selection):
            connectivity = connectivity.as_sparse()
        if gain is not None:
            connectivity = connectivity.scaled_by_target(gain)
        delay = path.lag + depths[name] - depths[path.source]
        step = path.step
        if step is not None and gain is not None:
            step = step * np.abs(gain)
        result.append(
            Projection(f"{path.source} -> {name}{suffix}", path.source, name, connectivity, delay, trained_step=step)
        )
    return result
