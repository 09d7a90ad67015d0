"""An axis of a grid, as people write it: LOW:HIGH:COUNT, or the values themselves with commas between."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator

MOST = 200  # values


def axis_values(text: Any) -> Any:
    """The values of an axis, rising.

    Raises
    ------
    ValueError : it is written otherwise, or holds what is no number.
    """
    if not isinstance(text, str):
        return text
    try:
        if ":" in text:
            low, high, count = text.split(":")
            ends, number = (float(low), float(high)), int(count)
            if not 1 <= number <= MOST:
                raise ValueError(f"an axis has 1 to {MOST} values")
            values = [float(f"{value:.6g}") for value in np.linspace(*ends, number)]
        else:
            values = [float(part) for part in text.split(",")]
    except ValueError as error:
        if "axis" in str(error):
            raise
        raise ValueError("write LOW:HIGH:COUNT, or values with commas between") from None
    if not all(math.isfinite(value) for value in values):
        raise ValueError("its values must be finite")
    return tuple(sorted(set(values)))


Axis = Annotated[tuple[float, ...], BeforeValidator(axis_values)]
