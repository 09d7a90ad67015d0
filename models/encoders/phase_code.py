"""Values as binary numbers, a place at a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .encoder import Array, ScaledEncoder, whole_number

MOST_PLACES = 24  # beyond which a message of the chips would not carry the number either


@dataclass(frozen=True)
class PhaseCode(ScaledEncoder):
    """Phase code: the binary places of a value, the most significant first, in every period of as many steps.

        w(t) = 2^-(1 + t mod k)         the weight of a spike at step t, counted from 0
        n = round(x (2^k - 1))          the number whose k places are sent, x the value as a share of `largest`

    so that the weights of a period's spikes sum up to n / 2^k, and pixels of 8 bits are sent as they are with k = 8.
    (J. Kim et al., "Deep neural networks with weighted spikes", Neurocomputing 311:373-386, 2018; restated, with steps
    counted from 1, by W. Guo et al., Frontiers in Neuroscience 15:638474, 2021, doi:10.3389/fnins.2021.638474.) The
    spikes that are made here are plain ones: their weights are up to who receives them.

    The inverse reads the first period; it is off by at most `largest` / (2 (2^k - 1)), and with fewer steps than places
    by the weights of those that are missing besides.

    Attributes
    ----------
    largest : see `ScaledEncoder`.
    places : k, 1 to 24.
    """

    places: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("The number of places", self.places, 1)
        if self.places > MOST_PLACES:
            raise UsageError(f"The number of places of an encoder ends at {MOST_PLACES}, not at {self.places}.")

    @property
    def note(self) -> str:
        return (
            f"encoder: phases, the {self.places} binary places of value / {self.largest:g} in turn, the first largest."
        )

    def encode(self, data: Array, steps: int) -> Array:
        number = np.rint(self.shares(data) * (2**self.places - 1)).astype(np.int64)
        spikes = np.empty((data.shape[0], steps, *data.shape[1:]), dtype=np.int8)
        for step in range(steps):
            spikes[:, step] = number >> (self.places - 1 - step % self.places) & 1
        return spikes

    def decode(self, encoded: Array) -> Array:
        number = np.zeros((encoded.shape[0], *encoded.shape[2:]), dtype=np.int64)
        for step in range(min(encoded.shape[1], self.places)):
            number += encoded[:, step].astype(np.int64) << (self.places - 1 - step)
        values: Array = number / (2**self.places - 1) * self.largest
        return values
