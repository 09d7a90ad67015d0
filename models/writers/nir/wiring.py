"""Making a graph one that NIR can wire: edges without lag but where a loop closes, no node that does nothing.

Every pass leaves a graph that computes the same, neuron by neuron.
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np

from ...errors import Unsupported
from ...graph import Edge, Graph, unused
from ...operators import (
    Delay,
    Flatten,
    Identity,
    Input,
    LinearOperator,
    Neurons,
    Operator,
    Reshape,
    Scale,
    Select,
    Shape,
)
from .layout import joins_axes, moves_channels
from .limits import Notes


def rewired(graph: Graph, notes: Notes, problems: list[Unsupported]) -> Graph:
    """Run all passes; what they cannot do is added to `problems`."""
    graph = _with_reshaped_inputs(_with_flat_selections(graph), notes)
    return _with_loops_only(_without_idle_nodes(graph), problems)


def arriving_shape(graph: Graph, name: str) -> Shape:
    """Shape of what arrives at a node."""
    edges = graph.incoming(name)
    if not edges:
        return graph.shapes[name]
    first = next((edge for edge in edges if edge.lag == 0), edges[0])
    return graph.shapes[first.source]


def _with_flat_selections(graph: Graph) -> Graph:
    """Selections whose result is flattened give it flat at once: NIR has no node for them that keeps several axes."""
    nodes = dict(graph.nodes)
    for name, operator in graph.nodes.items():
        if not isinstance(operator, Select) or operator.elements.ndim == 1 or moves_channels(operator):
            continue
        followers = [edge.target for edge in graph.edges if edge.source == name]
        if all(_flattens(graph, follower) for follower in followers):
            nodes[name] = Select(operator.elements.reshape(-1), operator.input_shape)
            nodes |= dict.fromkeys(followers, Identity())
    return _checked(graph, nodes, graph.edges)


def _flattens(graph: Graph, name: str) -> bool:
    alone = len(graph.incoming(name)) == 1
    return alone and isinstance(graph.nodes[name], Flatten | Reshape) and len(graph.shapes[name]) == 1


def _with_reshaped_inputs(graph: Graph, notes: Notes) -> Graph:
    """An input that only feeds a Reshape takes its data in the shape that the Reshape makes, where NIR has none."""
    nodes = dict(graph.nodes)
    for name, operator in graph.nodes.items():
        edges = graph.incoming(name)
        if (
            not isinstance(operator, Reshape)
            or len(edges) != 1
            or joins_axes(arriving_shape(graph, name), operator.shape)
        ):
            continue
        source = graph.nodes[edges[0].source]
        alone = sum(edge.source == edges[0].source for edge in graph.edges) == 1
        if isinstance(source, Input) and source.axes is None and alone:
            nodes[edges[0].source], nodes[name] = Input(operator.shape), Identity()
            notes.add(
                f"input: {{}} takes its data in the shape {operator.shape} instead of {source.shape}, as NIR has no "
                "node that splits axes.",
                edges[0].source,
            )
    return _checked(graph, nodes, graph.edges)


def _without_idle_nodes(graph: Graph) -> Graph:
    """Nodes that do nothing go; what arrives at them arrives where they lead. One that is needed becomes a Scale."""
    nodes: dict[str, Operator] = dict(graph.nodes)
    lags = {(edge.source, edge.target): edge.lag for edge in graph.edges}
    for name in graph.order:
        if not _idle(graph, name):
            continue
        arriving = {edge: lag for edge, lag in lags.items() if edge[1] == name}
        leaving = {edge: lag for edge, lag in lags.items() if edge[0] == name}
        routes = {(a, b): first + second for (a, _), first in arriving.items() for (_, b), second in leaving.items()}
        if any(route in lags or lag > 1 for route, lag in routes.items()):
            nodes[name] = Scale(np.ones(graph.shapes[name]))
            continue
        del nodes[name]
        lags = {edge: lag for edge, lag in lags.items() if name not in edge} | routes
    return _checked(graph, nodes, tuple(Edge(*edge, lag) for edge, lag in lags.items()))


def _idle(graph: Graph, name: str) -> bool:
    operator, shape = graph.nodes[name], graph.shapes[name]
    if isinstance(operator, Select):
        return shape == operator.input_shape and operator.connectivity(shape).moves_nothing()
    if isinstance(operator, Delay):
        return not np.any(operator.steps)
    return isinstance(operator, Identity | Flatten | Reshape) and shape == arriving_shape(graph, name)


def _with_loops_only(graph: Graph, problems: list[Unsupported]) -> Graph:
    """The previous step is carried by edges that close a loop; elsewhere it is a Delay of one step."""
    nodes: dict[str, Operator] = dict(graph.nodes)
    edges = [edge for edge in graph.edges if not edge.lag]
    forward: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in edges)
    forward.add_nodes_from(nodes)
    for edge in graph.edges:
        if not edge.lag:
            continue
        if nx.has_path(forward, edge.target, edge.source):
            edges.append(edge)
            continue
        if not silent(graph, edge.source):
            reason = (
                "carries the previous step of a bias, which NIR can say within a loop only: let the edge leave the "
                "neurons in front of it"
            )
            problems.append(Unsupported(f"{edge.source} -> {edge.target}", "edge", reason))
        delay = unused(f"{edge.source}.previous", nodes)
        nodes[delay] = Delay(np.ones((), dtype=np.int64))
        edges += [Edge(edge.source, delay), Edge(delay, edge.target)]
        forward.add_edge(edge.source, edge.target)
    return _checked(graph, nodes, tuple(edges))


def silent(graph: Graph, name: str) -> bool:
    """Whether a node puts out zero before the first step, as a Delay does."""
    operator = graph.nodes[name]
    if isinstance(operator, Neurons | Input | Delay):
        return True
    constant = operator.constant(arriving_shape(graph, name)) if isinstance(operator, LinearOperator) else None
    return (constant is None or not np.any(constant)) and all(
        silent(graph, edge.source) for edge in graph.incoming(name)
    )


def _checked(graph: Graph, nodes: Mapping[str, Operator], edges: tuple[Edge, ...]) -> Graph:
    result = Graph(nodes, edges, graph.assumptions, graph.name)
    result.verify()
    return result
