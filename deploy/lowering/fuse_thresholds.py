"""An integrator that feeds a threshold and nothing else is a spiking neuron that never resets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...models.graph import Edge, Graph
from ...models.neurons import LeakyIntegrateAndFire, Reset
from ...models.operators import Neurons, Operator
from .graph_pass import GraphPass, rebuilt


@dataclass(frozen=True)
class FuseThresholds(GraphPass):
    """LI, I or CubaLI followed by Threshold become LIF, IF or CubaLIF without reset, under the threshold's name."""

    def apply(self, graph: Graph) -> Graph:
        for name in graph.layers:
            integrator = self._sole_integrator(graph, name)
            if integrator is not None:
                graph = self._fuse(graph, integrator, name)
        return graph

    @staticmethod
    def _sole_integrator(graph: Graph, name: str) -> str | None:
        arriving = graph.incoming(name)
        threshold = graph.nodes[name]
        if len(arriving) != 1 or arriving[0].lag or not isinstance(threshold, Neurons):
            return None
        model = threshold.model
        if not isinstance(model, LeakyIntegrateAndFire):
            return None
        memory = np.any(model.voltage_retention) or np.any(model.current_retention) or model.reset is not Reset.NONE
        source = graph.nodes[arriving[0].source]
        leaving = [edge for edge in graph.edges if edge.source == arriving[0].source]
        if memory or not model.spiking or len(leaving) != 1:
            return None
        if not isinstance(source, Neurons) or not isinstance(source.model, LeakyIntegrateAndFire):
            return None
        if source.model.spiking:
            return None
        return arriving[0].source

    @staticmethod
    def _fuse(graph: Graph, integrator: str, threshold: str) -> Graph:
        below, above = graph.nodes[integrator], graph.nodes[threshold]
        assert isinstance(below, Neurons) and isinstance(above, Neurons)
        assert isinstance(below.model, LeakyIntegrateAndFire) and isinstance(above.model, LeakyIntegrateAndFire)
        model = replace(
            below.model,
            threshold=above.model.threshold,
            inclusive=above.model.inclusive,
            reset=Reset.NONE,
            spiking=True,
        )
        nodes: dict[str, Operator] = {name: node for name, node in graph.nodes.items() if name != integrator}
        nodes[threshold] = Neurons(model, max(below.shape or (), above.shape or (), key=np.prod) or None)
        edges = [
            Edge(edge.source, threshold, edge.lag) if edge.target == integrator else edge
            for edge in graph.edges
            if edge.source != integrator
        ]
        return rebuilt(graph, nodes, edges)
