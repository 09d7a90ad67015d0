"""Memory cells that hold weights, and what can happen to what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ....mapping.features import weight_bits

Array = NDArray[Any]
Rounding = Literal["nearest", "stochastic"]
StuckAt = Literal["zero", "largest", "smallest"]
LOWEST_OF_ONE_SIGN = -255  # of a synapse; one that is lower must have its sign in the cell


@dataclass(frozen=True)
class WeightCells:
    """The narrowest cells that hold all weights of a projection; a weight is code * step.

    Attributes
    ----------
    bits : of a cell, at least 1.
    step : what the least bit counts; negative where all weights are inhibitory, whose cells hold magnitudes.
    signed : whether codes are two's complements, as both signs occur.
    """

    bits: int
    step: int
    signed: bool

    @classmethod
    def of(cls, weights: Array) -> Self | None:
        """The cells of a projection's integer weights; None where all of them are zero, and nothing is stored."""
        shared = int(np.bitwise_or.reduce(weights.astype(np.int64), axis=None)) if weights.size else 0
        if not shared:
            return None
        step, low, high = shared & -shared, int(weights.min()), int(weights.max())
        if (low < 0 < high) or low < LOWEST_OF_ONE_SIGN:
            return cls(1 + max((high // step).bit_length(), (-low // step - 1).bit_length()), step, signed=True)
        return cls(weight_bits(weights), -step if low < 0 else step, signed=False)

    @property
    def lowest(self) -> int:
        """The least code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest code."""
        return (1 << (self.bits - self.signed)) - 1

    def codes(self, weights: Array) -> Array:
        """What the cells hold, int64."""
        return np.asarray(weights.astype(np.int64) // self.step)

    def weights(self, codes: Array) -> Array:
        """What the codes stand for, int64."""
        return np.asarray(codes.astype(np.int64) * self.step)

    def stuck(self, weights: Array, rate: float, at: StuckAt, draws: np.random.Generator) -> tuple[Array, Array]:
        """Each cell holds the same for ever with a probability, independently.

        Parameters
        ----------
        weights : (cells,) integers.
        at : "largest" and "smallest" are the ends of what a cell can stand for: of inhibitory weights, the largest is
            zero.

        Returns
        -------
        (cells,) int64 weights, and (cells,) bool, which cells are stuck.
        """
        broken = draws.random(weights.size) < rate
        ends = sorted((self.lowest * self.step, self.highest * self.step))
        value = {"zero": 0, "largest": ends[1], "smallest": ends[0]}[at]
        return np.where(broken, value, weights.astype(np.int64)), broken

    def noisy(
        self, weights: Array, deviation: float, rounding: Rounding, draws: np.random.Generator
    ) -> tuple[Array, Array]:
        """Each weight times 1 + deviation * n, n normal, rounded to what its cell can hold; zeros stay zeros.

        Parameters
        ----------
        rounding : "nearest", which hides noise below half a step; or "stochastic": up with the probability of what is
            left, so that the mean is right, and every weight may differ by a step.

        Returns
        -------
        (cells,) int64 weights, and (cells,) bool, which of them changed.
        """
        normal, uniform = draws.standard_normal(weights.size), draws.random(weights.size)
        codes = self.codes(weights)
        wanted = codes * (1 + deviation * normal)
        rounded = np.rint(wanted) if rounding == "nearest" else np.floor(wanted + uniform)
        changed = np.clip(rounded, self.lowest, self.highest).astype(np.int64)
        return self.weights(changed), changed != codes

    def flipped(self, weights: Array, rate: float, draws: np.random.Generator) -> tuple[Array, Array]:
        """Each bit of each cell is inverted with a probability, independently.

        Returns
        -------
        (cells,) int64 weights, and (cells, bits) bool, which bits are inverted, the least first.
        """
        flips = draws.random((weights.size, self.bits)) < rate
        mask = (flips << np.arange(self.bits)).sum(axis=1)
        held = (self.codes(weights) & ((1 << self.bits) - 1)) ^ mask
        if self.signed:
            held = np.where(held > self.highest, held - (1 << self.bits), held)
        return self.weights(held), flips
