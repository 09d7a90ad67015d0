"""What the neurons of one core hear through a projection, for every kind of connectivity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Convolution, Dense
from ...models.network import Projection
from ..synaptic_memory import KernelFormat, ListedFormats, formats_of, kernel_format_of
from ..target import SynapseKind, Target
from ..windows import as_convolution, seen_positions
from .core_sets import CoreSets, add_core, hear_through_kernel
from .senders import Senders
from .synapse_counts import count_in_rows, count_in_shared_kernel, count_through_kernel

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Axons:
    """The input axons of a projection on one core.

    Attributes
    ----------
    kind : of the synapses there.
    sources : (axons,) int64, the neurons whose spikes come in, each once, in any order.
    synapses : (axons,) int64, weights other than zero that a spike adds there; at least 1.
    words : (axons,) int64, words of the core's synaptic memory that a spike reads. Of listed synapses, all that the
        axon takes; of a shared kernel, what is stored for the source's channel at each place of the kernel at which any
        neuron of the core sees the source.
    """

    kind: SynapseKind
    sources: Array
    synapses: Array
    words: Array


class Hearing(ABC):
    """A projection, seen from the cores that hold its targets."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, int] | None:
        """Channels and positions of the source; None where every single neuron is told apart."""

    @abstractmethod
    def channel_patterns(self) -> list[tuple[int, bytes]]:
        """For each source channel what tells it from others: at the same position, equal ones reach the same cores."""

    @abstractmethod
    def hear(
        self, neurons: Array, core: int, rates: Array, senders: Senders, sets: CoreSets
    ) -> tuple[SynapseKind, float]:
        """Add a core to the sets of all senders that it hears.

        Parameters
        ----------
        neurons : (n,) int64, ascending, target neurons on the core.
        rates : (senders,) float64, spikes a step.

        Returns
        -------
        Kind of the synapses on this core, and synaptic operations a step.
        """

    @abstractmethod
    def axons(self, neurons: Array) -> Axons:
        """What the spikes of each source do on a core.

        Parameters
        ----------
        neurons : (n,) int64, ascending, target neurons on the core.
        """


def hearing_of(projection: Projection, target: Target, integer: bool) -> Hearing:
    """A projection as a target stores it; `integer` whether the weights are those of the chip."""
    kernel = kernel_format_of(projection, target, integer)
    convolution = as_convolution(projection.connectivity)
    if kernel is not None and convolution is not None:
        return _SharedKernel(convolution, kernel)
    formats = formats_of(projection, target, integer)
    assert formats is not None
    if convolution is not None:
        return _ListedKernel(convolution, formats)
    if isinstance(projection.connectivity, Dense):
        return _Matrix(projection.connectivity, formats)
    return _Listed(projection.connectivity, formats)


class _Kernel:
    """A convolution, laid out for the compiled loops."""

    def __init__(self, convolution: Convolution) -> None:
        channels, inputs = (int(size) for size in convolution.weights.shape[:2])
        self.groups, self.inputs, self.group_channels = convolution.groups, inputs, channels // convolution.groups
        self.nonzero = np.ascontiguousarray((convolution.weights != 0).reshape(channels, inputs, -1))
        self.seen = np.ascontiguousarray(seen_positions(convolution).T, dtype=np.int32)
        self.input_size = int(np.prod(convolution.input_shape[1:]))


class _Counted:
    """Room to count the synapses of each source in; it is all zeros in between."""

    def __init__(self, sources: int) -> None:
        self.counts, self.words = np.zeros((2, sources), dtype=np.int64)
        self.heard = np.empty(sources, dtype=np.int64)


class _SharedKernel(_Kernel, Hearing):
    def __init__(self, convolution: Convolution, form: KernelFormat) -> None:
        super().__init__(convolution)
        self.form = form
        self._blocks: tuple[Senders, tuple[Array, Array]] | None = None

    @cached_property
    def _counted(self) -> _Counted:
        return _Counted(self.groups * self.inputs * self.input_size)

    @property
    def input_shape(self) -> tuple[int, int]:
        return self.groups * self.inputs, self.input_size

    def channel_patterns(self) -> list[tuple[int, bytes]]:
        if self.nonzero.all():
            return [(channel // self.inputs, b"") for channel in range(self.groups * self.inputs)]
        by_group = self.nonzero.reshape(self.groups, self.group_channels, self.inputs, -1)
        packed = np.packbits(by_group.swapaxes(1, 2).reshape(self.groups * self.inputs, -1), axis=1)
        return [(channel // self.inputs, row.tobytes()) for channel, row in enumerate(packed)]

    def hear(
        self, neurons: Array, core: int, rates: Array, senders: Senders, sets: CoreSets
    ) -> tuple[SynapseKind, float]:
        first, blocks = self._blocks_of(senders)
        operations = hear_through_kernel(
            neurons, core, self.seen, self.nonzero, self.group_channels, first, blocks, self.input_size, rates,
            sets.senders, sets.tree, sets.used,
        )  # fmt: skip
        return "convolution", operations

    def axons(self, neurons: Array) -> Axons:
        room, form = self._counted, self.form
        found = count_in_shared_kernel(
            neurons, self.seen, self.nonzero, self.group_channels, self.input_size,
            (form.header, form.each, form.zero, form.word), room.counts, room.words, room.heard,
        )  # fmt: skip
        heard = room.heard[:found]
        synapses, words = room.counts[heard], room.words[heard]
        room.counts[heard] = room.words[heard] = 0
        reached = synapses > 0  # others have but zeros there, and send nothing
        return Axons("convolution", heard[reached], synapses[reached], words[reached])

    def _blocks_of(self, senders: Senders) -> tuple[Array, Array]:
        """The blocks of each group; see `hear_through_kernel`."""
        if self._blocks is None or self._blocks[0] is not senders:
            channels = self.groups * self.inputs
            # Where others tell every neuron apart, a channel is a block here.
            of_channel = np.arange(channels) if senders.positions != self.input_size else senders.block_of
            number, begins = np.unique(of_channel, return_index=True)
            order = np.argsort(begins)
            group, channel = np.divmod(begins[order], self.inputs)
            first = np.searchsorted(group, np.arange(self.groups + 1)).astype(np.int64)
            self._blocks = senders, (first, np.stack([number[order], channel], axis=1).astype(np.int64))
        return self._blocks[1]


class _ListedSynapses(Hearing):
    """Single synapses, dense or sparse, whichever takes fewer bits on a core."""

    def __init__(self, formats: ListedFormats) -> None:
        self.formats = formats

    @property
    def input_shape(self) -> None:
        return None

    def channel_patterns(self) -> list[tuple[int, bytes]]:
        raise AssertionError("every single neuron is told apart")

    @abstractmethod
    def synapses(self, neurons: Array) -> tuple[Array, Array]:
        """Sources with a synapse on some target neurons, and how many they have there, (n,) int64 both."""

    def hear(
        self, neurons: Array, core: int, rates: Array, senders: Senders, sets: CoreSets
    ) -> tuple[SynapseKind, float]:
        heard, synapses = self.synapses(neurons)
        add_core(core, 0, heard, sets.senders, sets.tree, sets.used)
        # A product of vectors might be shared out among threads, and its last bits depend on how many there are.
        return self.formats.kind(synapses, neurons.size), float((synapses * rates[heard]).sum())

    def axons(self, neurons: Array) -> Axons:
        heard, synapses = self.synapses(neurons)
        kind = self.formats.kind(synapses, neurons.size)
        return Axons(kind, heard, synapses, self.formats.words(kind, synapses, neurons.size))


class _Matrix(_ListedSynapses):
    def __init__(self, dense: Dense, formats: ListedFormats) -> None:
        super().__init__(formats)
        self.weights = dense.weights

    def synapses(self, neurons: Array) -> tuple[Array, Array]:
        together = int(neurons[-1]) - int(neurons[0]) + 1 == neurons.size
        rows = self.weights[neurons[0] : neurons[-1] + 1] if together else self.weights[neurons]
        counts = np.asarray(np.sum(rows != 0, axis=0, dtype=np.int64))
        heard = np.flatnonzero(counts)
        return heard, counts[heard]


class _CountedSynapses(_ListedSynapses):
    """Synapses that are counted one by one."""

    def __init__(self, sources: int, formats: ListedFormats) -> None:
        super().__init__(formats)
        self._counts = np.zeros(sources, dtype=np.int64)
        self._heard = np.empty(sources, dtype=np.int64)

    @abstractmethod
    def count(self, neurons: Array, counts: Array, heard: Array) -> int:
        """As `count_through_kernel`."""

    def synapses(self, neurons: Array) -> tuple[Array, Array]:
        heard = self._heard[: self.count(neurons, self._counts, self._heard)]
        counts = self._counts[heard]
        self._counts[heard] = 0
        return heard, counts


class _ListedKernel(_CountedSynapses):
    def __init__(self, convolution: Convolution, formats: ListedFormats) -> None:
        super().__init__(convolution.sources, formats)
        self.kernel = _Kernel(convolution)

    def count(self, neurons: Array, counts: Array, heard: Array) -> int:
        kernel = self.kernel
        return count_through_kernel(
            neurons, kernel.seen, kernel.nonzero, kernel.group_channels, kernel.input_size, counts, heard
        )


class _Listed(_CountedSynapses):
    def __init__(self, connectivity: Connectivity, formats: ListedFormats) -> None:
        super().__init__(connectivity.sources, formats)
        matrix = connectivity.to_sparse()
        self.offsets, self.indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)

    def count(self, neurons: Array, counts: Array, heard: Array) -> int:
        return count_in_rows(neurons, self.offsets, self.indices, counts, heard)
