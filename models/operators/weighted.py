"""Linear operators with trained weights, and pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import connectivity
from .operator import Array, LinearOperator, Shape, ShapeError, require_moderate


@dataclass(frozen=True, eq=False)
class Linear(LinearOperator):
    """y = W x + b over the last axis.

    Attributes
    ----------
    weight : (outputs, inputs), or (*leading, outputs, inputs) for one matrix per leading index.
    bias : (outputs,), broadcastable to the output, or None.
    step : quantization step that its weights are multiples of, scalar or one an output channel; None where they were
        not quantized.
    """

    weight: Array
    bias: Array | None = None
    step: Array | None = None

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


def _padded(shape: Shape, padding: tuple[tuple[int, int], ...]) -> Shape:
    """Shape of an image with zeros around."""
    return (shape[0], *(size + before + after for size, (before, after) in zip(shape[1:], padding, strict=True)))


@dataclass(frozen=True, eq=False)
class Convolution(LinearOperator):
    """Cross-correlation with a bias per channel.

    Attributes
    ----------
    weight : (output channels, input channels / groups, *kernel), one or two spatial axes.
    bias : (output channels,) or None.
    stride, dilation : one int an axis.
    padding : (before, after) an axis; outside is zero.
    step : as in `Linear`.
    """

    weight: Array
    bias: Array | None
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1
    step: Array | None = None

    def output_shape(self, shape: Shape) -> Shape:
        channels = int(self.weight.shape[1]) * self.groups
        if len(shape) != self.weight.ndim - 1 or shape[0] != channels:
            raise ShapeError(f"takes {channels} channels and {self.weight.ndim - 2} spatial axes")
        require_moderate(_padded(shape, self.padding))
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
class TransposedConvolution(LinearOperator):
    """The adjoint of a convolution, which makes images larger, with a bias per channel.

    Along an axis of n pixels it puts out stride (n - 1) + dilation (kernel - 1) + 1 + longer - before - after.

    Attributes
    ----------
    weight : (input channels, output channels / groups, *kernel), one or two spatial axes.
    bias : (output channels,) or None.
    stride, dilation : one int an axis.
    padding : pixels that are cut off the output, (before, after) an axis.
    longer : pixels that are added to the output's far end, one int an axis.
    """

    weight: Array
    bias: Array | None
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
    longer: tuple[int, ...]

    def output_shape(self, shape: Shape) -> Shape:
        channels = int(self.weight.shape[0])
        if len(shape) != self.weight.ndim - 1 or shape[0] != channels:
            raise ShapeError(f"takes {channels} channels and {self.weight.ndim - 2} spatial axes")
        sizes = (
            step * (size - 1) + reach + 1 + more - before - after
            for size, step, reach, more, (before, after) in zip(
                shape[1:], self.stride, self._reach, self.longer, self.padding, strict=True
            )
        )
        result = (int(self.weight.shape[1]) * self.groups, *sizes)
        if min(result) < 1:
            raise ShapeError(f"its padding {self.padding} leaves nothing of the output")
        return result

    def connectivity(self, shape: Shape) -> connectivity.Connectivity:
        """A convolution for a stride of 1, or else single synapses."""
        if all(step == 1 for step in self.stride):
            ends = zip(self._reach, self.longer, self.padding, strict=True)
            padding = tuple((reach - before, reach - after + more) for reach, more, (before, after) in ends)
            if min(side for axis in padding for side in axis) >= 0:
                return connectivity.Convolution(
                    self._mirrored(), shape, self.stride, padding, self.dilation, self.groups
                )
        cut = tuple((before, after - more) for more, (before, after) in zip(self.longer, self.padding, strict=True))
        adjoint = connectivity.Convolution(
            self.weight, self.output_shape(shape), self.stride, cut, self.dilation, self.groups
        )
        return connectivity.Sparse.from_matrix(adjoint.to_sparse().T)

    def constant(self, shape: Shape) -> Array | None:
        if self.bias is None:
            return None
        return np.repeat(np.asarray(self.bias, dtype=np.float64), int(np.prod(self.output_shape(shape)[1:])))

    @property
    def _reach(self) -> tuple[int, ...]:
        """Pixels from the first to the last weight of the kernel, an axis."""
        return tuple(step * (size - 1) for size, step in zip(self.weight.shape[2:], self.dilation, strict=True))

    def _mirrored(self) -> Array:
        """The kernel of the convolution that does the same with a stride of 1."""
        inputs, outputs, *kernel = self.weight.shape
        grouped = self.weight.reshape(self.groups, inputs // self.groups, outputs, *kernel).swapaxes(1, 2)
        mirrored = grouped.reshape(self.groups * outputs, inputs // self.groups, *kernel)
        return np.flip(mirrored, axis=tuple(range(2, mirrored.ndim))).copy()


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
        require_moderate(_padded(shape, self.padding))
        axes = zip(shape[1:], self.kernel, self.stride, self.padding, strict=True)
        result = (shape[0], *(connectivity.window_count(*axis, 1) for axis in axes))
        if min(result) < 1:
            raise ShapeError(f"its window {self.kernel} is larger than the padded input")
        return result

    def connectivity(self, shape: Shape) -> connectivity.Pool:
        weight = 1 / np.prod(self.kernel) if self.average else 1.0
        return connectivity.Pool(np.full(shape[0], weight), shape, self.kernel, self.stride, self.padding)
