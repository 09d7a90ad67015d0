"""Average pools in place of pools of maxima: an approximation, for whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.graph import Edge, Graph, unused
from ...models.operators import Convolution, MaxPool, Operator, Pool, Scale
from ..lowering.graph_pass import GraphPass, rebuilt


@dataclass(frozen=True)
class MaximaAsAverages(GraphPass):
    """Every `MaxPool` becomes the average of what lies inside its windows."""

    def apply(self, graph: Graph) -> Graph:
        pools = [name for name in graph.rectifiers if isinstance(graph.nodes[name], MaxPool)]
        for name in pools:
            graph = _averaged(graph, name)
        if not pools:
            return graph
        note = f"max pooling: averages stand for the maxima in {', '.join(map(repr, pools))}, as asked (--max-pool)."
        return rebuilt(graph, dict(graph.nodes), list(graph.edges), note)


def _averaged(graph: Graph, name: str) -> Graph:
    pool = graph.nodes[name]
    assert isinstance(pool, MaxPool)
    shape = graph.shapes[graph.incoming(name)[0].source]
    channels, whole = shape[0], int(np.prod(pool.kernel))
    average: Operator = Pool(pool.kernel, pool.stride, pool.padding, average=True)
    if any(step != 1 for step in pool.dilation):
        kernel = np.full((channels, 1, *pool.kernel), 1 / whole)
        average = Convolution(kernel, None, pool.stride, pool.padding, pool.dilation, channels)
    nodes = {**graph.nodes, name: average}
    inside = np.count_nonzero(pool.windows(shape) >= 0, axis=0)
    if np.all(inside == whole):
        return rebuilt(graph, nodes, list(graph.edges))
    border = unused(f"{name}.border", nodes)
    nodes[border] = Scale(whole / np.maximum(inside, 1))
    edges = [Edge(border, edge.target, edge.lag) if edge.source == name else edge for edge in graph.edges]
    return rebuilt(graph, nodes, [*edges, Edge(name, border)])
