"""Linear operators with trained weights, and pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import connectivity
from .operator import Array, LinearOperator, Shape, ShapeError


@dataclass(frozen=True, eq=False)
class Linear(LinearOperator):
    """y = W x + b over the last axis.

    Attributes
    ----------
    weight : (outputs, inputs), or (*leading, outputs, inputs) for one matrix per leading index.
    bias : (outputs,), broadcastable to the output, or None.
    """

    weight: Array
    bias: Array | None = None

    def output_shape(self, shape: Shape) -> Shape:
        expected = (*self.weight.shape[:-2], int(self.weight.shape[-1]))
        if shape != expected:
            raise ShapeError(f"its weight of shape {self.weight.shape} takes {expected}")
        return (*self.weight.shape[:-2], int(self.weight.shape[-2]))

    def connectivity(self, shape: Shape) -> connectivity.Connectivity:
        if self.weight.ndim == 2:
            return connectivity.Dense(self.weight)
        from scipy import sparse

        blocks = self.weight.reshape(-1, *self.weight.shape[-2:])
        return connectivity.Sparse.from_matrix(sparse.block_diag(list(blocks), format="csr"))

    def constant(self, shape: Shape) -> Array | None:
        if self.bias is None:
            return None
        return np.broadcast_to(self.bias, self.output_shape(shape)).reshape(-1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Convolution(LinearOperator):
    """Cross-correlation with a bias per channel.

    Attributes
    ----------
    weight : (output channels, input channels / groups, *kernel), one or two spatial axes.
    bias : (output channels,) or None.
    stride, dilation : one int an axis.
    padding : (before, after) an axis; outside is zero.
    """

    weight: Array
    bias: Array | None
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1

    def output_shape(self, shape: Shape) -> Shape:
        channels = int(self.weight.shape[1]) * self.groups
        if len(shape) != self.weight.ndim - 1 or shape[0] != channels:
            raise ShapeError(f"takes {channels} channels and {self.weight.ndim - 2} spatial axes")
        result = self.connectivity(shape).output_shape
        if min(result) < 1:
            raise ShapeError(f"its kernel {self.weight.shape[2:]} is larger than the padded input")
        return result

    def connectivity(self, shape: Shape) -> connectivity.Convolution:
        return connectivity.Convolution(self.weight, shape, self.stride, self.padding, self.dilation, self.groups)

    def constant(self, shape: Shape) -> Array | None:
        if self.bias is None:
            return None
        result = self.output_shape(shape)
        return np.repeat(np.asarray(self.bias, dtype=np.float64), int(np.prod(result[1:])))


@dataclass(frozen=True, eq=False)
class Pool(LinearOperator):
    """Sum or average over windows; an average counts the padding.

    Attributes
    ----------
    kernel, stride : one int an axis.
    padding : (before, after) an axis.
    average : divide by the window's size.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    average: bool

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != len(self.kernel) + 1:
            raise ShapeError(f"pools over {len(self.kernel)} spatial axes")
        result = self.connectivity(shape).output_shape
        if min(result) < 1:
            raise ShapeError(f"its window {self.kernel} is larger than the padded input")
        return result

    def connectivity(self, shape: Shape) -> connectivity.Pool:
        weight = 1 / np.prod(self.kernel) if self.average else 1.0
        return connectivity.Pool(np.full(shape[0], weight), shape, self.kernel, self.stride, self.padding)
