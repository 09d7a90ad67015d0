"""The partitioning libraries called directly, as a user without Spikeloom would."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spikeloom.mapping.hypergraph import Hypergraph

Array = NDArray[Any]


def filled_in_order(neurons: int, blocks: int) -> Array:
    """(neurons,) blocks of equal size, in the order of the neurons."""
    return np.arange(neurons) * blocks // neurons


def cut_by_metis(source: Array, target: Array, neurons: int, blocks: int, imbalance: float) -> Array:
    """METIS on the graph of synapses, each an edge of weight 1 (2 where there is one in either direction)."""
    import pymetis

    other = source != target
    ones = np.ones(int(other.sum()), dtype=np.int64)
    matrix = sparse.csr_array((ones, (source[other], target[other])), shape=(neurons, neurons))
    graph = sparse.csr_array(matrix + matrix.T)
    options = pymetis.Options(ufactor=round(1000 * imbalance))
    _, part = pymetis.part_graph(
        blocks,
        pymetis.CSRAdjacency(graph.indptr.tolist(), graph.indices.tolist()),
        eweights=graph.data.tolist(),
        options=options,
        recursive=False,
    )
    return np.asarray(part)


def cut_by_mtkahypar(hypergraph: Hypergraph, blocks: int, imbalance: float, preset: str) -> Array:
    """Mt-KaHyPar on the nets, for km1, on all cores."""
    import mtkahypar

    session = mtkahypar.initialize(os.cpu_count() or 1, False)
    context = session.context_from_preset(getattr(mtkahypar.PresetType, preset))
    context.set_partitioning_parameters(blocks, imbalance, mtkahypar.Objective.KM1)
    context.logging = False
    nets = [part.tolist() for part in np.split(hypergraph.pins, hypergraph.offsets[1:-1])]
    graph = session.create_hypergraph(context, hypergraph.neurons, len(nets), nets)
    return np.array(graph.partition(context).get_partition())
