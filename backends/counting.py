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

from ..mapping.routing.routes import Ways, build_routes
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..mapping.traffic.fan_out import FanOut
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
        self._effects = {part.name: _effects(self._routes.fan_out, part) for part in program.network.populations}
        self._deliveries = {
            part.name: _deliveries(self._routes.ways[part.name], part)
            for part in program.network.populations
            if part.name in self._routes.ways
        }
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

        Raises
        ------
        ValueError : the spikes are those of other groups, or of another number of steps than the program's.
        """
        network, cores, steps = self._program.network, self._program.mapping.cores, self._program.steps
        rows = steps + max(population.depth for population in network.populations)
        on_cores = {name: np.zeros((rows, cores), dtype=np.int64) for name in (*ON_CORES, *SYNAPSE_KINDS)}
        over_links = np.zeros((rows, len(self._routes.links)), dtype=np.int64)
        of_populations: dict[str, int] = {}
        of_projections: dict[str, int] = {}
        for population in network.populations:
            name, window = population.name, slice(population.depth, population.depth + steps)
            expected = (steps, self._routes.fan_out.origins[name].size)
            if group_spikes[name].shape != expected:  # the compiled loops would write beyond the end
                raise ValueError(f"{name!r} has {expected} steps and groups, and spikes {group_spikes[name].shape}")
            events = Events.of(group_spikes[name])
            of_populations[name] = int(events.totals.sum())
            for counter, effects in self._effects[name].items():
                events.add(effects, on_cores[counter][window])
            if name not in self._routes.ways:
                continue
            ways = self._routes.ways[name]
            sent = np.zeros((steps, ways.origins.size), dtype=np.int64)
            events.add(ways.of_groups, sent)
            messages = Events.of(sent)
            messages.add(ways.links, over_links[window])
            for counter, effects in self._deliveries[name].items():
                messages.add(effects, on_cores[counter][window])
            for of_projection, synapses in self._routes.fan_out.projection_synapses[name].items():
                of_projections[of_projection] = int(events.totals @ synapses)
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
            layer_spikes=MappingProxyType(of_populations),
            layer_synaptic_operations=MappingProxyType(of_layers),
            projection_synaptic_operations=MappingProxyType(of_projections),
        )


def _effects(fan_out: FanOut, population: Population) -> dict[str, sparse.csr_array]:
    """What a spike of each group does on each core, (groups, cores) CSR, by the names of counters."""
    name = population.name
    result: dict[str, sparse.csr_array] = {
        kind: fan_out.synapses[kind][name] for kind in SYNAPSE_KINDS if name in fan_out.synapses[kind]
    }
    if population.role is not Role.INPUT:
        result["spikes"] = _at_home(fan_out.origins[name], fan_out.cores)
    if name in fan_out.words:
        result["memory_reads"] = fan_out.words[name]
    return result


def _deliveries(ways: Ways, population: Population) -> dict[str, sparse.csr_array]:
    """What a message on each way is on each core, (ways, cores) CSR, by the names of counters."""
    result = {"packets_in": ways.arrivals}
    if population.role is not Role.INPUT:
        result["packets_out"] = _at_home(ways.origins, ways.arrivals.shape[1])
    return result


def _at_home(origins: Array, cores: int) -> sparse.csr_array:
    """(rows, cores) CSR int32, 1 at each row's own core."""
    ones = np.ones(origins.size, dtype=np.int32)
    return sparse.csr_array((ones, origins, np.arange(origins.size + 1)), shape=(origins.size, cores))
