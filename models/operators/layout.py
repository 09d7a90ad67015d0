"""Operators that rename the axes of what they get, and change nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .operator import Operator, Shape, ShapeError


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
        return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])


@dataclass(frozen=True, eq=False)
class Identity(Operator):
    """y = x: where a nested graph began or ended."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape


@dataclass(frozen=True, eq=False)
class Reshape(Operator):
    """Other axes for the same elements in the same order.

    Attributes
    ----------
    shape : that comes out.
    """

    shape: Shape

    def output_shape(self, shape: Shape) -> Shape:
        if prod(shape) != prod(self.shape):
            raise ShapeError(f"makes shape {self.shape}, of {prod(self.shape)} elements")
        return self.shape
