"""Divide a hypergraph from coarse to fine: clusters first, single neurons last, annealed at every level.

The multilevel scheme of Karypis and Kumar (1999) with simulated annealing in place of greedy refinement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..hypergraph import Hypergraph
from ..search import Search
from .block_limits import BlockLimits
from .division import deliveries, divided
from .growing import grown
from .level import Level, finest_level
from .metis import load_metis
from .rebalancing import rebalanced
from .resource_columns import NEURONS, NO_LIMIT, SYNAPSES
from .start_graph import similarity_graph
from .vertical_cycles import BUDGETS, Budget, Hierarchy, cycled, descended, hierarchy

Array = NDArray[Any]
BALANCED = (NEURONS, SYNAPSES)  # what METIS is told of where it is limited
LARGEST_IMBALANCE = 1.1
SKETCH = Budget(starts=1, hottest=1.0, coarse=4, fine=4, cycles=0)


@dataclass(frozen=True)
class Multilevel:
    """Clusters of neurons, first divided in one of two ways, then annealed from coarse to fine.

    Attributes
    ----------
    start : how the coarsest level is divided: by "metis", or by "growing", which needs no library.
    """

    start: Literal["metis", "growing"] = "metis"

    @property
    def name(self) -> str:
        """See `BlockPartitioner`."""
        return self.start

    def divide(self, hypergraph: Hypergraph, blocks: int, limits: BlockLimits, search: Search) -> Array | None:
        """See `BlockPartitioner`.

        Raises
        ------
        BackendMissingError : METIS is asked for and not there.
        """
        caps, budget = limits.caps(), BUDGETS[search.effort]
        finest = finest_level(hypergraph, limits)
        search.progress("clustering neurons", 0.0)
        tree = hierarchy(finest, caps, blocks, None, search.seed)
        search.progress("dividing clusters", 0.0)
        result, height = self._best_start(tree, caps, blocks, budget, search)
        if height:
            result = result[tree.members[height - 1]]
            result = descended(tree, result, height - 1, 0, caps, blocks, budget, budget.hottest, search)
        return cycled(finest, result, caps, blocks, budget, search)

    def sketch(self, finest: Level, caps: Array, number: int, search: Search) -> Array:
        """A quick partition, (nodes,) int32, which may break limits."""
        tree = hierarchy(finest, caps, number, None, search.seed)
        start = self._first(tree.levels[-1], caps, number, search.seed)
        return descended(tree, start, len(tree.members), 0, caps, number, SKETCH, SKETCH.hottest, search)

    def _best_start(
        self, tree: Hierarchy, caps: Array, number: int, budget: Budget, search: Search
    ) -> tuple[Array, int]:
        """An annealed partition of one of the coarsest levels, and the number of this level."""
        top = len(tree.members)
        last = max(0, top - budget.starts + 1)
        results = []
        for height in range(top, last - 1, -1):
            start = self._first(tree.levels[height], caps, number, search.seed)
            start = descended(tree, start, height, last, caps, number, budget, budget.hottest, search)
            start, kept = rebalanced(tree.levels[last], start, caps, number, search)
            cost = deliveries(tree.levels[last], divided(tree.levels[last], start, number, False))
            results.append((not kept, cost, height, start))
            if search.late:
                break
        return min(results, key=lambda result: result[:3])[3], last

    def _first(self, level: Level, caps: Array, number: int, seed: int) -> Array:
        if self.start == "growing":
            return grown(level, number, caps, seed)
        columns = [NEURONS, *(column for column in BALANCED[1:] if caps[column] < NO_LIMIT)]
        weights = level.demands[:, columns]
        imbalances = np.maximum(1.001, caps[columns] * number / np.maximum(1, weights.sum(axis=0)))
        graph = similarity_graph(level)
        return load_metis().partition(graph, weights, number, np.minimum(imbalances, LARGEST_IMBALANCE), seed)
