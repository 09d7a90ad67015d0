"""All ways of partitioning, tried one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...models.errors import BackendMissingError, UsageError
from ...models.network import Network
from ..search import Search, part_of
from ..target import Target
from ..traffic.neuron_groups import number_of_cores
from .box_partition import BoxPartition
from .hypergraph_partition import HypergraphPartition
from .irregular_partition import METHODS, WITHOUT_LIBRARY
from .partition import CoreOf, Partitioner, Rates
from .sequential import Sequential

_ALL: tuple[Partitioner, ...] = (
    Sequential("channels"),
    Sequential("positions"),
    BoxPartition(fused=False),
    BoxPartition(fused=True),
    *(HypergraphPartition(method) for method in METHODS),
)
STRATEGIES = {partitioner.name: partitioner for partitioner in _ALL}


@dataclass(frozen=True, eq=False)
class Candidate:
    """What one way of partitioning came to.

    Attributes
    ----------
    strategy : name of the partitioner.
    core_of : None where it found no partition.
    cores : that it takes; 0 without a partition.
    seconds : it took.
    missing : why it was not tried; None where it was.
    rest : share of all the work, from and to, that is left for placing it.
    """

    strategy: str
    core_of: CoreOf | None
    cores: int
    seconds: float
    missing: str | None
    rest: tuple[float, float]


def strategies() -> tuple[str, ...]:
    """What `strategy` may say."""
    return ("auto", *STRATEGIES)


def candidates(
    network: Network, target: Target, rates: Rates | None, strategy: str, search: Search
) -> Iterator[Candidate]:
    """Partitions, in a fixed order; once time is up, none but the first that there is.

    Parameters
    ----------
    strategy : "auto" for all, or the name of one.

    Raises
    ------
    UsageError : there is no such strategy, or it is not for this network.
    BackendMissingError : the one that was asked for needs a library that is not installed.
    """
    if strategy not in strategies():
        raise UsageError(f"no partition strategy {strategy!r}; known are {', '.join(strategies())}")
    chosen = [strategy] if strategy != "auto" else list(STRATEGIES)
    found = divided = False
    for index, name in enumerate(chosen):
        if found and search.late:
            return
        first, last = index / len(chosen), (index + 1) / len(chosen)
        middle = (first + last) / 2
        within = part_of(search, first, middle, name)
        within.progress("begins", 0.0)
        began = time.monotonic()
        core_of, missing = None, STRATEGIES[name].unsuited(network)
        if name == WITHOUT_LIBRARY and divided and strategy == "auto":
            missing = missing or "only where no library finds a partition"
        if missing is not None and strategy != "auto":
            raise UsageError(f"the strategy {name!r} is not for this network ({missing}): use 'auto', or another one")
        try:
            if missing is None:
                core_of = STRATEGIES[name].partition(network, target, rates, within)
        except BackendMissingError as error:
            if strategy != "auto":
                raise
            missing = str(error)
        found = found or core_of is not None
        divided = divided or (name in METHODS and core_of is not None)
        # Large networks would not fit into memory several times with wider numbers.
        slim = (
            None if core_of is None else {layer: part.astype(np.int32, copy=False) for layer, part in core_of.items()}
        )
        yield Candidate(name, slim, number_of_cores(slim or {}), time.monotonic() - began, missing, (middle, last))
