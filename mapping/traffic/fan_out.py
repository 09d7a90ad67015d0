"""How many synapses each neuron has on each core, counted without listing a convolution's synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.connectivity import Connectivity, Convolution, Dense
from ...models.network import Network
from ..synapse_formats import SYNAPSE_KINDS
from ..synaptic_memory import ListedFormats, formats_of
from ..target import SynapseKind, Target
from ..windows import as_convolution, seen_positions
from .neuron_groups import number_of_cores

Array = NDArray[Any]
BLOCK = 1 << 24  # counts held at a time


@dataclass(frozen=True, eq=False)
class FanOut:
    """Where the spikes of each neuron go.

    Attributes
    ----------
    cores : number of logical cores.
    core_of : per population on the chip, (neurons,) int.
    synapses : per kind of synapse and population that has any of it, (neurons, cores) CSR int64: weights other than
        zero that a spike of the neuron adds on the core, which holds them as synapses of this kind.
    projections : per projection, (sources,) int64: weights other than zero of each source neuron.
    """

    cores: int
    core_of: Mapping[str, Array]
    synapses: Mapping[str, Mapping[str, sparse.csr_array]]
    projections: Mapping[str, Array]

    @cached_property
    def destinations(self) -> Mapping[str, sparse.csr_array]:
        """Per population with any synapse, (neurons, cores) CSR int64 of ones: cores that hold a target of the neuron.

        The neuron's own core is among them where it holds a target.
        """
        result: dict[str, sparse.csr_array] = {}
        for by_population in self.synapses.values():
            for name, counts in by_population.items():
                result[name] = result[name] + counts if name in result else counts.copy()
        for matrix in result.values():
            matrix.data = np.ones_like(matrix.data)
        return result

    @cached_property
    def packets(self) -> Mapping[str, sparse.csr_array]:
        """Like `destinations`, without each neuron's own core.

        A spike to a target on its own core adds its weights there, but no message crosses the mesh. Inputs come from
        off the chip, so that every core they reach takes a message.
        """
        result: dict[str, sparse.csr_array] = {}
        for name, matrix in self.destinations.items():
            if name in self.core_of:
                entries = matrix.tocoo()
                abroad = self.core_of[name][entries.row] != entries.col
                kept = (entries.data[abroad], (entries.row[abroad], entries.col[abroad]))
                matrix = sparse.csr_array(kept, shape=matrix.shape)
            result[name] = matrix
        return result

    def origin(self, population: str) -> Array:
        """(neurons,) the core of each neuron of a population that has any synapse; `cores` for the input."""
        if population in self.core_of:
            return self.core_of[population]
        return np.full(self.destinations[population].shape[0], self.cores)

    def packets_between(self, spikes: Mapping[str, Array | float]) -> sparse.csr_array:
        """Messages between cores.

        Parameters
        ----------
        spikes : per population, (neurons,) spikes, or spikes a step, or one number for all its neurons. A population
            that is missing counts as one spike a neuron.

        Returns
        -------
        (cores + 1, cores) CSR float64, from row to column; the last row is the input.
        """
        result = sparse.csr_array((self.cores + 1, self.cores))
        for name, matrix in self.packets.items():
            neurons = matrix.shape[0]
            weight = np.broadcast_to(np.asarray(spikes.get(name, 1.0), dtype=float), neurons)
            sent = (weight, (self.origin(name), np.arange(neurons)))
            result = result + sparse.csr_array(sent, shape=(self.cores + 1, neurons)) @ matrix
        return sparse.csr_array(result)


def count_fan_out(network: Network, target: Target, core_of: Mapping[str, Array]) -> FanOut:
    """Count the synapses of every neuron on every core.

    Parameters
    ----------
    network : what is mapped.
    target : says which projection is stored on which core as which kind of synapse.
    core_of : per population on the chip, (neurons,) int logical core numbers, from 0 without gaps.
    """
    cores = number_of_cores(core_of)
    synapses: dict[str, dict[str, sparse.csr_array]] = {kind: {} for kind in SYNAPSE_KINDS}
    projections: dict[str, Array] = {}
    for projection in network.projections:
        counts = _synapses_on_cores(projection.connectivity, core_of[projection.target], cores)
        neurons = np.bincount(core_of[projection.target], minlength=cores)
        for kind, part in _by_kind(counts, neurons, formats_of(projection, target, network.integer)).items():
            old = synapses[kind].get(projection.source)
            synapses[kind][projection.source] = part if old is None else sparse.csr_array(old + part)
        projections[projection.name] = np.asarray(counts.sum(axis=1)).ravel().astype(np.int64)
    return FanOut(cores, core_of, synapses, projections)


def _by_kind(
    counts: sparse.csr_array, neurons: Array, formats: ListedFormats | None
) -> dict[SynapseKind, sparse.csr_array]:
    """(sources, cores) CSR synapses of a projection apart by the kind that each core stores them as."""
    if formats is None:
        return {"convolution": counts}
    columns = counts.tocsc()
    kinds: dict[SynapseKind, list[int]] = {}
    for core in np.flatnonzero(neurons):
        axons = columns.data[columns.indptr[core] : columns.indptr[core + 1]]
        kinds.setdefault(formats.kind(axons, int(neurons[core])), []).append(int(core))
    if len(kinds) == 1:
        return dict.fromkeys(kinds, counts)
    entries = counts.tocoo()
    result: dict[SynapseKind, sparse.csr_array] = {}
    for kind, cores in kinds.items():
        here = np.isin(entries.col, cores)
        result[kind] = sparse.csr_array(
            (entries.data[here], (entries.row[here], entries.col[here])), shape=counts.shape
        )
    return result


def _synapses_on_cores(connectivity: Connectivity, core_of: Array, cores: int) -> sparse.csr_array:
    """(sources, cores) CSR int64 of weights other than zero."""
    used, local = np.unique(core_of, return_inverse=True)
    convolution = as_convolution(connectivity)
    if convolution is not None:
        counts = _of_convolution(convolution, local, used.size)
    elif isinstance(connectivity, Dense):
        order = np.argsort(local, kind="stable")
        starts = np.searchsorted(local[order], np.arange(used.size))
        nonzero = connectivity.weights[order] != 0
        counts = sparse.csr_array(np.add.reduceat(nonzero, starts, axis=0, dtype=np.int64).T)
    else:
        matrix = connectivity.to_sparse()
        matrix.data = np.ones(matrix.data.size, dtype=np.int64)
        ones = np.ones(local.size, dtype=np.int64)
        on_core = sparse.csr_array((ones, (local, np.arange(local.size))), shape=(used.size, local.size))
        counts = sparse.csr_array((on_core @ matrix).T)
    entries = counts.tocoo()
    return sparse.csr_array(
        (entries.data.astype(np.int64), (entries.row, used[entries.col])), shape=(connectivity.sources, cores)
    )


def _of_convolution(convolution: Convolution, core_of: Array, cores: int) -> sparse.csr_array:
    """As `_synapses_on_cores`, by kernel places instead of by synapses."""
    channels, height, width = convolution.output_shape
    inputs, outputs = int(convolution.weights.shape[1]), channels // convolution.groups
    seen = seen_positions(convolution)
    input_size = int(np.prod(convolution.input_shape[1:]))
    nonzero = (convolution.weights != 0).reshape(convolution.groups, outputs, inputs, -1)
    by_group = core_of.reshape(convolution.groups, outputs, height * width)
    blocks = []
    for group in range(convolution.groups):
        # A pair is an output position and a core that holds some channels there; all of them see the same inputs.
        pairs, member = np.unique(np.arange(height * width) * cores + by_group[group], return_inverse=True)
        position, core = pairs // cores, pairs % cores
        channel = np.repeat(np.arange(outputs), height * width)
        holds = sparse.csr_array((np.ones(channel.size, np.float32), (member.ravel(), channel)))
        chunk = max(1, BLOCK // (input_size * cores))
        for first in range(0, inputs, chunk):
            kernels = nonzero[group, :, first : first + chunk].astype(np.float32)
            total = np.zeros((kernels.shape[1], input_size * cores), dtype=np.int64)
            for place in range(seen.shape[0]):
                inside = np.flatnonzero(seen[place][position] >= 0)
                where = seen[place][position[inside]] * cores + core[inside]
                total[:, where] += (holds[inside] @ kernels[:, :, place]).T.astype(np.int64)
            row, column = np.nonzero(total)
            source = (group * inputs + first + row) * input_size + column // cores
            blocks.append((source, column % cores, total[row, column]))
    source, column, count = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return sparse.csr_array((count, (source, column)), shape=(convolution.sources, cores))
