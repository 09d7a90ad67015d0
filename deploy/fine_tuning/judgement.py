"""Whether a network that was trained is surely closer to its float network than the one that came in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

CERTAINTY = 1.0  # standard errors that a mean gain on the samples held out has to exceed


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a state came to on the samples held out.

    Attributes
    ----------
    distances : (samples,), two at least, from the float network; see `Distillation.distances`.
    agreeing : share of samples on which the network decides as the float network does.
    right : share of samples that are decided as wanted, which are others where there are labels.
    """

    distances: Array
    agreeing: float
    right: float

    @property
    def distance(self) -> float:
        """The mean."""
        return float(self.distances.mean())

    def surely_closer(self, before: Judgement) -> bool:
        """Whether the same samples are closer by more than chance, and no fewer of them are decided as wanted.

        Decisions alone are too coarse: of fifty samples, one or two that change say nothing of those to come.
        """
        gains = before.distances - self.distances
        chance = float(gains.std(ddof=1)) / math.sqrt(gains.size)
        return float(gains.mean()) > CERTAINTY * chance and self.right >= before.right
