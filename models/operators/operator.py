"""What every operator of a graph can do: the base of all of them, and of those that are linear."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import NDArray

from .. import connectivity
from ..size_limits import excess

Array = NDArray[Any]
Shape = tuple[int, ...]


class ShapeError(ValueError):
    """What arrives at an operator has a shape that it cannot take."""


def require_moderate(shape: Shape) -> None:
    """Raise ShapeError where an image with its padding, which is made in memory, is larger than a layer may be."""
    wrong = excess(shape)
    if wrong:
        raise ShapeError(f"pads to what {wrong}")


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


def same_elements(own: Shape, shape: Shape) -> bool:
    """Whether two shapes differ in leading axes of length 1 at most, such as one for samples."""
    axes = max(len(own), len(shape))
    return (1,) * (axes - len(own)) + own == (1,) * (axes - len(shape)) + shape
