"""The largest of several spikes is a spike where there is any: neurons that count up to one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.graph import Edge, Graph, unused
from ...models.neurons import LeakyIntegrateAndFire, Reset
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

_PASSING = (Identity, Flatten, Reshape, Select, Delay)


@dataclass(frozen=True)
class SpikingMaxima(GraphPass):
    """A pool of maxima over spikes becomes a pool of sums and neurons without memory that spike at one or more.

    Pools over anything else stay, and with them the graph is no spiking one.
    """

    def apply(self, graph: Graph) -> Graph:
        for name in graph.rectifiers:
            if isinstance(graph.nodes[name], MaxPool) and _spikes_arrive(graph, name):
                graph = _replaced(graph, name)
        return graph


def _spikes_arrive(graph: Graph, name: str) -> bool:
    """Whether one source alone arrives, and it sends nothing but 0 and 1."""
    while True:
        arriving = graph.incoming(name)
        if len(arriving) != 1:
            return False
        name = arriving[0].source
        operator = graph.nodes[name]
        if isinstance(operator, Neurons):
            return not operator.model.graded
        if isinstance(operator, Input):
            return bool(graph.layers)  # a spiking network's input; the note says that spikes are taken for granted
        if not isinstance(operator, _PASSING) and not (isinstance(operator, MaxPool) and bool(graph.layers)):
            return False


def _replaced(graph: Graph, name: str) -> Graph:
    pool = graph.nodes[name]
    assert isinstance(pool, MaxPool)
    sums = unused(f"{name}.sum", graph.nodes)
    zero, one = np.zeros(()), np.ones(())
    model = LeakyIntegrateAndFire(zero, zero, np.full((), 0.5), one, one, zero, reset=Reset.NONE)
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
    if any(isinstance(graph.nodes[edge.source], Input) for edge in graph.incoming(name)):
        note = f"max pooling: {name!r} is over the input, which is taken to be spikes, 0 or 1."
    return rebuilt(graph, nodes, [*edges, Edge(sums, name)], note)
