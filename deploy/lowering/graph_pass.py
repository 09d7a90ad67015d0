"""What a pass over the graph is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from ...models.graph import Edge, Graph
from ...models.operators import Operator


@dataclass(frozen=True)
class GraphPass(ABC):
    """One rewriting of the graph, which leaves it valid and computing the same."""

    @property
    def name(self) -> str:
        """The name that is printed and tested by."""
        return type(self).__name__

    @abstractmethod
    def apply(self, graph: Graph) -> Graph:
        """The rewritten graph; `graph` itself where there is nothing to do."""


def rebuilt(graph: Graph, nodes: dict[str, Operator], edges: list[Edge], *notes: str) -> Graph:
    """A verified copy of the graph with other nodes and edges, and notes added to its assumptions."""
    result = replace(graph, nodes=nodes, edges=tuple(edges), assumptions=(*graph.assumptions, *notes))
    result.verify()
    return result
