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

from ..mapping.routing.routes import Routes, Ways, build_routes
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..mapping.traffic.fan_out import FanOut
from ..models.network import Population, Role
from .event_sums import Events
from .hop_costs import link_kinds
from .program import Program
from .run import Counters, LayerCounts

Array = NDArray[Any]
OF_SENDERS = ("spike", "packet", "packet_in", "row", "memory_read")
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
        self._layers = tuple(population.name for population in program.network.populations)
        neurons = np.zeros((len(self._layers), program.mapping.cores + 1), dtype=np.int64)
        for name, cores in program.mapping.core_of.items():
            neurons[self._layers.index(name)] = np.bincount(cores, minlength=neurons.shape[1])
        self._neurons = neurons
        self._hops = _hops(self._routes, link_kinds(self._routes.links, program.target.topology))

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
        shares = self._no_shares()
        for number, population in enumerate(network.populations):
            name, window = population.name, slice(population.depth, population.depth + steps)
            expected = (steps, self._routes.fan_out.origins[name].size)
            if group_spikes[name].shape != expected:  # the compiled loops would write beyond the end
                raise ValueError(f"{name!r} has {expected} steps and groups, and spikes {group_spikes[name].shape}")
            events = Events.of(group_spikes[name])
            of_populations[name] = int(events.totals.sum())
            for counter, effects in self._effects[name].items():
                events.add(effects, on_cores[counter][window])
            self._share_effects(shares, number, name, events.totals)
            if name not in self._routes.ways:
                continue
            ways = self._routes.ways[name]
            sent = np.zeros((steps, ways.origins.size), dtype=np.int64)
            events.add(ways.of_groups, sent)
            messages = Events.of(sent)
            messages.add(ways.links, over_links[window])
            for counter, effects in self._deliveries[name].items():
                messages.add(effects, on_cores[counter][window])
            self._share_messages(shares, number, name, messages.totals)
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
            neuron_updates=self._neurons.sum(axis=0)[:-1],
            link_packets=over_links,
            links=self._routes.links,
            layer_spikes=MappingProxyType(of_populations),
            layer_synaptic_operations=MappingProxyType(of_layers),
            projection_synaptic_operations=MappingProxyType(of_projections),
            by_layer=LayerCounts(self._layers, MappingProxyType(shares), self._neurons),
        )

    def _no_shares(self) -> dict[str, Array]:
        """(layers, cores + 1) int64 zeros of every operation of `LayerCounts`."""
        kinds = (f"synaptic_operation_{kind}" for kind in SYNAPSE_KINDS)
        hops = link_kinds(self._routes.links, self._program.target.topology)
        return {name: np.zeros_like(self._neurons) for name in (*kinds, *OF_SENDERS, *hops)}

    def _share_effects(self, shares: dict[str, Array], number: int, name: str, spikes: Array) -> None:
        """Add what the spikes of a population, (groups,) over all steps, do on cores."""
        fan_out = self._routes.fan_out
        for kind in SYNAPSE_KINDS:
            for target, synapses in fan_out.layer_synapses[kind].get(name, {}).items():
                shares[f"synaptic_operation_{kind}"][self._layers.index(target), :-1] += synapses.T @ spikes
        if "spikes" in self._effects[name]:
            np.add.at(shares["spike"][number], fan_out.origins[name], spikes)
        if name in fan_out.words:
            shares["row"][number, :-1] += fan_out.rows[name].T @ spikes
            shares["memory_read"][number, :-1] += fan_out.words[name].T @ spikes

    def _share_messages(self, shares: dict[str, Array], number: int, name: str, messages: Array) -> None:
        """Add where the messages of a population, (ways,) over all steps, begin, end and pass."""
        ways = self._routes.ways[name]
        if "packets_out" in self._deliveries[name]:
            np.add.at(shares["packet"][number], ways.origins, messages)
        shares["packet_in"][number, :-1] += ways.arrivals.T @ messages
        for hop, links in self._hops[name].items():
            np.add.at(shares[hop][number], ways.origins, links * messages)


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


def _hops(routes: Routes, kinds: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Per population that has any projection and kind of hop, (ways,) int64: how many a message on each way takes."""
    return {
        name: {hop: np.asarray(ways.links @ links.astype(np.int64)) for hop, links in kinds.items()}
        for name, ways in routes.ways.items()
    }


def _at_home(origins: Array, cores: int) -> sparse.csr_array:
    """(rows, cores) CSR int32, 1 at each row's own core."""
    ones = np.ones(origins.size, dtype=np.int32)
    return sparse.csr_array((ones, origins, np.arange(origins.size + 1)), shape=(origins.size, cores))
