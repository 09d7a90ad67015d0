"""The largest of several spikes is a spike where there is any: neurons that count up to one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.graph import Edge, Graph, unused
from ...models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Neuron, Reset
from ...models.neurons.rules.leaky_rule import DECAY_UNITY
from ...models.operators import (
    Convolution,
    Delay,
    Flatten,
    Identity,
    Input,
    MaxPool,
    Neurons,
    Operator,
    Reshape,
    Select,
)
from .graph_pass import GraphPass, rebuilt

_PASSING = (Identity, Flatten, Reshape, Select, Delay, MaxPool)


@dataclass(frozen=True)
class SpikingMaxima(GraphPass):
    """A pool of maxima over spikes becomes a pool of sums and neurons without memory that spike at one or more.

    Pools over anything else stay, and with them the graph is no spiking one.
    """

    def apply(self, graph: Graph) -> Graph:
        for name in graph.rectifiers:
            origins = _origins(graph, name) if isinstance(graph.nodes[name], MaxPool) else None
            if origins is not None:
                graph = _replaced(graph, name, any(isinstance(graph.nodes[origin], Input) for origin in origins))
        return graph


def _origins(graph: Graph, name: str) -> list[str] | None:
    """The neurons and inputs whose spikes arrive, alone or side by side; None where anything but 0 and 1 does."""
    arriving = graph.incoming(name)
    if len(arriving) > 1 and not _side_by_side([graph.nodes[edge.source] for edge in arriving]):
        return None
    origins: list[str] = []
    for edge in arriving:
        operator = graph.nodes[edge.source]
        if isinstance(operator, Neurons):
            further = None if operator.model.graded else [edge.source]
        elif isinstance(operator, Input):  # a spiking network's; the note says that spikes are taken for granted
            further = [edge.source] if graph.layers else None
        else:
            further = _origins(graph, edge.source) if isinstance(operator, _PASSING) else None
        if further is None:
            return None
        origins += further
    return origins


def _side_by_side(parts: list[Operator]) -> bool:
    """Whether these are the parts of a concatenation, so that no two of them add up."""
    taken = [part.elements >= 0 for part in parts if isinstance(part, Select)]
    return len(taken) == len(parts) and int(np.sum(taken, axis=0).max()) <= 1


def _replaced(graph: Graph, name: str, over_input: bool) -> Graph:
    pool = graph.nodes[name]
    assert isinstance(pool, MaxPool)
    sums = unused(f"{name}.sum", graph.nodes)
    zero, one = np.zeros(()), np.ones(())
    model: Neuron = LeakyIntegrateAndFire(zero, zero, np.full((), 0.5), one, one, zero, reset=Reset.NONE)
    if graph.integer:
        nothing, all_of_it = np.zeros((), np.int64), np.full((), DECAY_UNITY)
        model = IntegerLeakyIntegrateAndFire(all_of_it, all_of_it, nothing, nothing, nothing, reset=Reset.NONE)
    nodes: dict[str, Operator] = {}
    for key, operator in graph.nodes.items():
        if key == name:
            channels = graph.shapes[graph.incoming(name)[0].source][0]
            nodes[sums] = Convolution(
                np.ones((channels, 1, *pool.kernel)), None, pool.stride, pool.padding, pool.dilation, channels
            )
            nodes[name] = Neurons(model, None)
        else:
            nodes[key] = operator
    edges = [Edge(edge.source, sums, edge.lag) if edge.target == name else edge for edge in graph.edges]
    note = f"max pooling: {name!r} is over spikes, so that neurons which spike at one or more of them do it exactly."
    if over_input:
        note = f"max pooling: {name!r} is over the input, which is taken to be spikes, 0 or 1."
    return rebuilt(graph, nodes, [*edges, Edge(sums, name)], note)
