"""What ordinary networks have between their linear maps: no state, no spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import connectivity
from .operator import Array, Operator, Shape, ShapeError, require_moderate


@dataclass(frozen=True, eq=False)
class Rectifier(Operator):
    """y = min(max(x, 0), ceiling): a ReLU, or with a ceiling a clipped one. It has no state and does not spike.

    Attributes
    ----------
    ceiling : scalar array (), or one value a channel, (channels,); infinite for a plain ReLU.
    """

    ceiling: Array

    def output_shape(self, shape: Shape) -> Shape:
        if self.ceiling.size not in (1, shape[0]):
            raise ShapeError(f"has ceilings for {self.ceiling.size} channels")
        return shape

    def apply(self, values: Array, shape: Shape) -> Array:
        """Rectify values of shape (batch, elements), the elements of `shape`."""
        ceiling = self.ceiling.reshape(-1) if self.ceiling.ndim else self.ceiling
        if ceiling.size > 1:
            ceiling = np.repeat(ceiling, int(np.prod(shape[1:])))
        return np.asarray(np.clip(values, 0, ceiling))


@dataclass(frozen=True, eq=False)
class MaxPool(Operator):
    """The largest value of each window, each channel by itself; what lies outside is never the largest.

    Attributes
    ----------
    kernel, stride, dilation : one int an axis.
    padding : (before, after) an axis, smaller than the kernel.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != len(self.kernel) + 1:
            raise ShapeError(f"pools over {len(self.kernel)} spatial axes")
        require_moderate((shape[0], *(size + sum(pads) for size, pads in zip(shape[1:], self.padding, strict=True))))
        sizes = zip(shape[1:], self.kernel, self.stride, self.padding, self.dilation, strict=True)
        result = (shape[0], *(connectivity.window_count(*axis) for axis in sizes))
        if min(result) < 1:
            raise ShapeError(f"its window {self.kernel} is larger than the padded input")
        return result

    def inside(self, shape: Shape) -> Array:
        """How many elements of a window fall on the input, for each place of the window: (*size of the output)."""
        result = np.ones((), dtype=np.int64)
        counts = self.output_shape(shape)[1:]
        for size, count, width, stride, (before, _), dilation in zip(
            shape[1:], counts, self.kernel, self.stride, self.padding, self.dilation, strict=True
        ):
            starts = np.arange(count) * stride - before
            first = np.maximum(-(starts // dilation), 0)  # -(a // b) is -a / b, rounded upwards
            last = np.minimum((size - 1 - starts) // dilation, width - 1)
            result = result[..., np.newaxis] * np.maximum(last - first + 1, 0)
        return result

    def windows(self, shape: Shape) -> Array:
        """For each element of the window, the input elements that it falls on: (window, *output shape), -1 outside."""
        sizes = shape[1:]
        result = self.output_shape(shape)
        numbers = np.arange(int(np.prod(shape))).reshape(shape)
        parts = []
        for offset in np.ndindex(*self.kernel):
            part, inside = numbers, np.ones((), dtype=bool)
            for axis, step in enumerate(offset):
                seen = np.arange(result[1 + axis]) * self.stride[axis] - self.padding[axis][0]
                seen = seen + step * self.dilation[axis]
                within = (seen >= 0) & (seen < sizes[axis])
                part = np.take(part, np.clip(seen, 0, sizes[axis] - 1), axis=1 + axis)
                inside = inside[..., np.newaxis] & within
            parts.append(np.where(inside, part, -1))
        return np.stack(parts)

    def apply(self, values: Array, shape: Shape) -> Array:
        """Pool values of shape (batch, elements), the elements of `shape`: (batch, elements of the output)."""
        windows = self.windows(shape).reshape(int(np.prod(self.kernel)), -1)
        result = np.full((values.shape[0], windows.shape[1]), -np.inf)
        for elements in windows:
            seen = np.where(elements >= 0, values[:, np.maximum(elements, 0)], -np.inf)
            result = np.maximum(result, seen)
        return result
