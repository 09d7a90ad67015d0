"""Changes of values in time, as spikes of two channels or as signed ones."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .encoder import Array, InvertibleEncoder, positive_number


@dataclass(frozen=True)
class ChangeEncoder(InvertibleEncoder):
    """An encoder for data that has steps of its own, (samples, steps, ...): it says what changes from step to step.

    What the receiver knows, the sum of what it got, begins at 0: the first step says the value itself.

    Attributes
    ----------
    threshold : the change that a unit of the code stands for, above 0 in the unit of the data.
    single : a step says at most one unit of change; what is left of a larger one follows at later steps.
    """

    threshold: float
    single: bool = False

    def __post_init__(self) -> None:
        positive_number("The threshold", self.threshold)

    def changes(self, data: Array, steps: int) -> Array:
        """Units of change at every step, int32, same shape as the data.

        Raises
        ------
        UsageError : the data has another number of steps, or none.
        """
        if data.ndim < 2 or data.shape[1] != steps:
            found = f"has {data.shape[1]} steps" if data.ndim > 1 else "is static"
            raise UsageError(f"An encoder of changes takes data of as many steps as it makes, {steps}; this {found}.")
        known = np.zeros((data.shape[0], *data.shape[2:]), dtype=np.int64)
        units = np.empty(data.shape, dtype=np.int32)
        for step in range(steps):
            # Against the whole sum known so far, not the step before, so that errors do not add up.
            change = self.rounded(data[:, step] / np.float64(self.threshold) - known).astype(np.int64)
            if self.single:
                change = np.clip(change, -1, 1)
            known += change
            units[:, step] = change
        return units

    @abstractmethod
    def rounded(self, change: Array) -> Array:
        """Whole units for a change that is measured in them, same shape."""

    def accumulated(self, units: Array) -> Array:
        """Values that units of change lead to, (samples, steps, ...) float64."""
        values: Array = np.cumsum(units, axis=1, dtype=np.int64) * self.threshold
        return values


@dataclass(frozen=True)
class TemporalContrast(ChangeEncoder):
    """ON and OFF spikes where a value has risen or fallen by a threshold: (samples, steps, 2, ...), ON first.

        n(t) = trunc((x(t) - r(t-1)) / threshold),   r(t) = r(t-1) + threshold n(t),   r(-1) = 0

    The events of a temporal contrast sensor, of which each pixel compares the logarithm of its brightness with that at
    its last event (P. Lichtsteiner, C. Posch and T. Delbruck, IEEE Journal of Solid-State Circuits 43:566-576, 2008);
    give it logarithms for that. A change by several thresholds is as many spikes at the step, or with `single` one,
    the others at the steps that follow.

    The inverse sums up; it is off by less than the threshold, and with `single` so where no value changes by more
    than the threshold in a step, the first step from 0 among them.
    """

    @property
    def note(self) -> str:
        spikes = "a spike" if self.single else "spikes"
        return f"encoder: temporal contrast, ON and OFF {spikes} for changes by {self.threshold:g}."

    def rounded(self, change: Array) -> Array:
        return np.trunc(change)

    def encode(self, data: Array, steps: int) -> Array:
        units = self.changes(data, steps)
        spikes = np.stack([np.maximum(units, 0), np.maximum(-units, 0)], axis=2)
        return spikes.astype(np.int8) if self.single else spikes

    def decode(self, encoded: Array) -> Array:
        return self.accumulated(encoded[:, :, 0].astype(np.int64) - encoded[:, :, 1])


@dataclass(frozen=True)
class SigmaDeltaCode(ChangeEncoder):
    """Changes as signed whole numbers, each taken from what the receiver knows so far, its rounding errors included.

        n(t) = round((x(t) - r(t-1)) / threshold),   r(t) = r(t-1) + threshold n(t),   r(-1) = 0

    These are graded spikes for sigma-delta neurons (see `..neurons.sigma_delta`, which send changes as they are);
    with `single` they are -1, 0 or 1.

    The inverse sums up; it is off by at most half the threshold, and with `single` so where no value changes by more
    than the threshold in a step, the first step from 0 among them.
    """

    @property
    def note(self) -> str:
        sizes = "-1, 0 or 1" if self.single else "whole numbers"
        return f"encoder: sigma-delta, changes as {sizes} in units of {self.threshold:g}."

    def rounded(self, change: Array) -> Array:
        return np.rint(change)

    def encode(self, data: Array, steps: int) -> Array:
        units = self.changes(data, steps)
        return units.astype(np.int8) if self.single else units

    def decode(self, encoded: Array) -> Array:
        return self.accumulated(encoded)
