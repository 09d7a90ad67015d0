"""The operators of a graph: what a node does to what arrives, and the shape that comes out.

Shapes leave out samples and time: (channels, *size) or (neurons,).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import connectivity
from .neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire

Array = NDArray[Any]
Shape = tuple[int, ...]


class ShapeError(ValueError):
    """What arrives at an operator has a shape that it cannot take."""


class Operator(ABC):
    """Base of all operators; immutable."""

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output for an input of `shape`; raises ShapeError where it does not suit."""


class LinearOperator(Operator):
    """An operator without state: a linear map, and perhaps a constant."""

    @abstractmethod
    def connectivity(self, shape: Shape) -> connectivity.Connectivity:
        """The linear part, for an input of `shape`."""

    def constant(self, shape: Shape) -> Array | None:
        """What is added to the linear part, (outputs,), or None; `shape` is the input's."""
        return None


@dataclass(frozen=True, eq=False)
class Input(Operator):
    """Where data enters."""

    shape: Shape

    def output_shape(self, shape: Shape) -> Shape:
        if shape != self.shape:
            raise ShapeError(f"is declared with shape {self.shape}")
        return shape


@dataclass(frozen=True, eq=False)
class Output(Operator):
    """Where the answer leaves; `shape` is None where the file does not say it."""

    shape: Shape | None = None

    def output_shape(self, shape: Shape) -> Shape:
        if self.shape is not None and shape != self.shape:
            raise ShapeError(f"is declared with shape {self.shape}")
        return shape


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


@dataclass(frozen=True, eq=False)
class Scale(LinearOperator):
    """y = s x, element by element; `scale` suits the input's shape, or can be broadcast to it."""

    scale: Array

    def output_shape(self, shape: Shape) -> Shape:
        if self.scale.size != 1 and not _same_elements(tuple(self.scale.shape), shape):
            try:
                np.broadcast_to(self.scale, shape)
            except ValueError:
                raise ShapeError(f"its scale has shape {tuple(self.scale.shape)}") from None
        return shape

    def connectivity(self, shape: Shape) -> connectivity.OneToOne:
        fitting = {int(np.prod(shape)): shape, 1: ()}.get(self.scale.size, self.scale.shape)
        return connectivity.OneToOne(np.broadcast_to(self.scale.reshape(fitting), shape).reshape(-1).copy())


@dataclass(frozen=True, eq=False)
class Flatten(Operator):
    """Join the axes from `start` to `end`, both included; the order of the elements stays."""

    start: int = 0
    end: int = -1

    def output_shape(self, shape: Shape) -> Shape:
        axes = len(shape)
        start, end = (axis + axes if axis < 0 else axis for axis in (self.start, self.end))
        if not 0 <= start <= end < axes:
            raise ShapeError(f"joins axes {self.start} to {self.end}")
        return (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :])


@dataclass(frozen=True, eq=False)
class Identity(Operator):
    """y = x: where a nested graph began or ended."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape


@dataclass(frozen=True, eq=False)
class Delay(Operator):
    """y[t] = x[t - steps]; `steps` is an int array (), or of the input's shape, at least 0."""

    steps: Array

    def output_shape(self, shape: Shape) -> Shape:
        if self.steps.ndim and not _same_elements(tuple(self.steps.shape), shape):
            raise ShapeError(f"its delays have shape {tuple(self.steps.shape)}")
        return shape


@dataclass(frozen=True, eq=False)
class Neurons(Operator):
    """A layer of neurons of one model.

    Attributes
    ----------
    shape : of the parameters; None, or any shape of one element, where all neurons of any layer share them.
    """

    model: LeakyIntegrateAndFire
    shape: Shape | None

    def output_shape(self, shape: Shape) -> Shape:
        if self.shape is not None and np.prod(self.shape) != 1 and not _same_elements(self.shape, shape):
            raise ShapeError(f"its parameters have shape {self.shape}")
        return shape


def _same_elements(own: Shape, shape: Shape) -> bool:
    """Whether two shapes differ in leading axes of length 1 at most, such as one for samples."""
    axes = max(len(own), len(shape))
    return (1,) * (axes - len(own)) + own == (1,) * (axes - len(shape)) + shape
