"""From the axes of data to those of a model's input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.errors import DataError
from ..models.operators import Input

Array = NDArray[Any]


def fitted(x: Array, entry: Input, name: str) -> tuple[Array, bool, list[str]]:
    """Data with the axes of the input.

    Data that differs from what the input takes in axes of length 1, or in being flat, is given its axes; which is said.

    Parameters
    ----------
    x : (samples, steps, *shape) or (samples, *shape).
    entry : input of the model.
    name : of the data, for messages.

    Returns
    -------
    The data, (samples, steps, *entry.shape) or (samples, *entry.shape); whether it is static; what was assumed.

    Raises
    ------
    DataError : it has other sizes; names both.
    """
    taken = entry.shape
    if entry.axes is not None:  # what the axes of the data are before they are put in order
        taken = tuple(entry.shape[entry.axes.index(axis)] for axis in range(len(entry.shape)))
    notes: list[str] = []
    if tuple(x.shape[1:]) == taken or tuple(x.shape[2:]) == taken:
        static = tuple(x.shape[1:]) == taken
    elif x.ndim > 1 and _same_but_for_axes(tuple(x.shape[1:]), taken):
        static = True
    elif x.ndim > 2 and _same_but_for_axes(tuple(x.shape[2:]), taken):
        static = False
    else:
        inside = ", ".join(map(str, taken))
        raise DataError(
            f"{name}: x has the shape {tuple(x.shape)}; the model takes (samples, steps, {inside}), or "
            f"(samples, {inside}) for static input."
        )
    leading = 1 if static else 2
    if tuple(x.shape[leading:]) != taken:
        what = "sample" if static else "step"
        notes.append(f"layout: a {what} of x has the shape {tuple(x.shape[leading:])}, taken as {taken} in that order.")
        x = x.reshape(*x.shape[:leading], *taken)
    if entry.axes is not None:
        x = x.transpose(*range(leading), *(leading + axis for axis in entry.axes))
    return x, static, notes


def _same_but_for_axes(found: tuple[int, ...], taken: tuple[int, ...]) -> bool:
    """Whether shapes hold the same elements, one of them flat, or both alike but for axes of length 1."""
    if np.prod(found) != np.prod(taken):
        return False
    long, wide = (tuple(size for size in shape if size != 1) for shape in (found, taken))
    return long == wide or len(long) <= 1 or len(wide) <= 1
