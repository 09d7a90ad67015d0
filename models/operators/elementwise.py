"""Linear operators that only scale, move or pick elements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import connectivity
from .operator import Array, LinearOperator, Shape, ShapeError, same_elements


@dataclass(frozen=True, eq=False)
class Scale(LinearOperator):
    """y = s x + b, element by element; `scale` and `offset` suit the input's shape, or can be broadcast to it.

    Attributes
    ----------
    scale : s.
    offset : b, or None.
    """

    scale: Array
    offset: Array | None = None

    def output_shape(self, shape: Shape) -> Shape:
        for name, values in (("scale", self.scale), ("offset", self.offset)):
            if values is not None and values.size != 1 and not same_elements(tuple(values.shape), shape):
                try:
                    np.broadcast_to(values, shape)
                except ValueError:
                    raise ShapeError(f"its {name} has shape {tuple(values.shape)}") from None
        return shape

    def connectivity(self, shape: Shape) -> connectivity.OneToOne:
        return connectivity.OneToOne(_element_by_element(self.scale, shape))

    def constant(self, shape: Shape) -> Array | None:
        return None if self.offset is None else _element_by_element(self.offset, shape).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Select(LinearOperator):
    """y = x[elements], and zero where an element is -1: slices, transpositions, the parts of a concatenation.

    Attributes
    ----------
    elements : int array of the output's shape; numbers of the input's elements in C order, or -1.
    input_shape : what it takes.
    """

    elements: Array
    input_shape: Shape

    def output_shape(self, shape: Shape) -> Shape:
        if shape != self.input_shape:
            raise ShapeError(f"selects from {self.input_shape}")
        return tuple(self.elements.shape)

    def connectivity(self, shape: Shape) -> connectivity.Selection:
        return connectivity.Selection.of(self.elements, self.input_shape)


def _element_by_element(values: Array, shape: Shape) -> Array:
    """One value for each element of a shape, flat."""
    fitting = {int(np.prod(shape)): shape, 1: ()}.get(values.size, values.shape)
    return np.broadcast_to(values.reshape(fitting), shape).reshape(-1).copy()
