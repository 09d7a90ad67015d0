"""Which values can be drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

# Beyond these, differences and ratios of two drawn values would leave what a float can hold.
LARGEST, SMALLEST = 1e100, 1e-100


def finite(value: object) -> float | None:
    """Read a number that can be drawn.

    Parameters
    ----------
    value : anything; numbers may be Python's or NumPy's.

    Returns
    -------
    float or None : None for what is no number, not finite, or above 1e100; what lies within 1e-100 of zero is zero.

    Examples
    --------
    >>> finite(0.5), finite(float("nan")), finite(None), finite(True)
    (0.5, None, None, None)
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer that no float can hold
        return None
    if not -LARGEST <= number <= LARGEST:  # also true of NaN
        return None
    return number if abs(number) >= SMALLEST else 0.0


def finite_values(values: Iterable[object]) -> list[float]:
    """Those of some values that can be drawn."""
    return [read for read in map(finite, values) if read is not None]
