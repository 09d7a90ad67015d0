"""What a tensor of an ONNX model is while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dataflow import Signal

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that does not depend on the input.

    Attributes
    ----------
    array : its numbers.
    step : quantization step that they are multiples of, () or (size of `axis`,); None where they were not quantized.
    axis : along which the step differs; None for one step.
    """

    array: Array
    step: Array | None = None
    axis: int | None = None

    def transposed(self, axes: tuple[int, ...]) -> Constant:
        """The axes in another order."""
        axis = None if self.axis is None else axes.index(self.axis)
        return Constant(self.array.transpose(axes), self.step, axis)

    def swapped(self) -> Constant:
        """The last two axes swapped."""
        count = self.array.ndim
        return self.transposed((*range(count - 2), count - 1, count - 2))

    def step_along(self, axis: int) -> Array | None:
        """The step, where it is one or differs along this axis only."""
        return self.step if self.axis in (None, axis % self.array.ndim) else None


@dataclass(frozen=True, eq=False)
class Quantizer:
    """How a tensor of integers stands for numbers: number = scale * (integer - zero_point).

    Attributes
    ----------
    scale : () or (size of `axis`,), above 0.
    zero_point : of the scale's shape.
    axis : of the tensor; None for one scale.
    range : least and largest integer.
    """

    scale: Array
    zero_point: Array
    axis: int | None
    range: tuple[float, float]

    def same(self, other: Quantizer) -> bool:
        """Whether both give the same numbers."""
        return (
            (self.axis == other.axis or self.scale.size == 1)
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
        )


@dataclass(frozen=True, eq=False)
class Activation:
    """A tensor that depends on the input: a signal, and where the tensor's axes are in it.

    A transposition only changes `axes`, so that one that is undone later moves nothing.

    Attributes
    ----------
    signal : its numbers, of one sample.
    axes : for each axis of the tensor without that of samples, the axis of the signal. Empty for a tensor without
        axes; its signal has the shape (1,).
    batch : axis of the tensor along which samples lie; None where there is none.
    samples : size of that axis.
    integer : whether the tensor holds integers, as the model's input may.
    quantizer : of a quantized tensor, whose signal are the numbers that its integers stand for.
    ceiling : a quantizer behind the signal clips there.
    """

    signal: Signal
    axes: tuple[int, ...]
    batch: int | None
    samples: int
    integer: bool = False
    quantizer: Quantizer | None = None
    ceiling: float = np.inf

    @property
    def own(self) -> Shape:
        """Shape of the tensor without the axis of samples."""
        return tuple(self.signal.shape[axis] for axis in self.axes)

    @property
    def shape(self) -> Shape:
        """Shape of the tensor."""
        own = self.own
        return own if self.batch is None else (*own[: self.batch], self.samples, *own[self.batch :])

    @property
    def rank(self) -> int:
        """Number of axes of the tensor."""
        return len(self.axes) + (self.batch is not None)

    def own_axis(self, axis: int) -> int:
        """An axis of the tensor, other than that of samples, as one of `own`."""
        return axis - (self.batch is not None and axis > self.batch)


@dataclass(frozen=True, eq=False)
class Answer:
    """What stands behind a Softmax or an ArgMax at the end, which are left out.

    Attributes
    ----------
    activation : what they are given.
    chosen : whether the tensor has class numbers, so that its layout is another.
    """

    activation: Activation
    chosen: bool


@dataclass(frozen=True, eq=False)
class Unknown:
    """What leaves a node that cannot be read.

    Attributes
    ----------
    dynamic : whether it depends on the model's input.
    """

    dynamic: bool


Value = Constant | Activation | Answer | Unknown
