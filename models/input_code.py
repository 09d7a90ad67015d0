"""How data becomes the integers that enter a chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ANALOG_BITS = 8  # payload for data that no power of two makes integer
FINEST_STEP = 8  # binary places that are looked for in data before it counts as analog
LARGEST_FRACTION = 2**15  # of integers that fractions become; finer and larger at once counts as analog
LARGEST_INTEGER = 2**23  # of data that is integer anyway: a message carries 24 bits with the sign


@dataclass(frozen=True)
class InputCode:
    """An integer code for data: integer = round(value * scale).

    Attributes
    ----------
    scale : integer units per unit of data.
    exact : whether every value of the data is an integer in this code.
    largest : largest magnitude in the code; 1 for spikes.
    signed : whether there are negative values.
    """

    scale: float
    exact: bool
    largest: int
    signed: bool

    @property
    def bits(self) -> int:
        """Payload bits of a spike that carries it; 1 for plain spikes."""
        return self.largest.bit_length() + int(self.signed)

    def encode(self, data: Array) -> Array:
        """Integers of the data, int32, same shape.

        A rounded code saturates beyond the largest known value; an exact one goes on, as far as a message reaches.
        """
        largest = LARGEST_INTEGER - 1 if self.exact else self.largest
        if self.scale == 1 and data.dtype.kind in "iub":
            return np.clip(data, *_bounds(data.dtype, largest)).astype(np.int32)
        return np.clip(np.rint(data * np.float64(self.scale)), -largest, largest).astype(np.int32)

    def decode(self, data: Array) -> Array:
        """Values that the integers stand for, float64."""
        result: Array = data / self.scale
        return result

    @property
    def note(self) -> str | None:
        """What a report should say of it, or None for plain spikes."""
        if self.bits == 1:
            return None
        kind = "exactly" if self.exact else "rounded"
        return f"input: graded spikes of {self.bits} bits, {self.scale:g} per unit of the data, {kind}."


def input_code(data: Array) -> InputCode:
    """The coarsest code that is exact for the data, or 8 bits of its largest magnitude."""
    # Of the ends, not of the data: the magnitude of the lowest integer of a type has no place in that type.
    low, high = (data.min().item(), data.max().item()) if data.size else (0, 0)
    largest, signed = max(abs(low), abs(high)), low < 0
    if data.dtype.kind in "iub":
        if largest < LARGEST_INTEGER:
            return InputCode(1.0, True, max(1, int(largest)), signed)
    else:
        for places in range(FINEST_STEP + 1):
            limit = LARGEST_INTEGER if places == 0 else LARGEST_FRACTION
            if largest * 2**places < limit and _whole(data, 2.0**places):
                return InputCode(2.0**places, True, max(1, int(largest * 2**places)), signed)
    top = 2 ** (ANALOG_BITS - signed) - 1
    return InputCode(top / largest, False, top, signed)


def _whole(data: Array, factor: float) -> bool:
    """Whether all of data * factor are integers; a power of two is exact in any float type that holds the result."""
    scaled = data * np.float32(factor)  # which half precision does not hold
    return bool(np.all(scaled == np.rint(scaled)))


def _bounds(dtype: np.dtype[Any], largest: int) -> tuple[int, int]:
    """-largest and largest, as far as an integer type reaches."""
    if dtype.kind == "b":
        return 0, 1
    return max(-largest, int(np.iinfo(dtype).min)), min(largest, int(np.iinfo(dtype).max))
