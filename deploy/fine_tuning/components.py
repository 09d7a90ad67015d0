"""Which populations must be advanced together, step by step, and which can run through all steps before the next."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.network import Network, Population, Projection, Role


@dataclass(frozen=True, eq=False)
class Component:
    """Populations that reach each other, or one by itself.

    Attributes
    ----------
    populations : in the network's order.
    inner : projections between them: at every step they carry what an earlier step made.
    outer : projections that come from inputs, constants or earlier components.
    """

    populations: tuple[Population, ...]
    inner: tuple[Projection, ...]
    outer: tuple[Projection, ...]


def components(network: Network) -> tuple[Component, ...]:
    """The populations with neurons, every component behind all that reach it."""
    import networkx

    order = {population.name: index for index, population in enumerate(network.populations)}
    wiring = networkx.DiGraph()
    wiring.add_nodes_from(p.name for p in network.populations if p.role is Role.NEURON)
    wiring.add_edges_from((p.source, p.target) for p in network.projections if p.source in wiring)
    condensed = networkx.condensation(wiring)
    groups = [
        sorted(condensed.nodes[number]["members"], key=order.__getitem__)
        for number in networkx.lexicographical_topological_sort(
            condensed, key=lambda number: min(order[name] for name in condensed.nodes[number]["members"])
        )
    ]
    return tuple(_component(network, group) for group in groups)


def singles(network: Network) -> tuple[Component, ...]:
    """Every population with neurons by itself, for runs in which all that arrives is known before."""
    return tuple(
        Component((population,), (), network.incoming(population.name))
        for population in network.populations
        if population.role is Role.NEURON
    )


def _component(network: Network, names: list[str]) -> Component:
    arriving = [projection for name in names for projection in network.incoming(name)]
    return Component(
        tuple(network.by_name[name] for name in names),
        tuple(projection for projection in arriving if projection.source in names),
        tuple(projection for projection in arriving if projection.source not in names),
    )
