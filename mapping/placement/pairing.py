"""Which two nodes become one where a placement problem is made coarser."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..compiled_loops import keep_loops

Array = NDArray[Any]

ALONE = -1
keep_loops()


@numba.njit(cache=True, nogil=True)
def pair_up(  # noqa: PLR0912 - one loop, see `moves.py`
    offsets: Array,
    neighbours: Array,
    traffic: Array,
    order: Array,
) -> Array:
    """Two and two, so that much traffic stays within pairs; at most one node remains alone.

    Each node in turn takes the one among those left with most traffic to it; then those that are left and have a
    neighbour in common come together, and at last the others as they come.

    Parameters
    ----------
    offsets, neighbours, traffic : int64, int32, float64; symmetric traffic in compressed rows, without the diagonal.
    order : int32, nodes to be paired, in the order in which they choose; others stay alone.

    Returns
    -------
    (nodes,) int32, the other one of each node's pair, `ALONE` for none.
    """
    nodes = offsets.size - 1
    partner = np.full(nodes, ALONE, dtype=np.int32)
    waiting = np.zeros(nodes, dtype=np.bool_)
    for node in order:
        waiting[node] = True
    for node in order:
        if waiting[node]:
            best, most = -1, 0.0
            for edge in range(offsets[node], offsets[node + 1]):
                if waiting[neighbours[edge]] and traffic[edge] > most:
                    best, most = neighbours[edge], traffic[edge]
            if best >= 0:
                partner[node], partner[best] = best, node
                waiting[node] = waiting[best] = False
    for middle in range(nodes):
        last = -1
        for edge in range(offsets[middle], offsets[middle + 1]):
            node = neighbours[edge]
            if waiting[node]:
                if last < 0:
                    last = node
                else:
                    partner[node], partner[last] = last, node
                    waiting[node] = waiting[last] = False
                    last = -1
    last = -1
    for node in order:
        if waiting[node]:
            if last < 0:
                last = node
            else:
                partner[node], partner[last] = last, node
                last = -1
    return partner


def merged(partner: Array) -> tuple[Array, Array, sparse.csr_array]:
    """Pairs and single nodes, numbered by the first of their nodes.

    Parameters
    ----------
    partner : see `pair_up`.

    Returns
    -------
    (pairs,) the first node of each; (nodes,) the pair of each; and (nodes, pairs) CSR of ones, who is in which.
    """
    own = np.arange(partner.size)
    first, pair = np.unique(np.where(partner == ALONE, own, np.minimum(own, partner)), return_inverse=True)
    return first, pair, sparse.csr_array((np.ones(own.size), (own, pair)), shape=(own.size, first.size))
