"""Operators that know of time: delays, and layers of neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..neurons import Neuron
from .operator import Array, Operator, Shape, ShapeError, same_elements


@dataclass(frozen=True, eq=False)
class Delay(Operator):
    """y[t] = x[t - steps]; `steps` is an int array (), or of the input's shape, at least 0."""

    steps: Array

    def output_shape(self, shape: Shape) -> Shape:
        if self.steps.ndim and not same_elements(tuple(self.steps.shape), shape):
            raise ShapeError(f"its delays have shape {tuple(self.steps.shape)}")
        return shape


@dataclass(frozen=True, eq=False)
class Neurons(Operator):
    """A layer of neurons of one model.

    Attributes
    ----------
    shape : of the parameters; None, or any shape of one element, where all neurons of any layer share them.
    """

    model: Neuron
    shape: Shape | None

    def output_shape(self, shape: Shape) -> Shape:
        if self.shape is not None and np.prod(self.shape) != 1 and not same_elements(self.shape, shape):
            raise ShapeError(f"its parameters have shape {self.shape}")
        return shape
