"""The integers that a synapse may hold, and float weights rounded to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_BITS = 8
LARGEST_EXPONENT = 7


class Signs(StrEnum):
    """Which signs the weights of a projection have: one sign for all leaves a bit more for their size."""

    MIXED = "mixed"
    EXCITATORY = "excitatory"
    INHIBITORY = "inhibitory"


@dataclass(frozen=True)
class WeightGrid:
    """The multiples of `step` from `low` to `high`.

    Attributes
    ----------
    low, high : multiples of the step, the range of a synapse: -256..254 with mixed signs, 0..255 or -255..0 with one.
    step : distance of two weights; doubled for every bit that is left out.
    """

    low: int
    high: int
    step: int

    @property
    def reach(self) -> int:
        """Largest magnitude that both signs have, or the one there is."""
        return min(-self.low, self.high) if self.low and self.high else max(-self.low, self.high)

    def lowered(self, bits: int) -> WeightGrid:
        """The same number of weights, so many bits further down, where these bits are left out."""
        return WeightGrid(self.low >> bits, self.high >> bits, self.step >> bits)

    def nearest(self, values: Array) -> Array:
        """Each value rounded to a weight, int16; what lies outside gets the end of the range."""
        rounded = self.step * np.rint(np.asarray(values, dtype=np.float64) / self.step)
        return np.asarray(np.clip(rounded, self.low, self.high), dtype=np.int16)


def signs_of(weights: Array) -> Signs:
    """Which signs occur; zero has none."""
    if weights.size == 0 or weights.min() >= 0:
        return Signs.EXCITATORY
    return Signs.INHIBITORY if weights.max() <= 0 else Signs.MIXED


def weight_grid(bits: int, signs: Signs, *, ternary: bool = False) -> WeightGrid:
    """The weights of a synapse with so many bits, the sign among them, as Lava truncates them: the lowest are zero.

    Parameters
    ----------
    bits : 1..8; mixed signs need 2.
    ternary : leave out the most negative of the four weights that 2 bits and a sign have.
    """
    if signs is not Signs.MIXED:
        step = 1 << (MOST_BITS - bits)
        high = 256 - step
        return WeightGrid(0, high, step) if signs is Signs.EXCITATORY else WeightGrid(-high, 0, step)
    if bits < 2:
        raise ValueError("one bit leaves no room for a sign")
    step = 1 << (MOST_BITS + 1 - bits)
    return WeightGrid(-step if ternary else -256, step if ternary else 256 - step, step)


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """Integer weights; an arriving sum is weights * 2**exponent in units of the target's scale.

    Attributes
    ----------
    weights : int16, multiples within the grid.
    exponent : 0..7.
    grid : what each weight may be.
    ideal : float, in the shape of the weights: what they would be without rounding.
    clipped_share, zeroed_share : share of the weights other than zero beyond the range, or rounded to zero.
    """

    weights: Array
    exponent: int
    grid: WeightGrid
    ideal: Array
    clipped_share: float
    zeroed_share: float


def quantized_weights(weights: Array, ideal: Array, exponent: int, grid: WeightGrid) -> QuantizedWeights:
    """Integer weights with the account of what became of the ideal ones."""
    present = max(1, int(np.count_nonzero(ideal)))
    beyond = (ideal > grid.high + grid.step / 2) | (ideal < grid.low - grid.step / 2)
    zeroed = (weights == 0) & (ideal != 0)
    clipped_share, zeroed_share = np.count_nonzero(beyond) / present, np.count_nonzero(zeroed) / present
    return QuantizedWeights(weights, exponent, grid, ideal, clipped_share, zeroed_share)
