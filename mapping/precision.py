"""The widths of a chip's numbers, as quantization takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .features import threshold_bits
from .target import Target


@dataclass(frozen=True)
class Precision:
    """Bits that numbers may take; what is left out has the width of the integer rules themselves.

    Attributes
    ----------
    weight_bits : of a synapse, with a sign only where both signs occur; 1 and more.
    threshold_bits : without a sign; 7 less than those of the potential at most, for it is in units of 64.
    membrane_bits, current_bits : of a neuron's states, with the sign; 8 and more.
    graded_spike_bits : of the number that a spike carries, with the sign; 1 where it carries none.
    """

    weight_bits: int = 9
    threshold_bits: int = 17
    membrane_bits: int = 24
    current_bits: int = 24
    graded_spike_bits: int = 24

    @classmethod
    def of(cls, target: Target) -> Self:
        """The widths of a chip, none beyond that of the integer rules; where the chip's is not public, the rules'."""
        rules = vars(cls())
        limits = {name: target.limits.of(name) for name in rules} | {"threshold_bits": threshold_bits(target)}
        return cls(
            **{name: rules[name] if limit is None else min(limit, rules[name]) for name, limit in limits.items()}
        )
