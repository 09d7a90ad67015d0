"""Sigma-delta: a rectifier becomes neurons that send the changes of its output as graded spikes.

On input that stays the same the first step says everything, and later ones nothing; on video only what moves costs
anything. What is below a threshold is not sent, so that the thresholds trade accuracy for messages.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ...models.execution.forward import forward
from ...models.execution.graph_run import run_graph
from ...models.graph import Edge, Graph, unused
from ...models.neurons import SigmaDelta
from ...models.operators import LinearOperator, Neurons, Operator, Rectifier
from ..lowering.graph_pass import GraphPass, rebuilt
from ..lowering.paths import PathFinder
from .thresholds import Array

FACTORS = 2.0 ** -np.arange(1, 9)  # thresholds that are tried, in standard deviations of what a layer puts out
TOLERANCE = 0.05  # share by which the answer may differ from that without thresholds, in Euclidean norm
Thresholds = dict[str, float]


@dataclass(frozen=True, eq=False)
class RectifiersAsSigmaDelta(GraphPass):
    """Every `Rectifier` becomes sigma-delta neurons; the input gets a delta encoder, the output a sigma decoder.

    Attributes
    ----------
    samples : (samples, steps, *input shape) to calibrate on, or None, with which everything is sent.
    """

    samples: Array | None

    def apply(self, graph: Graph) -> Graph:
        rectifiers = [name for name in graph.rectifiers if isinstance(graph.nodes[name], Rectifier)]
        if self.samples is None:
            return _converted(
                graph, dict.fromkeys(rectifiers, 0.0), "everything is sent, without samples to calibrate on"
            )
        frames = self.samples.reshape(-1, *self.samples.shape[2:])
        activations = forward(graph, frames, frozenset(rectifiers))
        spread = {name: float(values.std()) for name, values in activations.items()}
        factors = _factors(graph, spread, self.samples)
        thresholds = {name: factors[name] * spread[name] for name in rectifiers}
        return _converted(graph, thresholds, f"thresholds chosen on {self.samples.shape[0]} samples")


def _factors(graph: Graph, spread: Thresholds, samples: Array) -> Thresholds:
    """The largest thresholds that leave the answers on the samples what they are, layer by layer."""
    wanted = _answers(graph, dict.fromkeys(spread, 0.0), samples)
    factors = dict.fromkeys(spread, 0.0)
    for factor in FACTORS:
        if _close(_answers(graph, {name: factor * spread[name] for name in spread}, samples), wanted):
            factors = dict.fromkeys(spread, float(factor))
            break
    for name in spread:
        raised = {**factors, name: max(2 * factors[name], float(FACTORS[-1]))}
        if _close(_answers(graph, {key: raised[key] * spread[key] for key in spread}, samples), wanted):
            factors = raised
    return factors


def _answers(graph: Graph, thresholds: Thresholds, samples: Array) -> Array:
    """Output of the converted network at every step: (samples, steps, outputs)."""
    converted = _converted(graph, thresholds, "")
    name = converted.incoming(converted.outputs[0])[0].source
    activity = run_graph(converted, samples)[name]
    model = converted.nodes[name]
    assert isinstance(model, Neurons)
    return np.cumsum(activity, axis=1) if model.model.eventful else activity


def _close(got: Array, wanted: Array) -> bool:
    same = bool(np.array_equal(got.argmax(axis=-1), wanted.argmax(axis=-1)))
    return same and float(np.linalg.norm(got - wanted)) <= TOLERANCE * float(np.linalg.norm(wanted))


def _converted(graph: Graph, thresholds: Thresholds, how: str) -> Graph:
    nodes: dict[str, Operator] = dict(graph.nodes)
    edges = list(graph.edges)
    zero = np.zeros(())
    for name in graph.inputs:
        encoder = unused(f"{name}.delta", nodes)
        model = SigmaDelta(zero, zero, rectifies=False, integrates=False)
        nodes[encoder] = Neurons(model, None)
        edges = [Edge(encoder, edge.target, edge.lag) if edge.source == name else edge for edge in edges]
        edges.append(Edge(name, encoder))
    for name in graph.outputs:
        if not isinstance(graph.nodes[graph.incoming(name)[0].source], Rectifier) or len(graph.incoming(name)) > 1:
            decoder = unused(f"{name}.sigma", nodes)
            nodes[decoder] = Neurons(SigmaDelta(zero, zero, rectifies=False, delta=False), None)
            edges = [Edge(edge.source, decoder, edge.lag) if edge.target == name else edge for edge in edges]
            edges.append(Edge(decoder, name))
    for name, operator in graph.nodes.items():
        if isinstance(operator, Rectifier):
            ceiling = np.broadcast_to(operator.ceiling, graph.shapes[name][:1])
            if ceiling.size > 1 and np.any(ceiling != ceiling[0]):
                ceiling = np.repeat(ceiling, int(np.prod(graph.shapes[name][1:])))
            else:
                ceiling = ceiling[0]
            nodes[name] = Neurons(SigmaDelta(np.asarray(thresholds[name]), zero, ceiling), graph.shapes[name])
    note = f"conversion: sigma-delta, {len(thresholds)} layers; {how} (--convert)."
    return _biases_into_neurons(rebuilt(graph, nodes, edges, *([note] if how else [])))


def _biases_into_neurons(graph: Graph) -> Graph:
    """What linear maps add is added once, to the value that a neuron holds, and not with every change."""
    finder = PathFinder(graph)
    nodes: dict[str, Operator] = {}
    for name, operator in graph.nodes.items():
        if isinstance(operator, Neurons) and isinstance(operator.model, SigmaDelta):
            constant = finder.constant(name)
            model = operator.model if constant is None else replace(operator.model, bias=constant)
            nodes[name] = Neurons(model, operator.shape)
        elif isinstance(operator, LinearOperator):
            added = {field.name: None for field in fields(operator) if field.name in ("bias", "offset")}  # type: ignore[arg-type]
            nodes[name] = replace(operator, **added)  # type: ignore[type-var]
        else:
            nodes[name] = operator
    return rebuilt(graph, nodes, list(graph.edges))
