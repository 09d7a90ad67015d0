"""One kernel, shared by all positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .connectivity import Array, Connectivity, uniform
from .sparse_matrix import Sparse

BLOCK_ENTRIES = 1 << 18  # of the matrix of windows at a time: about what a processor's cache holds

Padding = tuple[tuple[int, int], ...]


def window_count(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int) -> int:
    """Number of positions of a kernel along one axis; below 1 where the kernel is larger than the padded input."""
    return (size + padding[0] + padding[1] - dilation * (kernel - 1) - 1) // stride + 1


@dataclass(frozen=True, eq=False)
class Convolution(Connectivity):
    """A 1-d or 2-d cross-correlation, as in PyTorch, over channels-first populations; outside is zero.

    Attributes
    ----------
    weights : (output channels, input channels / groups, *kernel).
    input_shape : (input channels, *size).
    stride, dilation : one int an axis, at least 1.
    padding : (before, after) an axis.
    groups : input and output channels are split into this many independent parts.
    """

    weights: Array
    input_shape: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]
    groups: int = 1

    @property
    def kernel(self) -> tuple[int, ...]:
        """Kernel size, an int an axis."""
        return tuple(int(size) for size in self.weights.shape[2:])

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(output channels, *size)."""
        axes = zip(self.input_shape[1:], self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return (int(self.weights.shape[0]), *(window_count(*axis) for axis in axes))

    @property
    def sources(self) -> int:
        return int(np.prod(self.input_shape))

    @property
    def targets(self) -> int:
        return int(np.prod(self.output_shape))

    @property
    def products(self) -> int:
        return int(self.weights.size) * (self.targets // int(self.weights.shape[0]))

    def as_planar(self) -> Convolution:
        """The same map with two spatial axes: a 1-d convolution becomes one over an image of height 1."""
        if len(self.kernel) == 2:
            return self
        return Convolution(
            self.weights[:, :, np.newaxis],
            (self.input_shape[0], 1, self.input_shape[1]),
            (1, *self.stride),
            ((0, 0), *self.padding),
            (1, *self.dilation),
            self.groups,
        )

    def apply(self, activity: Array) -> Array:
        planar = self.as_planar()
        result = np.empty((activity.shape[0], self.targets))
        entries = self.targets // planar.output_shape[0] * int(np.prod(planar.weights.shape[1:])) * self.groups
        block = max(1, BLOCK_ENTRIES // max(1, entries))
        for first in range(0, activity.shape[0], block):
            part = np.asarray(activity[first : first + block], dtype=np.float64)
            result[first : first + block] = _correlate(planar, part.reshape(-1, *planar.input_shape))
        return result

    def to_sparse(self) -> sparse.csr_array:
        planar = self.as_planar()
        channels, height, width = planar.output_shape
        input_channels, input_height, input_width = planar.input_shape
        inputs, outputs = input_channels // self.groups, channels // self.groups
        out_y, out_x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
        rows, columns, values = [], [], []
        for kernel_y in range(planar.kernel[0]):
            for kernel_x in range(planar.kernel[1]):
                in_y = out_y * planar.stride[0] + kernel_y * planar.dilation[0] - planar.padding[0][0]
                in_x = out_x * planar.stride[1] + kernel_x * planar.dilation[1] - planar.padding[1][0]
                inside = (in_y >= 0) & (in_y < input_height) & (in_x >= 0) & (in_x < input_width)
                here = (in_y * input_width + in_x)[inside]
                there = (out_y * width + out_x)[inside]
                output = np.arange(channels)[:, None, None]
                source = (np.arange(channels) // outputs * inputs)[:, None, None] + np.arange(inputs)[None, :, None]
                weight = planar.weights[:, :, kernel_y, kernel_x][:, :, None]
                shape = (channels, inputs, here.size)
                rows.append(np.broadcast_to(output * (height * width) + there, shape).ravel())
                columns.append(np.broadcast_to(source * (input_height * input_width) + here, shape).ravel())
                values.append(np.broadcast_to(weight, shape).ravel())
        matrix = sparse.csr_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(self.targets, self.sources),
        )
        matrix.eliminate_zeros()
        return matrix

    def synapses(self) -> int:
        planar = self.as_planar()
        reached = [
            np.array([_windows_inside(planar, axis, offset) for offset in range(planar.kernel[axis])])
            for axis in (0, 1)
        ]
        present = np.count_nonzero(planar.weights, axis=(0, 1))
        return int((present * np.outer(*reached)).sum())

    def with_weights(self, weights: Array) -> Convolution:
        return replace(self, weights=weights)

    def scaled_by_target(self, gain: Array) -> Connectivity:
        per_channel = uniform(gain, self.output_shape[0])
        if per_channel is None:
            return Sparse.from_matrix(self.to_sparse()).scaled_by_target(gain)
        return self.with_weights(self.weights * per_channel.reshape(-1, *[1] * (self.weights.ndim - 1)))

    def scaled_by_source(self, gain: Array) -> Connectivity:
        per_channel = uniform(gain, self.input_shape[0])
        if per_channel is None:
            return Sparse.from_matrix(self.to_sparse()).scaled_by_source(gain)
        inputs = self.input_shape[0] // self.groups
        outputs = self.weights.shape[0] // self.groups
        source = np.arange(self.weights.shape[0])[:, None] // outputs * inputs + np.arange(inputs)[None, :]
        scale = per_channel[source].reshape(*source.shape, *[1] * len(self.kernel))
        return self.with_weights(self.weights * scale)


def _correlate(planar: Convolution, images: Array) -> Array:
    """All windows as columns of one matrix per group, so that the sums are one product each: (batch, targets)."""
    batch, channels, height, width = images.shape
    (top, bottom), (left, right) = planar.padding
    padded = np.zeros((batch, channels, height + top + bottom, width + left + right))
    padded[:, :, top : top + height, left : left + width] = images
    (kernel_y, kernel_x), (stride_y, stride_x), (dilation_y, dilation_x) = planar.kernel, planar.stride, planar.dilation
    outputs, rows, columns = planar.output_shape
    by_channel = padded.transpose(1, 0, 2, 3).reshape(planar.groups, -1, *padded.shape[:1], *padded.shape[2:])
    windows = np.empty((planar.groups, by_channel.shape[1], kernel_y, kernel_x, batch, rows, columns))
    for y in range(kernel_y):
        for x in range(kernel_x):
            down = slice(y * dilation_y, y * dilation_y + (rows - 1) * stride_y + 1, stride_y)
            along = slice(x * dilation_x, x * dilation_x + (columns - 1) * stride_x + 1, stride_x)
            windows[:, :, y, x] = by_channel[..., down, along]
    kernels = planar.weights.astype(np.float64).reshape(planar.groups, outputs // planar.groups, -1)
    sums = kernels @ windows.reshape(planar.groups, kernels.shape[2], -1)
    return sums.reshape(outputs, batch, rows * columns).transpose(1, 0, 2).reshape(batch, -1)


def _windows_inside(planar: Convolution, axis: int, offset: int) -> int:
    """Number of window positions along an axis at which one element of the kernel looks at the image itself."""
    start = np.arange(planar.output_shape[1 + axis]) * planar.stride[axis] - planar.padding[axis][0]
    seen = start + offset * planar.dilation[axis]
    return int(np.count_nonzero((seen >= 0) & (seen < planar.input_shape[1 + axis])))
