"""From spikes to what the chip does for them: synaptic operations, memory reads, packets, hops, per core, link, step.

Every synapse on a core is one operation each time its source spikes, and a neuron's spikes take the same ways to the
same cores every time; so everything follows from how often each neuron spiked at each step, without a cost in the
simulator. Neurons whose spikes do the same are counted together there: of a convolution there are few kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..mapping.routing.routes import Routes, build_routes
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..models.network import Population, Role
from .event_sums import Events
from .program import Program
from .run import Counters

Array = NDArray[Any]
ON_CORES = ("spikes", "packets_out", "packets_in", "memory_reads")


class CoreCounting:
    """What a program's spikes do, found once for all its runs.

    Attributes
    ----------
    groups : per population, inputs and constants among them, (neurons,) int32: neurons of the same number do the same
        with every spike; see `FanOut.groups`. For `Simulator.run`, which counts their spikes together.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._routes = build_routes(program.network, program.target, program.mapping)
        self.groups: Mapping[str, Array] = self._routes.fan_out.groups
        self._effects = {part.name: _effects(self._routes, part) for part in program.network.populations}
        neurons = np.zeros(program.mapping.cores, dtype=np.int64)
        for cores in program.mapping.core_of.values():
            neurons += np.bincount(cores, minlength=neurons.size)
        self._neurons = neurons

    def counters(self, group_spikes: Mapping[str, Array], samples: int) -> Counters:
        """Counters of a run, or of several: sums over samples can be added up before.

        Parameters
        ----------
        group_spikes : per population, inputs and constants among them, (steps, groups) int: spikes of each of `groups`
            at each step, over all samples.
        samples : number of samples in the sums.
        """
        network, cores, steps = self._program.network, self._program.mapping.cores, self._program.steps
        rows = steps + max(population.depth for population in network.populations)
        on_cores = {name: np.zeros((rows, cores), dtype=np.int64) for name in (*ON_CORES, *SYNAPSE_KINDS)}
        over_links = np.zeros((rows, len(self._routes.links)), dtype=np.int64)
        of_projections: dict[str, int] = {}
        for population in network.populations:
            spikes = group_spikes[population.name]
            window = slice(population.depth, population.depth + steps)
            events = Events.of(spikes)
            for name, effects in self._effects[population.name].items():
                on_cores[name][window] += events.sums(effects)
            ways = self._routes.ways.get(population.name)
            if ways is not None:
                messages = events.sums(ways.of_groups).T
                over_links[window] += self._routes.link_packets(population.name, messages).T
            totals = spikes.sum(axis=0, dtype=np.int64)
            for name, synapses in self._routes.fan_out.projection_synapses.get(population.name, {}).items():
                of_projections[name] = int(totals @ synapses)
        of_layers: dict[str, int] = {}
        for projection in network.projections:
            of_layers[projection.target] = of_layers.get(projection.target, 0) + of_projections[projection.name]
        return Counters(
            samples=samples,
            steps=steps,
            **{name: on_cores[name] for name in ON_CORES},
            synaptic_operations=MappingProxyType({kind: on_cores[kind] for kind in SYNAPSE_KINDS}),
            neuron_updates=self._neurons,
            link_packets=over_links,
            links=self._routes.links,
            layer_spikes=MappingProxyType({name: int(counts.sum()) for name, counts in group_spikes.items()}),
            layer_synaptic_operations=MappingProxyType(of_layers),
            projection_synaptic_operations=MappingProxyType(of_projections),
        )


def _effects(routes: Routes, population: Population) -> dict[str, sparse.csr_array]:
    """What a spike of each group does on each core, (groups, cores) CSR, by the names of counters."""
    name, fan_out = population.name, routes.fan_out
    result: dict[str, sparse.csr_array] = {}
    origins = fan_out.origins[name]
    if population.role is not Role.INPUT:
        result["spikes"] = _at_home(origins, np.ones(origins.size, dtype=np.int32), fan_out.cores)
    if name in routes.ways:
        result["packets_in"], result["memory_reads"] = routes.packets[name], fan_out.words[name]
        if population.role is not Role.INPUT:
            sent = np.diff(routes.ways[name].of_groups.indptr)
            result["packets_out"] = _at_home(origins, sent.astype(np.int32), fan_out.cores)
    result |= {kind: fan_out.synapses[kind][name] for kind in SYNAPSE_KINDS if name in fan_out.synapses[kind]}
    return result


def _at_home(origins: Array, times: Array, cores: int) -> sparse.csr_array:
    """(groups, cores) CSR, what a spike does on the core of its group."""
    return sparse.csr_array((times, origins, np.arange(origins.size + 1)), shape=(origins.size, cores))
