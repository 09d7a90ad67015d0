"""Rates as the activations were: a bias for each channel that takes back what spikes come to too much or too little.

Spikes that arrive unevenly make neurons spike that would have stayed silent at the same mean, and layers begin before
those before them have settled. On the mean over samples and positions that is a shift of each channel, which a bias
undoes, layer by layer (Li et al. 2021, arXiv 2106.06984).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...models.execution.forward import forward
from ...models.execution.graph_run import run_graph
from ...models.graph import Graph
from ...models.neurons import LeakyIntegrateAndFire
from ...models.operators import Neurons, Output
from ..lowering.graph_pass import GraphPass, rebuilt
from .thresholds import Array


@dataclass(frozen=True, eq=False)
class CorrectRates(GraphPass):
    """Adds to the biases of the neurons that `RectifiersAsRates` made.

    Attributes
    ----------
    ordinary : the network before, with rectifiers of the same names.
    samples : (samples, *input shape).
    steps : of a sample.
    """

    ordinary: Graph
    samples: Array
    steps: int

    def apply(self, graph: Graph) -> Graph:
        names = frozenset(graph.layers)
        wanted = forward(self.ordinary, self.samples, names)
        data = np.repeat(self.samples[:, np.newaxis], self.steps, axis=1)
        for name in graph.layers:
            operator, shape = graph.nodes[name], graph.shapes[name]
            assert isinstance(operator, Neurons) and isinstance(operator.model, LeakyIntegrateAndFire)
            spikes = run_graph(_up_to(graph, name), data)[name].mean(axis=1)
            said = (spikes * operator.model.threshold).reshape(-1, *shape)
            missing = _by_channel(wanted[name]) - _by_channel(said)
            bias = operator.model.bias + np.repeat(missing, int(np.prod(shape[1:])))
            nodes = {**graph.nodes, name: replace(operator, model=replace(operator.model, bias=bias))}
            graph = rebuilt(graph, nodes, list(graph.edges))
        return graph


def _by_channel(values: Array) -> Array:
    """Mean over samples and positions: (samples, channels, *size) to (channels,)."""
    return np.asarray(values.mean(axis=(0, *range(2, values.ndim))))


def _up_to(graph: Graph, name: str) -> Graph:
    """The part of a graph that a layer depends on."""
    kept = {name}
    for node in reversed(graph.order[: graph.order.index(name) + 1]):
        if node in kept:
            kept |= {edge.source for edge in graph.incoming(node)}
    nodes = {key: node for key, node in graph.nodes.items() if key in kept and not isinstance(node, Output)}
    return replace(graph, nodes=nodes, edges=tuple(edge for edge in graph.edges if edge.target in nodes))
