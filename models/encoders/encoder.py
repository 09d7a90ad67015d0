"""What all encoders have in common: static values become something that lasts for steps, and values again."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

Array = NDArray[Any]


class Encoder(ABC):
    """Turns (samples, ...) into (samples, steps, ...); seeded where it draws at random.

    A sample is encoded alike whatever the others beside it hold.
    """

    @property
    @abstractmethod
    def note(self) -> str:
        """What a report should say of it, in a sentence."""

    @abstractmethod
    def encode(self, data: Array, steps: int) -> Array:
        """Present every sample for a number of steps.

        Parameters
        ----------
        data : (samples, ...) of any real type.
        steps : at least 1.

        Raises
        ------
        UsageError : the code does not fit into so few steps.
        """


class InvertibleEncoder(Encoder):
    """An encoder whose values can be read again from what it made of them; each says how exactly."""

    @abstractmethod
    def decode(self, encoded: Array) -> Array:
        """The values that were encoded, (samples, ...) float64, from (samples, steps, ...)."""


@dataclass(frozen=True)
class ScaledEncoder(InvertibleEncoder):
    """An encoder for values from 0 to a largest one.

    Attributes
    ----------
    largest : the value that counts as 1, above 0; larger ones are taken for it, negative ones for 0.
    """

    largest: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.largest) and self.largest > 0):
            raise UsageError(f"The largest value of an encoder is a number above 0, not {self.largest:g}.")

    def shares(self, data: Array) -> Array:
        """Values as shares of the largest, float64 in [0, 1], same shape."""
        share: Array = np.clip(data / np.float64(self.largest), 0, 1)
        return share


class RateCode(ScaledEncoder):
    """A scaled encoder whose share of steps with a spike is that of the value in the largest one, at least about so.

    These are the codes that a network converted to rates understands, a spike counting as the largest value.
    """


def whole_number(what: str, value: int, fewest: int) -> None:
    """Check a number that an encoder is made with.

    Raises
    ------
    UsageError : it is below the fewest.
    """
    if value < fewest:
        raise UsageError(f"{what} of an encoder begins at {fewest}, not at {value}.")


def positive_number(what: str, value: float) -> None:
    """Check a size that an encoder is made with.

    Raises
    ------
    UsageError : it is not above 0, or not finite.
    """
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{what} of an encoder is a number above 0, not {value:g}.")
