"""From the axes of data to those of a model's input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.errors import DataError
from ..models.operators import Input

Array = NDArray[Any]

FEWEST_NEURONS = 3  # of a population of Gaussian tuning curves


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
    taken = _taken(entry)
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
    return arranged(x, entry, leading), static, notes


def arranged(x: Array, entry: Input, leading: int = 2) -> Array:
    """Data with the axes of the input, of which it has all the elements in the order that a file has them.

    Parameters
    ----------
    x : axes for samples, or for samples and steps, then any for the elements.
    leading : how many are before the elements'.
    """
    x = x.reshape(*x.shape[:leading], *_taken(entry))
    return x if entry.axes is None else x.transpose(*range(leading), *(leading + axis for axis in entry.axes))


def neurons_a_value(x: Array, entry: Input, name: str) -> int | None:
    """How many neurons of the input a value of static data can have for itself; None where the data has steps.

    Parameters
    ----------
    x : (samples, ...).
    entry : input of the model.
    name : of the data, for messages.

    Raises
    ------
    DataError : the input is no multiple of the data.
    """
    inputs, values = math.prod(entry.shape), math.prod(x.shape[1:])
    neurons, rest = divmod(inputs, values) if values else (0, 0)
    if neurons >= FEWEST_NEURONS and rest == 0:
        return neurons
    if x.ndim > 2 and x.shape[1] > 1 and math.prod(x.shape[2:]) == inputs:
        return None
    raise DataError(
        f"{name}: a sample of x has {values} values, the model takes {inputs}; the encoder 'population' needs "
        f"{FEWEST_NEURONS * values} inputs or more, as many for every value."
    )


def _taken(entry: Input) -> tuple[int, ...]:
    """What the axes of the data are before they are put in order."""
    if entry.axes is None:
        return entry.shape
    return tuple(entry.shape[entry.axes.index(axis)] for axis in range(len(entry.shape)))


def _same_but_for_axes(found: tuple[int, ...], taken: tuple[int, ...]) -> bool:
    """Whether shapes hold the same elements, one of them flat, or both alike but for axes of length 1."""
    if np.prod(found) != np.prod(taken):
        return False
    long, wide = (tuple(size for size in shape if size != 1) for shape in (found, taken))
    return long == wide or len(long) <= 1 or len(wide) <= 1
