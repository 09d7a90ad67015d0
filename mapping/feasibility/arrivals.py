"""The cores that a population reaches, one after the other, and with which of its neurons."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Projection
from .sources import Sources, sources_of

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Arrival:
    """One projection on one core.

    Attributes
    ----------
    projection : which one.
    view : its weights.
    neurons : (n,) int64 ascending, its targets on the core.
    sources : (m,) int64 without repetition, neurons with a synapse other than zero to any of them; maybe none.
    counts : (m,) int64, number of these synapses.
    """

    projection: Projection
    view: Sources
    neurons: Array
    sources: Array
    counts: Array


def arrivals(
    network: Network, population: str, core_of: ReadOnly[str, Array], cores: int
) -> Iterator[tuple[int, list[Arrival]]]:
    """All projections of a population on each core that holds some of their targets, in the order of the cores."""
    parts = []
    for projection in network.outgoing(population):
        given = np.asarray(core_of[projection.target])
        order = np.argsort(given, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(given, minlength=cores))])
        parts.append((projection, sources_of(projection.connectivity), order, starts))
    for core in range(cores):
        found = []
        for projection, view, order, starts in parts:
            if starts[core] < starts[core + 1]:
                neurons = order[starts[core] : starts[core + 1]]
                found.append(Arrival(projection, view, neurons, *view.on_core(neurons)))
        if found:
            yield core, found


def distinct_sources(found: list[Arrival]) -> Array:
    """(n,) int64, neurons that at least one of the projections brings, each once."""
    if len(found) == 1:
        return found[0].sources
    return np.unique(np.concatenate([arrival.sources for arrival in found]))
