"""Cut the graph of neurons and synapses with METIS."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from ...models.network import Network, Population
from ..feasibility import check_cores
from ..resources import Accountant, Load
from ..target import Target
from .partition import Array, CoreOf, Rates, on_chip
from .sequential import Layout, Sequential

LARGEST_WEIGHT = 1000  # METIS takes integers; their sums over the graph must stay below 2**31


@dataclass(frozen=True)
class GraphPartition:
    """Neurons that send each other many spikes share a core.

    METIS balances one weight a neuron: the largest share of a core that it takes of any resource. The true needs of a
    part are more involved (a kernel is stored once, words are filled up), so that a result only counts where the
    feasibility checker passes it; if it does not, METIS gets more cores to fill less.

    Attributes
    ----------
    largest : networks with more synapses are left to the other strategies.
    slack : cores to try, as multiples of what filling them in order takes.
    """

    largest: int = 300_000
    slack: tuple[float, ...] = field(default=(1.0, 1.1, 1.25, 1.5, 2.0))

    @property
    def name(self) -> str:
        """What the user calls it."""
        return "graph"

    def partition(self, network: Network, target: Target, rates: Rates | None = None) -> CoreOf | None:
        """See `Partitioner`."""
        populations = on_chip(network)
        if synapses_at_most(network, self.largest) is None:
            return None
        filled = Sequential().layout(network, target)
        if filled.problems:
            return None
        shares = _shares(network, target, filled)
        graph = _graph(network, populations, rates or {})
        tried = set()
        for slack in self.slack:
            parts = min(int(np.ceil(len(filled.loads) * slack)), target.cores, graph.shape[0])
            if parts in tried:
                continue
            tried.add(parts)
            core_of = _split(_cut(graph, shares, parts), populations)
            if not check_cores(network, target, core_of):
                return core_of
        return None


def synapses_at_most(network: Network, largest: int) -> int | None:
    """Synapses of a network; None where there are, or may be, more than `largest`."""
    total = 0
    for projection in network.projections:
        # The kernel's size bounds a convolution from above, and costs nothing to know.
        weights, targets = projection.connectivity.weights, projection.connectivity.targets
        total += weights.size if weights.ndim <= 2 else weights[0].size * targets
        if total > largest:
            return None
    return total


def _shares(network: Network, target: Target, filled: Layout) -> Array:
    """(neurons on the chip,) the share of a core that a neuron of each layer takes of its scarcest resource, > 0.

    It is taken where most of the layer's neurons share a core, for alone a neuron would fill no memory word.
    """
    accountant = Accountant(network, target)
    parts = []
    for population in on_chip(network):
        cores = filled.core_of[population.name]
        together = np.flatnonzero(cores == np.argmax(np.bincount(cores)))
        load = accountant.add(Load(), population.name, together)
        used = [getattr(load, name) / limit for name, limit in accountant.limits.items() if limit]
        parts.append(np.full(population.size, max([*used, 1e-6]) / together.size))
    return np.concatenate(parts)


def _graph(network: Network, populations: tuple[Population, ...], rates: Rates) -> sparse.csr_array:
    """(neurons, neurons) symmetric, no diagonal: spikes a step over the synapses between two neurons."""
    offsets, count = {}, 0
    for population in populations:
        offsets[population.name], count = count, count + population.size
    rows, columns, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for projection in network.projections:
        if projection.source not in offsets:
            continue
        entries = projection.connectivity.to_sparse().tocoo()
        rate = np.broadcast_to(np.asarray(rates.get(projection.source, 1.0), dtype=float), entries.shape[1:])
        rows.append(entries.row + offsets[projection.target])
        columns.append(entries.col + offsets[projection.source])
        weights.append(rate[entries.col])
    row, column, weight = np.concatenate(rows), np.concatenate(columns), np.concatenate(weights)
    other = row != column
    matrix = sparse.csr_array((weight[other], (row[other], column[other])), shape=(count, count))
    return sparse.csr_array(matrix + matrix.T)


def _cut(graph: sparse.csr_array, shares: Array, parts: int) -> Array:
    """(neurons,) part of each neuron."""
    if parts == 1:
        return np.zeros(graph.shape[0], dtype=np.int64)
    import pymetis  # a compiled extension, and no other strategy needs it

    weights = np.maximum(1, np.rint(graph.data / max(graph.data.max(initial=0.0), 1e-12) * LARGEST_WEIGHT))
    vertices = np.maximum(1, np.rint(shares / shares.max() * LARGEST_WEIGHT))
    _, part = pymetis.part_graph(
        parts,
        pymetis.CSRAdjacency(graph.indptr.tolist(), graph.indices.tolist()),
        vweights=vertices.astype(int).tolist(),
        eweights=weights.astype(int).tolist(),
        options=pymetis.Options(seed=0),
    )
    # METIS may leave parts empty, and logical cores have no gaps.
    return np.unique(np.asarray(part), return_inverse=True)[1].astype(np.int64)


def _split(parts: Array, populations: tuple[Population, ...]) -> dict[str, Array]:
    ends = np.cumsum([population.size for population in populations])
    return dict(zip((population.name for population in populations), np.split(parts, ends[:-1]), strict=True))
