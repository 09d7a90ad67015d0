"""What the cores of a partition do and send in a step, counted exactly and without listing a kernel's synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Network, Population, Projection, Role
from ..synapse_formats import SYNAPSE_KINDS, SynapseKind
from ..target import Target
from .core_sets import CoreSets
from .flows import Flows, joined
from .hearing import hearing_of
from .neuron_groups import group_by_core, neurons_by_core, number_of_cores
from .senders import Senders

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Traffic:
    """Of a step, at given rates of spikes.

    Attributes
    ----------
    cores : number of logical cores.
    neurons : (cores,) int64.
    spikes : (cores,) float64, spikes of each core's neurons.
    synaptic_operations : per kind of synapse, (cores,) float64, weights other than zero that are added on each core.
    flows : the messages.
    """

    cores: int
    neurons: Array
    spikes: Array
    synaptic_operations: Mapping[SynapseKind, Array]
    flows: Flows

    @property
    def packets(self) -> sparse.csr_array:
        """(cores + 1, cores) CSR float64, messages from row to column; the last row is the input."""
        return self.flows.packets

    @property
    def deliveries(self) -> float:
        """Messages that arrive at a core: a spike counts once for each other core that it reaches."""
        return self.flows.deliveries


def count_traffic(
    network: Network, target: Target, core_of: Mapping[str, Array], rates: Mapping[str, Array | float] | None = None
) -> Traffic:
    """Count what a partition sends.

    Time grows with the neurons, and with the input axons of all cores times the places of a kernel; memory with the
    largest population and the flows.

    Parameters
    ----------
    network, target : what is mapped, and where to.
    core_of : per population on the chip, (neurons,) integer logical core numbers, from 0 without gaps.
    rates : per population, (neurons,) spikes of each neuron a step, or of all of them the same; one a neuron where a
        population is missing.
    """
    cores = number_of_cores(core_of)
    neurons, spikes = np.zeros(cores, dtype=np.int64), np.zeros(cores)
    operations: dict[SynapseKind, Array] = {kind: np.zeros(cores) for kind in SYNAPSE_KINDS}
    parts = []
    for population in network.populations:
        rate = np.ascontiguousarray((rates or {}).get(population.name, 1.0), dtype=np.float64).reshape(-1)
        if rate.shape not in ((1,), (population.size,)):
            raise ValueError(f"{population.name!r} has {population.size} neurons and {rate.shape} rates")
        places = np.asarray(core_of[population.name]) if population.name in core_of else None
        if places is not None:
            here = np.bincount(places, minlength=cores)
            neurons += here
            spikes += here * rate[0] if rate.size == 1 else np.bincount(places, weights=rate, minlength=cores)
        outgoing = network.outgoing(population.name)
        if outgoing:
            parts.append(_flows(network, target, core_of, population, outgoing, rate, cores, operations))
    return Traffic(cores, neurons, spikes, MappingProxyType(operations), joined(cores, parts))


def _flows(
    network: Network,
    target: Target,
    core_of: Mapping[str, Array],
    population: Population,
    outgoing: tuple[Projection, ...],
    rate: Array,
    cores: int,
    operations: dict[SynapseKind, Array],
) -> Flows:
    """What a population sends; its synaptic operations are added to those of the cores."""
    hearings = [hearing_of(projection, target, network.integer) for projection in outgoing]
    senders = Senders.of(population.size, hearings)
    sets = CoreSets.empty(senders.size)
    rates = senders.rates(rate)
    sorted_targets: dict[str, tuple[Array, Array]] = {}
    for projection in outgoing:
        if projection.target not in sorted_targets:
            sorted_targets[projection.target] = neurons_by_core(core_of[projection.target], cores)
    # All that a core hears goes into the sets before the next core does.
    held = sum((np.diff(starts) for _, starts in sorted_targets.values()), np.zeros(cores, dtype=np.int64))
    for core in np.flatnonzero(held).tolist():
        sets.make_room()
        for projection, hearing in zip(outgoing, hearings, strict=True):
            order, starts = sorted_targets[projection.target]
            if starts[core] < starts[core + 1]:
                kind, added = hearing.hear(order[starts[core] : starts[core + 1]], core, rates, senders, sets)
                operations[kind][core] += added
    if population.role is Role.INPUT:
        order, starts = np.arange(population.size), np.asarray([0, population.size])
        first = cores
    else:
        order, starts = neurons_by_core(core_of[population.name], cores)
        first = 0
    room = np.empty((int(sets.used[0]), 2), dtype=np.int32)
    found, flow_rates = np.empty((0, 3), dtype=np.int64), np.empty(0)
    for _ in range(2):  # the first time to count them
        count = group_by_core(
            order, starts, senders.block_of, senders.positions, sets.senders, rate, room, found, flow_rates
        )
        if not found.size:
            found, flow_rates = np.empty((count, 3), dtype=np.int64), np.empty(count)
    offsets, destination = sets.cores_of(found[:, 1])
    return Flows(cores, (found[:, 0] + first).astype(np.int32), found[:, 2], flow_rates, offsets, destination)
