"""Anneal a partition at every level of a hierarchy of clusters, from coarse to fine, once or several times.

V-cycles (Walshaw 2004): the clusters stay within the blocks of the partition at hand, which therefore is one of the
coarse levels too, so that whole groups of neurons change blocks that single neurons could only leave at a loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hypergraph import Hypergraph
from ..search import Effort, Search
from .annealing import Cooling, anneal
from .block_limits import BlockLimits
from .coarsening import coarsened
from .level import Level, finest_level
from .rebalancing import rebalanced
from .resource_columns import NEURONS, NO_LIMIT

Array = NDArray[Any]
GROWTH = 4  # neurons of a cluster, from one level to the next
LEAST_GROWTH = 1.5  # for a level to be worth its time
CLUSTERS = 6  # of a block, on the coarsest level, at least
LEAST_SHRINKAGE = 0.9  # likewise: of the nodes of the level below
HOTTEST_LATER = 0.7
COLDEST = 0.2


@dataclass(frozen=True)
class Budget:
    """What an effort stands for.

    Attributes
    ----------
    starts : coarsest levels that are divided anew, of which the best goes on. Few clusters let the first partition see
        far, but heavy ones are hard to balance.
    hottest : temperature of the first descent, see `Cooling`; few sweeps cannot make up for what more would forget.
    coarse, fine : sweeps on each coarse level, and on the finest.
    cycles : times that the result is coarsened within its blocks and annealed once more.
    """

    starts: int
    hottest: float
    coarse: int
    fine: int
    cycles: int


BUDGETS: Mapping[Effort, Budget] = MappingProxyType(
    {"fast": Budget(2, 1.0, 40, 40, 0), "normal": Budget(2, 1.5, 80, 150, 1), "best": Budget(3, 1.5, 300, 500, 2)}
)


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Levels of clusters.

    Attributes
    ----------
    levels : from fine to coarse.
    members : for each level but the last, (nodes,) int32, the node of the next level that each node is a part of.
    """

    levels: tuple[Level, ...]
    members: tuple[Array, ...]

    def coarse(self, blocks: Array) -> Array:
        """The coarsest level's partition, from one of the finest whose blocks hold whole clusters."""
        for node_of in self.members:
            blocks = _of_clusters(node_of, blocks)
        return blocks


def hierarchy(finest: Level, caps: Array, number: int, within: Array | None, seed: int) -> Hierarchy:
    """Cluster until a block has only few clusters.

    Parameters
    ----------
    number : of blocks.
    within : (nodes,) int32, a partition whose blocks clusters must not cross; None for none.
    """
    levels, members = [finest], []
    nodes = finest.demands.shape[0]
    within = np.zeros(nodes, dtype=np.int32) if within is None else within
    total = finest.demands.sum(axis=0)
    largest = int(total[NEURONS]) // (CLUSTERS * number)
    size = min(GROWTH, largest)
    while size > 1:
        most = np.maximum(np.ceil(size * 1.5 * total / nodes), finest.demands.max(axis=0)).astype(np.int64)
        most[caps == NO_LIMIT] = NO_LIMIT
        most[NEURONS] = size
        level, node_of = coarsened(levels[-1], most, within, seed)
        if level.demands.shape[0] > LEAST_SHRINKAGE * levels[-1].demands.shape[0]:
            break
        levels.append(level)
        members.append(node_of)
        within = _of_clusters(node_of, within)
        if size * LEAST_GROWTH > largest:
            break
        size = min(size * GROWTH, largest)
    return Hierarchy(tuple(levels), tuple(members))


def descended(
    tree: Hierarchy,
    blocks: Array,
    start: int,
    end: int,
    caps: Array,
    number: int,
    budget: Budget,
    hottest: float,
    search: Search,
) -> Array:
    """Anneal a partition of the level of number `start`, and so down to that of number `end`, 0 for the finest."""
    for height in range(start, end - 1, -1):
        level = tree.levels[height]
        if height < start:
            blocks = blocks[tree.members[height]]
        blocks, _ = rebalanced(level, blocks, caps, number, search)
        cooling = Cooling(budget.coarse if height else budget.fine, hottest, COLDEST)
        blocks = anneal(level, blocks, caps, number, cooling, search)
    return blocks


def finished(
    hypergraph: Hypergraph, start: Array, number: int, limits: BlockLimits, budget: Budget, search: Search
) -> Array | None:
    """The best that refinement makes of a partition; None where it cannot be brought within the limits."""
    finest, caps = finest_level(hypergraph, limits), limits.caps()
    blocks, _ = rebalanced(finest, start, caps, number, search)
    blocks = anneal(finest, blocks, caps, number, Cooling(budget.fine, budget.hottest, COLDEST), search)
    return cycled(finest, blocks, caps, number, budget, search)


def cycled(finest: Level, blocks: Array, caps: Array, number: int, budget: Budget, search: Search) -> Array | None:
    """V-cycles, and a partition within all limits or None."""
    for cycle in range(budget.cycles):
        if search.late:
            break
        search.progress("refining the partition", cycle / budget.cycles)
        varied = replace(search, seed=search.seed + cycle + 1)
        tree = hierarchy(finest, caps, number, blocks, varied.seed)
        top = len(tree.members)
        blocks = descended(tree, tree.coarse(blocks), top, 0, caps, number, budget, HOTTEST_LATER, varied)
    blocks, kept = rebalanced(finest, blocks, caps, number, search)
    return blocks if kept else None


def _of_clusters(node_of: Array, blocks: Array) -> Array:
    result = np.zeros(int(node_of.max(initial=-1)) + 1, dtype=np.int32)
    result[node_of] = blocks
    return result
