"""Numbers out of the fields of a NIR node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST = 2**31


class NotSupportedError(Exception):
    """Why a node has no meaning here; ends up in the list of everything that stands against a model."""


def numbers(value: Any) -> Array:
    """A field as finite float64, at least one number."""
    array = np.asarray(value)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_) or np.iscomplexobj(array):
        raise NotSupportedError("a parameter is not a number")
    if not array.size:
        raise NotSupportedError(f"a parameter of shape {array.shape} is empty")
    if not np.all(np.isfinite(array)):
        raise NotSupportedError("a parameter is not a finite number")
    return array.astype(np.float64)


def integers(value: Any, field: str) -> Array:
    """A field as whole numbers, int64, at least one; `field` is its name for messages."""
    try:
        array = numbers(value)
    except NotSupportedError:
        raise NotSupportedError(f"its {field} is not made of numbers") from None
    if np.any(array != np.rint(array)) or np.any(np.abs(array) > LARGEST):
        raise NotSupportedError(f"its {field} {array.tolist()} holds what is no whole number of a sensible size")
    return array.astype(np.int64)
