"""The weights of a projection as the memories of its cores hold them: what can break by itself.

A synapse in a list or a matrix is stored once, on the core of its target. A shared kernel is stored on every core that
holds some of its targets, and all of them there use that copy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ....backends.program import Program
from ....mapping.synaptic_memory import kernel_format_of
from ....mapping.traffic.hearing import hearing_of
from ....mapping.windows import as_convolution
from ....models.connectivity import Connectivity, Convolution, Dense, Sparse
from ....models.errors import UnsupportedModelError
from ....models.network import Projection

Array = NDArray[Any]
MOST_SYNAPSES = 30_000_000  # that are listed one by one: some gigabytes


class StoredWeights(ABC):
    """What a projection's cores store.

    Attributes
    ----------
    weights : (cells,) int64, in any order, but always the same.
    """

    weights: Array

    @abstractmethod
    def connectivity(self, weights: Array) -> Connectivity:
        """The projection's synapses where the cells hold other weights, (cells,) int64."""


@dataclass(frozen=True, eq=False)
class ListedWeights(StoredWeights):
    """A cell for each synapse, and in dense rows for each zero.

    Attributes
    ----------
    rows, columns : (cells,) int64, target and source of each.
    whole : the projection's own connectivity.
    """

    weights: Array
    rows: Array
    columns: Array
    whole: Connectivity

    def connectivity(self, weights: Array) -> Connectivity:
        stored = weights.astype(self.whole.weights.dtype)
        if isinstance(self.whole, Dense):
            matrix = self.whole.weights.copy()
            matrix[self.rows, self.columns] = stored
            return Dense(matrix)
        shape = self.whole.targets, self.whole.sources
        return Sparse.from_matrix(sparse.csr_array((stored, (self.rows, self.columns)), shape=shape))


@dataclass(frozen=True, eq=False)
class KernelCopy:
    """What a core stores of a kernel.

    Attributes
    ----------
    neurons : (n,) int64, ascending, the targets on the core.
    cells : (cells,) int64, the stored ones of the kernel's weights, flat.
    """

    neurons: Array
    cells: Array


@dataclass(frozen=True, eq=False)
class KernelWeights(StoredWeights):
    """A cell for each weight of a kernel on each core that uses it.

    Attributes
    ----------
    convolution : planar, with the weights as they should be.
    copies : one a core.
    """

    weights: Array
    convolution: Convolution
    copies: tuple[KernelCopy, ...]

    def connectivity(self, weights: Array) -> Connectivity:
        ends = np.cumsum([copy.cells.size for copy in self.copies])
        kernels = []
        for copy, part in zip(self.copies, np.split(weights, ends[:-1]), strict=True):
            kernel = self.convolution.weights.copy()
            kernel.reshape(-1)[copy.cells] = part
            kernels.append(self.convolution.with_weights(kernel))
        if len(kernels) == 1:
            return kernels[0]
        # Positions that use different copies have no kernel in common any more.
        parts = [kernel.to_sparse()[copy.neurons] for kernel, copy in zip(kernels, self.copies, strict=True)]
        order = np.argsort(np.concatenate([copy.neurons for copy in self.copies]))
        return Sparse.from_matrix(sparse.csr_array(sparse.vstack(parts, format="csr")[order]))


def stored_weights(projection: Projection, program: Program) -> StoredWeights:
    """The cells of a projection on its cores.

    Raises
    ------
    UnsupportedModelError : there are too many synapses to list.
    """
    cores = program.mapping.core_of[projection.target]
    kernel = kernel_format_of(projection, program.target, integer=True)
    convolution = as_convolution(projection.connectivity)
    if kernel is not None and convolution is not None:
        together = _kernels_in_one(convolution, cores)
        return _kernels(convolution, np.zeros_like(cores) if together else cores, zeros=kernel.zero > 0)
    return _listed(projection, program, cores)


def shared_by_all_cores(program: Program) -> tuple[str, ...]:
    """Layers of which all cores are taken to use one copy of a kernel, since their synapses are too many to list."""
    found = []
    for projection in program.network.projections:
        convolution = as_convolution(projection.connectivity)
        stored = kernel_format_of(projection, program.target, integer=True)
        cores = program.mapping.core_of[projection.target]
        if stored is not None and convolution is not None and _kernels_in_one(convolution, cores):
            found.append(projection.target)
    return tuple(dict.fromkeys(found))


def _kernels_in_one(convolution: Convolution, cores: Array) -> bool:
    copies = np.unique(cores).size
    return copies > 1 and copies * convolution.synapses() > MOST_SYNAPSES


def _kernels(convolution: Convolution, cores: Array, zeros: bool) -> KernelWeights:
    channels = convolution.output_shape[0]
    positions = convolution.targets // channels
    numbers = np.arange(convolution.weights.size).reshape(channels, -1)
    copies = []
    for core in np.unique(cores):
        neurons = np.flatnonzero(cores == core)
        cells = numbers[np.unique(neurons // positions)].reshape(-1)
        if not zeros:
            cells = cells[convolution.weights.reshape(-1)[cells] != 0]
        copies.append(KernelCopy(neurons, cells))
    flat = convolution.weights.reshape(-1).astype(np.int64)
    return KernelWeights(np.concatenate([flat[copy.cells] for copy in copies]), convolution, tuple(copies))


def _listed(projection: Projection, program: Program, cores: Array) -> ListedWeights:
    whole = projection.connectivity
    synapses = whole.synapses()
    if synapses > MOST_SYNAPSES:
        raise UnsupportedModelError(
            f"Projection {projection.name!r} has {synapses:,} single synapses on {program.target.name}; faults of "
            f"single weights are for {MOST_SYNAPSES:,} at most: leave them out (--kinds, --layers)."
        )
    hearing = hearing_of(projection, program.target, integer=True)
    matrix = whole.to_sparse()
    rows, columns = [], []
    for core in np.unique(cores):
        neurons = np.flatnonzero(cores == core)
        axons = hearing.axons(neurons)
        if axons.kind == "dense":
            sources = np.sort(axons.sources)
            rows.append(np.repeat(neurons, sources.size))
            columns.append(np.tile(sources, neurons.size))
        else:
            here = matrix[neurons].tocoo()
            rows.append(neurons[here.row])
            columns.append(here.col.astype(np.int64))
    row, column = np.concatenate(rows), np.concatenate(columns)
    if isinstance(whole, Dense):
        values = whole.weights[row, column]
    else:
        values = np.asarray(matrix[row, column]).reshape(-1)
    return ListedWeights(values.astype(np.int64), row, column, whole)
