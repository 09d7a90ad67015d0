"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard

PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
UNKNOWN = "–"


def format_quantity(value: float | None, unit: str) -> str:
    """Write a value with three significant digits and the SI prefix that suits it.

    Examples
    --------
    >>> format_quantity(0.00000234, "J")
    '2.34 µJ'
    >>> format_quantity(0, "s")
    '0 s'
    >>> format_quantity(None, "s")
    '–'
    """
    if not is_number(value):
        return UNKNOWN
    exponent = _prefix_exponent(value)
    return f"{_three_digits(value / 10.0**exponent)} {PREFIXES[exponent]}{unit}"


def format_range(quantity: Mapping[str, float | None], unit: str) -> str:
    """Write low to high in one unit, that of the higher end.

    Examples
    --------
    >>> format_range({"low": 4.1e-7, "nominal": 1e-6, "high": 2.5e-6}, "J")
    '0.41–2.5 µJ'
    """
    low, high = quantity.get("low"), quantity.get("high")
    if not is_number(low) or not is_number(high):
        return UNKNOWN
    exponent = _prefix_exponent(high)
    ends = [_three_digits(end / 10.0**exponent) for end in (low, high)]
    # Two ends that read alike are one figure.
    return f"{'–'.join(dict.fromkeys(ends))} {PREFIXES[exponent]}{unit}"


def format_share(value: float | None) -> str:
    """Write a share as a percentage with one digit after the point; 100.0 % only where nothing is missing.

    Examples
    --------
    >>> format_share(0.9822)
    '98.2 %'
    >>> format_share(0.99999)
    '>99.9 %'
    >>> format_share(1.0)
    '100 %'
    """
    if not is_number(value):
        return UNKNOWN
    if value == 1:
        return "100 %"
    if 0.9995 <= value < 1:
        return ">99.9 %"
    return f"{100 * value:.1f} %"


def format_interval(ends: Sequence[float] | None) -> str:
    """Write both ends of a share's confidence interval as percentages.

    Examples
    --------
    >>> format_interval((0.9653, 0.991))
    '96.5–99.1'
    """
    if not isinstance(ends, Sequence) or len(ends) != 2 or not all(map(is_number, ends)):
        return UNKNOWN
    return "–".join(f"{100 * end:.1f}" for end in ends)


def format_count(value: float | None) -> str:
    """Write a count with separators between thousands, and one digit after the point where it is small and broken.

    Examples
    --------
    >>> format_count(12345.6)
    '12,346'
    >>> format_count(8.84)
    '8.8'
    """
    if not is_number(value):
        return UNKNOWN
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}"


def format_points(change: float) -> str:
    """Write a difference of shares in percentage points, with its sign.

    Examples
    --------
    >>> format_points(-0.0123)
    '−1.2 points'
    """
    return f"{100 * change:+.1f} points".replace("-", "\u2212")


def is_number(value: object) -> TypeGuard[float]:
    """Whether there is a finite number to write."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _prefix_exponent(value: float) -> int:
    if value == 0:
        return 0
    # Rounded to three digits first: 999.9 µJ is written as 1 mJ.
    magnitude = math.floor(math.log10(float(f"{abs(value):.2e}")))
    return min(max(3 * (magnitude // 3), min(PREFIXES)), max(PREFIXES))


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.10g}"
