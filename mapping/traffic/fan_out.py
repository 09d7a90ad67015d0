"""What each spike of a mapped network does: synapses and memory on each core, and where messages go.

Neurons on the same core whose spikes do the same everywhere are one group, and everything is counted for groups: the
neurons of a convolution are groups by the borders of cores that they are near, however many neurons there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Network, Projection
from ..synapse_formats import SYNAPSE_KINDS
from ..target import SynapseKind, Target
from .hearing import hearing_of
from .neuron_groups import neurons_by_core, number_of_cores
from .source_classes import SourceClasses

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class FanOut:
    """Where the spikes of each group of neurons go.

    Attributes
    ----------
    cores : number of logical cores.
    groups : per population, (neurons,) int32, the group of each neuron, from 0; neurons are in the same group if and
        only if they are on the same core and through every projection have as many synapses on every core, which take
        as many words there.
    origins : per population, (groups,) int64, the core that the group is on; `cores` for the input.
    synapses : per kind of synapse and population that has any of it, (groups, cores) CSR int32: weights other than zero
        that a spike adds on the core, which holds them as synapses of this kind.
    words : per population that has any projection, (groups, cores) CSR int32: words of synaptic memory that a spike
        reads on the core; see `Axons`.
    layer_synapses : per kind of synapse, population that has any of it and population that they lead to, as `synapses`,
        which is their sum.
    projection_synapses : per population and projection that leaves it, (groups,) int64: weights other than zero of a
        neuron.
    """

    cores: int
    groups: Mapping[str, Array]
    origins: Mapping[str, Array]
    synapses: Mapping[SynapseKind, Mapping[str, sparse.csr_array]]
    words: Mapping[str, sparse.csr_array]
    layer_synapses: Mapping[SynapseKind, Mapping[str, Mapping[str, sparse.csr_array]]]
    projection_synapses: Mapping[str, Mapping[str, Array]]

    @cached_property
    def rows(self) -> Mapping[str, sparse.csr_array]:
        """Per population that has any projection, (groups, cores) CSR int32 of ones: cores with several synapses of it.

        A single synapse need not be fetched: its place in a list can hold the synapse itself.
        """
        return {name: _ones_of(matrix, matrix.data > 1) for name, matrix in self._synapses_of_all_kinds.items()}

    @cached_property
    def _synapses_of_all_kinds(self) -> Mapping[str, sparse.csr_array]:
        """Per population that has any projection, (groups, cores) CSR int32."""
        result = {}
        for name in self.words:
            parts = [by_population[name] for by_population in self.synapses.values() if name in by_population]
            nothing = sparse.csr_array((self.origins[name].size, self.cores), dtype=np.int32)
            result[name] = sparse.csr_array(sum(parts, nothing))  # no parts where a layer has no neurons or weights
        return result

    @property
    def destinations(self) -> Mapping[str, sparse.csr_array]:
        """Per population that has any projection, (groups, cores) CSR int32 of ones: cores with a target of the group.

        The group's own core is among them where it holds a target.
        """
        return {
            name: _ones_of(matrix, np.ones(matrix.nnz, dtype=bool))
            for name, matrix in self._synapses_of_all_kinds.items()
        }

    @cached_property
    def packets(self) -> Mapping[str, sparse.csr_array]:
        """Like `destinations`, without each group's own core.

        A spike to a target on its own core adds its weights there, but no message crosses the mesh. Inputs come from
        off the chip, so that every core they reach takes a message.
        """
        result: dict[str, sparse.csr_array] = {}
        for name, matrix in self.destinations.items():
            entries = matrix.tocoo()
            abroad = self.origins[name][entries.row] != entries.col
            kept = (entries.data[abroad], (entries.row[abroad], entries.col[abroad]))
            result[name] = sparse.csr_array(kept, shape=matrix.shape)
        return result

    @cached_property
    def projections(self) -> Mapping[str, Array]:
        """Per projection, (sources,) int64: weights other than zero of each source neuron."""
        return {
            name: synapses[self.groups[population]]
            for population, by_projection in self.projection_synapses.items()
            for name, synapses in by_projection.items()
        }


def _ones_of(matrix: sparse.csr_array, chosen: Array) -> sparse.csr_array:
    """CSR int32 of ones where `chosen` of a matrix's stored entries are."""
    row = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))[chosen]
    ones = np.ones(row.size, dtype=np.int32)
    return sparse.csr_array((ones, (row, matrix.indices[chosen])), shape=matrix.shape)


def count_fan_out(network: Network, target: Target, core_of: Mapping[str, Array]) -> FanOut:
    """Count the synapses of every neuron on every core.

    Time grows with the input axons of all cores times the places of a kernel; memory with the largest population, and
    with groups times the cores that each reaches.

    Parameters
    ----------
    network : what is mapped.
    target : says which projection is stored on which core as which kind of synapse.
    core_of : per population on the chip, (neurons,) int logical core numbers, from 0 without gaps.
    """
    cores = number_of_cores(core_of)
    groups: dict[str, Array] = {}
    origins: dict[str, Array] = {}
    synapses: dict[SynapseKind, dict[str, sparse.csr_array]] = {kind: {} for kind in SYNAPSE_KINDS}
    of_layers: dict[SynapseKind, dict[str, dict[str, sparse.csr_array]]] = {kind: {} for kind in SYNAPSE_KINDS}
    words: dict[str, sparse.csr_array] = {}
    of_projections: dict[str, Mapping[str, Array]] = {}
    for population in network.populations:
        name, outgoing = population.name, network.outgoing(population.name)
        visits = _Visits.of(network, target, core_of, population.size, outgoing, cores)
        own = np.asarray(core_of.get(name, cores), dtype=np.int64)
        number = int(visits.classes.used[0])
        distinct, group = np.unique(own * number + visits.classes.nodes, return_inverse=True)
        groups[name] = group.reshape(-1).astype(np.int32)
        origins[name], nodes = np.divmod(distinct, number)
        if outgoing:
            entries = visits.entries(nodes)
            for kind in sorted(set(visits.kind)):
                of_kind = entries.kind == SYNAPSE_KINDS.index(kind)
                synapses[kind][name] = entries.on_cores(entries.synapses, of_kind)
                of_layers[kind][name] = entries.by_layer(outgoing, of_kind)
            words[name] = entries.on_cores(entries.words)
            of_projections[name] = entries.of_projections(outgoing)
    return FanOut(cores, groups, origins, synapses, words, of_layers, of_projections)


@dataclass(frozen=True, eq=False)
class _Visits:
    """The classes of a population's neurons, and the visits that split them: projections on cores.

    Attributes
    ----------
    classes : one source a neuron.
    projection : per visit, number of the projection among those that leave the population.
    core, kind : per visit.
    cores : number of cores.
    """

    classes: SourceClasses
    projection: list[int]
    core: list[int]
    kind: list[SynapseKind]
    cores: int

    @classmethod
    def of(
        cls,
        network: Network,
        target: Target,
        core_of: Mapping[str, Array],
        neurons: int,
        outgoing: Sequence[Projection],
        cores: int,
    ) -> _Visits:
        result = cls(SourceClasses.empty(neurons), [], [], [], cores)
        for index, projection in enumerate(outgoing):
            hearing = hearing_of(projection, target, network.integer)
            order, starts = neurons_by_core(core_of[projection.target], cores)
            for core in np.flatnonzero(np.diff(starts)).tolist():
                axons = hearing.axons(order[starts[core] : starts[core + 1]])
                result.classes.split(len(result.core), axons.sources, axons.synapses, axons.words)
                result.projection.append(index)
                result.core.append(core)
                result.kind.append(axons.kind)
        return result

    def entries(self, nodes: Array) -> _Entries:
        """What the groups have whose classes these are."""
        offsets, paths = self.classes.paths(nodes)
        visit = paths[:, 0]
        kind = np.asarray([SYNAPSE_KINDS.index(kind) for kind in self.kind], dtype=np.int8)
        return _Entries(
            (nodes.size, self.cores),
            np.repeat(np.arange(nodes.size, dtype=np.int32), np.diff(offsets)),
            np.asarray(self.core, dtype=np.int32)[visit],
            np.asarray(self.projection, dtype=np.int32)[visit],
            kind[visit],
            paths[:, 1],
            paths[:, 2],
        )


@dataclass(frozen=True, eq=False)
class _Entries:
    """What groups have on cores, one entry a group, core and projection; all (entries,) but the shape.

    Attributes
    ----------
    shape : groups and cores.
    """

    shape: tuple[int, int]
    group: Array
    core: Array
    projection: Array
    kind: Array
    synapses: Array
    words: Array

    def on_cores(self, values: Array, chosen: Array | slice = slice(None)) -> sparse.csr_array:
        """(groups, cores) CSR int32, the sums of some entries' values."""
        entries = (values[chosen], (self.group[chosen], self.core[chosen]))
        return sparse.csr_array(sparse.coo_array(entries, shape=self.shape))

    def by_layer(self, projections: Sequence[Projection], chosen: Array) -> dict[str, sparse.csr_array]:
        """Per population that some of the entries lead to, (groups, cores) CSR int32: synapses."""
        result = {}
        for target in dict.fromkeys(projection.target for projection in projections):
            leading = [index for index, projection in enumerate(projections) if projection.target == target]
            here = chosen & np.isin(self.projection, leading)
            if here.any():
                result[target] = self.on_cores(self.synapses, here)
        return result

    def of_projections(self, projections: Sequence[Projection]) -> Mapping[str, Array]:
        """Per projection, (groups,) int64."""
        result = {}
        for index, projection in enumerate(projections):
            here = self.projection == index
            counts = np.bincount(self.group[here], weights=self.synapses[here], minlength=self.shape[0])
            result[projection.name] = counts.astype(np.int64)
        return MappingProxyType(result)
