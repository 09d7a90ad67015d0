"""How data becomes the integers that enter a chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ANALOG_BITS = 8  # payload for data that no power of two makes integer
FINEST_STEP = 8  # binary places that are looked for in data before it counts as analog


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
        """Integers of the data, int32, same shape; beyond the largest known value it saturates."""
        if self.exact and np.issubdtype(data.dtype, np.integer) and self.scale == 1:
            return data.astype(np.int32)
        return np.clip(np.rint(data * self.scale), -self.largest, self.largest).astype(np.int32)

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
    largest = float(np.max(np.abs(data), initial=0.0))
    signed = bool(np.min(data, initial=0.0) < 0)
    if np.issubdtype(data.dtype, np.integer) or np.issubdtype(data.dtype, np.bool_):
        return InputCode(1.0, True, max(1, int(largest)), signed)
    for places in range(FINEST_STEP + 1):
        scaled = data * 2.0**places
        if largest * 2**places < 2**15 and bool(np.all(scaled == np.rint(scaled))):
            return InputCode(2.0**places, True, max(1, int(largest * 2**places)), signed)
    top = 2 ** (ANALOG_BITS - signed) - 1
    return InputCode(top / largest, False, top, signed)
