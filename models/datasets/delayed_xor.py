"""The delayed spiking exclusive or: two patterns far apart, and whether their rates differ.

Its layout is that of the published one (Zheng et al., Nature Communications 15, 277 (2024),
https://doi.org/10.1038/s41467-023-44614-z; settings from https://github.com/eva1801/DH-SNN, delayed_xor): 20
channels, a pattern of 10 steps, noise, a second pattern in the last 10 of 200 steps. Each pattern has a low or a high
rate, 0.2 or 0.6 spikes a step and channel. Noise of 0.01 lies over everything. The class is 1 where the two rates
differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .dataset import Dataset, Split
from .task_options import require_at_least, require_rate

SOURCE = (
    "generated: delayed spiking exclusive or, after Zheng et al., Nature Communications 15, 277 (2024), "
    "https://doi.org/10.1038/s41467-023-44614-z"
)
CLASSES = 2

Spikes = NDArray[np.int8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class DelayedXor:
    """The task; any number of samples can be drawn from it.

    Attributes
    ----------
    channels : inputs, at least 1; all spike at the same rate.
    pattern_steps : steps of each of the two patterns, at least 1.
    delay_steps : steps between them, at least 0.
    low_rate, high_rate : spikes a step and channel of a pattern that stands for 0 and of one that stands for 1, in
        [0, 1], the first below the second.
    noise_rate : spikes a step and channel that come besides, patterns or not, in [0, 1].

    Raises
    ------
    UsageError : a value out of its range.
    """

    channels: int = 20
    pattern_steps: int = 10
    delay_steps: int = 180
    low_rate: float = 0.2
    high_rate: float = 0.6
    noise_rate: float = 0.01

    def __post_init__(self) -> None:
        require_at_least(1, "delayed-xor", channels=self.channels, pattern_steps=self.pattern_steps)
        require_at_least(0, "delayed-xor", delay_steps=self.delay_steps)
        require_rate("delayed-xor", low_rate=self.low_rate, high_rate=self.high_rate, noise_rate=self.noise_rate)
        if not self.low_rate < self.high_rate:
            raise UsageError(
                f"delayed-xor: low_rate {self.low_rate:g} is not below high_rate {self.high_rate:g}, so no pattern "
                "could be told from another."
            )

    @property
    def steps(self) -> int:
        """Steps of a sample: pattern, delay, pattern."""
        return 2 * self.pattern_steps + self.delay_steps

    @property
    def answer_from(self) -> int:
        """First step of the second pattern; before it nothing tells the class."""
        return self.pattern_steps + self.delay_steps

    def draw(self, samples: int, random: np.random.Generator) -> tuple[Spikes, Labels]:
        """Draw samples, all four pairs of patterns alike often to within one, in random order.

        A step's spike is that of the pattern or of the noise: p = rate + noise_rate - rate noise_rate.

        Returns
        -------
        spikes : (samples, steps, channels) 0 or 1.
        patterns : (samples, 2) 0 for the low rate and 1 for the high one; the class is their exclusive or.
        """
        # In this order any number of samples has both classes alike often to within one.
        pairs = np.array([[0, 0], [0, 1], [1, 1], [1, 0]], dtype=np.int64)
        patterns = pairs[random.permutation(samples) % len(pairs)]
        rates = np.array([self.low_rate, self.high_rate])
        chance = np.full((samples, self.steps), self.noise_rate)
        for which, steps in enumerate((slice(0, self.pattern_steps), slice(self.answer_from, self.steps))):
            rate = rates[patterns[:, which]]
            chance[:, steps] = (rate + self.noise_rate - rate * self.noise_rate)[:, np.newaxis]
        drawn = random.random((samples, self.steps, self.channels), dtype=np.float32)
        spikes = drawn < chance.astype(np.float32)[:, :, np.newaxis]
        return spikes.view(np.int8), patterns


def load(
    *,
    train_samples: int = 4000,
    test_samples: int = 1000,
    seed: int = 0,
    channels: int = DelayedXor.channels,
    pattern_steps: int = DelayedXor.pattern_steps,
    delay_steps: int = DelayedXor.delay_steps,
    low_rate: float = DelayedXor.low_rate,
    high_rate: float = DelayedXor.high_rate,
    noise_rate: float = DelayedXor.noise_rate,
) -> Dataset:
    """Samples drawn from the task, those to test with from a stream of random numbers of their own.

    Returns
    -------
    x int8 (samples, steps, channels), 0 or 1.

    Raises
    ------
    UsageError : a value out of its range.
    """
    require_at_least(0, "delayed-xor", train_samples=train_samples, test_samples=test_samples, seed=seed)
    task = DelayedXor(channels, pattern_steps, delay_steps, low_rate, high_rate, noise_rate)
    parts = []
    for samples, stream in zip((train_samples, test_samples), np.random.SeedSequence(seed).spawn(2), strict=True):
        spikes, patterns = task.draw(samples, np.random.Generator(np.random.PCG64(stream)))
        parts.append(Split(spikes, patterns[:, 0] ^ patterns[:, 1]))
    return Dataset("delayed-xor", SOURCE, parts[0], parts[1], CLASSES, task.steps, task.answer_from)
