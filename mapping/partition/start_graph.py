"""The graph that METIS cuts in place of a level's nets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .level import Level

Array = NDArray[Any]
CLIQUE = 32  # nets with more nodes become stars, so that edges stay proportional to pins
LARGEST_SUM = 2**30  # of all edge weights, for libraries with 32-bit integers


def similarity_graph(level: Level) -> sparse.csr_array:
    """Nodes that share nets are joined: each net spreads its weight over the pairs of its nodes.

    A net of many nodes joins the first of them with all others instead.

    Returns
    -------
    (nodes, nodes) symmetric without diagonal; weights are whole, at least 1.
    """
    sizes = np.diff(level.offsets)
    nodes = level.demands.shape[0]
    small = np.flatnonzero(sizes <= CLIQUE)
    rows, columns, share = _pins_of(level, small)
    share = share / (sizes[small] - 1)[rows]
    incidence = sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(small.size, nodes))
    weighted = sparse.csr_array((share, (rows, columns)), shape=(small.size, nodes))
    graph = sparse.csr_array(weighted.T @ incidence)
    large = np.flatnonzero(sizes > CLIQUE)
    rows, columns, share = _pins_of(level, large)
    hubs = np.where(level.sources[large] >= 0, level.sources[large], level.pins[level.offsets[large]])
    star = sparse.csr_array((share, (hubs[rows], columns)), shape=(nodes, nodes))
    graph = sparse.csr_array(graph + star + star.T)
    graph.setdiag(0)
    graph.eliminate_zeros()
    scale = min(100.0 / max(graph.data.mean() if graph.nnz else 1.0, 1e-30), LARGEST_SUM / max(graph.data.sum(), 1e-30))
    graph.data = np.maximum(1.0, np.rint(graph.data * scale))
    return graph


def _pins_of(level: Level, nets: Array) -> tuple[Array, Array, Array]:
    """Pins of some nets: the place of the net among them, the node, the net's weight."""
    sizes = np.diff(level.offsets)[nets]
    rows = np.repeat(np.arange(nets.size), sizes)
    within = np.arange(rows.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rows, level.pins[level.offsets[nets][rows] + within], level.weights[nets][rows]
