"""Join nodes that share heavy nets, so that whole groups of neurons move at once.

First-choice clustering by heavy-edge rating (Karypis, Kumar 1999; Catalyurek, Aykanat 1999).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .level import Level, coarser_level
from .resource_columns import NEURONS

Array = NDArray[Any]
LOOKED_AT = 64  # pins of a net that a node looks at, so that time grows with pins and not with the square of fan-outs
LEAST_SHARE = 0.5  # of the best rating, for a cluster that is not the best because that one is full
keep_loops()


def coarsened(level: Level, most: Array, blocks: Array, seed: int) -> tuple[Level, Array]:
    """A level of clusters.

    Parameters
    ----------
    most : (columns,) int64, demands of a cluster; a node that demands more stays alone.
    blocks : (nodes,) int32; nodes of different blocks stay apart.

    Returns
    -------
    The level, and (nodes of `level`,) int32, the cluster of each node.
    """
    order = np.random.default_rng(seed).permutation(level.demands.shape[0])
    limited = np.flatnonzero(most < level.demands.sum(axis=0))
    cluster_of, clusters = _clusters(
        level.offsets,
        level.pins,
        level.node_offsets,
        level.node_nets,
        level.weights,
        level.demands,
        most,
        limited,
        blocks,
        order,
    )
    return coarser_level(level, cluster_of, clusters), cluster_of


@numba.njit(cache=True)
def _clusters(
    offsets: Array,
    pins: Array,
    node_offsets: Array,
    node_nets: Array,
    weights: Array,
    demands: Array,
    most: Array,
    limited: Array,
    blocks: Array,
    order: Array,
) -> tuple[Array, int]:
    """The cluster of every node, and the number of clusters."""
    nodes = order.size
    leader = np.arange(nodes).astype(np.int32)
    loads = demands.copy()
    alone = np.ones(nodes, np.bool_)
    rating = np.zeros(nodes)
    found = np.empty(nodes, np.int64)
    for node in order:
        if not alone[node]:
            continue
        nets = node_nets[node_offsets[node] : node_offsets[node + 1]]
        count = _rate(node, nets, offsets, pins, weights, blocks, leader, rating, found)
        best = _best_cluster(found[:count], rating, demands[node], loads, most, limited)
        if best >= 0:
            leader[node] = best
            alone[node] = False
            alone[best] = False
            loads[best] += demands[node]
    number = np.cumsum(leader == np.arange(nodes)) - 1
    return number[leader].astype(np.int32), number[-1] + 1 if nodes else 0


@numba.njit(cache=True)
def _rate(
    node: int,
    nets: Array,
    offsets: Array,
    pins: Array,
    weights: Array,
    blocks: Array,
    leader: Array,
    rating: Array,
    found: Array,
) -> int:
    """List the clusters that share nets with a node, and rate them by how much; how many there are."""
    count = 0
    for net in nets:
        start, size = offsets[net], offsets[net + 1] - offsets[net]
        weight = weights[net] / (size - 1)
        looked_at, begin = size, 0
        if size > LOOKED_AT:
            looked_at, begin = LOOKED_AT, (node * 7919 + net * 104729) % size
            weight *= size / LOOKED_AT
        for i in range(looked_at):
            other = pins[start + (begin + i) % size]
            if other == node or blocks[other] != blocks[node] or weight == 0.0:
                continue
            cluster = leader[other]
            if rating[cluster] == 0.0:
                found[count] = cluster
                count += 1
            rating[cluster] += weight
    return count


@numba.njit(cache=True)
def _best_cluster(found: Array, rating: Array, demand: Array, loads: Array, most: Array, limited: Array) -> int:
    """The cluster to join, or -1 where the best are full; clears the ratings."""
    best, best_rating, full = -1, 0.0, 0.0
    for cluster in found:
        # A heavy cluster would otherwise draw everything to it.
        here = rating[cluster] / loads[cluster, NEURONS]
        rating[cluster] = 0.0
        fits = True
        for column in limited:
            if loads[cluster, column] + demand[column] > most[column]:
                fits = False
                break
        if not fits:
            full = max(full, here)
        elif here > best_rating:
            best, best_rating = cluster, here
    return best if best_rating >= LEAST_SHARE * full else -1
