"""Which layers were trained with quantized weights and do not have them on the chip, and why, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.graph import Graph
from ...models.network import Network, Projection
from ...models.neurons import LeakyIntegrateAndFire
from ...models.operators import Input, Neurons
from .synapse_format import FINE
from .trained_steps import powers_of_two
from .weights import QuantizedWeights

Array = NDArray[Any]

EXACT = 0.01  # of a trained step, by which the rounding of float32 may miss a whole number

MIXED = (
    "what lies between them and the layers around multiplies them by numbers that have no unit in common: a "
    "normalisation or an average before the weights, or inputs of different worth"
)
SHARED = "its neurons send numbers and share one scale, but were trained with a step each, not powers of two apart"
SEVERAL = "the steps of the matrices that reach it are no powers of two apart"
UNFIT = "no scale that its registers hold makes whole numbers of them within the bits of its synapses"


def lost_steps(graph: Graph, network: Network, weights: Mapping[str, QuantizedWeights]) -> tuple[str, ...]:
    """One sentence for each layer whose integers are not those of its training.

    Parameters
    ----------
    graph : prepared, as it was lowered.
    network : float, lowered from it.
    weights : by the name of a projection of the integer network; the parts of a split one are added up.
    """
    sentences = []
    for name in graph.layers:
        if not _was_trained(graph, name):
            continue
        incoming = [p for p in network.incoming(name) if p.trained_step is not None]
        if incoming and all(_is_kept(p, weights) for p in incoming):
            continue
        sentences.append(
            f"trained steps: the weights that reach {name!r} are rounded anew, as {_reason(network, name)}."
        )
    return tuple(sentences)


def _was_trained(graph: Graph, layer: str) -> bool:
    """Whether weights with a step lie between a layer and those before it."""
    waiting, seen = [layer], {layer}
    while waiting:
        for edge in graph.incoming(waiting.pop()):
            operator = graph.nodes[edge.source]
            if getattr(operator, "step", None) is not None:
                return True
            if not isinstance(operator, Neurons | Input) and edge.source not in seen:
                seen.add(edge.source)
                waiting.append(edge.source)
    return False


def _is_kept(projection: Projection, weights: Mapping[str, QuantizedWeights]) -> bool:
    """Whether the integers of a projection are the trained ones, up to one factor for the whole matrix."""
    parts = [part for name, part in weights.items() if name in (projection.name, projection.name + FINE)]
    found = sum((part.weights.astype(np.float64) * 2.0**part.exponent for part in parts), np.zeros(()))
    step = projection.trained_step
    assert step is not None
    own = projection.connectivity.scaled_by_target(1 / step).weights if step.size > 1 else None
    # Neurons that share a scale have the least of the steps in common.
    return bool(parts) and any(
        _is_multiple(found, np.asarray(trained, dtype=np.float64))
        for trained in (own, projection.connectivity.weights / step.min())
        if trained is not None
    )


def _is_multiple(found: Array, trained: Array) -> bool:
    """Whether integers are trained ones times one number, above 0."""
    size = float(np.vdot(trained, trained))
    if not size:
        return not np.any(found)
    factor = float(np.vdot(found, trained)) / size
    whole = np.rint(trained)
    near = bool(np.allclose(trained, whole, rtol=0, atol=EXACT))
    return near and factor > 0 and bool(np.allclose(found, whole * factor, rtol=0, atol=EXACT * factor))


def _reason(network: Network, layer: str) -> str:
    incoming = [p for p in network.incoming(layer) if p.trained_step is not None]
    if not incoming:
        return MIXED
    neuron = network.by_name[layer].neuron
    free = isinstance(neuron, LeakyIntegrateAndFire) and neuron.spiking
    size = network.by_name[layer].size
    rows = np.stack([np.broadcast_to(p.trained_step, (size,)) for p in incoming])  # type: ignore[arg-type]
    if not powers_of_two(rows / rows.min(axis=0)):
        return SEVERAL
    if not free and not powers_of_two(rows / rows.min()):
        return SHARED
    return UNFIT
