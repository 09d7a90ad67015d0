"""In which order populations are run, and how far each may go ahead."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.network import Network, Role


@dataclass(frozen=True)
class Stage:
    """Populations that reach each other; all that reaches them from outside belongs to earlier stages.

    Attributes
    ----------
    populations : their numbers, in the network's order.
    stride : steps that one of them can be run at a time, as no spike returns any sooner; None where none returns.
    """

    populations: tuple[int, ...]
    stride: int | None


def stages_of(network: Network) -> tuple[Stage, ...]:
    """Populations with neurons, in an order in which stages can be run through many steps one after the other."""
    import networkx

    number = {population.name: index for index, population in enumerate(network.populations)}
    graph = networkx.DiGraph()
    graph.add_nodes_from(index for index, p in enumerate(network.populations) if p.role is Role.NEURON)
    for projection in network.projections:
        if network.by_name[projection.source].role is Role.NEURON:
            graph.add_edge(number[projection.source], number[projection.target])
    condensed = networkx.condensation(graph)
    result = []
    for component in networkx.lexicographical_topological_sort(
        condensed, lambda node: min(condensed.nodes[node]["members"])
    ):
        members = set(condensed.nodes[component]["members"])
        returning = [
            network.lag(projection)
            for projection in network.projections
            if number[projection.source] in members
            and number[projection.target] in members
            and number[projection.source] >= number[projection.target]
        ]
        result.append(Stage(tuple(sorted(members)), min(returning, default=None)))
    return tuple(result)
