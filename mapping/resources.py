"""The partitioner's account: what some neurons of a population need of a core, without listing a kernel's synapses.

`feasibility.py` counts the same once more from the single synapses, and shares no code with this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..models.connectivity import Connectivity, Convolution, Dense, OneToOne
from ..models.network import Network, Projection
from .target import ListedSynapses, SynapseKind, Target
from .windows import as_convolution, seen_positions

Array = NDArray[Any]
RESOURCES = ("neurons", "synaptic_memory_bits", "input_axons", "output_axons")


@dataclass(frozen=True, eq=False)
class Load:
    """What a core holds.

    Attributes
    ----------
    neurons, synaptic_memory_bits, output_axons : as in `Limits`.
    sources : per population that reaches the core, (neurons,) bool, which of them do; empty where the target does not
        limit input axons.
    """

    neurons: int = 0
    synaptic_memory_bits: int = 0
    output_axons: int = 0
    sources: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def input_axons(self) -> int:
        """Distinct source neurons."""
        return sum(int(np.count_nonzero(mask)) for mask in self.sources.values())


def synapse_kind(connectivity: Connectivity, target: Target) -> SynapseKind:
    """How a target stores a connectivity; a convolution becomes single synapses where weights cannot be shared."""
    if isinstance(connectivity, Dense | OneToOne):
        return "dense"
    if as_convolution(connectivity) is not None and target.synaptic_memory.convolution is not None:
        return "convolution"
    return "sparse"


class Accountant:
    """Adds neurons to the loads of cores.

    Parameters
    ----------
    network, target : what is mapped, and where to.
    output_axons : per population, (neurons,) int, cores that each neuron reaches; a population that is missing
        reaches none. It depends on the finished partition, so that partitioners can only guess it.
    """

    def __init__(self, network: Network, target: Target, output_axons: Mapping[str, Array] | None = None) -> None:
        self.target = target
        self.output_axons = output_axons or {}
        self.limits = {resource: target.limits.of(resource) for resource in RESOURCES}
        self._incoming = {
            population.name: tuple(_account(projection, target) for projection in network.incoming(population.name))
            for population in network.populations
        }

    def add(self, load: Load, population: str, neurons: Array) -> Load:
        """A core's load once it holds more neurons.

        Parameters
        ----------
        load : what it holds already; none of `neurons`, but maybe others of the same population.
        population : name.
        neurons : (n,) int, ascending.
        """
        # Neurons of one population share kernels, so that a second part of it is only ever added to an empty core.
        bits = load.synaptic_memory_bits + sum(part.bits(neurons) for part in self._incoming[population])
        sources = dict(load.sources)
        if self.limits["input_axons"] is not None:
            for part in self._incoming[population]:
                mask = part.sources(neurons)
                sources[part.source] = mask | sources[part.source] if part.source in sources else mask
        outgoing = self.output_axons.get(population)
        axons = load.output_axons + (0 if outgoing is None else int(outgoing[neurons].sum()))
        return Load(load.neurons + neurons.size, bits, axons, sources)

    def exceeded(self, load: Load) -> tuple[str, ...]:
        """Names of the resources of which a load needs more than a core has."""
        return tuple(
            resource for resource, limit in self.limits.items() if limit is not None and getattr(load, resource) > limit
        )


def _account(projection: Projection, target: Target) -> _Part:
    kind = synapse_kind(projection.connectivity, target)
    word = target.synaptic_memory.word_bits.value or 1
    if kind == "convolution":
        convolution = as_convolution(projection.connectivity)
        kernel = target.synaptic_memory.convolution
        assert convolution is not None and kernel is not None
        strided = min(stride for stride in _strides(projection.connectivity)) > 1
        header = kernel.strided_header_bits.value if strided else kernel.header_bits.value
        return _KernelPart(projection.source, convolution, header or 0, kernel.bits_per_weight.value or 0, word)
    listed = target.synaptic_memory.dense if kind == "dense" else target.synaptic_memory.sparse
    if isinstance(projection.connectivity, Dense):
        return _DensePart(projection.source, projection.connectivity, listed, word)
    return _ListedPart(projection.source, projection.connectivity, listed, word)


def _strides(connectivity: Connectivity) -> tuple[int, ...]:
    # Of the connectivity itself: the planar form of a 1-d convolution has an axis more, with stride 1.
    return tuple(getattr(connectivity, "stride", (1,)))


def _words(header: int, bits: Array, word: int) -> Array:
    return -(-(header + bits) // word)


class _Part(ABC):
    """The account of one projection."""

    def __init__(self, source: str) -> None:
        self.source = source

    @abstractmethod
    def bits(self, neurons: Array) -> int:
        """Synaptic memory of some target neurons, in bits."""

    @abstractmethod
    def sources(self, neurons: Array) -> Array:
        """(sources,) bool, those that reach some target neurons."""


class _DensePart(_Part):
    def __init__(self, source: str, dense: Dense, listed: ListedSynapses, word: int) -> None:
        super().__init__(source)
        self.nonzero = dense.weights != 0
        self.complete = bool(self.nonzero.all())
        self.header, self.each, self.word = listed.header_bits.value or 0, listed.bits_per_synapse.value or 0, word

    def bits(self, neurons: Array) -> int:
        axons = int(np.count_nonzero(self.sources(neurons)))
        return axons * self.word * int(_words(self.header, np.asarray(neurons.size * self.each), self.word))

    def sources(self, neurons: Array) -> Array:
        if self.complete:
            return np.full(self.nonzero.shape[1], neurons.size > 0)
        contiguous = neurons.size and neurons[-1] - neurons[0] + 1 == neurons.size
        rows = self.nonzero[neurons[0] : neurons[-1] + 1] if contiguous else self.nonzero[neurons]
        result: Array = rows.any(axis=0)
        return result


class _ListedPart(_Part):
    def __init__(self, source: str, connectivity: Connectivity, listed: ListedSynapses, word: int) -> None:
        super().__init__(source)
        self.matrix: sparse.csr_array = connectivity.to_sparse()
        self.header, self.each, self.word = listed.header_bits.value or 0, listed.bits_per_synapse.value or 0, word

    def _counts(self, neurons: Array) -> Array:
        counts: Array = np.bincount(self.matrix[neurons].indices, minlength=self.matrix.shape[1])
        return counts

    def bits(self, neurons: Array) -> int:
        counts = self._counts(neurons)
        return self.word * int(_words(self.header, counts[counts > 0] * self.each, self.word).sum())

    def sources(self, neurons: Array) -> Array:
        return np.asarray(self._counts(neurons) > 0)


class _KernelPart(_Part):
    """A convolution; its sources are an upper bound where kernels hold zeros."""

    def __init__(self, source: str, convolution: Convolution, header: int, each: int, word: int) -> None:
        super().__init__(source)
        self.convolution, self.header, self.each, self.word = convolution, header, each, word
        channels, height, width = convolution.output_shape
        self.positions = height * width
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

    def bits(self, neurons: Array) -> int:
        groups = np.unique(neurons // self.positions) // self.group_channels
        counts = np.bincount(groups)
        words = _words(self.header, counts[counts > 0] * self.each, self.word).sum()
        return self.word * self.places * self.inputs * int(words)

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
