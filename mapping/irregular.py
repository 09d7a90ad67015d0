"""Which populations are a hypergraph's business, and the hypergraph of their neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool
from ..models.network import Network, Population, Projection
from .hypergraph import NO_SOURCE, Hypergraph
from .partition.partition import Rates

Array = NDArray[Any]
FILLED = 0.25  # share of nonzero weights from which a matrix is dense


@dataclass(frozen=True, eq=False)
class Irregular:
    """The neurons of some populations in a row, with the nets that reach them through listed projections.

    Dense matrices make no nets: each of their sources reaches every core of the population, however it is divided.

    Attributes
    ----------
    hypergraph : nets of sources within the populations first, in their order, then those of all other sources.
    populations : names, in the order of their neurons.
    sizes : neurons of each.
    listed, dense : projections that end in the populations.
    pin_synapses : (pins,) int32, synapses of each pin; 0 for a source alone.
    net_projections : (nets, listed projections) bool, through which of them the net has synapses.
    """

    hypergraph: Hypergraph
    populations: tuple[str, ...]
    sizes: tuple[int, ...]
    listed: tuple[Projection, ...]
    dense: tuple[Projection, ...]
    pin_synapses: Array
    net_projections: Array

    def split(self, blocks: Array) -> dict[str, Array]:
        """The blocks of all neurons, population by population, renumbered from 0 without gaps; int64."""
        numbers = np.unique(blocks, return_inverse=True)[1].astype(np.int64)
        return dict(zip(self.populations, np.split(numbers, np.cumsum(self.sizes)[:-1]), strict=True))

    def starts(self) -> dict[str, int]:
        """The number of each population's first neuron."""
        firsts = np.cumsum([0, *self.sizes[:-1]])
        return dict(zip(self.populations, firsts.tolist(), strict=True))


def irregular_populations(network: Network) -> tuple[str, ...]:
    """Names of populations whose connectivity has no structure that boxes could follow, in the network's order.

    They have an incoming matrix of which few weights are other than zero, and no incoming convolution or pool.
    """
    result = []
    for population in network.populations:
        incoming = [projection.connectivity for projection in network.incoming(population.name)]
        structured = any(isinstance(connectivity, Convolution | Pool) for connectivity in incoming)
        if not structured and any(_is_irregular(connectivity) for connectivity in incoming):
            result.append(population.name)
    return tuple(result)


def hypergraph_of(network: Network, populations: Sequence[str], rates: Rates | None = None) -> Irregular:
    """List the connectivity that ends in some populations.

    Parameters
    ----------
    populations : names of populations on the chip, each once; their neurons are numbered in this order.
    rates : per population, spikes of each neuron a step, or of all of them the same; one where a population is missing.

    Returns
    -------
    With a net for every source, on the chip or not, of at least one listed synapse; targets elsewhere are left out.
    """
    members = [network.by_name[name] for name in populations]
    incoming = [projection for name in populations for projection in network.incoming(name)]
    listed = tuple(projection for projection in incoming if _listed(projection))
    dense = tuple(projection for projection in incoming if not _listed(projection))
    sources = [*members, *_outside(network, listed, populations)]
    first = _firsts(sources)
    neurons, senders = sum(part.size for part in members), sum(part.size for part in sources)
    matrices = [_placed(projection, first, senders, neurons) for projection in listed]
    synapses = sum(matrices, sparse.csr_array((senders, neurons), dtype=np.int64))
    sending = np.flatnonzero(np.diff(synapses.indptr))
    own = sending[sending < neurons]
    # A source is a pin of its own net, with or without a synapse to itself.
    mark = sparse.csr_array((np.ones(own.size, np.int64), (own, own)), shape=(senders, neurons))
    marked = sparse.csr_array(2 * synapses + mark)
    marked.sort_indices()
    loops = synapses[:neurons].diagonal() > 0
    received = np.asarray(synapses.sum(axis=0)).ravel()
    for projection in dense:
        start = first[projection.target]
        received[start : start + projection.connectivity.targets] += _row_synapses(projection)
    hypergraph = Hypergraph(
        neurons,
        np.concatenate([[0], marked.indptr[1:][sending]]).astype(np.int64),
        marked.indices.astype(np.int32),
        np.where(sending < neurons, sending, NO_SOURCE).astype(np.int32),
        np.where(sending < neurons, loops[np.minimum(sending, neurons - 1)], False),
        _rates(sources, rates or {})[sending],
        received.astype(np.int64),
    )
    through = [np.diff(matrix.indptr)[sending] > 0 for matrix in matrices]
    return Irregular(
        hypergraph,
        tuple(populations),
        tuple(part.size for part in members),
        listed,
        dense,
        (marked.data // 2).astype(np.int32),
        np.stack(through, axis=1) if through else np.zeros((sending.size, 0), dtype=bool),
    )


def _is_irregular(connectivity: Connectivity) -> bool:
    """Whether there are few weights other than zero, however they are held, and more than one a neuron."""
    if isinstance(connectivity, OneToOne):
        return False
    pairs = connectivity.sources * connectivity.targets
    return bool(np.count_nonzero(connectivity.weights) < FILLED * pairs)


def _listed(projection: Projection) -> bool:
    connectivity = projection.connectivity
    if not isinstance(connectivity, Dense):
        return True
    return bool(np.count_nonzero(connectivity.weights) < FILLED * connectivity.weights.size)


def _outside(network: Network, listed: tuple[Projection, ...], inside: Sequence[str]) -> Iterator[Population]:
    senders = {projection.source for projection in listed}
    return (part for part in network.populations if part.name in senders and part.name not in inside)


def _firsts(populations: Sequence[Population]) -> dict[str, int]:
    starts = np.cumsum([0, *(part.size for part in populations)]).tolist()
    return {part.name: start for part, start in zip(populations, starts, strict=False)}


def _placed(projection: Projection, first: Mapping[str, int], senders: int, neurons: int) -> sparse.csr_array:
    """(senders, neurons) CSR int64, 1 for each synapse of a projection."""
    entries = projection.connectivity.to_sparse().tocoo()
    present = entries.data != 0
    rows = entries.col[present].astype(np.int64) + first[projection.source]
    columns = entries.row[present].astype(np.int64) + first[projection.target]
    return sparse.csr_array((np.ones(rows.size, np.int64), (rows, columns)), shape=(senders, neurons))


def _row_synapses(projection: Projection) -> Array:
    return np.asarray(np.count_nonzero(projection.connectivity.weights, axis=1))


def _rates(populations: Sequence[Population], rates: Rates) -> Array:
    parts = [np.broadcast_to(np.asarray(rates.get(part.name, 1.0), float), (part.size,)) for part in populations]
    return np.concatenate([np.zeros(0), *parts])
