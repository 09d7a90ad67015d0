"""Rate code: a rectifier becomes integrate-and-fire neurons, whose number of spikes says how large its output is.

A neuron that keeps what exceeds its threshold (reset by subtraction) spikes in T steps as often as its mean input goes
into the threshold, at most T times; beginning at half the threshold rounds that number instead of cutting it off
(Rueckauer et al. 2017, doi 10.3389/fnins.2017.00682; Bu et al. 2022, arXiv 2303.04347). A spike counts as much as the
threshold for those who get it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.execution.forward import forward
from ...models.graph import Edge, Graph, unused
from ...models.neurons import LeakyIntegrateAndFire, Reset
from ...models.operators import Neurons, Operator, Rectifier, Scale
from ..lowering.graph_pass import GraphPass, rebuilt
from .thresholds import Array, ThresholdRule, channel_thresholds
from .trained_weights import layers_before_trained_weights, powers_of_two_apart


@dataclass(frozen=True, eq=False)
class RectifiersAsRates(GraphPass):
    """Every `Rectifier` becomes integrate-and-fire neurons and a `Scale` behind them.

    Attributes
    ----------
    samples : (samples, *input shape) to calibrate on, or None, with which all thresholds are 1.
    steps : that a sample will last.
    rule : how thresholds are chosen.
    """

    samples: Array | None
    steps: int
    rule: ThresholdRule

    def apply(self, graph: Graph) -> Graph:
        names = [name for name in graph.rectifiers if isinstance(graph.nodes[name], Rectifier)]
        activations = {} if self.samples is None else forward(graph, self.samples, frozenset(names))
        alike = layers_before_trained_weights(graph)
        heights = {
            name: self._height(graph, name, activations.get(name), any(name in group for group in alike))
            for name in names
        }
        for group in alike:
            heights |= powers_of_two_apart({name: float(heights[name]) for name in group})
        nodes: dict[str, Operator] = dict(graph.nodes)
        edges = list(graph.edges)
        for name in names:
            shape = graph.shapes[name]
            by_channel = np.broadcast_to(heights[name], (shape[0],))
            threshold = np.repeat(by_channel, int(np.prod(shape[1:])))
            nodes[name] = Neurons(_integrate_and_fire(threshold), shape)
            worth = unused(f"{name}.worth", nodes)
            nodes[worth] = Scale(threshold.reshape(shape))
            edges = [Edge(worth, edge.target, edge.lag) if edge.source == name else edge for edge in edges]
            edges.append(Edge(name, worth))
        if self.samples is None:
            chosen = "all thresholds are 1, as there are no samples to choose them by"
        else:
            chosen = f"thresholds by {self.rule} over {self.samples.shape[0]} samples (--threshold-rule)"
        note = f"conversion: rate code, {len(names)} layers of integrate-and-fire neurons; {chosen} (--convert)."
        if not alike:
            return rebuilt(graph, nodes, edges, note)
        layers = ", ".join(repr(name) for name in names if any(name in group for group in alike))
        shared = (
            f"trained steps: all neurons of each of {layers} have one threshold, so that the weights behind stay the "
            "integers that they were trained as (--convert)."
        )
        return rebuilt(graph, nodes, edges, note, shared)

    def _height(self, graph: Graph, name: str, activation: Array | None, together: bool) -> Array:
        """The activation that is a spike at every step: one a channel, or one number for the layer."""
        rectifier = graph.nodes[name]
        assert isinstance(rectifier, Rectifier)
        height = np.broadcast_to(rectifier.ceiling, graph.shapes[name][:1])
        if together:
            height = height.max(keepdims=True)
        if activation is not None:
            values = activation.reshape(len(activation), 1, -1) if together else activation
            height = np.minimum(channel_thresholds(values, self.rule, self.steps), height)
        height = np.where(np.isfinite(height), height, 1.0)
        return height[0] if together else height


def _integrate_and_fire(threshold: Array) -> LeakyIntegrateAndFire:
    zero, one = np.zeros(()), np.ones(())
    return LeakyIntegrateAndFire(
        current_retention=zero,
        voltage_retention=one,
        threshold=threshold,
        input_gain=one,
        current_gain=one,
        bias=zero,
        reset=Reset.SUBTRACT,
        inclusive=True,
        initial_voltage=threshold / 2,
    )
