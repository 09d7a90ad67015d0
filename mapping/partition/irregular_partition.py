"""Divide irregular populations among as few cores as their limits allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import UsageError
from ...models.network import Network
from ..hypergraph import Hypergraph
from ..irregular import hypergraph_of
from ..search import Search
from ..target import Target
from .block_limits import BlockLimits
from .block_partitioner import BlockPartitioner
from .division import divided
from .irregular_limits import limits_of
from .level import finest_level
from .mt_kahypar import MtKaHyPar
from .multilevel import Multilevel
from .partition import Rates
from .rebalancing import rebalanced
from .resource_columns import NO_LIMIT

Array = NDArray[Any]
MOST_FAILURES = 3  # of a whole search where a quick one found a partition
WITHOUT_LIBRARY = "growing"
METHODS: dict[str, BlockPartitioner] = {
    part.name: part for part in (Multilevel("metis"), MtKaHyPar(), Multilevel("growing"))
}
MORE_BLOCKS, MANY_MORE_BLOCKS = 1.03, 1.5  # from one number of blocks that is too small to the next, at least and most


def divide_irregular(
    network: Network,
    populations: Sequence[str],
    target: Target,
    rates: Rates | None,
    search: Search,
    method: str = "metis",
) -> dict[str, Array] | None:
    """Give the neurons of irregular populations cores of their own.

    Parameters
    ----------
    populations : names, see `irregular_populations`.
    rates : see `hypergraph_of`.
    method : a name of `METHODS`.

    Returns
    -------
    Per population, (neurons,) int64 core numbers from 0 without gaps; None where no partition is found.
    """
    if method not in METHODS:
        raise UsageError(f"no way of dividing a hypergraph is called {method!r}; known are {', '.join(METHODS)}")
    irregular = hypergraph_of(network, populations, rates)
    limits = limits_of(irregular, network, target)
    if limits is None:
        return None
    hypergraph = irregular.hypergraph
    most = min(target.cores, max(1, hypergraph.neurons))
    blocks, failures = fewest_blocks(hypergraph, limits), 0
    while blocks <= most:
        search.progress(f"trying {blocks} cores", 0.0)
        needed = _blocks_needed(hypergraph, blocks, limits, search)
        if needed <= blocks:
            result = METHODS[method].divide(hypergraph, blocks, limits, search)
            if result is not None:
                return irregular.split(result)
            failures += 1
            if failures == MOST_FAILURES:
                return None
        blocks = max(blocks + 1, int(blocks * MORE_BLOCKS), min(needed, int(blocks * MANY_MORE_BLOCKS)))
    return None


def fewest_blocks(hypergraph: Hypergraph, limits: BlockLimits) -> int:
    """A number of blocks that no partition can go below."""
    level, caps = finest_level(hypergraph, limits), limits.caps()
    # As if every net ended in one block.
    joined = divided(level, np.zeros(hypergraph.neurons, dtype=np.int32), 1, True)
    return _blocks_for(joined.loads, caps)


def _blocks_needed(hypergraph: Hypergraph, blocks: int, limits: BlockLimits, search: Search) -> int:
    """At most `blocks` where a quick partition keeps the limits, else what its blocks together would fill."""
    level, caps = finest_level(hypergraph, limits), limits.caps()
    quick = Multilevel("growing").sketch(level, caps, blocks, search)
    balanced, kept = rebalanced(level, quick, caps, blocks, search)
    if kept:
        return blocks
    return max(blocks + 1, _blocks_for(divided(level, balanced, blocks, True).loads, caps))


def _blocks_for(loads: Array, caps: Array) -> int:
    limited = caps < NO_LIMIT
    needed = -(-loads.sum(axis=0)[limited] // np.maximum(1, caps[limited]))
    return max(1, int(needed.max(initial=1)))
