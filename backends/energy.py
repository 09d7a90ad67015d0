"""Energy of a sample: how often each operation happened, times what it costs.

dynamic energy = neurons * steps * access + active neurons * update + spikes * spike
                 + synaptic operations * their kind's + rows * row + words * memory read
                 + messages * (packet + packet in)
                 + hops east-west * theirs + hops north-south * theirs, those from chip to chip apart and dearer
static energy  = (chips * (static power + power of the processors) + cores * power of a core) * time

Every operation belongs to a layer and a core, see `LayerCounts`, so that the energy of all layers, of all cores and of
all terms is the same sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Bounds, Constant, Kind
from ..mapping.costs import JOULES_PER_PICOJOULE
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..mapping.target import CostSet, EnergyCosts, PowerCosts
from ..mapping.topology import Topology
from .hop_costs import hop_constants
from .run import Counters

Array = NDArray[Any]
RARELY_NAMED = ("row", "memory_read", "packet_in")  # left out where an account has no cost for them


@dataclass(frozen=True, eq=False)
class Term:
    """The energy of one operation.

    Attributes
    ----------
    name : the operation as in `EnergyCosts`; a synaptic operation is followed by its kind of synapse.
    counts : (layers, cores + 1) how often over all samples, by layer and core as in `LayerCounts`.
    samples : number of samples.
    constant : pJ an operation.
    kind, source : where the constant comes from, see `Constant`.
    """

    name: str
    counts: Array
    samples: int
    constant: Bounds
    kind: Kind
    source: str

    @property
    def count_per_sample(self) -> float:
        """How often it happens in a mean sample."""
        return int(self.counts.sum()) / self.samples

    @property
    def energy(self) -> Bounds:
        """J a sample."""
        return self._priced(int(self.counts.sum()))

    def of_layers(self) -> list[Bounds]:
        """J a sample of each layer."""
        return [self._priced(int(count)) for count in self.counts.sum(axis=1)]

    def of_cores(self) -> Array:
        """(cores + 1, 3) J a sample of each core, low, nominal and high; the last row is off the chip."""
        return np.outer(self.counts.sum(axis=0) / self.samples, self.constant) * JOULES_PER_PICOJOULE

    def _priced(self, count: int) -> Bounds:
        return scaled(self.constant, count / self.samples * JOULES_PER_PICOJOULE)


@dataclass(frozen=True)
class StaticTerm:
    """The energy of power that is drawn whatever happens.

    Attributes
    ----------
    name : the power as in `PowerCosts`, or "host".
    units : how many chips, cores or boards draw it.
    constant : W each.
    time : s a sample.
    kind, source : where the constant comes from, see `Constant`.
    """

    name: str
    units: int
    constant: Bounds
    time: Bounds
    kind: Kind
    source: str

    @property
    def energy(self) -> Bounds:
        """J a sample."""
        return Bounds(*(self.units * power * time for power, time in zip(self.constant, self.time, strict=True)))


def scaled(bounds: Bounds, factor: float) -> Bounds:
    """Bounds times a factor of at least 0."""
    return Bounds(*(factor * value for value in bounds))


def total(parts: Iterable[Bounds]) -> Bounds:
    """Sum of all lows, of all nominal values and of all highs; correctly rounded, so in any order the same."""
    low, nominal, high = zip(Bounds(0.0, 0.0, 0.0), *parts, strict=True)
    return Bounds(math.fsum(low), math.fsum(nominal), math.fsum(high))


def energy_terms(counters: Counters, account: CostSet, topology: Topology, *, every: bool = False) -> tuple[Term, ...]:
    """Every term of the dynamic energy of a mean sample; it is their sum.

    Every neuron is accessed at every row. Which of them are updated as well is a matter of the account: all, or those
    that are not at rest. Where these were not counted, all count as updated.

    A message's hops and its packet belong to the core that sends it: input from off the chip is received and takes
    hops, but no core of the chip sends it.

    Parameters
    ----------
    topology : of the target that it ran on.
    every : keep terms of operations that few accounts know even where this one has no cost for them.
    """
    by_layer = counters.by_layer
    served = by_layer.neurons * counters.rows * counters.samples
    counts = {"neuron_update": served, **by_layer.counts, "neuron_access": served}
    if account.updates == "all":
        counts["neuron_update"] = served
    constants = operation_costs(account.energy, topology)
    return tuple(
        Term(name, counts[name], counters.samples, constant.bounds, constant.kind, constant.source)
        for name, constant in constants.items()
        if name in counts and (every or constant.high > 0 or name not in RARELY_NAMED)
    )


def operation_costs(costs: EnergyCosts, topology: Topology) -> Mapping[str, Constant]:
    """What each operation takes, in pJ, by its name in `LayerCounts`; in the order in which terms are told."""
    return {
        **{f"synaptic_operation_{kind}": costs.synaptic_operation.of(kind) for kind in SYNAPSE_KINDS},
        "row": costs.row,
        "memory_read": costs.memory_read,
        "neuron_access": costs.neuron_access,
        "neuron_update": costs.neuron_update,
        "spike": costs.spike,
        "packet": costs.packet,
        "packet_in": costs.packet_in,
        **hop_constants(topology, costs.hop_east_west, costs.hop_north_south),
    }


def static_terms(costs: PowerCosts, chips: int, cores: int, time: Bounds) -> tuple[StaticTerm, ...]:
    """Energy of the chips' static power, of their processors and of the cores in use.

    Parameters
    ----------
    chips, cores : how many are in use.
    time : s a sample.
    """
    powers = (("static", chips, costs.static), ("processors", chips, costs.processors), ("core", cores, costs.core))
    return tuple(
        StaticTerm(name, units, constant.bounds, time, constant.kind, constant.source)
        for name, units, constant in powers
        if constant.high > 0 or name != "core"
    )
