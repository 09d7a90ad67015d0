"""What each processing element holds of each projection: its synapses as rows and, where that can be, as a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...mapping.processing_element import MultiplyAccumulateArray
from ...mapping.synapse_formats import SynapseKind
from ...mapping.synaptic_memory import storage_of
from ...mapping.traffic.hearing import hearing_of
from ...mapping.traffic.neuron_groups import neurons_by_core
from ...models.network import Projection
from ..event_sums import Events
from ..program import Program
from .array_products import Product, operands, product_of

Array = NDArray[Any]


@dataclass(frozen=True)
class LayerPart:
    """What an element holds of a projection.

    Attributes
    ----------
    projection : its name.
    layer : the population that it ends in.
    core : logical core number of the element.
    kind : of the synapses there, as the target stores them.
    neurons : of the layer on the element.
    synapses : weights other than zero.
    row_bits : what the synapses take as rows, as the target stores them.
    row_bytes : of a mean row, rounded up.
    product : the same on the array; None where the array cannot compute it.
    obstacle : why it cannot, as a clause; None where it can.
    """

    projection: str
    layer: str
    core: int
    kind: SynapseKind
    neurons: int
    synapses: int
    row_bits: int
    row_bytes: int
    product: Product | None
    obstacle: str | None


@dataclass(frozen=True, eq=False)
class PartEvents:
    """What the spikes of a projection's sources do on each element, by groups of sources.

    Attributes
    ----------
    source : the population.
    synapses : (groups, cores) CSR int32, weights other than zero that a spike adds.
    rows : (groups, cores) CSR int32 of ones where there are any.
    """

    source: str
    synapses: sparse.csr_array
    rows: sparse.csr_array


@dataclass(frozen=True, eq=False)
class Parts:
    """All parts of a program.

    Attributes
    ----------
    program : what they are of.
    parts : by projection in the network's order, and by core.
    events : per projection.
    """

    program: Program
    parts: tuple[LayerPart, ...]
    events: Mapping[str, PartEvents]

    def activity(self, group_spikes: Mapping[str, Array]) -> dict[str, Activity]:
        """What happened in a run, or in several, per projection.

        Parameters
        ----------
        group_spikes : per population, (steps, groups) int, spikes of each of `CoreCounting.groups` at each step, over
            all samples.
        """
        program = self.program
        rows = program.steps + max(population.depth for population in program.network.populations)
        listed: dict[str, Events] = {}
        result = {}
        for name, effects in self.events.items():
            if effects.source not in listed:
                listed[effects.source] = Events.of(group_spikes[effects.source])
            depth = program.network.by_name[effects.source].depth
            counts = np.zeros((2, rows, program.mapping.cores), dtype=np.int64)
            for count, matrix in zip(counts, (effects.synapses, effects.rows), strict=True):
                listed[effects.source].add(matrix, count[depth : depth + program.steps])
            result[name] = Activity(*counts)
        return result


@dataclass(frozen=True, eq=False)
class Activity:
    """What the spikes of a projection's sources did, over all samples.

    Attributes
    ----------
    synapses : (rows, cores) int64, weights that were added on each core; a row is a step of the chip, as in `Counters`.
    rows : (rows, cores) int64, spikes that had any synapse there.
    """

    synapses: Array
    rows: Array


def find_parts(program: Program, array: MultiplyAccumulateArray, groups: Mapping[str, Array]) -> Parts:
    """The parts of a program.

    Parameters
    ----------
    array : of the target's elements.
    groups : per population, (neurons,) int32, the group of each neuron; see `FanOut.groups`.
    """
    parts: list[LayerPart] = []
    events = {}
    for projection in program.network.projections:
        found, effects = _parts_of(projection, program, array, groups[projection.source])
        parts += found
        events[projection.name] = effects
    return Parts(program, tuple(parts), events)


def _parts_of(
    projection: Projection, program: Program, array: MultiplyAccumulateArray, group_of: Array
) -> tuple[list[LayerPart], PartEvents]:
    network, target, cores = program.network, program.target, program.mapping.cores
    hearing = hearing_of(projection, target, network.integer)
    storage = storage_of(projection, target, network.integer)
    kinds = operands(projection, program, array)
    order, starts = neurons_by_core(program.mapping.core_of[projection.target], cores)
    # Sources of the same group have as many synapses on every core: one of each stands for all.
    first = np.unique(group_of, return_index=True)[1]
    stands = np.zeros(group_of.size, dtype=bool)
    stands[first] = True
    parts = []
    entries: list[tuple[Array, Array, Array]] = []
    for core in np.flatnonzero(np.diff(starts)).tolist():
        neurons = order[starts[core] : starts[core + 1]]
        axons = hearing.axons(neurons)
        if not axons.sources.size:
            continue
        row_bits = storage.needs(neurons).stored
        chosen = stands[axons.sources]
        entries.append((group_of[axons.sources[chosen]], np.full(chosen.sum(), core), axons.synapses[chosen]))
        parts.append(
            LayerPart(
                projection.name,
                projection.target,
                core,
                axons.kind,
                int(neurons.size),
                int(axons.synapses.sum()),
                row_bits,
                -(-row_bits // (8 * axons.sources.size)),
                None if kinds.obstacle else product_of(projection, kinds, neurons, int(axons.sources.size)),
                kinds.obstacle,
            )
        )
    shape = (int(group_of.max(initial=-1)) + 1, cores)
    return parts, PartEvents(projection.source, *_matrices(entries, shape))


def _matrices(
    entries: list[tuple[Array, Array, Array]], shape: tuple[int, int]
) -> tuple[sparse.csr_array, sparse.csr_array]:
    if not entries:
        return sparse.csr_array(shape, dtype=np.int32), sparse.csr_array(shape, dtype=np.int32)
    group, core, synapses = (np.concatenate(column) for column in zip(*entries, strict=True))
    ones = np.ones(group.size, dtype=np.int32)
    return (
        sparse.csr_array((synapses.astype(np.int32), (group, core)), shape=shape),
        sparse.csr_array((ones, (group, core)), shape=shape),
    )
