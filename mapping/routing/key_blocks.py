"""Who sends as one where packets carry keys: the neurons of a population on a core, and all cores that any reaches.

A routing table has an entry for a block of keys and not for a neuron, so that a spike goes wherever any neuron of its
block has a target. A core without a synapse for it drops it there.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..traffic.fan_out import FanOut

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class KeyBlocks:
    """The blocks of a population, one for each core that holds some of it and reaches any core.

    Attributes
    ----------
    cores : (blocks,) int64 ascending, the core of each; the number of cores for the input.
    destinations : (blocks, cores) CSR int32 of ones, cores with a target of any neuron, the own one too. On SpiNNaker
        a spike reaches its own core by the router, as it does any other.
    of_groups : (groups, blocks) CSR int32 of ones, the block of each group of neurons (see `FanOut.groups`).
    """

    cores: Array
    destinations: sparse.csr_array
    of_groups: sparse.csr_array


def key_blocks(fan_out: FanOut) -> ReadOnly[str, KeyBlocks]:
    """The blocks of every population that has any projection."""
    return {name: _blocks_of(fan_out.origins[name], matrix) for name, matrix in fan_out.destinations.items()}


def _blocks_of(origins: Array, destinations: sparse.csr_array) -> KeyBlocks:
    sending = np.diff(destinations.indptr) > 0
    cores = np.unique(origins[sending])
    block = np.searchsorted(cores, origins)
    inside = np.flatnonzero(np.isin(origins, cores))
    ones = np.ones(inside.size, dtype=np.int32)
    of_groups = sparse.csr_array((ones, (inside, block[inside])), shape=(origins.size, cores.size))
    reached = sparse.csr_array(of_groups.T @ destinations)
    reached.sort_indices()
    reached.data = np.ones(reached.nnz, dtype=np.int32)
    return KeyBlocks(cores, reached, of_groups)
