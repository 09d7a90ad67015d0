"""Which neurons of a population are sure to reach the same cores, whatever the partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Connected(Protocol):
    """A projection, as far as it decides which source neurons are told apart."""

    @property
    def input_shape(self) -> tuple[int, int] | None:
        """Channels and positions of the source; None where every single neuron is told apart."""
        ...

    def channel_patterns(self) -> list[tuple[int, bytes]]:
        """For each source channel what tells it from others: at the same position, equal ones reach the same cores."""
        ...


@dataclass(frozen=True, eq=False)
class Senders:
    """A population's neurons in blocks of channels; what a block has at one position is one sender.

    Attributes
    ----------
    block_of : (channels,) int32, in the order in which they begin.
    positions : number of positions of a channel.
    blocks : number of blocks.
    """

    block_of: Array
    positions: int
    blocks: int

    @classmethod
    def of(cls, neurons: int, projections: Sequence[Connected]) -> Senders:
        """Senders of a population, from all that leaves it."""
        shapes = {projection.input_shape for projection in projections}
        shape = shapes.pop() if len(shapes) == 1 else None
        if shape is None:
            return cls(np.arange(neurons, dtype=np.int32), 1, neurons)
        numbers: dict[tuple[tuple[int, bytes], ...], int] = {}
        patterns = zip(*(projection.channel_patterns() for projection in projections), strict=True)
        block_of = [numbers.setdefault(pattern, len(numbers)) for pattern in patterns]
        return cls(np.asarray(block_of, dtype=np.int32), shape[1], len(numbers))

    @property
    def size(self) -> int:
        """Number of senders."""
        return self.blocks * self.positions

    @property
    def single(self) -> bool:
        """Whether every neuron is a sender of its own."""
        return self.blocks == self.block_of.size

    def rates(self, rate: Array) -> Array:
        """(senders,) float64, spikes of all neurons of a sender, from those of each neuron or, (1,), of any."""
        if rate.size == 1:
            return np.repeat(np.bincount(self.block_of, minlength=self.blocks) * rate[0], self.positions)
        if self.single:
            return rate
        total = np.zeros((self.blocks, self.positions))
        np.add.at(total, self.block_of, rate.reshape(-1, self.positions))
        return total.ravel()
