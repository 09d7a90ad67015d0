"""What projections take of the cores' synaptic memory, and in which format, without listing a kernel's synapses.

`feasibility` counts the same once more in its own way, and shares no code with this file.
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
from .target import ListedSynapses, SynapseKind, SynapticMemory, Target
from .windows import as_convolution, seen_positions

Array = NDArray[Any]
BLOCK = 1 << 24  # weights looked at at a time


@dataclass(frozen=True)
class Memory:
    """What a projection needs of a core's memory.

    Attributes
    ----------
    stored : bits that its synapses take.
    set_aside : bits of a memory that is shared by all uses, see `SharedMemory`; no less than `stored`.
    """

    stored: int
    set_aside: int


class Storage(ABC):
    """One projection in the memories of the cores that hold its targets.

    Attributes
    ----------
    source : name of the population it comes from.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    @abstractmethod
    def needs(self, neurons: Array) -> Memory:
        """Of a core's target neurons, (n,) int ascending; the more neurons, the more bits."""

    @abstractmethod
    def sources(self, neurons: Array) -> Array:
        """(n,) int64 ascending, those that reach some target neurons; maybe more where a kernel holds zeros."""


def storage_of(projection: Projection, target: Target, integer: bool) -> Storage:
    """How a target stores a projection.

    Parameters
    ----------
    integer : whether the weights are those of the chip; others are taken for weights of its full width.
    """
    connectivity, memory = projection.connectivity, target.synaptic_memory
    kernel = kernel_format_of(projection, target, integer)
    convolution = as_convolution(connectivity)
    if kernel is not None and convolution is not None:
        return _KernelStorage(projection.source, convolution, kernel)
    width = weight_bits(connectivity.weights) if integer else None
    formats, aside = ListedFormats.of(memory, width), memory.bits_set_aside
    if isinstance(connectivity, Dense):
        return _MatrixStorage(projection.source, connectivity, formats, aside)
    return _ListStorage(projection.source, connectivity, formats, aside)


def formats_of(projection: Projection, target: Target, integer: bool) -> ListedFormats | None:
    """The formats among which a projection's is chosen core by core; None for a convolution with shared weights."""
    if as_convolution(projection.connectivity) is not None and target.synaptic_memory.convolution is not None:
        return None
    width = weight_bits(projection.connectivity.weights) if integer else None
    return ListedFormats.of(target.synaptic_memory, width)


def kernel_format_of(projection: Projection, target: Target, integer: bool) -> KernelFormat | None:
    """How a convolution's shared weights are stored; None for what is stored as single synapses."""
    connectivity, memory = projection.connectivity, target.synaptic_memory
    if as_convolution(connectivity) is None or memory.convolution is None:
        return None
    # Of the connectivity itself: the planar form of a 1-d convolution has an axis more, with stride 1.
    strided = min(getattr(connectivity, "stride", (1,))) > 1
    width = weight_bits(connectivity.weights) if integer else None
    return KernelFormat(
        memory.convolution.header(strided), *memory.convolution.bits(width), memory.word_bits.value or 1
    )


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
        result[projection.name] = sum(storage.needs(neurons).stored for neurons in np.split(order, starts[1:]))
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

    def words(self, kind: SynapseKind, synapses: Array, neurons: int) -> Array:
        """(axons,) int64, words that each axon takes in one of the formats; see `bits`."""
        if kind == "dense":
            return np.full(synapses.size, _words(self.dense_header + neurons * self.dense_each, self.word), np.int64)
        return np.asarray(_words(self.sparse_header + synapses.astype(np.int64) * self.sparse_each, self.word))


@dataclass(frozen=True)
class KernelFormat:
    """How a kernel is stored once a core, for weights of one width; all numbers in bits.

    Each place of the kernel and input channel takes ceil((header + weights * each + zeros * zero) / word) words, or
    none where no bit of weights and zeros is stored; see `SharedKernel`.
    """

    header: int
    each: int
    zero: int
    word: int


def _words(bits: Any, word: int) -> Any:
    return -(-bits // word)


class _ListedStorage(Storage):
    """Single synapses, dense or sparse."""

    def __init__(self, source: str, formats: ListedFormats, set_aside: int) -> None:
        super().__init__(source)
        self.formats, self.set_aside = formats, set_aside

    @abstractmethod
    def counts(self, neurons: Array) -> Array:
        """(sources,) int, synapses of each source on some target neurons."""

    def needs(self, neurons: Array) -> Memory:
        counts = self.counts(neurons)
        stored = min(self.formats.bits(counts[counts > 0], neurons.size).values())
        return Memory(stored, max(stored, self.set_aside * int(counts.sum())))

    def sources(self, neurons: Array) -> Array:
        return np.flatnonzero(self.counts(neurons))


class _MatrixStorage(_ListedStorage):
    def __init__(self, source: str, dense: Dense, formats: ListedFormats, set_aside: int) -> None:
        super().__init__(source, formats, set_aside)
        self.weights = dense.weights
        self.complete = np.count_nonzero(dense.weights) == dense.weights.size

    def counts(self, neurons: Array) -> Array:
        if self.complete:
            return np.full(self.weights.shape[1], neurons.size)
        rows = max(1, BLOCK // max(1, self.weights.shape[1]))
        counts = np.zeros(self.weights.shape[1], dtype=np.int64)
        for first in range(0, neurons.size, rows):
            counts += np.count_nonzero(self.weights[_index(neurons[first : first + rows])], axis=0)
        return counts


class _ListStorage(_ListedStorage):
    def __init__(self, source: str, connectivity: Connectivity, formats: ListedFormats, set_aside: int) -> None:
        super().__init__(source, formats, set_aside)
        self.matrix: sparse.csr_array = connectivity.to_sparse()

    def counts(self, neurons: Array) -> Array:
        return np.bincount(self.matrix[_index(neurons)].indices, minlength=self.matrix.shape[1])


class _KernelStorage(Storage):
    """A convolution with shared weights."""

    def __init__(self, source: str, convolution: Convolution, kernel: KernelFormat) -> None:
        super().__init__(source)
        self.convolution = convolution
        self.header, self.each, self.zero, self.word = kernel.header, kernel.each, kernel.zero, kernel.word
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

    def needs(self, neurons: Array) -> Memory:
        channels = neurons // self.positions
        channels = channels[np.concatenate([[True], channels[1:] != channels[:-1]])]
        counts = np.bincount(channels // self.group_channels)
        counts = counts[counts > 0]
        if self.zero == self.each:
            words = int(_words(self.header + counts * self.each, self.word).sum())
            return self._shared(self.places * self.inputs * words)
        total = 0
        for part in np.split(channels, np.cumsum(counts)[:-1]):
            stored = np.count_nonzero(self.nonzero[_index(part)], axis=0)
            size = stored * self.each + (part.size - stored) * self.zero
            total += int(_words(self.header + size[size > 0], self.word).sum())
        return self._shared(total)

    def _shared(self, words: int) -> Memory:
        return Memory(self.word * words, self.word * words)

    def sources(self, neurons: Array) -> Array:
        channels, positions = np.divmod(neurons, self.positions)
        input_size = int(np.prod(self.convolution.input_shape[1:]))
        groups = channels // self.group_channels
        if self.inputs == 1:
            # Many groups of one input channel each, so that all neurons are looked at together.
            seen = np.where(self.nonzero[channels, 0].T, self.seen[:, positions], -1)
            return np.unique((groups * input_size + seen)[seen >= 0])
        parts = [np.zeros(0, dtype=np.int64)]
        for group in np.unique(groups):
            here = groups == group
            reached, column = np.unique(self.seen[:, np.unique(positions[here])], return_inverse=True)
            used = self.nonzero[np.unique(channels[here])].any(axis=0)
            channels_in = (group * self.inputs + np.arange(self.inputs)) * input_size
            if used.all():
                found = np.add.outer(channels_in, reached[reached >= 0]).ravel()
            else:
                by_place = np.zeros((self.places, reached.size), dtype=np.float32)
                by_place[np.arange(self.places)[:, None], column.reshape(self.places, -1)] = 1
                inputs, position = np.nonzero((used.astype(np.float32) @ by_place)[:, reached >= 0])
                found = channels_in[inputs] + reached[reached >= 0][position]
            parts.append(found)
        return np.concatenate(parts)


def _index(numbers: Array) -> Array | slice:
    """Ascending numbers as an index that copies nothing where they follow each other."""
    if numbers.size and int(numbers[-1] - numbers[0]) + 1 == numbers.size:
        return slice(int(numbers[0]), int(numbers[-1]) + 1)
    return numbers
