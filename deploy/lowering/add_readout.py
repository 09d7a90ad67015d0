"""A network that ends in a linear map gets neurons that add up what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.graph import Edge, Graph, unused
from ...models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Neuron
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT, DECAY_UNITY
from ...models.operators import Flatten, Identity, Neurons, Operator, Reshape
from .graph_pass import GraphPass, rebuilt


@dataclass(frozen=True)
class AddReadout(GraphPass):
    """Put an integrator without leak before an output that no layer of neurons feeds alone.

    On a chip only neurons have a state that can be read; the integrator's last potential is the sum over all steps of
    what the output would have been.
    """

    def apply(self, graph: Graph) -> Graph:
        for output in graph.outputs:
            if not self._is_layer(graph, output):
                graph = self._with_integrator(graph, output)
        return graph

    @staticmethod
    def _is_layer(graph: Graph, output: str) -> bool:
        name = output
        while True:
            arriving = graph.incoming(name)
            if len(arriving) != 1 or arriving[0].lag:
                return False
            name = arriving[0].source
            if isinstance(graph.nodes[name], Neurons):
                return True
            if not isinstance(graph.nodes[name], Identity | Flatten | Reshape):
                return False

    @staticmethod
    def _with_integrator(graph: Graph, output: str) -> Graph:
        name = unused(f"{output}.readout", graph.nodes)
        zero, one = np.zeros(()), np.ones(())
        model: Neuron = LeakyIntegrateAndFire(zero, one, zero, one, one, zero, spiking=False)
        if graph.integer:
            nothing, all_of_it = np.zeros((), np.int64), np.full((), DECAY_UNITY)
            model = IntegerLeakyIntegrateAndFire(
                all_of_it, nothing, nothing, nothing, nothing, spiking=False, output_shift=ACTIVATION_SHIFT
            )
        nodes: dict[str, Operator] = {**graph.nodes, name: Neurons(model, None)}
        edges = [Edge(edge.source, name, edge.lag) if edge.target == output else edge for edge in graph.edges]
        note = f"readout: no layer of neurons alone feeds {output!r}; an integrator ({name!r}) sums what arrives."
        return rebuilt(graph, nodes, [*edges, Edge(name, output)], note)
