"""Float weights to the eight bits of a synapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST_EXPONENT = 7


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """Integer weights; an arriving sum is weights * 2**exponent in units of the layer's scale.

    Attributes
    ----------
    weights : int16. Mixed signs: even, -256..254, as the sign takes a bit; one sign: 0..255 or -255..0.
    exponent : 0..7.
    clipped_share, zeroed_share : share of the weights other than zero beyond the range, or rounded to zero.
    """

    weights: Array
    exponent: int
    clipped_share: float
    zeroed_share: float


def weight_range(weights: Array) -> tuple[int, int, int]:
    """Lowest, highest integer and their step that the signs of the weights leave."""
    if weights.size == 0 or weights.min() >= 0:
        return 0, 255, 1
    if weights.max() <= 0:
        return -255, 0, 1
    return -256, 254, 2


def fitting_exponent(weights: Array, scale: float) -> int | None:
    """Smallest exponent at which no weight is clipped; None where even the largest clips."""
    low, high, _ = weight_range(weights)
    for exponent in range(LARGEST_EXPONENT + 1):
        unit = scale / 2**exponent
        # Half a step of slack: what rounds to the end of the range is not clipped.
        if weights.size == 0 or (weights.max() * unit < high + 0.5 and weights.min() * unit > low - 0.5):
            return exponent
    return None


def quantize_weights(weights: Array, scale: float, exponent: int) -> QuantizedWeights:
    """Round weights * scale / 2**exponent to what a synapse holds."""
    low, high, step = weight_range(weights)
    ideal = weights * (scale / 2**exponent)
    rounded = step * np.rint(ideal / step)
    integers = np.clip(rounded, low, high).astype(np.int16)
    present = max(1, int(np.count_nonzero(weights)))
    clipped = np.count_nonzero((rounded > high) | (rounded < low))
    zeroed = np.count_nonzero((integers == 0) & (weights != 0))
    return QuantizedWeights(integers, exponent, clipped / present, zeroed / present)
