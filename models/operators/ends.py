"""Where data enters a graph and where the answer leaves."""

from __future__ import annotations

from dataclasses import dataclass

from .operator import Operator, Shape, ShapeError


@dataclass(frozen=True, eq=False)
class Input(Operator):
    """Where data enters.

    Attributes
    ----------
    shape : of a sample's step, channels first.
    axes : None where data comes in that shape; else the axes of the data in the order that makes it so: (2, 0, 1) for
        data with channels last.
    """

    shape: Shape
    axes: tuple[int, ...] | None = None

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
