"""Fill one block after the other with the nodes that share most nets with it; needs no library."""

from __future__ import annotations

import heapq
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .level import Level

Array = NDArray[Any]
LOOKED_AT = 64  # pins of a net that are told about a new neighbour
keep_loops()


def grown(level: Level, number: int, caps: Array, seed: int) -> Array:
    """A first partition.

    A block starts with a node beside the blocks before it and takes the node that shares most with it, for its size,
    until its share of what there is, or a limit that adds up node by node, is reached. What fits nowhere goes to
    the blocks with fewest neurons, so that the result may break limits.

    Returns
    -------
    (nodes,) int32.
    """
    start = int(np.random.default_rng(seed).integers(level.demands.shape[0])) if level.demands.size else 0
    goal = np.minimum(caps, np.ceil(level.demands.sum(axis=0) / number).astype(np.int64))
    return _grown(
        level.offsets,
        level.pins,
        level.node_offsets,
        level.node_nets,
        level.weights,
        level.demands,
        goal,
        number,
        start,
    )


@numba.njit(cache=True)
def _grown(
    offsets: Array,
    pins: Array,
    node_offsets: Array,
    node_nets: Array,
    weights: Array,
    demands: Array,
    goal: Array,
    number: int,
    start: int,
) -> Array:
    nodes = demands.shape[0]
    blocks = np.full(nodes, -1, np.int32)
    rating = np.zeros(nodes)
    told = np.empty(nodes, np.int64)
    tellings = 0
    following, left, block = 0, nodes, 0
    load = np.zeros(demands.shape[1], np.int64)
    queue = [(0.0, np.int64(start))]
    while left:
        # The queue keeps old ratings; a node counts with its newest, which is the highest.
        node: Any = -1
        while len(queue) > 0:
            candidate = heapq.heappop(queue)[1]
            if blocks[candidate] < 0:
                node = candidate
                break
        if node < 0:
            while blocks[(following + start) % nodes] >= 0:
                following += 1
            node = (following + start) % nodes
        full = False
        for column in range(load.size):
            if load[column] + demands[node, column] > goal[column] and demands[node, column] > 0:
                full = True
        if full and block < number - 1 and load[0] > 0:
            block += 1
            load[:] = 0
            # The next block begins beside this one, where its own neurons are left alone least.
            queue = [(0.0, np.int64(node))]
            rating[told[:tellings]] = 0.0
            tellings = 0
            continue
        blocks[node] = block
        load += demands[node]
        left -= 1
        for i in range(node_offsets[node], node_offsets[node + 1]):
            net = node_nets[i]
            size = offsets[net + 1] - offsets[net]
            # A source that never spikes draws nothing, and would leave ratings at 0, as if its pins were not told yet.
            looked_at = min(size, LOOKED_AT) if weights[net] > 0.0 else 0
            begin = (node * 7919 + net * 104729) % size if size > LOOKED_AT else 0
            for j in range(looked_at):
                other = pins[offsets[net] + (begin + j) % size]
                if blocks[other] < 0:
                    if rating[other] == 0.0:
                        told[tellings] = other
                        tellings += 1
                    rating[other] += weights[net] / (size - 1)
                    heapq.heappush(queue, (-rating[other], np.int64(other)))
    return blocks
