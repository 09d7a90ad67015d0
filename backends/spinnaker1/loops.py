"""The populations of a network in parts that can be run one after the other, each over all steps of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
from scipy import sparse

from ...models.network import Network, Population, Role


@dataclass(frozen=True, eq=False)
class Part:
    """A population whose spikes never come back to it, or populations that are in loops with each other.

    Attributes
    ----------
    populations : in the network's order, in which each follows those that reach it within a step.
    loops : names of the projections within the part.
    """

    populations: tuple[Population, ...]
    loops: frozenset[str]


def parts_of(network: Network) -> tuple[Part, ...]:
    """All populations with neurons, each part behind those that reach it."""
    number = {population.name: index for index, population in enumerate(network.populations)}
    ends = [(number[part.source], number[part.target]) for part in network.projections]
    size = len(number)
    rows, columns = np.asarray(ends, dtype=np.int64).reshape(-1, 2).T
    graph = sparse.csr_array((np.ones(len(ends), dtype=np.int8), (rows, columns)), shape=(size, size))
    _, label = sparse.csgraph.connected_components(graph, connection="strong")
    before: dict[int, set[int]] = {int(found): set() for found in label}
    for source, target in ends:
        if label[source] != label[target]:
            before[int(label[target])].add(int(label[source]))
    parts = []
    for found in TopologicalSorter(before).static_order():
        members = [population for population in network.populations if label[number[population.name]] == found]
        names = {population.name for population in members}
        loops = (part.name for part in network.projections if part.source in names and part.target in names)
        if members[0].role is Role.NEURON:
            parts.append(Part(tuple(members), frozenset(loops)))
    return tuple(parts)
