"""From spikes to what the chip does for them: synaptic operations, packets, hops, per core, link and step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..mapping.routing.routes import build_routes
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..models.network import Role
from .program import Program
from .run import Counters

Array = NDArray[Any]


def count(program: Program, spike_counts: Mapping[str, Array], samples: int) -> Counters:
    """Counters of a run.

    Every synapse on a core is one operation each time its source spikes, and a neuron's spikes reach the same cores
    every time; so the counts follow from how often each neuron spiked at each step, without a cost in the simulator.

    Parameters
    ----------
    spike_counts : per population, inputs and constants among them, (steps, neurons): spikes over all samples.
    samples : number of samples in the sums.
    """
    network, mapping = program.network, program.mapping
    routes = build_routes(network, program.target, mapping)
    steps = program.steps
    rows = steps + max(population.depth for population in network.populations)
    cores = mapping.cores
    spikes = np.zeros((rows, cores), dtype=np.int64)
    packets_out = np.zeros((rows, cores), dtype=np.int64)
    packets_in = np.zeros((rows, cores), dtype=np.int64)
    operations: dict[str, Array] = {kind: np.zeros((rows, cores), dtype=np.int64) for kind in SYNAPSE_KINDS}
    for population in network.populations:
        counts = spike_counts[population.name].astype(np.int64)
        window = slice(population.depth, population.depth + steps)
        packets = routes.packets.get(population.name)
        if packets is not None:
            packets_in[window] += counts @ packets
        if population.role is not Role.INPUT:
            by_core = _by_core(mapping.core_of[population.name], cores)
            spikes[window] += counts @ by_core
            if packets is not None:
                packets_out[window] += (counts * routes.messages(population.name)) @ by_core
        for kind, of_kind in routes.synapses.items():
            if population.name in of_kind:
                operations[kind][window] += counts @ of_kind[population.name]
    totals = {name: counts.sum(axis=0, dtype=np.int64) for name, counts in spike_counts.items()}
    of_projections = {
        projection.name: int(totals[projection.source] @ routes.fan_out.projections[projection.name])
        for projection in network.projections
    }
    of_layers: dict[str, int] = {}
    for projection in network.projections:
        of_layers[projection.target] = of_layers.get(projection.target, 0) + of_projections[projection.name]
    link_packets = routes.link_packets(totals)
    neuron_updates = np.bincount(np.concatenate([np.zeros(0, int), *mapping.core_of.values()]), minlength=cores)
    return Counters(
        samples,
        steps,
        spikes,
        MappingProxyType(operations),
        neuron_updates.astype(np.int64),
        packets_out,
        packets_in,
        np.rint(link_packets).astype(np.int64),
        routes.links,
        MappingProxyType({name: int(counts.sum()) for name, counts in spike_counts.items()}),
        MappingProxyType(of_layers),
        MappingProxyType(of_projections),
    )


def _by_core(core_of: Array, cores: int) -> sparse.csr_array:
    """(neurons, cores): 1 where a neuron sits."""
    ones = np.ones(core_of.size, dtype=np.int64)
    return sparse.csr_array((ones, (np.arange(core_of.size), core_of)), shape=(core_of.size, cores))
