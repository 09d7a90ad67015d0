"""Moving elements in NIR: it can join axes, and multiply by matrices and kernels of zeros and ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...operators import Convolution, Select, Shape
from ...readers.nir.file import NodeDict
from .convolution import convolution
from .limits import Notes, NotExpressibleError, matrix_size
from .weights import affine

Array = NDArray[Any]


def flatten_nodes(shape: Shape, result: Shape) -> list[NodeDict]:
    """The nodes that make one shape another, for the same elements.

    Raises
    ------
    NotExpressibleError : axes would have to be split.
    """
    groups = _joined(shape, result)
    if groups is None:
        raise NotExpressibleError(
            f"makes shape {shape} {result}; NIR can join axes but not split them: leave it out where the network allows"
        )
    nodes: list[NodeDict] = []
    for first, last in reversed(groups):
        if last > first:
            # Counted from the end, for some tools count an axis of samples in front and others do not.
            start, end = first - len(shape), last - len(shape)
            nodes.append({"type": "Flatten", "start_dim": start, "end_dim": end, "input_type": np.array(shape)})
            shape = (*shape[:first], int(np.prod(shape[first : last + 1])), *shape[last + 1 :])
    return nodes


def joins_axes(shape: Shape, result: Shape) -> bool:
    """Whether one shape comes of another by joining axes that are side by side."""
    return _joined(shape, result) is not None


def _joined(shape: Shape, result: Shape) -> list[tuple[int, int]] | None:
    """First and last of the axes that make each axis of the result; None where that cannot be."""
    groups, first = [], 0
    for position, size in enumerate(result):
        last, product = first, shape[first] if first < len(shape) else 0
        while product < size and last + 1 < len(shape):
            last += 1
            product *= shape[last]
        if position == len(result) - 1:  # axes of size 1 at the end belong to it
            while last + 1 < len(shape):
                last += 1
                product *= shape[last]
        if product != size:
            return None
        groups.append((first, last))
        first = last + 1
    return groups


def select_nodes(name: str, operator: Select, notes: Notes) -> list[NodeDict]:
    """The nodes that pick elements: a matrix for flat ones, a kernel for whole channels that may be cut or padded.

    Raises
    ------
    NotExpressibleError : the elements are neither.
    """
    if operator.elements.ndim == 1:
        size = (operator.elements.size, int(np.prod(operator.input_shape)))
        notes.add(f"selection: {{}} is written as a matrix of zeros and ones, {size[0]} x {size[1]}.", name)
        matrix_size(size)
        matrix = np.zeros(size)
        kept = np.flatnonzero(operator.elements >= 0)
        matrix[kept, operator.elements[kept]] = 1.0
        flat = flatten_nodes(operator.input_shape, size[1:]) if len(operator.input_shape) > 1 else []
        return [*flat, affine(matrix, None)]
    moved = _moved_channels(operator)
    if moved is None:
        raise NotExpressibleError(
            "moves elements in a way that no node of NIR does; flat ones, whole channels, and cutting and padding them "
            "can be written"
        )
    notes.add("selection: {} is written as a convolution of zeros and ones.", name)
    return [convolution(name, moved, operator.input_shape, notes)]


def moves_channels(operator: Select) -> bool:
    """Whether it picks whole channels and perhaps cuts or pads them, so that a convolution says it."""
    return _moved_channels(operator) is not None


def _moved_channels(operator: Select) -> Convolution | None:
    """The convolution with a kernel of one element that picks the same, its padding negative where it cuts."""
    channels, *sizes = operator.input_shape
    elements = operator.elements
    if elements.ndim != len(sizes) + 1 or len(sizes) not in (1, 2) or not np.any(elements >= 0):
        return None
    sources = np.full(elements.shape[0], -1)
    offsets: tuple[int, ...] | None = None
    for target, channel in enumerate(elements):
        inside = np.argwhere(channel >= 0)
        if inside.size:
            source, *position = np.unravel_index(int(channel[tuple(inside[0])]), operator.input_shape)
            sources[target] = source
            offsets = offsets or tuple(int(a - b) for a, b in zip(position, inside[0], strict=True))
    assert offsets is not None
    axes = [np.arange(size) + offset for size, offset in zip(elements.shape[1:], offsets, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    within = np.all([(axis >= 0) & (axis < size) for axis, size in zip(grid, sizes, strict=True)], axis=0)
    places = np.ravel_multi_index([np.where(within, axis, 0) for axis in grid], sizes)
    expected = sources.reshape(-1, *[1] * len(sizes)) * int(np.prod(sizes)) + places
    if not np.array_equal(np.where(within & (sources >= 0).reshape(-1, *[1] * len(sizes)), expected, -1), elements):
        return None
    weight = np.zeros((sources.size, channels))
    weight[sources >= 0, sources[sources >= 0]] = 1.0
    padding = tuple(
        (-offset, result - size + offset)
        for offset, result, size in zip(offsets, elements.shape[1:], sizes, strict=True)
    )
    ones = (1,) * len(sizes)
    return Convolution(weight.reshape(*weight.shape, *ones), None, ones, padding, ones)
