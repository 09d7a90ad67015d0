"""The intermediate graph: named operators and the edges between them, as trained, in float.

Time is synchronous: at every step all operators see that same step. An edge with lag 1 carries the step before; every
loop has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from types import MappingProxyType

import networkx as nx

from .neurons import IntegerNeuron
from .operators import Input, MaxPool, Neurons, Operator, Output, Rectifier, Shape, ShapeError
from .size_limits import LARGEST_NETWORK, MOST_NODES, excess, is_showable, listed


@dataclass(frozen=True)
class Edge:
    """What leaves `source` arrives at `target`, `lag` steps (0 or 1) later; what arrives at one node adds up."""

    source: str
    target: str
    lag: int = 0


class GraphError(ValueError):
    """A graph that contradicts itself; the message names nodes."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Operators by name, edges, and what had to be assumed to read them.

    Attributes
    ----------
    nodes : operators by name.
    edges : at most one between two nodes.
    assumptions : one sentence for each thing that the model file left open.
    name : where it came from, for messages.
    """

    nodes: Mapping[str, Operator]
    edges: tuple[Edge, ...]
    assumptions: tuple[str, ...] = ()
    name: str = "model"

    @classmethod
    def with_loops_closed(
        cls, nodes: Mapping[str, Operator], edges: list[tuple[str, str]], assumptions: tuple[str, ...], name: str
    ) -> Graph:
        """Make a graph whose loops are closed by edges of lag 1, those that a walk from the inputs finds last."""
        lags = _edges_that_close_loops(nodes, edges)
        graph = cls(
            MappingProxyType(dict(nodes)), tuple(Edge(a, b, int((a, b) in lags)) for a, b in edges), assumptions, name
        )
        graph.verify()
        return graph

    def with_assumptions(self, *notes: str) -> Graph:
        """The same graph with more assumptions."""
        return replace(self, assumptions=(*self.assumptions, *notes))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Nodes in an order in which each follows all that it sees in the same step."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((edge.source, edge.target) for edge in self.edges if edge.lag == 0)
        place = {name: number for number, name in enumerate(self.nodes)}
        try:
            return tuple(nx.lexicographical_topological_sort(graph, key=place.__getitem__))
        except nx.NetworkXUnfeasible:
            cycle = " -> ".join(source for source, _ in nx.find_cycle(graph))
            raise GraphError(f"the loop {cycle} has no edge that carries the previous step") from None

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Output shape of every node.

        Raises
        ------
        GraphError : two shapes do not suit one another; the message names the edge.
        """
        shapes: dict[str, Shape] = {}
        whole = 0
        for name in self.order:
            operator = self.nodes[name]
            arriving = [edge for edge in self.incoming(name) if edge.source in shapes]
            if isinstance(operator, Input):
                shape = operator.shape
            elif arriving:
                shape = shapes[arriving[0].source]
                for edge in arriving:
                    self._same(shapes[edge.source], shape, arriving[0], edge)
            else:
                raise GraphError(f"nothing reaches node {name!r}")
            try:
                shapes[name] = operator.output_shape(shape)
            except ShapeError as error:
                source = arriving[0].source if arriving else name
                raise GraphError(f"type mismatch: {source!r} gives shape {shape}, but {name!r} {error}") from None
            wrong = excess(shapes[name])
            if wrong:
                raise GraphError(f"what leaves {name!r} {wrong}")
            whole += prod(shapes[name])
            if whole > LARGEST_NETWORK:
                raise GraphError(f"its nodes give more than {LARGEST_NETWORK} elements, counted up to {name!r}")
        for edge in self.edges:
            if edge.lag:
                first = next((other for other in self.incoming(edge.target) if other.lag == 0), None)
                if first is None:
                    raise GraphError(f"nothing reaches node {edge.target!r} but what comes a step later")
                self._same(shapes[edge.source], shapes[first.source], first, edge)
        return MappingProxyType(shapes)

    @staticmethod
    def _same(shape: Shape, expected: Shape, first: Edge, edge: Edge) -> None:
        if shape != expected:
            raise GraphError(
                f"type mismatch at {edge.target!r}: {first.source!r} gives shape {expected}, "
                f"{edge.source!r} gives {shape}"
            )

    def incoming(self, name: str) -> tuple[Edge, ...]:
        """Edges that end in a node."""
        return self._incoming.get(name, ())

    @cached_property
    def _incoming(self) -> Mapping[str, tuple[Edge, ...]]:
        incoming: dict[str, list[Edge]] = {}
        for edge in self.edges:
            incoming.setdefault(edge.target, []).append(edge)
        return {name: tuple(edges) for name, edges in incoming.items()}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input nodes."""
        return tuple(name for name, operator in self.nodes.items() if isinstance(operator, Input))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output nodes."""
        return tuple(name for name, operator in self.nodes.items() if isinstance(operator, Output))

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the nodes with neurons, in order."""
        return tuple(name for name in self.order if isinstance(self.nodes[name], Neurons))

    @property
    def rectifiers(self) -> tuple[str, ...]:
        """Names of the nodes that make an ordinary network of it, in order: rectifiers and the pools of maxima."""
        return tuple(name for name in self.order if isinstance(self.nodes[name], Rectifier | MaxPool))

    @cached_property
    def integer(self) -> bool:
        """Whether its neurons are integer models, so that it is already what a chip runs."""
        models = [operator.model for operator in self.nodes.values() if isinstance(operator, Neurons)]
        return bool(models) and all(isinstance(model, IntegerNeuron) for model in models)

    def verify(self) -> None:
        """Raise GraphError at the first contradiction: edges, loops, inputs and outputs, shapes."""
        if len(self.nodes) > MOST_NODES:
            raise GraphError(f"it has {len(self.nodes)} nodes, more than {MOST_NODES}")
        for name in self.nodes:
            if not is_showable(name):
                raise GraphError(f"the name {name[:40]!a} of a node is no plain text, or too long")
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in self.nodes:
                    raise GraphError(
                        f"the edge {edge.source!r} -> {edge.target!r} names node {end!r}, which does not exist; "
                        f"there are {listed(self.nodes)}"
                    )
            if isinstance(self.nodes[edge.source], Output) or isinstance(self.nodes[edge.target], Input):
                raise GraphError(f"the edge {edge.source!r} -> {edge.target!r} leaves an output or enters an input")
        if len({(edge.source, edge.target) for edge in self.edges}) < len(self.edges):
            raise GraphError("an edge occurs twice")
        if not self.inputs:
            raise GraphError("the graph has no input node")
        if not self.outputs:
            raise GraphError("the graph has no output node")
        _ = self.shapes
        self._verify_loops()

    def _verify_loops(self) -> None:
        """Without neurons on it, a loop of linear maps has no state to begin with and nothing that bounds it."""
        bare: nx.DiGraph[str] = nx.DiGraph()
        bare.add_edges_from(
            (edge.source, edge.target)
            for edge in self.edges
            if not isinstance(self.nodes[edge.source], Neurons) and not isinstance(self.nodes[edge.target], Neurons)
        )
        if not nx.is_directed_acyclic_graph(bare):
            loop = [source for source, _ in nx.find_cycle(bare)]
            raise GraphError(f"the loop {' -> '.join(map(repr, [*loop, loop[0]]))} is without neurons")


def _edges_that_close_loops(nodes: Mapping[str, Operator], edges: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges that a depth-first walk from the inputs finds leading back into the path it is on."""
    followers: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        followers.setdefault(source, []).append(target)
    state: dict[str, str] = {}
    closing: set[tuple[str, str]] = set()
    starts = [name for name, operator in nodes.items() if isinstance(operator, Input)]
    for start in (*starts, *nodes):
        if start in state:
            continue
        state[start] = "open"
        path = [(start, iter(followers[start]))]
        while path:
            name, rest = path[-1]
            follower = next(rest, None)
            if follower is None:
                state[name] = "done"
                path.pop()
            elif follower not in nodes:
                continue
            elif state.get(follower) == "open":
                closing.add((name, follower))
            elif follower not in state:
                state[follower] = "open"
                path.append((follower, iter(followers[follower])))
    return closing


def unused(name: str, taken: Mapping[str, object]) -> str:
    """The name, or with a number where there is one like it."""
    number, result = 2, name
    while result in taken:
        result, number = f"{name} {number}", number + 1
    return result
