"""The same network with more or fewer neurons in each layer."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..errors import UsageError


def widened(sizes: Iterable[int], width: float) -> tuple[int, ...]:
    """Numbers of neurons or channels times a factor, at least 1.

    Parameters
    ----------
    width : above 0; 1 leaves them as they are.

    Raises
    ------
    UsageError : the factor is not above 0.
    """
    if not 0 < width < math.inf:
        raise UsageError(f"A network of {width:g} times its width cannot be: --width takes a number above 0.")
    return tuple(max(1, round(size * width)) for size in sizes)
