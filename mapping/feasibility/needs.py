"""What each core needs of each resource."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Convolution, Pool
from ...models.network import Network
from ..target import Target
from .arrivals import arrivals, distinct_sources
from .memory import Memory
from .windows_on_core import room_on_cores

Array = NDArray[Any]


@dataclass(init=False)
class Needs:
    """What each core needs, see `Limits`; every field (cores,) int64.

    Attributes
    ----------
    neurons, synaptic_memory_bits, input_axons, output_axons : of each core.
    memory_bits : 0 where the target's synapses have a memory of their own.
    """

    neurons: Array
    synaptic_memory_bits: Array
    memory_bits: Array
    input_axons: Array
    output_axons: Array

    def __init__(self, network: Network, target: Target, core_of: ReadOnly[str, Array], cores: int) -> None:
        self.neurons = np.zeros(cores, dtype=np.int64)
        self.synaptic_memory_bits = np.zeros(cores, dtype=np.int64)
        self.memory_bits = np.zeros(cores, dtype=np.int64)
        self.input_axons = np.zeros(cores, dtype=np.int64)
        self.output_axons = np.zeros(cores, dtype=np.int64)
        shared = target.synaptic_memory.shared
        for name, given in core_of.items():
            here = np.bincount(given, minlength=cores)
            self.neurons += here
            if shared is not None:
                room = _room(network, target, name, given, here)
                self.memory_bits += room * (shared.bits_per_neuron.value or 0)
        for population in network.populations:
            reached = np.zeros(population.size, dtype=np.int64)
            memories = {
                projection.name: Memory.of(projection, target, network.integer)
                for projection in network.outgoing(population.name)
            }
            for core, found in arrivals(network, population.name, core_of, cores):
                for arrival in found:
                    stored, aside = memories[arrival.projection.name].bits(arrival)
                    self.synaptic_memory_bits[core] += stored
                    self.memory_bits[core] += 0 if shared is None else aside
                sources = distinct_sources(found)
                self.input_axons[core] += sources.size
                reached[sources] += 1
            if population.name in core_of:
                np.add.at(self.output_axons, core_of[population.name], reached)


def _room(network: Network, target: Target, name: str, core_of: Array, neurons: Array) -> Array:
    """(cores,) neurons of a layer that each core has room for; `neurons` is how many each holds."""
    kernel = target.synaptic_memory.convolution
    if kernel is None or kernel.tiles == "any":
        return neurons
    for projection in network.incoming(name):
        connectivity = projection.connectivity
        if isinstance(connectivity, Convolution | Pool):
            rows, *others = connectivity.output_shape[1:]
            columns = others[0] if others else 1
            return np.asarray(room_on_cores(core_of.astype(np.int64), neurons.size, rows, columns))
    return neurons
