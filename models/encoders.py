"""Static data to something that lasts for steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError

Array = NDArray[Any]

SMALLEST = 1e-30  # stands for the largest value of data that is zero throughout


class Encoder(ABC):
    """Turns (samples, ...) into (samples, steps, ...); seeded where it draws at random."""

    @property
    @abstractmethod
    def note(self) -> str:
        """What a report should say of it."""

    @abstractmethod
    def encode(self, data: Array, steps: int) -> Array:
        """Present every sample for a number of steps."""


@dataclass(frozen=True)
class ConstantCurrent(Encoder):
    """The same values at every step."""

    @property
    def note(self) -> str:
        return "encoder: constant current, the same values at every step."

    def encode(self, data: Array, steps: int) -> Array:
        return np.repeat(data[:, np.newaxis], steps, axis=1)


@dataclass(frozen=True)
class PoissonRate(Encoder):
    """A spike at each step with the probability value / `largest`, independent of all others.

    Attributes
    ----------
    largest : the value that spikes at every step, as larger ones do; none is below 0.
    seed : of the random numbers.
    """

    largest: float
    seed: int

    @property
    def note(self) -> str:
        return f"encoder: a spike at a step with probability value / {self.largest:g}, seed {self.seed}."

    def encode(self, data: Array, steps: int) -> Array:
        random = np.random.default_rng(self.seed)
        share = (data[:, np.newaxis] / np.float64(self.largest)).astype(np.float32)
        return (random.random((data.shape[0], steps, *data.shape[1:]), dtype=np.float32) < share).astype(np.int8)


@dataclass(frozen=True)
class IntegrateAndFire(Encoder):
    """The value adds up from step to step; a spike where the sum exceeds `largest`, and the sum begins anew.

    Attributes
    ----------
    largest : the sum that a spike takes; a value beyond it spikes at every step, as no value is below 0.
    """

    largest: float

    @property
    def note(self) -> str:
        return f"encoder: values add up to a spike at each sum beyond {self.largest:g}, which then begins at 0."

    def encode(self, data: Array, steps: int) -> Array:
        share = data / np.float64(self.largest)
        total = np.zeros(data.shape)
        spikes = np.zeros((data.shape[0], steps, *data.shape[1:]), dtype=np.int8)
        for step in range(steps):
            total += share
            fires = total > 1
            spikes[:, step] = fires
            total[fires] = 0
        return spikes


def encoder_named(name: str, data: Array, seed: int, largest: float | None = None) -> Encoder:
    """The encoder of a name.

    Parameters
    ----------
    name : "constant", "rate" or "integrate".
    data : static, (samples, ...).
    seed : of what is drawn at random.
    largest : see `PoissonRate` and `IntegrateAndFire`; None takes that of the data.

    Raises
    ------
    UsageError : no encoder has that name, or it cannot take such data.
    """
    if name == "constant":
        return ConstantCurrent()
    if name in ("rate", "integrate"):
        if np.min(data, initial=0) < 0:
            raise UsageError(
                f"The encoder {name!r} takes values from 0 upwards, the data has negative ones: use 'constant'."
            )
        found = max(float(np.max(data, initial=0)) if largest is None else largest, SMALLEST)
        return PoissonRate(found, seed) if name == "rate" else IntegrateAndFire(found)
    raise UsageError(f"There is no encoder {name!r}: use 'constant', 'rate' or 'integrate'.")
