"""What may be written for bits, shares and splitting: a number or a switch, or `auto`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ..quantization.weights import MOST_BITS
from .allowed_values import Allowed

AUTO: Literal["auto"] = "auto"
BITS_ALLOWED = f"a whole number from 1 to {MOST_BITS}, or {AUTO}"
SHARE_ALLOWED = f"a share from 0 to below 1, such as 0.5, or {AUTO}"
SPLIT_ALLOWED = f"yes, no or {AUTO}"
SWITCHES = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def _bits(value: Any) -> int | str:
    if value == AUTO:
        return AUTO
    number = _number(value)
    if number is None or number not in range(1, MOST_BITS + 1):
        raise ValueError(f"it must be {BITS_ALLOWED}")
    return int(number)


def _share(value: Any) -> float | str:
    if value == AUTO:
        return AUTO
    number = _number(value)
    if number is None or not 0 <= number < 1:
        raise ValueError(f"it must be {SHARE_ALLOWED}")
    return number


def _split(value: Any) -> bool | str:
    if isinstance(value, bool) or value == AUTO:
        return value  # type: ignore[no-any-return]
    if not isinstance(value, str) or value.lower() not in SWITCHES:
        raise ValueError(f"it must be {SPLIT_ALLOWED}")
    return SWITCHES[value.lower()]


def _number(value: Any) -> float | None:
    """What a file or the command line gives as a number; none is yes or no, although Python counts with them."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


# Checked before pydantic sees them, whose own words for a choice name the types and not what may be written.
Bits = Annotated[int | Literal["auto"], BeforeValidator(_bits), Allowed(BITS_ALLOWED)]
Share = Annotated[float | Literal["auto"], BeforeValidator(_share), Allowed(SHARE_ALLOWED)]
Split = Annotated[bool | Literal["auto"], BeforeValidator(_split), Allowed(SPLIT_ALLOWED)]
