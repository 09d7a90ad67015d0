"""Values as bursts of spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .encoder import Array, ScaledEncoder, whole_number


@dataclass(frozen=True)
class BurstCode(ScaledEncoder):
    """Burst code: one burst from the first step on, with the more spikes, the closer together, the larger the value.

        N(x) = ceil(N_max x)                                    spikes, x the value as a share of `largest`
        I(x) = ceil(T_max - (T_max - T_min) x)                  steps from one to the next

    (W. Guo et al., "Neural coding in spiking neural networks: a comparative study for robust neuromorphic systems",
    Frontiers in Neuroscience 15:638474, 2021, doi:10.3389/fnins.2021.638474. The equations are restated alike at
    https://spikify.readthedocs.io/en/latest/spikify/encoders/temporal/latency/burst_coding.html; an earlier page of the
    same, for version 0.1.1, divides the interval by T_max, which makes it 1 nearly always.) Here the interval is the
    number of steps from one spike to the next, and T_max as long as every burst still ends within the steps: with the
    whole window for T_max, bursts of middling values would be cut off. Zero is silent.

    The inverse takes the middle of the values that have this number and this interval: it is off by at most
    `largest` / 2 N_max, zero is exact.

    Attributes
    ----------
    largest : see `ScaledEncoder`.
    spikes : N_max, from 2.
    shortest : T_min, from 1.
    """

    spikes: int = 5
    shortest: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("The number of spikes", self.spikes, 2)
        whole_number("The shortest interval", self.shortest, 1)

    @property
    def note(self) -> str:
        return (
            f"encoder: bursts of up to {self.spikes} spikes, {self.shortest} steps apart for {self.largest:g}, fewer "
            "and further apart for less."
        )

    def encode(self, data: Array, steps: int) -> Array:
        share = self.shares(data)
        longest = self._longest(steps)
        count = np.ceil(self.spikes * share).astype(np.int64)
        interval = np.ceil(longest - (longest - self.shortest) * share).astype(np.int64)
        encoded = np.empty((data.shape[0], steps, *data.shape[1:]), dtype=np.int8)
        for step in range(steps):
            encoded[:, step] = (step % interval == 0) & (step // interval < count)
        return encoded

    def decode(self, encoded: Array) -> Array:
        longest = self._longest(encoded.shape[1])
        count = encoded.sum(axis=1, dtype=np.int64)
        low, high = (count - 1) / self.spikes, count / self.spikes
        if longest > self.shortest:
            interval = encoded[:, 1:].argmax(axis=1) + 1  # the first spike is at step 0
            shorter = (longest - interval) / (longest - self.shortest)
            longer = (longest - interval + 1) / (longest - self.shortest)
            low = np.where(count > 1, np.maximum(low, shorter), low)
            high = np.where(count > 1, np.minimum(high, longer), high)
        return np.where(count > 0, (low + high) / 2, 0.0) * self.largest

    def _longest(self, steps: int) -> int:
        """T_max, so long that all bursts end within the steps."""
        longest = (steps - 1) // (self.spikes - 1)
        if longest < self.shortest:
            raise UsageError(
                f"The encoder 'burst' needs {self.shortest * (self.spikes - 1) + 1} steps or more for a burst of "
                f"{self.spikes} spikes, not {steps}."
            )
        return longest
