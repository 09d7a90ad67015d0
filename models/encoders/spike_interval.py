"""Values as the interval between spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .encoder import Array, ScaledEncoder, whole_number


@dataclass(frozen=True)
class SpikeInterval(ScaledEncoder):
    """Inter-spike interval code: a regular train from the first step on, the denser the larger the value.

        I = shortest + round((longest - shortest) (1 - x))      x the value as a share of `largest`

    with spikes at the steps 0, I, 2 I ... Zero is silent. That an interval is linear in the value is the code of STICK
    (X. Lagorce and R. Benosman, Neural Computation 27:2261-2317, 2015; as in
    https://neucom-aps.github.io/axon-sdk/core-concepts/interval-coding.html), whose intervals grow with the value and
    which sends two spikes for it. Here they shrink, as those of neurons that are driven harder do, and the train goes
    on, so that its rate tells the value, too.

    The inverse reads the first interval; it is off by at most `largest` / (2 (longest - shortest)), zero is exact.

    Attributes
    ----------
    largest : see `ScaledEncoder`.
    shortest : steps between the spikes of the largest value, from 1.
    longest : steps between those of the smallest above 0, more than `shortest`; None for all but one of the steps.
    """

    shortest: int = 1
    longest: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("The shortest interval", self.shortest, 1)
        if self.longest is not None:
            whole_number("The longest interval", self.longest, self.shortest + 1)

    @property
    def note(self) -> str:
        longest = "all steps" if self.longest is None else f"{self.longest} steps"
        return f"encoder: intervals between spikes, from {self.shortest} for {self.largest:g} to {longest} near zero."

    def encode(self, data: Array, steps: int) -> Array:
        longest = self._longest(steps)
        share = self.shares(data)
        interval = self.shortest + np.rint((longest - self.shortest) * (1 - share)).astype(np.int64)
        spikes = np.empty((data.shape[0], steps, *data.shape[1:]), dtype=np.int8)
        for step in range(steps):
            spikes[:, step] = (step % interval == 0) & (share > 0)
        return spikes

    def decode(self, encoded: Array) -> Array:
        longest = self._longest(encoded.shape[1])
        interval = encoded[:, 1:].argmax(axis=1) + 1  # the first spike is at step 0
        share = 1 - (interval - self.shortest) / (longest - self.shortest)
        return np.where(encoded[:, 0] != 0, share, 0.0) * self.largest

    def _longest(self, steps: int) -> int:
        longest = steps - 1 if self.longest is None else self.longest
        if longest >= steps or longest <= self.shortest:
            fewest = self.shortest + 2 if self.longest is None else self.longest + 1
            raise UsageError(
                f"The encoder 'interval' needs {fewest} steps or more for an interval between spikes to say something, "
                f"not {steps}."
            )
        return longest
