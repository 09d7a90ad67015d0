"""Evaluating an ordinary network: every operator once, without time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..operators import Delay, Input, LinearOperator, MaxPool, Neurons, Rectifier

Array = NDArray[Any]


def forward(graph: Graph, data: Array, record: frozenset[str] | None = None) -> Mapping[str, Array]:
    """Output of nodes.

    Parameters
    ----------
    graph : without neurons, delays and loops, and with one input node.
    data : (samples, *input shape), any real dtype.
    record : names of the nodes to keep; None keeps the outputs.

    Returns
    -------
    per kept node (samples, *its shape) float64.

    Raises
    ------
    ValueError : the graph needs time.
    """
    kept = frozenset(graph.outputs) if record is None else record
    readers = {name: sum(edge.source == name for edge in graph.edges) for name in graph.nodes}
    values: dict[str, Array] = {}
    result: dict[str, Array] = {}
    for name in graph.order:
        operator = graph.nodes[name]
        edges = graph.incoming(name)
        if isinstance(operator, Neurons | Delay) or any(edge.lag for edge in edges):
            raise ValueError(f"{name!r} needs time")
        if isinstance(operator, Input):
            values[name] = data.reshape(data.shape[0], int(np.prod(data.shape[1:]))).astype(np.float64)
        else:
            arriving = values[edges[0].source]
            for edge in edges[1:]:
                arriving = arriving + values[edge.source]
            values[name] = _applied(graph, name, arriving)
        for edge in edges:  # large networks would otherwise hold all activations at once
            readers[edge.source] -= 1
            if not readers[edge.source]:
                del values[edge.source]
        if name in kept:
            result[name] = values[name].reshape(data.shape[0], *graph.shapes[name])
    return result


def _applied(graph: Graph, name: str, arriving: Array) -> Array:
    operator = graph.nodes[name]
    shape = graph.shapes[graph.incoming(name)[0].source]
    if isinstance(operator, LinearOperator):
        result = operator.connectivity(shape).apply(arriving)
        constant = operator.constant(shape)
        return result if constant is None else result + constant
    if isinstance(operator, Rectifier | MaxPool):
        return operator.apply(arriving, shape)
    return arriving
