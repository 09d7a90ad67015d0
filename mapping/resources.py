"""The partitioner's account: what some neurons of a population need of a core.

`feasibility` counts the same once more in its own way, and shares no code with this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network
from .synaptic_memory import storage_of
from .target import Target
from .tiles import TileGrid, tile_grid

Array = NDArray[Any]
Arrays = Mapping[str, Array]
RESOURCES = ("neurons", "synaptic_memory_bits", "input_axons", "output_axons", "memory_bits")
COUNTED_WHERE_LIMITED = ("input_axons", "memory_bits")
NOTHING: Arrays = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Load:
    """What a core holds.

    Attributes
    ----------
    neurons, synaptic_memory_bits, input_axons, output_axons, memory_bits : as in `Limits`; input axons and memory for
        all uses are 0 where the target does not limit them. Input axons are an upper bound where kernels hold zeros.
    held : per population, (n,) int64 ascending, its neurons on the core; empty once nothing more is to be added.
    sources : per population that reaches the core, (n,) int64 ascending, its neurons that do; empty where input axons
        are not limited, and once nothing more is to be added.
    """

    neurons: int = 0
    synaptic_memory_bits: int = 0
    input_axons: int = 0
    output_axons: int = 0
    memory_bits: int = 0
    held: Arrays = field(default_factory=lambda: NOTHING)
    sources: Arrays = field(default_factory=lambda: NOTHING)

    def closed(self) -> Load:
        """The numbers without the lists, which take memory."""
        return replace(self, held=NOTHING, sources=NOTHING)


class Accountant:
    """Adds neurons to the loads of cores.

    Parameters
    ----------
    network, target : what is mapped, and where to.
    output_axons : per population, (neurons,) int, cores that each neuron reaches; a population that is missing
        reaches none. It depends on the finished partition, so that partitioners can only guess it.

    Attributes
    ----------
    limits : of a core, by resource.
    resources : those that are counted, in the order of `RESOURCES`; what is costly to count, or means nothing without
        a limit, only where there is a limit.
    """

    def __init__(self, network: Network, target: Target, output_axons: Mapping[str, Array] | None = None) -> None:
        self.output_axons = output_axons or {}
        self.limits = {resource: target.limits.of(resource) for resource in RESOURCES}
        self.resources = tuple(
            resource
            for resource in RESOURCES
            if resource not in COUNTED_WHERE_LIMITED or self.limits[resource] is not None
        )
        self._incoming = {
            population.name: tuple(
                storage_of(projection, target, network.integer) for projection in network.incoming(population.name)
            )
            for population in network.populations
        }
        self._grids = {name: tile_grid(network, target, name) for name in self._incoming}
        self._bits_per_neuron = target.synaptic_memory.neuron_bits

    def grid(self, population: str) -> TileGrid | None:
        """See `tile_grid`."""
        return self._grids[population]

    def add(self, load: Load, population: str, neurons: Array) -> Load:
        """A core's load once it holds more neurons.

        Parameters
        ----------
        load : what it holds already; not closed; none of `neurons`, but maybe others of the same population.
        population : name.
        neurons : (n,) int, ascending.
        """
        neurons = np.asarray(neurons, dtype=np.int64)
        before, after = (0, 0), neurons
        if population in load.held:
            # Neurons of one population share kernels, axons and tiles.
            before = self._memory(population, load.held[population])
            after = np.union1d(load.held[population], neurons)
        now = self._memory(population, after)
        sources = self._sources(load.sources, population, neurons)
        outgoing = self.output_axons.get(population)
        return Load(
            load.neurons + neurons.size,
            load.synaptic_memory_bits + now[0] - before[0],
            sum(part.size for part in sources.values()),
            load.output_axons + (0 if outgoing is None else int(outgoing[neurons].sum())),
            load.memory_bits + now[1] - before[1],
            {**load.held, population: after},
            sources,
        )

    def loads(self, core_of: Arrays, cores: int) -> list[Load]:
        """What every core holds of a finished partition, closed.

        Parameters
        ----------
        core_of : per population on the chip, (neurons,) int logical core numbers in 0..cores - 1.
        """
        sorted_by_core = {}
        for name, given in core_of.items():
            ends = np.cumsum(np.bincount(given, minlength=cores))
            sorted_by_core[name] = (np.argsort(given, kind="stable"), np.concatenate([[0], ends]))
        result = []
        for core in range(cores):
            load = Load()
            for name, (order, starts) in sorted_by_core.items():
                if starts[core] < starts[core + 1]:
                    load = self.add(load, name, order[starts[core] : starts[core + 1]])
            result.append(load.closed())
        return result

    def exceeded(self, load: Load) -> tuple[str, ...]:
        """Names of the resources of which a load needs more than a core has."""
        return tuple(
            resource for resource, limit in self.limits.items() if limit is not None and getattr(load, resource) > limit
        )

    def _memory(self, population: str, neurons: Array) -> tuple[int, int]:
        """Synaptic memory and memory for all uses, in bits, of a population's neurons on a core."""
        parts = [part.needs(neurons) for part in self._incoming[population]]
        bits = sum(part.stored for part in parts)
        if self.limits["memory_bits"] is None:
            return bits, 0
        grid = self._grids[population]
        room = neurons.size if grid is None else grid.room(neurons)
        return bits, room * self._bits_per_neuron + sum(part.set_aside for part in parts)

    def _sources(self, before: Arrays, population: str, neurons: Array) -> Arrays:
        if self.limits["input_axons"] is None:
            return NOTHING
        sources = dict(before)
        for part in self._incoming[population]:
            found = part.sources(neurons)
            sources[part.source] = np.union1d(sources[part.source], found) if part.source in sources else found
        return sources
