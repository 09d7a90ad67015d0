"""Sequences: patterns that all classes show alike often, so that only their order tells the class.

Each of K patterns is a group of channels that spikes for some steps; every sample shows each pattern once. Its class is
the cyclic order in which they follow each other, such as A B C against A C B, and it may begin with any of them, with
the same probability. So no single moment tells the class, and neither does the sum over time: a network that
remembers nothing is right no more often than by chance, whatever it does with its outputs.

What keeps that exact: every pattern has a window of its own, wide enough for its jitter, so neither the ends of a
sample nor neighbours ever take spikes away.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .dataset import Dataset, Split
from .task_options import require_at_least, require_rate

SOURCE = "generated: classes that differ only in the cyclic order of patterns in time"

_LARGEST_PATTERNS = 6  # 120 classes

Spikes = NDArray[np.int8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Sequences:
    """The task; any number of samples can be drawn from it.

    Attributes
    ----------
    patterns : K, 3 to 6; makes (K - 1)! classes.
    channels : inputs, at least K; each pattern has channels // K of its own, the rest carries noise only.
    pattern_steps : steps for which a pattern lasts, at least 1.
    jitter : a pattern begins 0 to 2 jitter steps after its window does, at least 0.
    rate : spikes a step and channel of a pattern, in [0, 1].
    noise_rate : spikes a step and channel that come besides, everywhere, in [0, 1].

    Raises
    ------
    UsageError : a value out of its range.
    """

    patterns: int = 3
    channels: int = 30
    pattern_steps: int = 10
    jitter: int = 3
    rate: float = 0.5
    noise_rate: float = 0.01

    def __post_init__(self) -> None:
        require_at_least(3, "sequences", patterns=self.patterns)
        if self.patterns > _LARGEST_PATTERNS:
            raise UsageError(
                f"sequences: {self.patterns} patterns make {math.factorial(self.patterns - 1)} classes; ask for at "
                f"most {_LARGEST_PATTERNS}."
            )
        require_at_least(self.patterns, "sequences", channels=self.channels)
        require_at_least(1, "sequences", pattern_steps=self.pattern_steps)
        require_at_least(0, "sequences", jitter=self.jitter)
        require_rate("sequences", rate=self.rate, noise_rate=self.noise_rate)

    @property
    def window(self) -> int:
        """Steps that a pattern has for itself."""
        return self.pattern_steps + 2 * self.jitter

    @property
    def steps(self) -> int:
        """Steps of a sample."""
        return self.patterns * self.window

    @property
    def classes(self) -> int:
        """Cyclic orders of the patterns: (K - 1)!."""
        return math.factorial(self.patterns - 1)

    @property
    def answer_from(self) -> int:
        """First step of the last window but one; before it two patterns are left, whose order is open."""
        return (self.patterns - 2) * self.window

    def orders(self) -> NDArray[np.int64]:
        """(classes, K) the patterns of each class in their order, from pattern 0."""
        following = list(itertools.permutations(range(1, self.patterns)))
        return np.array([(0, *rest) for rest in following], dtype=np.int64)

    def groups(self, random: np.random.Generator) -> NDArray[np.bool_]:
        """(K, channels) which channels belong to each pattern: drawn at random, none to two."""
        each = self.channels // self.patterns
        groups = np.zeros((self.patterns, self.channels), dtype=np.bool_)
        chosen = random.permutation(self.channels)[: each * self.patterns].reshape(self.patterns, each)
        np.put_along_axis(groups, chosen, True, axis=1)
        return groups

    def draw(self, groups: NDArray[np.bool_], samples: int, random: np.random.Generator) -> tuple[Spikes, Labels]:
        """Draw samples: every class, and in it every first pattern, alike often to within one, in random order.

        Parameters
        ----------
        groups : (K, channels) from `groups`.

        Returns
        -------
        spikes : (samples, steps, channels) 0 or 1.
        labels : (samples,) the class, a row of `orders`.
        """
        kinds = random.permutation(samples) % (self.classes * self.patterns)
        labels, first = kinds % self.classes, kinds // self.classes
        places = (np.arange(self.patterns) + first[:, np.newaxis]) % self.patterns
        shown = self.orders()[labels[:, np.newaxis], places]
        begin = random.integers(0, 2 * self.jitter, endpoint=True, size=(samples, self.patterns))
        since = np.arange(self.window) - begin[:, :, np.newaxis]
        lasts = (since >= 0) & (since < self.pattern_steps)
        spiking = lasts[:, :, :, np.newaxis] & groups[shown][:, :, np.newaxis]
        both = self.rate + self.noise_rate - self.rate * self.noise_rate
        chance = np.where(spiking, np.float32(both), np.float32(self.noise_rate))
        spikes = random.random(chance.shape, dtype=np.float32) < chance
        return spikes.view(np.int8).reshape(samples, self.steps, self.channels), labels


def load(
    *,
    train_samples: int = 3000,
    test_samples: int = 1000,
    seed: int = 0,
    patterns: int = Sequences.patterns,
    channels: int = Sequences.channels,
    pattern_steps: int = Sequences.pattern_steps,
    jitter: int = Sequences.jitter,
    rate: float = Sequences.rate,
    noise_rate: float = Sequences.noise_rate,
) -> Dataset:
    """Samples drawn from the task, those to test with from a stream of random numbers of their own.

    Returns
    -------
    x int8 (samples, steps, channels), 0 or 1.

    Raises
    ------
    UsageError : a value out of its range.
    """
    require_at_least(0, "sequences", train_samples=train_samples, test_samples=test_samples, seed=seed)
    task = Sequences(patterns, channels, pattern_steps, jitter, rate, noise_rate)
    streams = [np.random.Generator(np.random.PCG64(stream)) for stream in np.random.SeedSequence(seed).spawn(3)]
    groups = task.groups(streams[0])
    parts = [
        Split(*task.draw(groups, samples, stream))
        for samples, stream in zip((train_samples, test_samples), streams[1:], strict=True)
    ]
    return Dataset("sequences", SOURCE, parts[0], parts[1], task.classes, task.steps, task.answer_from)
