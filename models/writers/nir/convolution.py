"""Convolutions as NIR's nodes.

NIR's convolutions and pools have one padding an axis; its reader takes a grouped convolution for one of fewer channels,
and any kernel for square. So padding that differs from side to side and kernels that are not square become kernels with
zeros at their sides, and groups become zeros between them: the same sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...operators import Convolution, Shape
from ...readers.nir.file import NodeDict
from .limits import Notes, NotExpressibleError, matrix_size

Array = NDArray[Any]
Zeros = tuple[int, int, int]
"""Zeros before a kernel and behind it, and the padding that goes with them."""

NOT_SQUARE = (
    "kernel: NIR's own reader takes any for square, which that of {} cannot be made; nir.read needs type_check=False."
)


def convolution(name: str, operator: Convolution, shape: Shape, notes: Notes) -> NodeDict:
    """Conv1d or Conv2d without groups, with one padding an axis, or "same"; padding below 0 cuts.

    Raises
    ------
    NotExpressibleError : it has other axes, or would be too large without groups.
    """
    axes = len(shape) - 1
    if axes not in (1, 2):
        raise NotExpressibleError(f"is a convolution over {axes} axes; NIR has those over 1 and 2")
    weight = operator.weight
    if operator.groups > 1:
        notes.add(
            "groups: NIR's reader takes a convolution with groups for one of fewer channels; {} is written with zeros "
            "between its groups.",
            name,
        )
        weight = _without_groups(weight, operator.groups)
    padding: Any = np.array([before for before, _ in operator.padding])
    dilation = operator.dilation
    square = len(set(weight.shape[2:])) == 1
    if not square or any(before != after or before < 0 for before, after in operator.padding):
        if operator.padding == _same(operator):
            padding = "same"
        else:
            weight, padding, dilation = _with_zeros(name, operator, weight, shape[1:], notes)
    bias = np.zeros(weight.shape[0]) if operator.bias is None else operator.bias
    node: NodeDict = {"type": f"Conv{axes}d", "weight": weight, "bias": bias, "groups": 1}
    numbers = {"stride": operator.stride, "dilation": dilation, "input_shape": shape[1:], "padding": padding}
    for key, value in numbers.items():
        node[key] = value if isinstance(value, str) else np.array(value) if axes == 2 else int(value[0])
    return node


def _same(operator: Convolution) -> tuple[tuple[int, int], ...] | None:
    """The padding that "same" stands for: an odd excess goes behind."""
    if any(step != 1 for step in operator.stride):
        return None
    kernel = operator.weight.shape[2:]
    excess = [step * (size - 1) for step, size in zip(operator.dilation, kernel, strict=True)]
    return tuple((total // 2, total - total // 2) for total in excess)


def _without_groups(weight: Array, groups: int) -> Array:
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    whole = (weight.shape[0], inputs * groups, *weight.shape[2:])
    matrix_size(whole)
    result = np.zeros(whole, dtype=weight.dtype)
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        result[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return result


def _with_zeros(
    name: str, operator: Convolution, weight: Array, sizes: Shape, notes: Notes
) -> tuple[Array, Array, tuple[int, ...]]:
    """A kernel that sees the same with one padding an axis, square if it can be; the kernel, padding and dilation."""
    dilation = operator.dilation
    zeros = _square(operator, weight, sizes, dilation) or _each(operator, weight, sizes, dilation)
    if zeros is None or (len(sizes) > 1 and _widths(weight, zeros) > 1):
        spaced = _spaced(weight, dilation)  # what is skipped can be written as zeros, too
        ones = (1,) * len(sizes)
        again = _square(operator, spaced, sizes, ones) or (_each(operator, spaced, sizes, ones) if not zeros else None)
        if again:
            weight, dilation, zeros = spaced, ones, again
    assert zeros is not None, "without gaps there is always a way"
    if any(front or behind for front, behind, _ in zeros):
        notes.add(
            "padding: NIR has one an axis, and its reader takes kernels for square; that of {} is written with zeros "
            "at its sides.",
            name,
        )
    if _widths(weight, zeros) > 1:
        notes.add(NOT_SQUARE, name)
    sides = [(front, behind) for front, behind, _ in zeros]
    whole = np.pad(weight, [(0, 0), (0, 0), *sides])
    return whole, np.array([padding for _, _, padding in zeros]), dilation


def _widths(weight: Array, zeros: list[Zeros]) -> int:
    """Number of different widths that a kernel has with its zeros."""
    return len({size + front + behind for size, (front, behind, _) in zip(weight.shape[2:], zeros, strict=True)})


def _spaced(weight: Array, dilation: tuple[int, ...]) -> Array:
    kernel = [step * (size - 1) + 1 for step, size in zip(dilation, weight.shape[2:], strict=True)]
    result = np.zeros((*weight.shape[:2], *kernel))
    result[(slice(None), slice(None), *(slice(None, None, step) for step in dilation))] = weight
    return result


def _square(operator: Convolution, weight: Array, sizes: Shape, dilation: tuple[int, ...]) -> list[Zeros] | None:
    """The fewest zeros that make all axes equally wide; None where nothing does."""
    kernel = weight.shape[2:]
    spare = sum(abs(side) for axis in operator.padding for side in axis)
    for width in range(max(kernel), max(kernel) + spare + 2):
        found = [
            _zeros(size, own, stride, padding, step, width - own)
            for size, own, stride, padding, step in zip(
                sizes, kernel, operator.stride, operator.padding, dilation, strict=True
            )
        ]
        whole = [zeros for zeros in found if zeros]
        if len(whole) == len(found):
            return whole
    return None


def _each(operator: Convolution, weight: Array, sizes: Shape, dilation: tuple[int, ...]) -> list[Zeros] | None:
    """The fewest zeros for each axis by itself; None where one has no way."""
    result = []
    for size, own, stride, padding, step in zip(
        sizes, weight.shape[2:], operator.stride, operator.padding, dilation, strict=True
    ):
        totals = range(sum(map(abs, padding)) + 1)
        found = [zeros for total in totals if (zeros := _zeros(size, own, stride, padding, step, total))]
        if not found:
            return None
        result.append(found[0])
    return result


def _zeros(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, total: int) -> Zeros | None:
    """So many zeros in all, before and behind a kernel, and one padding for both ends, for the same windows."""
    before, after = padding
    last = (size + before + after - dilation * (kernel - 1) - 1) // stride
    for front in range(total + 1):
        both = before + front * dilation
        spare = size + 2 * both - dilation * (kernel + total - 1) - 1
        if both >= 0 and spare >= 0 and spare // stride == last:
            return front, total - front, both
    return None
