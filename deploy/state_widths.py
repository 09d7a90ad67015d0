"""How wide the states of neurons are on a chip, by the names that the integer rules give them."""

from __future__ import annotations

from ..mapping.precision import Precision
from ..mapping.target import Target


def state_bits(target: Target) -> dict[str, int]:
    """Bits of every state, with the sign; see `OverflowCounts`."""
    precision = Precision.of(target)
    return {
        "current": precision.current_bits,
        "voltage": precision.membrane_bits,
        "sigma": precision.membrane_bits,
        "sent": precision.membrane_bits,
    }
