"""The partitioner's account: what some neurons of a population need of a core.

`feasibility.py` counts the same once more from the single synapses, and shares no code with this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network
from .synaptic_memory import storage_of
from .target import Target

Array = NDArray[Any]
RESOURCES = ("neurons", "synaptic_memory_bits", "input_axons", "output_axons")


@dataclass(frozen=True, eq=False)
class Load:
    """What a core holds.

    Attributes
    ----------
    neurons, synaptic_memory_bits, output_axons : as in `Limits`.
    sources : per population that reaches the core, (neurons,) bool, which of them do; empty where the target does not
        limit input axons.
    """

    neurons: int = 0
    synaptic_memory_bits: int = 0
    output_axons: int = 0
    sources: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def input_axons(self) -> int:
        """Distinct source neurons."""
        return sum(int(np.count_nonzero(mask)) for mask in self.sources.values())


class Accountant:
    """Adds neurons to the loads of cores.

    Parameters
    ----------
    network, target : what is mapped, and where to.
    output_axons : per population, (neurons,) int, cores that each neuron reaches; a population that is missing
        reaches none. It depends on the finished partition, so that partitioners can only guess it.
    """

    def __init__(self, network: Network, target: Target, output_axons: Mapping[str, Array] | None = None) -> None:
        self.target = target
        self.output_axons = output_axons or {}
        self.limits = {resource: target.limits.of(resource) for resource in RESOURCES}
        self._incoming = {
            population.name: tuple(
                storage_of(projection, target, network.integer) for projection in network.incoming(population.name)
            )
            for population in network.populations
        }

    def add(self, load: Load, population: str, neurons: Array) -> Load:
        """A core's load once it holds more neurons.

        Parameters
        ----------
        load : what it holds already; none of `neurons`, but maybe others of the same population.
        population : name.
        neurons : (n,) int, ascending.
        """
        # Neurons of one population share kernels, so that a second part of it is only ever added to an empty core.
        bits = load.synaptic_memory_bits + sum(part.bits(neurons) for part in self._incoming[population])
        sources = dict(load.sources)
        if self.limits["input_axons"] is not None:
            for part in self._incoming[population]:
                mask = part.sources(neurons)
                sources[part.source] = mask | sources[part.source] if part.source in sources else mask
        outgoing = self.output_axons.get(population)
        axons = load.output_axons + (0 if outgoing is None else int(outgoing[neurons].sum()))
        return Load(load.neurons + neurons.size, bits, axons, sources)

    def exceeded(self, load: Load) -> tuple[str, ...]:
        """Names of the resources of which a load needs more than a core has."""
        return tuple(
            resource for resource, limit in self.limits.items() if limit is not None and getattr(load, resource) > limit
        )
