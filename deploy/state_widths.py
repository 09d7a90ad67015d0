"""How wide the states of neurons are on a chip, by the names that the integer rules give them."""

from __future__ import annotations

from ..mapping.precision import Precision
from ..mapping.target import Target


def state_bits(target: Target) -> dict[str, int]:
    """Bits of every state, with the sign; see `OverflowCounts`."""
    precision = Precision.of(target)
    others = ("voltage", "sigma", "sent", "real", "imaginary", "adaptation", "recovery")
    return {"current": precision.current_bits, **dict.fromkeys(others, precision.membrane_bits)}
