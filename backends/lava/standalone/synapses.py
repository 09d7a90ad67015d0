"""The weights of a projection in other forms: as a planar convolution, as a sparse matrix, as the largest sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class PlanarConvolution:
    """A cross-correlation over an image, as in PyTorch; outside is zero.

    Attributes
    ----------
    weights : (output channels, input channels / groups, kernel height, kernel width) int64.
    input_shape : (channels, height, width).
    stride, dilation : (vertical, horizontal).
    padding : ((top, bottom), (left, right)).
    groups : number of independent parts of the channels.
    """

    weights: np.ndarray
    input_shape: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        height, width = (
            (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1
            for size, padding, dilation, kernel, stride in zip(
                self.input_shape[1:], self.padding, self.dilation, self.weights.shape[2:], self.stride, strict=True
            )
        )
        return (self.weights.shape[0], height, width)


def as_convolution(connectivity: dict[str, Any]) -> PlanarConvolution:
    """A convolution or pool as a convolution over an image; one over a line becomes an image of height 1."""
    weights = connectivity["weights"]
    input_shape = tuple(connectivity["input_shape"])
    stride = tuple(connectivity["stride"])
    padding = tuple((int(before), int(after)) for before, after in connectivity["padding"])
    if connectivity["kind"] == "pool":  # every channel a group of its own
        kernel = tuple(connectivity["kernel"])
        groups, dilation = input_shape[0], (1,) * len(kernel)
        weights = np.broadcast_to(weights.reshape(-1, 1, *[1] * len(kernel)), (groups, 1, *kernel))
    else:
        groups, dilation = int(connectivity["groups"]), tuple(connectivity["dilation"])
    if len(stride) == 1:
        weights, input_shape = weights[:, :, np.newaxis], (input_shape[0], 1, input_shape[1])
        stride, padding, dilation = (1, *stride), ((0, 0), *padding), (1, *dilation)
    return PlanarConvolution(weights, input_shape, stride, padding, dilation, groups)


def as_matrix(connectivity: dict[str, Any], sources: int, targets: int) -> sparse.csr_matrix:
    """All synapses: (targets, sources) int64."""
    kind, weights = connectivity["kind"], connectivity["weights"]
    if kind == "dense":
        return sparse.csr_matrix(weights)
    if kind == "one_to_one":
        numbers = np.arange(sources)
        return sparse.csr_matrix((weights, (numbers, numbers)), shape=(targets, sources))
    if kind == "sparse":
        return sparse.csr_matrix((weights, connectivity["indices"], connectivity["indptr"]), shape=(targets, sources))
    return _convolution_matrix(as_convolution(connectivity))


def _convolution_matrix(convolution: PlanarConvolution) -> sparse.csr_matrix:
    channels, height, width = convolution.output_shape
    input_channels, input_height, input_width = convolution.input_shape
    inputs, outputs = input_channels // convolution.groups, channels // convolution.groups
    position_y, position_x = (axis.ravel() for axis in np.indices((height, width)))
    channel = np.arange(channels)[:, np.newaxis, np.newaxis]
    source_channel = channel // outputs * inputs + np.arange(inputs)[np.newaxis, :, np.newaxis]
    rows, columns, values = [], [], []
    for kernel_y, kernel_x in np.ndindex(*convolution.weights.shape[2:]):
        y = position_y * convolution.stride[0] + kernel_y * convolution.dilation[0] - convolution.padding[0][0]
        x = position_x * convolution.stride[1] + kernel_x * convolution.dilation[1] - convolution.padding[1][0]
        inside = (y >= 0) & (y < input_height) & (x >= 0) & (x < input_width)
        there = (position_y * width + position_x)[inside]
        here = (y * input_width + x)[inside]
        shape = (channels, inputs, here.size)
        weight = convolution.weights[:, :, kernel_y, kernel_x][:, :, np.newaxis]
        rows.append(np.broadcast_to(channel * (height * width) + there, shape).ravel())
        columns.append(np.broadcast_to(source_channel * (input_height * input_width) + here, shape).ravel())
        values.append(np.broadcast_to(weight, shape).ravel())
    coordinates = (np.concatenate(rows), np.concatenate(columns))
    matrix = sparse.csr_matrix(
        (np.concatenate(values), coordinates), shape=(channels * height * width, int(np.prod(convolution.input_shape)))
    )
    matrix.eliminate_zeros()
    return matrix


def largest_sum(connectivity: dict[str, Any]) -> int:
    """The largest absolute sum of weights that can reach a target neuron, before the exponent."""
    kind, weights = connectivity["kind"], np.abs(connectivity["weights"])
    if weights.size == 0:
        return 0
    if kind == "sparse":
        target = np.repeat(np.arange(connectivity["indptr"].size - 1), np.diff(connectivity["indptr"]))
        return int(np.bincount(target, weights).max())
    if kind == "one_to_one":
        return int(weights.max())
    if kind == "pool":
        return int(weights.max()) * int(np.prod(connectivity["kernel"]))
    return int(weights.reshape(weights.shape[0], -1).sum(axis=1).max())
