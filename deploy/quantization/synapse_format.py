"""How the synapses of a projection are stored: their bits, and whether two of them stand for one weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .weights import LARGEST_EXPONENT, MOST_BITS, QuantizedWeights, Signs, WeightGrid, quantized_weights, weight_grid

Array = NDArray[Any]

FINE = ", fine"  # what the second projection of a split matrix is called


@dataclass(frozen=True)
class SynapseFormat:
    """What a configuration says of a projection's synapses.

    Attributes
    ----------
    bits : of a weight, with its sign, 1..8.
    ternary : weights are -1, 0 or 1 times a step.
    split : the matrix is the sum of two, the second for what the rounding of the first leaves.
    pruned : share of the weights other than zero that become zero, those that are the smallest beside the threshold.
    """

    bits: int = MOST_BITS
    ternary: bool = False
    split: bool = False
    pruned: float = 0.0

    def kept(self, weights: Array, thresholds: Array) -> Array:
        """Which weights are not pruned, bool.

        Parameters
        ----------
        thresholds : for each weight, the threshold of its target: only beside it is a weight large or small.
        """
        if not self.pruned:
            return np.ones(weights.shape, dtype=bool)
        size = np.abs(weights) / np.where(thresholds > 0, thresholds, 1.0)
        present = np.sort(size[size > 0])
        if not present.size:
            return np.ones(weights.shape, dtype=bool)
        return np.asarray(size >= present[min(present.size - 1, int(self.pruned * present.size))])

    def grid(self, signs: Signs) -> WeightGrid:
        """What a weight of a matrix with such signs may be."""
        if self.ternary:
            return weight_grid(2, Signs.MIXED, ternary=True)
        return weight_grid(max(2, self.bits) if signs is Signs.MIXED else self.bits, signs, ternary=self.bits < 2)

    @property
    def lowest_exponent(self) -> int:
        """What the bits that are left out give: weights of fewer bits may stand at the lower end of a synapse."""
        return (2 if self.ternary else self.bits) - MOST_BITS

    def fine_exponent(self, exponent: int) -> int:
        """Exponent of the second matrix, such that its range covers half a step of the first."""
        return max(0, exponent - (2 if self.ternary else self.bits))


@dataclass(frozen=True, eq=False)
class Part:
    """Integer weights of one projection of the integer network.

    Attributes
    ----------
    suffix : behind the name of the float network's projection.
    weights, ideal : flat; see `QuantizedWeights`.
    """

    suffix: str
    weights: Array
    ideal: Array
    exponent: int
    grid: WeightGrid

    @property
    def values(self) -> Array:
        """What the weights amount to, in units of the scale."""
        return self.weights.astype(np.float64) * 2.0**self.exponent

    def shaped(self, shape: tuple[int, ...]) -> QuantizedWeights:
        """In the shape of the connectivity's weights."""
        return quantized_weights(self.weights.reshape(shape), self.ideal.reshape(shape), self.exponent, self.grid)


def parts_of(values: Array, wanted: Array, exponent: int, grid: WeightGrid, form: SynapseFormat) -> tuple[Part, ...]:
    """The projections that stand for some weights.

    Parameters
    ----------
    values : flat, in units of the scale: what to store; `wanted` is what they were before any rounding.
    exponent : of the first matrix.
    """
    if exponent < 0:  # the chip has no negative exponents, but weights of few bits may stand further down
        grid, exponent = grid.lowered(-exponent), 0
    unit = 2.0**exponent
    first = Part("", grid.nearest(values / unit), wanted / unit, exponent, grid)
    fine = form.fine_exponent(exponent)
    left = values - first.values
    if not form.split or fine == exponent or not np.any(left):
        return (first,)
    fine_grid = weight_grid(2 if form.ternary else max(2, form.bits), Signs.MIXED)
    fine_unit = 2.0**fine
    # The fine range reaches further down than up, so that some weights are better made from above.
    beyond = (left > (fine_grid.high + fine_grid.step / 2) * fine_unit) & (first.weights < grid.high)
    first = replace(first, weights=np.where(beyond, first.weights + grid.step, first.weights).astype(np.int16))
    left = values - first.values
    return first, Part(FINE, fine_grid.nearest(left / fine_unit), (wanted - first.values) / fine_unit, fine, fine_grid)


def fitting_exponent(values: Array, grid: WeightGrid, lowest: int = 0) -> int | None:
    """Smallest exponent, from the lowest on, at which no value is clipped; None where even the largest clips."""
    if not np.any(values):
        return 0
    above, below = float(values.max()), float(values.min())
    for exponent in range(lowest, LARGEST_EXPONENT + 1):
        unit = 2.0**exponent
        # Half a step of slack: what rounds to the end of the range is not clipped.
        if above / unit < grid.high + grid.step / 2 and below / unit > grid.low - grid.step / 2:
            return exponent
    return None
