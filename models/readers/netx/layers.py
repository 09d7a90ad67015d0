"""The layers of a `.net` file, one after the other, as operators of a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...graph import Edge
from ...operators import Delay, Linear, Neurons, Shape
from ..dataflow import Dataflow, Signal
from . import kernels, synapses
from .entry import entry_shape
from .fields import NotReadableError, neuron_fields, number, per_neuron, shape, text, whole
from .file import LayerDict
from .neurons import NeuronReader, integrator, is_sigma_delta, require_model
from .options import NetxOptions
from .transform import input_transform

INPUT = "input"
LONGEST_DELAY = 62  # lava-dl keeps its delays within this, in training and in netx


@dataclass(frozen=True)
class Layer:
    """What a layer of the file became.

    Attributes
    ----------
    signal : what leaves it.
    depth : layers that hold back their spikes for a step in training, this one included, on the shortest way here.
    """

    signal: Signal
    depth: int


@dataclass
class LayerReader:
    """Adds layers to a graph, each behind the one before.

    Attributes
    ----------
    options : with `pipelined` settled.
    last : number of the last layer.
    sigma_delta : whether the network is one of sigma-delta neurons.
    flow : the graph.
    layers : those that were added.
    notes : subjects of what was assumed on the way, with the layers that it was assumed for.
    """

    options: NetxOptions
    last: int
    sigma_delta: bool
    flow: Dataflow = field(default_factory=Dataflow)
    layers: list[Layer] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    _data: Signal = field(default_factory=lambda: Signal("", ()))

    def add(self, fields: LayerDict, position: int) -> None:
        """Add a layer.

        Raises
        ------
        NotReadableError : it has no meaning here.
        operators.ShapeError : it does not suit the layer before.
        """
        require_known(fields)
        kind = text(fields, "type")
        readers: dict[str, Callable[[LayerDict, str], Layer]] = {
            "input": self._input,
            "dense": self._dense,
            "dense_rec": self._recurrent,
            "conv": self._convolution,
            "convT": self._transposed,
            "pool": self._pool,
            "unpool": self._unpool,
            "flatten": self._flatten,
            "average": self._average,
            "concat": self._concat,
        }
        if kind == "input" and position:
            raise NotReadableError("is an input layer, which only the first layer can be")
        if kind != "input" and not position:
            self._data = self._input_node(self.options.input_shape or entry_shape(fields, kind))
        self.layers.append(readers[kind](fields, f"{position} {kind}"))

    def add_placeholder(self, shape: Shape) -> None:
        """Stand in for a layer that cannot be read, so that those behind it are looked at, too."""
        self.layers.append(Layer(Signal("", shape), self.layers[-1].depth if self.layers else 0))

    @property
    def _before(self) -> Layer:
        return self.layers[-1] if self.layers else Layer(self._data, 0)

    def _input_node(self, shape: Shape) -> Signal:
        orders = {"width-first": (2, 1, 0), "channels-last": (2, 0, 1)}
        axes = orders.get(self.options.layout) if len(shape) == 3 else None
        return self.flow.input(INPUT, shape, axes)

    def _input(self, fields: LayerDict, name: str) -> Layer:
        sizes = shape(fields)
        data, neuron = self._input_node(sizes), neuron_fields(fields)
        if neuron is None:
            return Layer(data, int(not self.sigma_delta))
        input_transform(fields)  # raises where it is none
        signal = self.flow.neurons(name, data, self._neurons.read_encoder(neuron, sizes))
        return Layer(self._delayed(fields, name, signal), 0 if is_sigma_delta(fields) else 1)

    def _dense(self, fields: LayerDict, name: str) -> Layer:
        return self._with_neurons(fields, name, self._dense_weights(fields, name))

    def _recurrent(self, fields: LayerDict, name: str) -> Layer:
        arriving = self._dense_weights(fields, name)
        neurons = self._neurons_behind(fields, name, arriving)
        recurrence = synapses.dense(fields, neurons.shape[0], "weight_rec")
        back = self.flow.then(f"{name}.recurrence", recurrence, neurons)
        self.flow.edges.append(Edge(back.node, neurons.node, lag=1))
        return self._leaving(fields, name, neurons)

    def _convolution(self, fields: LayerDict, name: str) -> Layer:
        return self._with_neurons(fields, name, self._kernel(fields, name, kernels.convolution(fields)))

    def _transposed(self, fields: LayerDict, name: str) -> Layer:
        return self._with_neurons(fields, name, self._kernel(fields, name, kernels.transposed_convolution(fields)))

    def _pool(self, fields: LayerDict, name: str) -> Layer:
        return self._with_neurons(fields, name, self._kernel(fields, name, kernels.pool(fields, self._shape)))

    def _unpool(self, fields: LayerDict, name: str) -> Layer:
        return self._with_neurons(fields, name, self._kernel(fields, name, kernels.unpool(fields, self._shape)))

    def _flatten(self, fields: LayerDict, name: str) -> Layer:
        size = int(np.prod(self._shape))
        self._check(fields, (size,))
        return Layer(self.flow.reshape(name, self._before.signal, (size,)), self._before.depth)

    def _average(self, fields: LayerDict, name: str) -> Layer:
        groups, size = int(np.prod(shape(fields))), int(np.prod(self._shape))
        if len(self.layers) != self.last:
            raise NotReadableError("averages in the middle of the network, where shares of spikes are no integers")
        if any(isinstance(node, Neurons) and not node.model.eventful for node in self.flow.nodes.values()):
            raise NotReadableError("averages values that are no spikes, which would be added up a second time")
        if size % groups:
            raise NotReadableError(f"averages {size} neurons in {groups} groups, which does not come out even")
        weight = np.repeat(np.eye(groups, dtype=np.int16), size // groups, axis=1)
        sums = self.flow.then(f"{name}.weights", Linear(weight), self._flat(name))
        self._note("average", name)
        return Layer(self.flow.neurons(name, sums, integrator()), self._before.depth)

    def _concat(self, fields: LayerDict, name: str) -> Layer:
        numbers = [int(layer) for layer in whole(fields, "layers").reshape(-1)]
        current = len(self.layers)
        if not current or any(not 0 <= layer < current for layer in numbers):
            raise NotReadableError(f"joins the layers {numbers}, of which some do not come before it")
        numbers = [current - 1, *(layer for layer in numbers if layer != current - 1)]
        parts = [self.layers[layer] for layer in numbers]
        shapes = [part.signal.shape for part in parts]
        if len({shape[1:] for shape in shapes}) > 1:
            raise NotReadableError(
                f"joins layers of shapes {', '.join(map(str, shapes))}, which differ in more than channels"
            )
        self._check(fields, (sum(shape[0] for shape in shapes), *shapes[0][1:]))
        first = min(part.depth for part in parts)
        if self.options.pipelined:
            signals = [part.signal for part in parts]
        else:
            signals = [
                self._late(f"{name}.delay {layer}", part.signal, part.depth - first)
                for layer, part in zip(numbers, parts, strict=True)
            ]
        self._note("concat", name)
        return Layer(self.flow.concatenate(name, signals, 0), first)

    def _dense_weights(self, fields: LayerDict, name: str) -> Signal:
        weights = synapses.dense(fields, int(np.prod(self._shape)))
        return self.flow.then(f"{name}.weights", weights, self._flat(name, self._arriving(name)))

    def _kernel(self, fields: LayerDict, name: str, kernel: kernels.Kernel) -> Signal:
        self._check(fields, kernel.output_shape(self._shape))
        return self.flow.then(f"{name}.weights", kernel, self._arriving(name))

    def _with_neurons(self, fields: LayerDict, name: str, arriving: Signal) -> Layer:
        return self._leaving(fields, name, self._neurons_behind(fields, name, arriving))

    def _neurons_behind(self, fields: LayerDict, name: str, arriving: Signal) -> Signal:
        neuron = neuron_fields(fields)
        if neuron is None:
            if "bias" in fields:
                raise NotReadableError("has a bias but no neurons")
            self._note("readout", name)
            return self.flow.neurons(name, arriving, integrator())
        bias = synapses.biases(fields)
        if synapses.normalisation(neuron):
            self._note("weight_exp", name)
        if number(neuron, "wgtExp", 0):
            self._note("wgtExp", name)
        return self.flow.neurons(name, arriving, self._neurons.read(neuron, arriving.shape, bias))

    def _leaving(self, fields: LayerDict, name: str, neurons: Signal) -> Layer:
        holds_back = not is_sigma_delta(fields)
        return Layer(self._delayed(fields, name, neurons), self._before.depth + int(holds_back))

    def _delayed(self, fields: LayerDict, name: str, neurons: Signal) -> Signal:
        if "delay" not in fields:
            return neurons
        stored = np.asarray(fields["delay"])
        if stored.dtype.kind not in "iuf" or not np.all(np.isfinite(stored)):
            raise NotReadableError("its field 'delay' holds no numbers")
        steps = per_neuron(np.floor(stored).astype(np.int64), neurons.shape, "delay")
        if len(self.layers) == self.last:
            self._note("last delay", name)
            return neurons
        kept = np.clip(steps, 0, LONGEST_DELAY)
        if not np.array_equal(kept, steps):
            self._note("delay", name)
        return self._late(f"{name}.delay", neurons, kept)

    def _late(self, name: str, signal: Signal, steps: object) -> Signal:
        values = np.asarray(steps, dtype=np.int64)
        if not np.any(values):
            return signal
        return self.flow.then(name, Delay(values.reshape(signal.shape) if values.ndim else values), signal)

    def _arriving(self, name: str) -> Signal:
        return self._late(f"{name}.pipeline", self._before.signal, int(bool(self.options.pipelined)))

    def _flat(self, name: str, signal: Signal | None = None) -> Signal:
        signal = signal or self._before.signal
        return self.flow.reshape(f"{name}.flat", signal, (int(np.prod(signal.shape)),))

    def _check(self, fields: LayerDict, found: Shape) -> None:
        if "shape" in fields and _bare(shape(fields)) != _bare(found):
            raise NotReadableError(f"is declared with shape {shape(fields)}, but gets {found} from the layers before")

    def _note(self, subject: str, name: str) -> None:
        self.notes.setdefault(subject, []).append(name)

    @property
    def _shape(self) -> Shape:
        return self._before.signal.shape

    @property
    def _neurons(self) -> NeuronReader:
        return NeuronReader(self.options.spike_exponent)


TYPES = ("input", "dense", "dense_rec", "conv", "convT", "pool", "unpool", "flatten", "average", "concat")


def require_known(fields: LayerDict) -> None:
    """Raise NotReadableError where a layer, or its neurons, are of a type that has no meaning here."""
    kind = text(fields, "type")
    if kind not in TYPES:
        raise NotReadableError(f"is of a type unknown here; there are {', '.join(TYPES)}")
    neuron = neuron_fields(fields)
    if neuron is not None:
        require_model(neuron)


def _bare(shape: Shape) -> Shape:
    """Without the axes of length 1 that flat layers have in some files."""
    *leading, last = shape
    return shape if last != 1 or not leading else _bare(tuple(leading))
