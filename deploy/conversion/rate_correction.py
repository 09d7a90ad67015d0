"""Rates as the activations were: a bias for each channel that takes back what spikes come to too much or too little.

Spikes that arrive unevenly make neurons spike that would have stayed silent at the same mean, and layers begin before
those before them have settled. On the mean over samples and positions that is a shift of each channel, which a bias
undoes, layer by layer (Li et al. 2021, arXiv 2106.06984).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...models.execution.forward import forward
from ...models.graph import Graph
from ...models.neurons import LeakyIntegrateAndFire
from ...models.operators import Neurons
from ..lowering.graph_pass import GraphPass, rebuilt
from ..lowering.paths import PathFinder
from .thresholds import Array


@dataclass(frozen=True, eq=False)
class CorrectRates(GraphPass):
    """Adds to the biases of the neurons that `RectifiersAsRates` made.

    Attributes
    ----------
    ordinary : the network before, with rectifiers of the same names.
    frames : (frames, *input shape), what the ordinary network is given.
    presented : (samples, steps, *input shape), the same as it is given to the spiking one.
    """

    ordinary: Graph
    frames: Array
    presented: Array

    def apply(self, graph: Graph) -> Graph:
        wanted = forward(self.ordinary, self.frames, frozenset(graph.layers))
        # Layer by layer, with what those before it really send: (steps, samples, neurons).
        steps = self.presented.reshape(*self.presented.shape[:2], -1).swapaxes(0, 1)
        sent = {graph.inputs[0]: steps}
        finder = PathFinder(graph)
        nodes = dict(graph.nodes)
        for name in graph.layers:
            operator, shape = graph.nodes[name], graph.shapes[name]
            assert isinstance(operator, Neurons) and isinstance(operator.model, LeakyIntegrateAndFire)
            arriving = _arriving(finder, name, sent)
            said = _run(operator.model, arriving).mean(axis=0) * operator.model.threshold
            missing = _by_channel(wanted[name]) - _by_channel(said.reshape(-1, *shape))
            bias = operator.model.bias + np.repeat(missing, int(np.prod(shape[1:])))
            model = replace(operator.model, bias=bias)
            nodes[name] = replace(operator, model=model)
            sent[name] = _run(model, arriving)
        return rebuilt(graph, nodes, list(graph.edges))


def _arriving(finder: PathFinder, name: str, sent: dict[str, Array]) -> Array:
    """Sums at a layer at every step, (steps, samples, neurons)."""
    constant = finder.constant(name)
    total: Array = np.zeros(()) if constant is None else constant
    for path in finder.arriving(name):
        values = sent[path.source]
        if path.connectivity is not None:
            flat = path.connectivity.apply(values.reshape(-1, values.shape[2]))
            values = flat.reshape(*values.shape[:2], -1)
        total = total + values
    return total


def _run(model: LeakyIntegrateAndFire, arriving: Array) -> Array:
    """Spikes at every step, int8 (steps, samples, neurons)."""
    state = model.initial_state(*arriving.shape[1:])
    spikes = np.zeros(arriving.shape, dtype=np.int8)
    for step, sums in enumerate(arriving):
        state, spikes[step] = model.step(state, sums)
    return spikes


def _by_channel(values: Array) -> Array:
    """Mean over samples and positions: (samples, channels, *size) to (channels,)."""
    return np.asarray(values.mean(axis=(0, *range(2, values.ndim))))
