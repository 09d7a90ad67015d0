"""One node with what it reads: how a handler gets at its attributes, constants and activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...size_limits import LARGEST_LAYER
from ..dataflow import Dataflow, Signal
from ..nir.values import NotSupportedError
from .nodes import Node
from .values import Activation, Answer, Array, Constant, Unknown, Value

MOST_COMPUTED = 2 * LARGEST_LAYER  # elements of constants that are made of few others


class UnknownError(Exception):
    """A node reads what a node that cannot be read would have made."""


@dataclass(eq=False)
class Reading:
    """What is gathered while a model is read.

    Attributes
    ----------
    flow : the graph so far.
    opset : version of ONNX's own operators.
    samples : size of the axis of samples.
    readers : the nodes that read a tensor, by its name.
    outputs : names of the graph's outputs.
    pads : of signals that are another signal with zeros around: that signal, and the zeros before and after each axis.
    notes : names of nodes, by the assumption made about them.
    left : elements that constants which are computed may still have.
    followed : nodes that an answer reaches.
    """

    flow: Dataflow
    opset: int
    samples: int
    readers: Mapping[str, tuple[Node, ...]]
    outputs: tuple[str, ...]
    pads: dict[str, tuple[Signal, tuple[tuple[int, int], ...]]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    left: int = MOST_COMPUTED
    followed: set[Node] = field(default_factory=set)

    def take(self, elements: int) -> None:
        """Count the elements of a constant that is computed; raise NotSupportedError where they become too many."""
        if elements > self.left:
            raise NotSupportedError(
                f"makes {elements} elements of constants, and no more than {self.left} may still be computed"
            )
        self.left -= elements

    def note(self, assumption: str, name: str) -> None:
        """Remember that an assumption concerns a node."""
        self.notes.setdefault(assumption, []).append(name)


@dataclass(frozen=True, eq=False)
class Call:
    """A node, and the values of its inputs, None where one is left out."""

    reading: Reading
    node: Node
    values: tuple[Value | None, ...]

    @property
    def flow(self) -> Dataflow:
        """The graph so far."""
        return self.reading.flow

    @property
    def name(self) -> str:
        """What the node is called in the graph, where outputs keep their names."""
        name = self.node.name
        return f"{name}.{self.node.kind}" if name in self.reading.outputs else name

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute of the node, or the default."""
        return self.node.attributes.get(name, default)

    def value(self, place: int) -> Value | None:
        """An input, None where it is left out."""
        return self.values[place] if place < len(self.values) else None

    def activation(self, place: int, integers: bool = False) -> Activation:
        """An input that depends on the model's input.

        Parameters
        ----------
        integers : whether the operator does the same to integers as to the numbers they stand for.
        """
        value = self.value(place)
        if value is None:
            raise NotSupportedError(f"its input {place + 1} is left out")
        if isinstance(value, Unknown):
            raise UnknownError
        if isinstance(value, Answer):
            raise NotSupportedError("stands behind a Softmax or ArgMax, which can stand at the end only")
        if isinstance(value, Constant):
            raise NotSupportedError(f"its input {place + 1} is a constant")
        if not integers and (value.integer or value.quantizer is not None):
            raise NotSupportedError("computes with integers; only numbers with a fraction become a spiking network")
        return value

    @property
    def reads_two(self) -> bool:
        """Whether two of the inputs or more depend on the model's input."""
        dynamic = (value for value in self.values if not isinstance(value, Constant | None))
        return sum(not isinstance(value, Unknown) or value.dynamic for value in dynamic) > 1

    def optional(self, place: int, what: str) -> Constant | None:
        """An input that has to be a constant, None where it is left out."""
        value = self.value(place)
        if value is None or isinstance(value, Constant):
            return value
        if isinstance(value, Unknown):
            raise UnknownError
        raise NotSupportedError(f"its {what} is computed from the model's input, where a constant is needed")

    def constant(self, place: int, what: str) -> Constant:
        """An input that has to be a constant."""
        value = self.optional(place, what)
        if value is None:
            raise NotSupportedError(f"it has no {what}")
        return value

    def numbers(self, place: int, what: str) -> Array:
        """A constant input as finite numbers of a NumPy type."""
        array = self.constant(place, what).array
        return finite(array, what)

    def integers(self, name: str, place: int | None = None) -> tuple[int, ...] | None:
        """Whole numbers, from an attribute or, in newer opsets, from a constant input; None where neither is."""
        if name in self.node.attributes:
            return tuple(np.atleast_1d(self.node.attributes[name]).astype(int).tolist())
        constant = None if place is None else self.optional(place, name)
        return None if constant is None else tuple(int(number) for number in constant.array.reshape(-1))


def finite(array: Array, what: str) -> Array:
    """Numbers of a type that NumPy has itself, none infinite."""
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(np.float32)
        except (TypeError, ValueError):
            raise NotSupportedError(f"its {what} is not made of numbers") from None
    if array.dtype.kind == "f" and not np.isfinite(np.sum(array, dtype=np.float64)) and not np.isfinite(array).all():
        raise NotSupportedError(f"its {what} holds what is no finite number")
    return array
