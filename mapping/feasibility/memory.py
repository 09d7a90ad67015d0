"""What a projection takes of a core's memory, as the target stores it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Convolution, Pool
from ...models.network import Projection
from ..target import Target
from .arrivals import Arrival
from .sources import Windows

Array = NDArray[Any]
BLOCK = 1_000_000  # weights looked at at a time


@dataclass(frozen=True)
class Memory:
    """How a target stores a projection.

    Attributes
    ----------
    projection, target : what is stored, and where.
    width : bits of its weights; None for the target's full width.
    """

    projection: Projection
    target: Target
    width: int | None

    @classmethod
    def of(cls, projection: Projection, target: Target, integer: bool) -> Memory:
        """Of a projection with the weights of the chip (`integer`), or with others."""
        return cls(projection, target, width_of(projection.connectivity.weights) if integer else None)

    def bits(self, arrival: Arrival) -> tuple[int, int]:
        """Bits stored on a core, and bits set aside where the memory is one for all uses."""
        connectivity, model = self.projection.connectivity, self.target.synaptic_memory
        word = int(model.word_bits.value or 1)
        if isinstance(connectivity, Convolution | Pool) and model.convolution is not None:
            kernel = model.convolution
            every_axis = all(stride > 1 for stride in connectivity.stride)
            header = (kernel.strided_header_bits if every_axis else kernel.header_bits).value or 0
            each, zero = kernel.bits_per_weight.at(self.width), kernel.bits_per_zero.value
            assert isinstance(arrival.view, Windows)
            sizes = arrival.view.kernel_bits(arrival.neurons, header, each, each if zero is None else min(zero, each))
            stored = _in_words(sizes, word)
            return stored, stored
        alternatives = []
        counts = arrival.counts
        every_target = np.full_like(counts, arrival.neurons.size)
        for listed, entries in ((model.sparse, counts), (model.dense, every_target)):
            sizes = (listed.header_bits.value or 0) + entries * listed.bits_per_synapse.at(self.width)
            alternatives.append(_in_words(sizes, word))
        stored = min(alternatives)
        aside = 0 if model.shared is None else int(counts.sum()) * (model.shared.bits_per_listed_synapse.value or 0)
        return stored, max(stored, aside)


def _in_words(sizes: Array, word: int) -> int:
    return int(((sizes + word - 1) // word).sum()) * word


def width_of(weights: Array) -> int:
    """Bits of the narrowest cell that can hold any of the weights, all of them halved while all are even.

    Parameters
    ----------
    weights : integers in -256..255, of any shape.
    """
    occurs = np.zeros(512, dtype=bool)
    flat = weights.reshape(-1)
    for first in range(0, flat.size, BLOCK):
        occurs[flat[first : first + BLOCK].astype(np.int64) + 256] = True
    values = [int(number) - 256 for number in np.flatnonzero(occurs) if number != 256]
    while values and all(value % 2 == 0 for value in values):
        values = [value // 2 for value in values]
    if not values:
        return 0
    bits = 1
    if min(values) < 0 < max(values):
        while min(values) < -(2 ** (bits - 1)) or max(values) >= 2 ** (bits - 1):
            bits += 1
    else:
        while max(abs(value) for value in values) >= 2**bits:
            bits += 1
    return bits
