"""What a configuration says of a layer's synapses."""

from __future__ import annotations

from dataclasses import dataclass

from .synapse_format import SynapseFormat
from .weights import MOST_BITS


@dataclass(frozen=True)
class Wish:
    """What a configuration says of the synapses that reach a layer; None is for the search to settle.

    Attributes
    ----------
    bits : 1..8.
    split : whether each matrix is the sum of two.
    ternary : weights are -1, 0 or 1 times a step.
    pruned : share of the weights that become zero, in [0, 1).
    """

    bits: int | None = MOST_BITS
    split: bool | None = False
    ternary: bool = False
    pruned: float | None = 0.0

    def start(self) -> SynapseFormat:
        """The format with everything open at its most accurate, except that nothing is split yet."""
        return SynapseFormat(self.bits or MOST_BITS, self.ternary, bool(self.split), self.pruned or 0.0)
