"""Values as the time of a single spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .encoder import Array, ScaledEncoder


@dataclass(frozen=True)
class FirstSpike(ScaledEncoder):
    """Time to first spike: one spike, the earlier the larger the value.

        t = floor(T (1 - x))        x the value as a share of `largest`, T the number of steps, t counted from 0

    The largest value spikes at the first step. Zero would spike at T, which is past the last step, so it is silent;
    every share above 0 spikes, the smallest at the last step. (SpikingJelly's `LatencyEncoder` rounds (T - 1) (1 - x)
    instead, with zero at the last step: https://github.com/fangwei123456/spikingjelly. A network whose input is mostly
    dark would get most of its spikes there, and all that they say is that nothing is left to say.)

    The inverse is the middle of what spikes at a step, off by at most `largest` / 2T; zero is exact.
    """

    @property
    def note(self) -> str:
        return f"encoder: time to first spike, {self.largest:g} at the first step, less later, zero never."

    def encode(self, data: Array, steps: int) -> Array:
        times = np.floor(steps * (1 - self.shares(data))).astype(np.int64)
        return single_spikes(times, steps)

    def decode(self, encoded: Array) -> Array:
        steps = encoded.shape[1]
        share = 1 - (encoded.argmax(axis=1) + 0.5) / steps
        return np.where(encoded.any(axis=1), share, 0.0) * self.largest


def single_spikes(times: Array, steps: int) -> Array:
    """A spike at the given step for each of (samples, ...), none where it is past the last; int8 (samples, steps, ...).

    Parameters
    ----------
    times : (samples, ...) integers from 0.
    """
    # Step by step, as a comparison with all steps at once would take eight times the memory of the spikes.
    spikes = np.empty((times.shape[0], steps, *times.shape[1:]), dtype=np.int8)
    for step in range(steps):
        spikes[:, step] = times == step
    return spikes
