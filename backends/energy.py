"""Energy of a sample: how often each operation happened, times what it costs.

dynamic energy = neurons * steps * (access + update) + spikes * spike + synaptic operations * their kind's
                 + messages * packet + hops east-west * theirs + hops north-south * theirs,
                 those from chip to chip apart and dearer
static energy  = chips * (static power + power of the processors) * time
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Bounds, Constant, Kind
from ..mapping.costs import JOULES_PER_PICOJOULE
from ..mapping.mapping import Mapping as NetworkMapping
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..mapping.target import EnergyCosts, PowerCosts
from ..mapping.topology import Topology
from .hop_costs import hop_costs
from .run import Counters

Array = NDArray[Any]


@dataclass(frozen=True)
class Term:
    """The energy of one operation.

    Attributes
    ----------
    name : the operation as in `EnergyCosts`; a synaptic operation is followed by its kind of synapse.
    count_per_sample : how often it happens in a mean sample.
    constant : pJ an operation.
    kind, source : where the constant comes from, see `Constant`.
    """

    name: str
    count_per_sample: float
    constant: Bounds
    kind: Kind
    source: str

    @property
    def energy(self) -> Bounds:
        """J a sample."""
        return scaled(self.constant, self.count_per_sample * JOULES_PER_PICOJOULE)


@dataclass(frozen=True)
class StaticTerm:
    """The energy of power that is drawn whatever happens.

    Attributes
    ----------
    name : the power as in `PowerCosts`.
    chips : how many chips draw it.
    constant : W a chip.
    time : s a sample.
    kind, source : where the constant comes from, see `Constant`.
    """

    name: str
    chips: int
    constant: Bounds
    time: Bounds
    kind: Kind
    source: str

    @property
    def energy(self) -> Bounds:
        """J a sample."""
        return Bounds(*(self.chips * power * time for power, time in zip(self.constant, self.time, strict=True)))


def scaled(bounds: Bounds, factor: float) -> Bounds:
    """Bounds times a factor of at least 0."""
    return Bounds(*(factor * value for value in bounds))


def total(parts: Iterable[Bounds]) -> Bounds:
    """Sum of all lows, of all nominal values and of all highs; correctly rounded, so in any order the same."""
    low, nominal, high = zip(Bounds(0.0, 0.0, 0.0), *parts, strict=True)
    return Bounds(math.fsum(low), math.fsum(nominal), math.fsum(high))


def energy_terms(counters: Counters, costs: EnergyCosts, topology: Topology) -> tuple[Term, ...]:
    """Every term of the dynamic energy of a mean sample; it is their sum.

    A neuron counts as accessed and as updated at every row: its state decays at every step, whether spikes arrive or
    not. A neuron at rest, whose state is zero, would cost the access alone; which are at rest is not counted, so the
    updates are an upper count.

    A packet's energy belongs to the core that sends it: input from off the chip is received and takes hops, but no core
    of the chip sends it.

    Parameters
    ----------
    topology : of the target that it ran on.
    """
    operations = [(name, int(counts.sum()), constant) for name, counts, constant in _on_cores(counters, costs)]
    hops = [
        (hop.name, int(counters.link_packets[:, hop.links].sum()), hop.constant)
        for hop in hop_costs(counters, topology, costs.hop_east_west, costs.hop_north_south)
    ]
    return tuple(
        Term(name, count / counters.samples, constant.bounds, constant.kind, constant.source)
        for name, count, constant in [*operations, *hops]
    )


def static_terms(costs: PowerCosts, chips: int, time: Bounds) -> tuple[StaticTerm, ...]:
    """Energy of the chips' static power and of their processors.

    Parameters
    ----------
    chips : number of chips in use.
    time : s a sample.
    """
    powers = (("static", costs.static), ("processors", costs.processors))
    return tuple(
        StaticTerm(name, chips, constant.bounds, time, constant.kind, constant.source) for name, constant in powers
    )


def core_energy(counters: Counters, costs: EnergyCosts) -> Array:
    """Nominal dynamic energy of each core in a mean sample, (cores,) J: all terms but the hops, which are between."""
    picojoules = [constant.value * counts for _, counts, constant in _on_cores(counters, costs)]
    return np.asarray(np.sum(picojoules, axis=0) / counters.samples * JOULES_PER_PICOJOULE)


def layer_energy(counters: Counters, mapping: NetworkMapping, costs: EnergyCosts) -> Mapping[str, Bounds]:
    """Dynamic energy of each population in a mean sample, in J: neurons, spikes and synaptic operations.

    Packets and hops are not counted by population and are left out. Neither are kinds of synapse: where the network has
    several, a synaptic operation has the mean of their costs, weighted by how often each happens, and the range
    of all of them; so the nominal energies of all populations still add up to the terms.
    """
    neuron = [scaled(constant.bounds, counters.rows) for constant in (costs.neuron_access, costs.neuron_update)]
    synapse = _any_synapse(counters, costs)
    per_sample = JOULES_PER_PICOJOULE / counters.samples
    result = {
        name: total(
            [
                *(scaled(cost, cores.size * JOULES_PER_PICOJOULE) for cost in neuron),
                scaled(costs.spike.bounds, counters.layer_spikes.get(name, 0) * per_sample),
                scaled(synapse, counters.layer_synaptic_operations.get(name, 0) * per_sample),
            ]
        )
        for name, cores in mapping.core_of.items()
    }
    return MappingProxyType(result)


def _on_cores(counters: Counters, costs: EnergyCosts) -> list[tuple[str, Array, Constant]]:
    """Operation, (cores,) how often over all samples, cost."""
    every_step = counters.neuron_updates * counters.rows * counters.samples
    return [
        *(
            (
                f"synaptic_operation_{kind}",
                counters.synaptic_operations[kind].sum(axis=0),
                costs.synaptic_operation.of(kind),
            )
            for kind in SYNAPSE_KINDS
            if kind in counters.synaptic_operations
        ),
        ("neuron_access", every_step, costs.neuron_access),
        ("neuron_update", every_step, costs.neuron_update),
        ("spike", counters.spikes.sum(axis=0), costs.spike),
        ("packet", counters.packets_out.sum(axis=0), costs.packet),
    ]


def _any_synapse(counters: Counters, costs: EnergyCosts) -> Bounds:
    """Cost of a synaptic operation of which the kind is not known, in pJ."""
    counts = {kind: int(counters.synaptic_operations[kind].sum()) for kind in counters.synaptic_operations}
    used = {kind: costs.synaptic_operation.of(kind) for kind in SYNAPSE_KINDS if counts.get(kind)}
    if not used:
        return Bounds(0.0, 0.0, 0.0)
    low, high = min(constant.low for constant in used.values()), max(constant.high for constant in used.values())
    mean = math.fsum(counts[kind] * constant.value for kind, constant in used.items()) / sum(counts.values())
    return Bounds(low, min(max(mean, low), high), high)  # rounding may lead out of a range of no width
