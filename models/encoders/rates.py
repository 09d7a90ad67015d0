"""Values as rates of spikes, by chance or by adding up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .encoder import Array, RateCode


@dataclass(frozen=True)
class PoissonRate(RateCode):
    """A spike at each step with the probability value / `largest`, independent of all others.

    The number of spikes in T steps is binomial. Its mean times `largest` / T is the value, with a standard deviation of
    `largest` times sqrt(p (1 - p) / T) for the probability p, which is the error of the inverse.

    Attributes
    ----------
    largest : the value that spikes at every step, as larger ones do; none is below 0.
    seed : of the random numbers.
    """

    seed: int

    @property
    def note(self) -> str:
        return f"encoder: a spike at a step with probability value / {self.largest:g}, seed {self.seed}."

    def encode(self, data: Array, steps: int) -> Array:
        random = np.random.default_rng(self.seed)
        share = (data[:, np.newaxis] / np.float64(self.largest)).astype(np.float32)
        return (random.random((data.shape[0], steps, *data.shape[1:]), dtype=np.float32) < share).astype(np.int8)

    def decode(self, encoded: Array) -> Array:
        values: Array = encoded.mean(axis=1, dtype=np.float64) * self.largest
        return values


@dataclass(frozen=True)
class IntegrateAndFire(RateCode):
    """The value adds up from step to step; a spike where the sum exceeds `largest`, and the sum begins anew.

    So a value spikes at every n-th step, with n the smallest number for which n times the value is above `largest`: the
    value lies above `largest` / n and not above `largest` / (n - 1). The inverse is the middle of the two. It is off by
    at most `largest` / (2 n (n - 1)), a quarter of the largest value at the most, and where there is no spike in T
    steps by `largest` / 2T.

    Attributes
    ----------
    largest : the sum that a spike takes; a value beyond it spikes at every step, as no value is below 0.
    """

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

    def decode(self, encoded: Array) -> Array:
        steps = encoded.shape[1]
        period = np.where(encoded.any(axis=1), encoded.argmax(axis=1) + 1, 0)
        below = np.divide(1.0, period, out=np.zeros(period.shape), where=period > 0)
        above = np.divide(1.0, period - 1, out=np.where(period > 0, 1.0, 1 / steps), where=period > 1)
        values: Array = (below + above) / 2 * self.largest
        return values
