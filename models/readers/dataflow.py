"""Building a graph call by call, as a program over tensors describes a network: what ONNX and PyTorch have in common.

Tensors of such a program have an axis for samples in front; here shapes are without it, channels first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Edge, Graph
from ..neurons import Neuron
from ..operators import (
    Convolution,
    Identity,
    Input,
    Linear,
    MaxPool,
    Neurons,
    Operator,
    Output,
    Pool,
    Rectifier,
    Reshape,
    Scale,
    Select,
    Shape,
    ShapeError,
    TransposedConvolution,
)
from ..size_limits import LARGEST_NETWORK, MOST_NODES, excess

Array = NDArray[Any]


@dataclass(frozen=True)
class Signal:
    """What leaves a node: its name, and a shape of (channels, *size) or (features,)."""

    node: str
    shape: Shape


class Dataflow:
    """Collects nodes and edges; every method adds a node behind what it is given and returns what leaves it.

    A second node of a name gets a number. Shapes that do not suit, or are too large, raise `operators.ShapeError`.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Operator] = {}
        self.edges: list[Edge] = []
        self.assumptions: list[str] = []
        self._elements = 0  # of what leaves all nodes
        self._last_numbers: dict[str, int] = {}  # of nodes that ask for the same name
        self._sources: dict[str, list[str]] = {}
        self._indexed = 0  # edges that are in `_sources`

    def input(self, name: str, shape: Shape, axes: tuple[int, ...] | None = None) -> Signal:
        """Where data enters; `axes` as in `operators.Input`."""
        return self._added(name, Input(shape, axes), [], shape)

    def output(self, name: str, signal: Signal) -> Signal:
        """Where the answer leaves."""
        return self.then(name, Output(), signal)

    def then(self, name: str, operator: Operator, signal: Signal) -> Signal:
        """Any operator with one input."""
        return self._added(name, operator, [signal], operator.output_shape(signal.shape))

    def linear(self, name: str, signal: Signal, weight: Array, bias: Array | None, step: Array | None = None) -> Signal:
        """y = W x + b over the last axis, W (outputs, inputs); leading axes are kept, each with the same W.

        `step` as in `operators.Linear`.
        """
        *leading, _ = signal.shape
        if leading:
            shape = (*leading, *weight.shape)
            weight = np.broadcast_to(weight, shape)
            bias = None if bias is None else np.broadcast_to(bias, (*leading, weight.shape[-2]))
        return self.then(name, Linear(weight, bias, step), signal)

    def convolution(
        self,
        name: str,
        signal: Signal,
        weight: Array,
        bias: Array | None,
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
        groups: int,
        step: Array | None = None,
    ) -> Signal:
        """A cross-correlation; see `operators.Convolution`."""
        return self.then(name, Convolution(weight, bias, stride, padding, dilation, groups, step), signal)

    def transposed_convolution(
        self,
        name: str,
        signal: Signal,
        weight: Array,
        bias: Array | None,
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
        groups: int,
        longer: tuple[int, ...],
    ) -> Signal:
        """The adjoint of a convolution, `longer` being PyTorch's output padding; see `operators`."""
        return self.then(name, TransposedConvolution(weight, bias, stride, padding, dilation, groups, longer), signal)

    def scale(self, name: str, signal: Signal, scale: Array, offset: Array | None = None) -> Signal:
        """y = s x + b, element by element; s and b can be broadcast to the signal's shape by NumPy's rules."""
        return self.then(name, Scale(np.asarray(scale, np.float64), offset), signal)

    def pool(
        self,
        name: str,
        signal: Signal,
        kernel: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        average: bool,
    ) -> Signal:
        """Sums or averages over windows, padding counted."""
        return self.then(name, Pool(kernel, stride, padding, average), signal)

    def average_pool(
        self,
        name: str,
        signal: Signal,
        kernel: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        count_padding: bool,
        dilation: tuple[int, ...] | None = None,
    ) -> Signal:
        """Averages over windows; windows are counted as if every one fitted (no ceil mode).

        Parameters
        ----------
        count_padding : divide by the whole window at the border, too, and not by what lies inside.
        dilation : of the window; None for 1 along every axis.
        """
        dilation = dilation or (1,) * len(kernel)
        windows = MaxPool(kernel, stride, padding, dilation)
        windows.output_shape(signal.shape)  # raises before weights are made
        if all(step == 1 for step in dilation):
            pooled = self.pool(name, signal, kernel, stride, padding, average=True)
        else:
            weight = np.full((signal.shape[0], 1, *kernel), 1 / np.prod(kernel))
            pooled = self.convolution(name, signal, weight, None, stride, padding, dilation, signal.shape[0])
        if count_padding or not any(side for axis in padding for side in axis):
            return pooled
        return self.scale(f"{name}.border", pooled, np.prod(kernel) / np.maximum(windows.inside(signal.shape), 1))

    def max_pool(
        self,
        name: str,
        signal: Signal,
        kernel: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
    ) -> Signal:
        """The largest value of each window; see `operators.MaxPool`."""
        return self.then(name, MaxPool(kernel, stride, padding, dilation), signal)

    def rectify(self, name: str, signal: Signal, ceiling: float | Array = np.inf) -> Signal:
        """min(max(x, 0), ceiling), the ceiling one or one a channel; behind a rectifier, one in place of both."""
        ceilings = np.asarray(ceiling, dtype=np.float64)
        if isinstance(before := self.nodes[signal.node], Rectifier):
            if np.all(ceilings >= before.ceiling):
                return signal
            ceilings = np.minimum(ceilings, before.ceiling)
            signal = Signal(self.sources(signal.node)[0], signal.shape)
        return self.then(name, Rectifier(ceilings), signal)

    def neurons(self, name: str, signal: Signal, model: Neuron) -> Signal:
        """A layer of neurons; parameters are scalars or flat, one value a neuron."""
        return self.then(name, Neurons(model, None), signal)

    def add(self, name: str, signals: Sequence[Signal]) -> Signal:
        """The sum of signals of one shape."""
        distinct: dict[Signal, int] = {}
        for signal in signals:
            distinct[signal] = distinct.get(signal, 0) + 1
        parts = [
            signal if count == 1 else self.scale(f"{name}.times", signal, np.asarray(float(count)))
            for signal, count in distinct.items()
        ]
        return self._added(name, Identity(), parts, parts[0].shape)

    def concatenate(self, name: str, signals: Sequence[Signal], axis: int) -> Signal:
        """Signals side by side along an axis of their shapes, samples not counted."""
        axis = axis % len(signals[0].shape)
        sizes = [signal.shape[axis] for signal in signals]
        shape = (*signals[0].shape[:axis], sum(sizes), *signals[0].shape[axis + 1 :])
        _require_moderate(shape)
        parts, first = [], 0
        for number, (signal, size) in enumerate(zip(signals, sizes, strict=True)):
            elements = np.full(shape, -1)
            place = [slice(None)] * len(shape)
            place[axis] = slice(first, first + size)
            elements[tuple(place)] = np.arange(int(np.prod(signal.shape))).reshape(signal.shape)
            parts.append(self.select(f"{name}.part {number + 1}", signal, elements))
            first += size
        return self._added(name, Identity(), parts, shape)

    def close_loop(self, source: Signal, target: Signal) -> None:
        """An edge that carries the previous step of `source`; once, however often it is asked for."""
        if (edge := Edge(source.node, target.node, 1)) not in self.edges:
            self.edges.append(edge)

    def select(self, name: str, signal: Signal, elements: Array) -> Signal:
        """y = x[elements], zero for -1; `elements` numbers the signal's elements in C order and has y's shape."""
        return self.then(name, Select(elements, signal.shape), signal)

    def transpose(self, name: str, signal: Signal, axes: tuple[int, ...]) -> Signal:
        """Axes in another order; samples not counted."""
        numbers = np.arange(int(np.prod(signal.shape))).reshape(signal.shape).transpose(axes)
        if np.array_equal(numbers.reshape(-1), np.arange(numbers.size)):
            return self.reshape(name, signal, tuple(numbers.shape))
        return self.select(name, signal, numbers)

    def reshape(self, name: str, signal: Signal, shape: Shape) -> Signal:
        """Other axes for the same elements; the signal itself where nothing changes."""
        return signal if shape == signal.shape else self.then(name, Reshape(shape), signal)

    def sources(self, node: str) -> tuple[str, ...]:
        """Names of the nodes that a node reads."""
        for edge in self.edges[self._indexed :]:
            self._sources.setdefault(edge.target, []).append(edge.source)
        self._indexed = len(self.edges)
        return tuple(self._sources.get(node, ()))

    def graph(self, name: str) -> Graph:
        """The verified graph, without the nodes that lead to no output.

        Raises
        ------
        GraphError : it contradicts itself.
        """
        kept: set[str] = {node for node, operator in self.nodes.items() if isinstance(operator, Output)}
        waiting = list(kept)
        sources: dict[str, list[str]] = {}
        for edge in self.edges:
            sources.setdefault(edge.target, []).append(edge.source)
        while waiting:
            for source in sources.get(waiting.pop(), []):
                if source not in kept:
                    kept.add(source)
                    waiting.append(source)
        kept |= {node for node, operator in self.nodes.items() if isinstance(operator, Input)}
        graph = Graph(
            {node: operator for node, operator in self.nodes.items() if node in kept},
            tuple(edge for edge in self.edges if edge.target in kept),
            tuple(self.assumptions),
            name,
        )
        graph.verify()
        return graph

    def _added(self, name: str, operator: Operator, signals: Sequence[Signal], shape: Shape) -> Signal:
        _require_moderate(shape)
        self._elements += prod(shape)
        if self._elements > LARGEST_NETWORK:
            raise ShapeError(f"with all that stands before it makes more than {LARGEST_NETWORK} elements")
        if len(self.nodes) >= MOST_NODES:
            raise ShapeError(f"stands behind {MOST_NODES} nodes, the most that a network may have")
        name = self._unused(name)
        self.nodes[name] = operator
        self.edges += [Edge(signal.node, name) for signal in signals]
        return Signal(name, shape)

    def _unused(self, name: str) -> str:
        """The name, or with a number where there is one like it."""
        number, result = self._last_numbers.get(name, 1), name
        while result in self.nodes:
            number += 1
            result = f"{name} {number}"
        self._last_numbers[name] = number
        return result


def _require_moderate(shape: Shape) -> None:
    if wrong := excess(shape):
        raise ShapeError(f"makes what {wrong}")
