"""What projections take of the cores' synaptic memory, and in which format, without listing a kernel's synapses.

`feasibility.py` counts the same once more from the single synapses, and shares no code with this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..models.connectivity import Connectivity, Convolution, Dense
from ..models.network import Network, Projection
from .features import weight_bits
from .target import ListedSynapses, SharedKernel, SynapseKind, SynapticMemory, Target
from .windows import as_convolution, seen_positions

Array = NDArray[Any]


class Storage(ABC):
    """One projection in the memories of the cores that hold its targets.

    Attributes
    ----------
    source : name of the population it comes from.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    @abstractmethod
    def bits(self, neurons: Array) -> int:
        """Synaptic memory of a core's target neurons, (n,) int ascending, in bits; the more neurons, the more bits."""

    @abstractmethod
    def sources(self, neurons: Array) -> Array:
        """(sources,) bool, those that reach some target neurons; an upper bound where a kernel holds zeros."""


def storage_of(projection: Projection, target: Target, integer: bool) -> Storage:
    """How a target stores a projection.

    Parameters
    ----------
    integer : whether the weights are those of the chip; others are taken for weights of its full width.
    """
    connectivity, memory = projection.connectivity, target.synaptic_memory
    width = weight_bits(connectivity.weights) if integer else None
    word = memory.word_bits.value or 1
    convolution = as_convolution(connectivity)
    if convolution is not None and memory.convolution is not None:
        # Of the connectivity itself: the planar form of a 1-d convolution has an axis more, with stride 1.
        strided = min(getattr(connectivity, "stride", (1,))) > 1
        return _KernelStorage(projection.source, convolution, memory.convolution, strided, width, word)
    formats = ListedFormats.of(memory, width)
    if isinstance(connectivity, Dense):
        return _MatrixStorage(projection.source, connectivity, formats)
    return _ListStorage(projection.source, connectivity, formats)


def formats_of(projection: Projection, target: Target, integer: bool) -> ListedFormats | None:
    """The formats among which a projection's is chosen core by core; None for a convolution with shared weights."""
    if as_convolution(projection.connectivity) is not None and target.synaptic_memory.convolution is not None:
        return None
    width = weight_bits(projection.connectivity.weights) if integer else None
    return ListedFormats.of(target.synaptic_memory, width)


def memory_of_projections(network: Network, target: Target, core_of: Mapping[str, Array]) -> dict[str, int]:
    """Bits of synaptic memory that each projection takes, over all cores.

    Parameters
    ----------
    core_of : per population on the chip, (neurons,) int logical core numbers.
    """
    result = {}
    for projection in network.projections:
        storage = storage_of(projection, target, network.integer)
        cores = core_of[projection.target]
        order = np.argsort(cores, kind="stable")
        starts = np.unique(cores[order], return_index=True)[1]
        result[projection.name] = sum(storage.bits(neurons) for neurons in np.split(order, starts[1:]))
    return result


@dataclass(frozen=True)
class ListedFormats:
    """Both ways of storing single synapses, for weights of one width; all numbers in bits.

    Attributes
    ----------
    dense_header, sparse_header : of an axon.
    dense_each : of a neuron on the core, whether or not the axon has a synapse to it.
    sparse_each : of a synapse.
    word : the unit in which memory is given out.
    """

    dense_header: int
    dense_each: int
    sparse_header: int
    sparse_each: int
    word: int

    @classmethod
    def of(cls, memory: SynapticMemory, width: int | None) -> ListedFormats:
        """A target's formats; `width` in bits, or None for the full one."""

        def sizes(listed: ListedSynapses) -> tuple[int, int]:
            return listed.header_bits.value or 0, listed.bits_per_synapse.at(width)

        return cls(*sizes(memory.dense), *sizes(memory.sparse), memory.word_bits.value or 1)

    def bits(self, synapses: Array, neurons: int) -> dict[SynapseKind, int]:
        """What each format takes on a core.

        Parameters
        ----------
        synapses : (axons,) int, above 0: synapses of each axon on the core.
        neurons : number of target neurons on the core.
        """
        dense = synapses.size * _words(self.dense_header + neurons * self.dense_each, self.word)
        listed = _words(self.sparse_header + synapses.astype(np.int64) * self.sparse_each, self.word)
        return {"dense": int(dense) * self.word, "sparse": int(listed.sum()) * self.word}

    def kind(self, synapses: Array, neurons: int) -> SynapseKind:
        """The format that takes fewer bits; dense where both take the same."""
        bits = self.bits(synapses, neurons)
        return min(bits, key=lambda kind: bits[kind])


def _words(bits: Any, word: int) -> Any:
    return -(-bits // word)


class _ListedStorage(Storage):
    """Single synapses, dense or sparse."""

    def __init__(self, source: str, formats: ListedFormats) -> None:
        super().__init__(source)
        self.formats = formats

    @abstractmethod
    def counts(self, neurons: Array) -> Array:
        """(sources,) int, synapses of each source on some target neurons."""

    def bits(self, neurons: Array) -> int:
        counts = self.counts(neurons)
        return min(self.formats.bits(counts[counts > 0], neurons.size).values())

    def sources(self, neurons: Array) -> Array:
        return np.asarray(self.counts(neurons) > 0)


class _MatrixStorage(_ListedStorage):
    def __init__(self, source: str, dense: Dense, formats: ListedFormats) -> None:
        super().__init__(source, formats)
        self.nonzero = dense.weights != 0
        self.complete = bool(self.nonzero.all())

    @cached_property
    def _before(self) -> Array:
        """(targets + 1, sources) int32, synapses of each source on the targets before one."""
        return _running_sum(self.nonzero)

    def counts(self, neurons: Array) -> Array:
        if self.complete:
            return np.full(self.nonzero.shape[1], neurons.size)
        if _contiguous(neurons):
            return np.asarray(self._before[neurons[-1] + 1] - self._before[neurons[0]])
        return np.asarray(np.count_nonzero(self.nonzero[neurons], axis=0))


class _ListStorage(_ListedStorage):
    def __init__(self, source: str, connectivity: Connectivity, formats: ListedFormats) -> None:
        super().__init__(source, formats)
        self.matrix: sparse.csr_array = connectivity.to_sparse()

    def counts(self, neurons: Array) -> Array:
        return np.bincount(self.matrix[neurons].indices, minlength=self.matrix.shape[1])


class _KernelStorage(Storage):
    """A convolution with shared weights."""

    def __init__(
        self, source: str, convolution: Convolution, kernel: SharedKernel, strided: bool, width: int | None, word: int
    ) -> None:
        super().__init__(source)
        self.convolution, self.word = convolution, word
        self.header = (kernel.strided_header_bits if strided else kernel.header_bits).value or 0
        self.each = kernel.bits_per_weight.at(width)
        free = kernel.bits_per_zero.value
        self.zero = self.each if free is None else min(free, self.each)
        channels, height, across = convolution.output_shape
        self.positions = height * across
        self.group_channels = channels // convolution.groups
        self.inputs = int(convolution.weights.shape[1])
        self.places = int(np.prod(convolution.kernel))

    @cached_property
    def seen(self) -> Array:
        """See `seen_positions`."""
        return seen_positions(self.convolution)

    @cached_property
    def nonzero(self) -> Array:
        """(output channels, inputs of a group, kernel places) bool."""
        pattern: Array = self.convolution.weights != 0
        return pattern.reshape(*pattern.shape[:2], -1)

    @cached_property
    def _before(self) -> Array:
        """(output channels + 1, inputs of a group * kernel places) int32, weights other than zero of those before."""
        return _running_sum(self.nonzero.reshape(self.nonzero.shape[0], -1))

    def bits(self, neurons: Array) -> int:
        channels = np.unique(neurons // self.positions)
        counts = np.bincount(channels // self.group_channels)
        if self.zero == self.each:
            words = int(_words(self.header + counts[counts > 0] * self.each, self.word).sum())
            return self.word * self.places * self.inputs * words
        total = 0
        for part in np.split(channels, np.cumsum(counts[counts > 0])[:-1]):
            stored = self._weights(part)
            size = stored * self.each + (part.size - stored) * self.zero
            total += int(_words(self.header + size[size > 0], self.word).sum())
        return self.word * total

    def _weights(self, channels: Array) -> Array:
        """(inputs of a group * kernel places,) weights other than zero of some channels of one group."""
        if _contiguous(channels):
            return np.asarray(self._before[channels[-1] + 1] - self._before[channels[0]])
        return np.asarray(np.count_nonzero(self.nonzero[channels], axis=0).ravel())

    def sources(self, neurons: Array) -> Array:
        channels, positions = neurons // self.positions, neurons % self.positions
        input_size = int(np.prod(self.convolution.input_shape[1:]))
        mask = np.zeros((self.convolution.groups, self.inputs, input_size), dtype=bool)
        groups = channels // self.group_channels
        for group in np.unique(groups):
            here = groups == group
            seen = self.seen[:, np.unique(positions[here])]
            reached = np.zeros((self.places, input_size + 1), dtype=bool)
            reached[np.arange(self.places)[:, None], seen] = True  # -1, outside, falls into the last column
            used = self.nonzero[np.unique(channels[here])].any(axis=0)
            if used.all():
                mask[group] = reached[:, :-1].any(axis=0)
            else:
                mask[group] = used.astype(np.float32) @ reached[:, :-1].astype(np.float32) > 0
        return mask.ravel()


def _contiguous(numbers: Array) -> bool:
    return bool(numbers.size) and int(numbers[-1] - numbers[0]) + 1 == numbers.size


def _running_sum(pattern: Array) -> Array:
    """(rows + 1, columns) int32: of each column, how many are set in the rows before."""
    # Cores hold neighbouring neurons most of the time, and how many is tried over and over.
    before = np.zeros((pattern.shape[0] + 1, pattern.shape[1]), dtype=np.int32)
    np.cumsum(pattern, axis=0, out=before[1:])
    return before
