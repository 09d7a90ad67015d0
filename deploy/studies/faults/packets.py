"""Packets that get lost, or arrive twice: which there are, what becomes of them, and who hears them.

A packet goes to one core, so a spike may fail to reach one core and reach the others. That is why projections are
divided by the cores on which their targets lie.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ....backends.program import Program
from ....mapping.traffic.fan_out import count_fan_out
from ....models.connectivity import Connectivity, Dense, Sparse
from .stored_weights import MOST_SYNAPSES

Array = NDArray[Any]
Scope = Literal["all", "between-cores"]


@dataclass(frozen=True, eq=False)
class PacketFaults:
    """How packets fail: each by itself, which is a spike on its way to one core that has a synapse of it.

    All synapses there share the packet, at whatever delay. A packet that arrives twice adds all its weights twice in
    the same step; that of a graded spike carries the same number both times.

    Attributes
    ----------
    dropped, duplicated : probabilities; a packet that is lost is not doubled.
    exposed : per population, and per core on which any packet of it may fail, (neurons,) bool: whose.
    """

    dropped: float
    duplicated: float
    exposed: Mapping[str, Mapping[int, Array]]

    def copies(self, packets: int, draws: np.random.Generator) -> Array:
        """How often each packet arrives, (packets,) int64 of 0, 1 and 2."""
        chance = draws.random(packets)
        twice = chance < self.dropped + (1 - self.dropped) * self.duplicated
        return np.where(chance < self.dropped, 0, np.where(twice, 2, 1))


def exposed_packets(program: Program, scope: Scope, senders: Collection[str] = ()) -> Mapping[str, Mapping[int, Array]]:
    """Which packets may fail; see `PacketFaults.exposed`.

    Parameters
    ----------
    scope : "between-cores" for those that cross the mesh, as input from off the chip does; "all" for those as well
        that stay on the core of their sender, as if every layer had cores of its own.
    senders : populations whose packets they are; all where there are none.
    """
    fan_out = count_fan_out(program.network, program.target, program.mapping.core_of)
    reached = fan_out.destinations if scope == "all" else fan_out.packets
    found: dict[str, Mapping[int, Array]] = {}
    for name, matrix in reached.items():
        if not senders or name in senders:
            columns = matrix.tocsc()
            cores = np.flatnonzero(np.diff(columns.indptr)).tolist()
            groups = fan_out.groups[name]
            found[name] = {
                core: np.isin(groups, columns.indices[columns.indptr[core] : columns.indptr[core + 1]])
                for core in cores
            }
    return MappingProxyType(found)


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What some targets of a projection hear.

    Attributes
    ----------
    core : whose packets they get; None for cores on which all packets arrive as they were sent.
    neurons : (n,) int64, the targets; None for all of them.
    connectivity : to these targets.
    whole : whether it is to all targets nonetheless, of which the others' sums are not wanted.
    """

    core: int | None
    neurons: Array | None
    connectivity: Connectivity
    whole: bool = False

    def add(self, sent: Array, factor: int, sums: Array) -> None:
        """Add what arrives.

        Parameters
        ----------
        sent : (samples, sources), the packets as they come to these targets.
        sums : (samples, targets of the projection) float64, changed in place.
        """
        arriving = self.connectivity.apply(sent) * factor
        if self.neurons is None:
            sums += arriving
        else:
            sums[:, self.neurons] += arriving[:, self.neurons] if self.whole else arriving


def divided(connectivity: Connectivity, cores: Array, exposed: Collection[int]) -> tuple[Arrivals, ...]:
    """A projection by the cores of its targets.

    Parameters
    ----------
    cores : (targets,) int.
    exposed : cores on which packets may fail; the others stay together.
    """
    present = np.unique(cores)
    single = [int(core) for core in present if core in exposed]
    if not single:
        return (Arrivals(None, None, connectivity),)
    if present.size == 1:
        return (Arrivals(single[0], None, connectivity),)
    listed = not isinstance(connectivity, Dense) and connectivity.synapses() <= MOST_SYNAPSES
    matrix = connectivity.to_sparse() if listed else None
    places: list[tuple[int | None, Array]] = [(core, np.flatnonzero(cores == core)) for core in single]
    places.append((None, np.flatnonzero(~np.isin(cores, single))))
    return tuple(_of_targets(connectivity, matrix, core, neurons) for core, neurons in places if neurons.size)


def _of_targets(
    connectivity: Connectivity, matrix: sparse.csr_array | None, core: int | None, neurons: Array
) -> Arrivals:
    if isinstance(connectivity, Dense):
        return Arrivals(core, neurons, Dense(connectivity.weights[neurons]))
    if matrix is None:
        return Arrivals(core, neurons, connectivity, whole=True)
    return Arrivals(core, neurons, Sparse.from_matrix(matrix[neurons]))
