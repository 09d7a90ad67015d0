"""Where the elements of a tensor go: reshaping, transposing, broadcasting, and any other move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from ...size_limits import LARGEST_LAYER
from ..dataflow import Dataflow
from ..nir.values import NotSupportedError
from .values import Activation, Array, Shape

MOST_MOVED = 2 * LARGEST_LAYER  # elements, those of all samples of the file
MIXES_SAMPLES = "it mixes samples with one another"


def in_order(flow: Dataflow, name: str, x: Activation) -> Activation:
    """The same tensor with the axes of its signal in the tensor's order."""
    axes = tuple(range(len(x.axes)))
    if x.axes == axes:
        return x
    return replace(x, signal=flow.transpose(f"{name}.transposed", x.signal, x.axes), axes=axes)


def transposed(x: Activation, axes: Shape) -> Activation:
    """Axes in another order, samples counted; nothing moves."""
    own = tuple(x.axes[x.own_axis(axis)] for axis in axes if axis != x.batch)
    return replace(x, axes=own, batch=None if x.batch is None else axes.index(x.batch))


def reshaped(flow: Dataflow, name: str, x: Activation, shape: Shape) -> Activation:
    """Another shape, samples counted, for the same elements.

    Raises
    ------
    NotSupportedError : the shape does not suit, or mixes samples.
    """
    if prod(shape) != prod(x.shape):
        raise NotSupportedError(f"makes shape {shape} of shape {x.shape}")
    if shape == x.shape:
        return x
    x = in_order(flow, name, x)
    batch = axis_of_samples(x, shape)
    own = shape if batch is None else shape[:batch] + shape[batch + 1 :]
    signal = flow.reshape(name, x.signal, own or (1,))
    return replace(x, signal=signal, axes=tuple(range(len(own))), batch=batch)


def unsqueezed(flow: Dataflow, name: str, x: Activation, axes: Shape) -> Activation:
    """New axes of size 1, where the result has them; nothing moves, whatever order the signal has."""
    own, batch, new = list(x.axes), x.batch, len(x.signal.shape)
    for count, axis in enumerate(sorted(axes)):
        after_samples = batch is not None and axis > batch
        own.insert(axis - after_samples, new + count)
        batch = batch + 1 if batch is not None and not after_samples else batch
    signal = flow.reshape(name, x.signal, x.signal.shape + (1,) * len(axes))
    return replace(x, signal=signal, axes=tuple(own), batch=batch)


def squeezed(flow: Dataflow, name: str, x: Activation, axes: Shape) -> Activation:
    """Without axes of size 1, none of them that of samples; nothing moves, whatever order the signal has."""
    gone = {x.axes[x.own_axis(axis)] for axis in axes}
    left = [axis for axis in range(len(x.signal.shape)) if axis not in gone]
    own = tuple(left.index(axis) for axis in x.axes if axis not in gone)
    batch = None if x.batch is None else x.batch - sum(axis < x.batch for axis in axes)
    signal = flow.reshape(name, x.signal, tuple(x.signal.shape[axis] for axis in left) or (1,))
    return replace(x, signal=signal, axes=own, batch=batch)


def axis_of_samples(x: Activation, shape: Shape) -> int | None:
    """Where samples lie when a tensor in order takes another shape.

    A single sample may be cut into any shape; its leading axis of size 1 is taken for that of samples.
    """
    if x.samples == 1:
        return 0 if len(shape) > 1 and shape[0] == 1 else None
    assert x.batch is not None
    before = prod(x.shape[: x.batch])
    for axis, size in enumerate(shape):
        if size == x.samples and prod(shape[:axis]) == before:
            return axis
    raise NotSupportedError(MIXES_SAMPLES)


def with_samples_first(flow: Dataflow, name: str, x: Activation) -> Activation:
    """The tensor in order, its first axis that of samples."""
    x = in_order(flow, name, x)
    if x.batch == 0:
        return x
    if x.samples == 1 and x.shape[0] == 1:
        axes = tuple(range(x.rank - 1))
        return replace(x, signal=flow.reshape(f"{name}.sample", x.signal, x.shape[1:]), axes=axes, batch=0)
    raise NotSupportedError(f"its first axis, of size {x.shape[0]}, is not that of samples")


def without_samples(flow: Dataflow, name: str, x: Activation) -> Activation:
    """The tensor with its axis of samples, of size 1, as any other axis."""
    if x.batch is None:
        return x
    if x.samples > 1:
        raise NotSupportedError(MIXES_SAMPLES)
    x = in_order(flow, name, x)
    signal = flow.reshape(f"{name}.whole", x.signal, x.shape)
    return replace(x, signal=signal, axes=tuple(range(x.rank)), batch=None)


def moved(flow: Dataflow, name: str, x: Activation, move: Callable[[Array], Array]) -> Activation:
    """A tensor whose elements are moved, repeated or left out.

    `move` is given the tensor with, in place of its elements, their numbers from 1 on, as float64; where it puts a
    zero, there is zero.
    """
    size = prod(x.signal.shape)
    if x.samples * size > MOST_MOVED:
        raise NotSupportedError(
            f"has {x.samples} samples of {size} elements in its first axis; export it with one sample"
        )
    own = np.arange(size, dtype=np.float64).reshape(x.signal.shape)
    own = np.asarray(own.transpose(x.axes) if x.axes else own.reshape(()))
    numbers = own
    if x.batch is not None:
        samples = np.arange(x.samples, dtype=np.float64) * size
        numbers = np.stack([own + first for first in samples], axis=x.batch)
    result = np.asarray(move(numbers + 1)).astype(np.int64) - 1
    batch = _axis_of_moved_samples(x, result, size)
    elements = np.asarray(result if batch is None else result.take(0, axis=batch))
    if elements.size == 0:
        raise NotSupportedError("leaves nothing")
    axes = tuple(range(elements.ndim))
    if elements.ndim == len(x.axes) and batch == x.batch:
        elements, axes = elements.transpose(np.argsort(x.axes)), x.axes
    if elements.size == size and np.array_equal(elements.reshape(-1), np.arange(size)):
        signal = flow.reshape(name, x.signal, elements.shape or (1,))
    else:
        signal = flow.select(name, x.signal, elements if elements.ndim else elements.reshape(1))
    return replace(x, signal=signal, axes=axes, batch=batch)


def _axis_of_moved_samples(x: Activation, result: Array, size: int) -> int | None:
    """The axis along which every sample has its own elements, in the same places."""
    if x.samples == 1:
        if x.batch is not None and x.batch < result.ndim == x.rank and result.shape[x.batch] == 1:
            return x.batch
        return 0 if result.ndim > 1 and result.shape[0] == 1 else None
    for axis in range(result.ndim):
        if result.shape[axis] != x.samples:
            continue
        rows = np.moveaxis(result, axis, 0)
        first = np.arange(x.samples).reshape(-1, *[1] * (result.ndim - 1)) * size
        if np.all(rows[0] < size) and np.array_equal(rows, np.where(rows[:1] < 0, -1, rows[:1] + first)):
            return axis
    raise NotSupportedError(MIXES_SAMPLES)


def aligned(flow: Dataflow, name: str, x: Activation, array: Array) -> tuple[Activation, Array]:
    """A tensor and a constant so that the constant can be broadcast to the tensor's signal.

    Where the constant has more elements than the tensor along an axis, the tensor is repeated.
    """
    x = with_rank(flow, name, x, array.ndim)
    array = array.reshape((1,) * (x.rank - array.ndim) + array.shape)
    x, array = without_difference(flow, name, x, array)
    x = expanded(flow, name, x, broadcast(x.shape, array.shape))
    if x.batch is not None:
        array = array.take(0, axis=x.batch)
    return x, array.transpose(np.argsort(x.axes)) if x.axes else array.reshape(1)


def without_difference(flow: Dataflow, name: str, x: Activation, array: Array) -> tuple[Activation, Array]:
    """A tensor and a constant with as many axes, which is the same for all samples."""
    if x.batch is None or array.shape[x.batch] == 1:
        return x, array
    if x.samples == 1:
        return without_samples(flow, name, x), array
    first = array.take([0], axis=x.batch)
    if array.shape[x.batch] == x.samples and np.array_equal(array, np.broadcast_to(first, array.shape)):
        return x, first
    raise NotSupportedError("its constant differs from sample to sample")


def together(flow: Dataflow, name: str, parts: list[Activation], same_shape: bool = True) -> list[Activation]:
    """Tensors in the layout of the first, broadcast to one shape where that is asked for."""
    rank = max(x.rank for x in parts)
    parts = [with_rank(flow, name, x, rank) for x in parts]
    if len({x.batch for x in parts}) > 1:
        parts = [without_samples(flow, name, x) for x in parts]
    if same_shape:
        shape = parts[0].shape
        for x in parts[1:]:
            shape = broadcast(shape, x.shape)
        parts = [expanded(flow, name, x, shape) for x in parts]
    first = parts[0]
    return [x if x.axes == first.axes else _like(flow, name, x, first.axes) for x in parts]


def expanded(flow: Dataflow, name: str, x: Activation, shape: Shape) -> Activation:
    """The tensor repeated along its axes of size 1 until it has a shape, samples counted."""
    if x.shape == shape:
        return x
    if prod(shape) > LARGEST_LAYER * x.samples:
        raise NotSupportedError(f"repeats shape {x.shape} to {shape}, of more than {LARGEST_LAYER} elements")
    return moved(flow, f"{name}.repeated", x, lambda numbers: np.broadcast_to(numbers, shape))


def _like(flow: Dataflow, name: str, x: Activation, axes: Shape) -> Activation:
    """The same tensor, its signal's axes in the order that another tensor's signal has."""
    # Axis i of the tensor is axis axes[i] of the signal that is wanted.
    order = tuple(x.axes[axis] for axis in np.argsort(axes))
    return replace(x, signal=flow.transpose(f"{name}.transposed", x.signal, order), axes=axes)


def with_rank(flow: Dataflow, name: str, x: Activation, rank: int) -> Activation:
    """The tensor with as many axes at least, those that are new in front."""
    if x.rank >= rank:
        return x
    return reshaped(flow, f"{name}.axes", x, (*[1] * (rank - x.rank), *x.shape))


def broadcast(first: Shape, second: Shape) -> Shape:
    """The shape of what is joined element by element, by NumPy's rules."""
    try:
        return np.broadcast_shapes(first, second)
    except ValueError:
        raise NotSupportedError(f"joins shapes {first} and {second}") from None
