"""Layers whose spikes must all count the same, or the weights behind them would no longer be those of their training.

A spike counts as much as the threshold, which multiplies the weights behind it. Where these were trained with
quantization, their integers survive only if that is one number for all inputs of a matrix, up to powers of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ...models.graph import Graph
from ...models.operators import Rectifier
from .thresholds import Array


def layers_before_trained_weights(graph: Graph) -> list[frozenset[str]]:
    """Sets of rectifiers that reach a matrix with a trained step; those with a member in common are one."""
    groups: list[frozenset[str]] = []
    for name, operator in graph.nodes.items():
        if getattr(operator, "step", None) is None:
            continue
        found = frozenset(_rectifiers_before(graph, name))
        apart = [group for group in groups if not group & found]
        groups = [*apart, found.union(*(group for group in groups if group & found))]
    return [group for group in groups if group]


def powers_of_two_apart(thresholds: Mapping[str, float]) -> dict[str, Array]:
    """Thresholds of one group, raised to where they are powers of two below the largest."""
    largest = max(thresholds.values())
    return {
        name: np.asarray(largest * 2.0 ** -np.floor(np.log2(largest / value))) for name, value in thresholds.items()
    }


def _rectifiers_before(graph: Graph, name: str) -> Iterator[str]:
    """Rectifiers that reach a node with nothing but linear maps between."""
    waiting, seen = [name], {name}
    while waiting:
        for edge in graph.incoming(waiting.pop()):
            if edge.source in seen:
                continue
            seen.add(edge.source)
            if isinstance(graph.nodes[edge.source], Rectifier):
                yield edge.source
            else:
                waiting.append(edge.source)
