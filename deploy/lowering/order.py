"""The order in which a network's populations see one another within a step of a sample."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from ...models.network import Population, Projection, Role


def ordered(populations: Sequence[Population], projections: Sequence[Projection]) -> tuple[Population, ...]:
    """Every population behind those whose output of the same step it gets; otherwise as they came."""
    by_name = {population.name: population for population in populations}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(by_name)
    for projection in projections:
        source, target = by_name[projection.source], by_name[projection.target]
        if source.role is Role.CONSTANT or projection.delay == target.depth - source.depth:
            graph.add_edge(projection.source, projection.target)
    position = {name: index for index, name in enumerate(by_name)}
    return tuple(by_name[name] for name in nx.lexicographical_topological_sort(graph, key=position.__getitem__))
