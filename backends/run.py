"""What a backend gives back: output, and what happened where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LayerCounts:
    """Who did what and where, summed over all samples and steps.

    Attributes
    ----------
    layers : names of all populations, inputs and constants among them, in their order.
    counts : by operation, (layers, cores + 1) int64; the last column is off the chip, from where input comes.
        "synaptic_operation_dense", "synaptic_operation_sparse", "synaptic_operation_convolution": of the layer whose
        neurons get the weights, on their core. All others are of the layer that sends: "spike" and "packet" on the
        neurons' own core; "hop_east_west", "hop_north_south", "hop_between_chips_east_west" and
        "hop_between_chips_north_south" too, wherever the links are; "packet_in", "row" and "memory_read" on the core
        where they arrive. A row is a spike and a core, its own included, on which it has more than one synapse.
        "neuron_update", where it was counted: of the layer whose neurons are active.
    neurons : (layers, cores + 1) int64, neurons of each layer on each core; none off the chip.
    """

    layers: tuple[str, ...]
    counts: Mapping[str, Array]
    neurons: Array


@dataclass(frozen=True, eq=False)
class Counters:
    """What happened, summed over all samples.

    A row is a step of the chip as one sample passes through alone: steps + depth rows, so that what a deep layer does
    stands at the step at which the chip does it.

    Attributes
    ----------
    samples : number of samples in the sums.
    steps : steps of a sample.
    spikes : (rows, cores) int64; spikes sent by each core's neurons (a graded spike counts once).
    synaptic_operations : per kind of synapse, "dense", "sparse" or "convolution": (rows, cores) int64; weights that
        were added on each core.
    neuron_updates : (cores,) int64; neurons that are served at every step.
    active_neurons : (rows, cores) int64; those among them, over all samples, that are not at rest and have something
        to update; None where that was not counted, which takes a run of its own (see `ActiveNeurons`).
    packets_out : (rows, cores) int64; messages that each core sends: with unicast routing one per spike and receiving
        core, with multicast routing one per spike that leaves its core.
    packets_in : (rows, cores) int64; messages that arrive, one per spike and receiving core. Input from off the chip
        arrives and leaves no core. On a triangular mesh, where spikes carry keys, the sending core is a receiving one
        if it holds targets, and all cores are that any neuron of its block of keys reaches (see `KeyBlocks`).
    memory_reads : (rows, cores) int64; words of synaptic memory that are read on each core: for each spike that arrives
        there, from wherever, what its axon takes; of a shared kernel, what is stored for the source's channel at each
        place of the kernel through which any neuron of the core sees the source. Words are those of the target's
        `synaptic_memory`.
    link_packets : (rows, links) int64; messages over each link of the mesh, in the order of `links`. A message crosses
        the mesh within the step at which it is sent.
    links : ((chip, column, row), (chip, column, row)) from tile to neighbouring tile; on a torus also from edge to
        edge, and on boards of several chips from chip to chip.
    layer_spikes : per population, spikes.
    layer_synaptic_operations : per population, weights that were added for its neurons.
    projection_synaptic_operations : per projection, weights of it that were added.
    by_layer : the same by layer and core, without the steps.
    """

    samples: int
    steps: int
    spikes: Array
    synaptic_operations: Mapping[str, Array]
    neuron_updates: Array
    packets_out: Array
    packets_in: Array
    memory_reads: Array
    link_packets: Array
    links: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...]
    layer_spikes: Mapping[str, int]
    layer_synaptic_operations: Mapping[str, int]
    projection_synaptic_operations: Mapping[str, int]
    by_layer: LayerCounts
    active_neurons: Array | None = None

    @property
    def rows(self) -> int:
        """Steps from the first input of a sample to the last step of the deepest layer."""
        return int(self.spikes.shape[0])

    def with_active(self, active: Mapping[str, Array], depths: Mapping[str, int]) -> Counters:
        """The same with the neurons that were active.

        Parameters
        ----------
        active : per layer with neurons, (steps, cores) int64 over the same samples; see `ActiveNeurons`.
        depths : of these layers, at which row their first step stands.
        """
        rows = np.zeros_like(self.spikes)
        shares = np.zeros_like(self.by_layer.neurons)
        for name, counts in active.items():
            rows[depths[name] : depths[name] + self.steps] += counts
            shares[self.by_layer.layers.index(name), :-1] = counts.sum(axis=0)
        by_operation = {**self.by_layer.counts, "neuron_update": shares}
        by_layer = replace(self.by_layer, counts=MappingProxyType(by_operation))
        return replace(self, active_neurons=rows, by_layer=by_layer)

    def per_sample(self) -> dict[str, float]:
        """Spikes, synaptic operations, neuron updates, memory reads, packets and hops of a mean sample."""
        totals = {
            "spikes": int(self.spikes.sum()),
            "synaptic_operations": int(sum(part.sum() for part in self.synaptic_operations.values())),
            "neuron_updates": int(self.neuron_updates.sum()) * self.rows * self.samples,
            "memory_reads": int(self.memory_reads.sum()),
            "packets": int(self.packets_in.sum()),
            "hops": int(self.link_packets.sum()),
        }
        return {name: total / self.samples for name, total in totals.items()}


@dataclass(frozen=True, eq=False)
class Run:
    """The result of running a program.

    Attributes
    ----------
    output : name of the population that is read out.
    activity : per recorded population, (samples, steps, neurons) integer: spikes, or the values of graded ones; each
        population in its own window, so that entry t belongs to step t of the sample everywhere.
    counters : None for a backend that does not count.
    weights : per plastic projection, (targets, sources) int64, after the run.
    """

    output: str
    activity: Mapping[str, Array]
    counters: Counters | None = None
    weights: Mapping[str, Array] = field(default_factory=dict)

    @property
    def answer(self) -> Array:
        """Activity of the output population, (samples, steps, neurons)."""
        return np.asarray(self.activity[self.output])
