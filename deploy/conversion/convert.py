"""From an ordinary network to a spiking one: the passes, in order."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...models.errors import Unsupported, UsageError, unsupported_model
from ...models.graph import Graph
from ...models.operators import LinearOperator, Neurons
from ..lowering.graph_pass import GraphPass
from .averages import MaximaAsAverages
from .maxima import MaximaAsRectifiers
from .rate import RectifiersAsRates
from .rate_correction import CorrectRates
from .sigma_delta import RectifiersAsSigmaDelta
from .thresholds import ThresholdRule

Array = NDArray[Any]
Method = Literal["rate", "sigma-delta"]
MaximaAs = Literal["exact", "average"]


def convert(
    graph: Graph,
    method: Method,
    maxima: MaximaAs,
    rule: ThresholdRule,
    samples: Array | None,
    steps: int,
    values: Array | None = None,
) -> Graph:
    """Convert an ordinary network.

    Parameters
    ----------
    graph : with rectifiers, without neurons.
    method : "rate" or "sigma-delta".
    maxima : how pools of maxima are done: "exact", by rectifiers, or "average", an approximation.
    rule : how the thresholds of a rate code are chosen.
    samples : (samples, steps, *input shape) to calibrate on; None where there are none. Static ones, whose steps are
        all the same, are looked at once.
    steps : of a sample.
    values : (samples, *input shape), what the samples stand for where they are an encoding, such as spikes, of it; None
        where every step is what the ordinary network would be given.

    Raises
    ------
    UsageError : the graph spikes already, or has no rectifier.
    UnsupportedModelError : it has several inputs or outputs, or weights that are not finite.
    """
    neurons = [name for name in graph.layers if graph.rectifiers or _spikes(graph, name)]
    if neurons:
        raise UsageError(f"{graph.name} has spiking neurons ({neurons[0]!r}) already: leave out --convert.")
    if not graph.rectifiers:
        raise UsageError(f"{graph.name} has no rectifier, so that there is nothing to convert: leave out --convert.")
    problems = _problems(graph)
    if problems:
        raise unsupported_model(graph.name, problems)
    if samples is not None and bool(np.all(samples == samples[:, :1])):
        samples = samples[:, :1]
    pooling: GraphPass = MaximaAsRectifiers() if maxima == "exact" else MaximaAsAverages()
    ordinary = pooling.apply(graph)
    if method == "sigma-delta":
        return RectifiersAsSigmaDelta(samples).apply(ordinary)
    if samples is None:
        return RectifiersAsRates(None, steps, rule).apply(ordinary)
    frames = samples.reshape(-1, *samples.shape[2:]) if values is None else values
    spiking = RectifiersAsRates(frames, steps, rule).apply(ordinary)
    presented = samples if samples.shape[1] > 1 else np.broadcast_to(samples, (len(samples), steps, *samples.shape[2:]))
    return CorrectRates(ordinary, frames, presented).apply(spiking)


def _spikes(graph: Graph, name: str) -> bool:
    """Whether a layer does; an integrator that sums up what a linear network says does not."""
    operator = graph.nodes[name]
    return isinstance(operator, Neurons) and operator.model.eventful


def _problems(graph: Graph) -> list[Unsupported]:
    """What stands against evaluating a network on samples."""
    ends = (("Input", graph.inputs), ("Output", graph.outputs))
    problems = [
        Unsupported(", ".join(names), kind, f"one {kind.lower()} is needed; there are several")
        for kind, names in ends
        if len(names) > 1
    ]
    for name, operator in graph.nodes.items():
        arrays = [value for value in vars(operator).values() if isinstance(value, np.ndarray)]
        if isinstance(operator, LinearOperator) and not all(np.all(np.isfinite(array)) for array in arrays):
            reason = "holds numbers that are not finite (NaN or infinity)"
            problems.append(Unsupported(name, type(operator).__name__, reason))
    return problems
