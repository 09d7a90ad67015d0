"""Numbers at the ticks of an axis, all in the same manner."""

from __future__ import annotations

import math
from collections.abc import Sequence

LARGEST_PLAIN, SMALLEST_PLAIN = 1e6, 1e-3
SIGNIFICANT = 9  # digits of the largest number; more would be rounding errors
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def tick_labels(values: Sequence[float]) -> list[str]:
    """Write numbers with as few digits as say them.

    Examples
    --------
    >>> tick_labels([0.0, 0.25, 0.5])
    ['0', '0.25', '0.5']
    >>> tick_labels([-5000, 20000])
    ['−5,000', '20,000']
    >>> tick_labels([1e-6, 2.5e-4])
    ['10⁻⁶', '2.5·10⁻⁴']
    """
    sizes = [abs(value) for value in values if value]
    plain = all(SMALLEST_PLAIN <= size < LARGEST_PLAIN for size in sizes)
    return [(_plain if plain else _power)(value).replace("-", "−") for value in values]


def _plain(value: float) -> str:
    decimals = max(1, SIGNIFICANT - math.floor(math.log10(abs(value)))) if value else 1
    return f"{value:,.{decimals}f}".rstrip("0").rstrip(".")


def _power(value: float) -> str:
    if not value:
        return "0"
    mantissa, exponent = f"{value:.{SIGNIFICANT}e}".split("e")
    if -1 <= int(exponent) <= 3:
        return _plain(value)
    power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    mantissa = mantissa.rstrip("0").rstrip(".")
    return {"1": power, "-1": f"-{power}"}.get(mantissa, f"{mantissa}·{power}")
