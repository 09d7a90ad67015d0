"""The state of reading a program: the graph so far, and how a tensor of codes becomes a signal of it.

Loops over time call the same operation again and again; what was made once for a signal is not made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...neurons.leaky_dynamics import LeakyDynamics, Reset
from ...neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire
from ...operators import Delay, Neurons
from ..dataflow import Dataflow, Signal
from .constant_steps import ConstantSteps
from .elements import Rows, Traced, rows, spread
from .neuron_layer import NeuronLayer, Refusal

Array = NDArray[Any]


@dataclass(eq=False)
class Chain:
    """A layer of neurons in the graph, and the calls of its module that belong to it.

    Attributes
    ----------
    layer : number of the layer.
    entry : what its neurons get.
    node : its name in the graph.
    calls : so far.
    sample : which sample each row of the last call was.
    """

    layer: int
    entry: Signal
    node: str
    calls: int = 0
    sample: Array | None = None


class Reading:
    """What is known while a program is read.

    Attributes
    ----------
    flow : the graph so far.
    layers : that stand-ins stand for, by number.
    names : of layers and loops, by number.
    samples : in a batch of the example.
    chains : layers of neurons by node.
    loops : nodes at which loops are closed, by number.
    loops_over_time : those that get all steps at once, by node.
    steps : of constants that quantizers made.
    notes : names of operations, by the assumption made about them.
    hidden : signals that exist on demand only, by name: the potential of neurons that spike, or why there is none.
    """

    def __init__(self, flow: Dataflow, layers: dict[int, NeuronLayer], names: dict[int, str], samples: int) -> None:
        self.flow, self.layers, self.names, self.samples = flow, layers, names, samples
        self.chains: dict[str, Chain] = {}
        self.loops: dict[int, Signal] = {}
        self.loops_over_time: set[str] = set()
        self.hidden: dict[str, Callable[[], Signal]] = {}
        self.steps = ConstantSteps()
        self.notes: dict[str, list[str]] = {}
        self._made: dict[Hashable, Signal] = {}
        self._hashes: dict[int, tuple[Any, str]] = {}

    def note(self, assumption: str, name: str) -> None:
        """Remember that an assumption concerns an operation."""
        self.notes.setdefault(assumption, []).append(name)

    def rows(self, value: Traced, inner: set[int] | int | None = None) -> Rows:
        """See `elements.rows`."""
        return rows(value, self.samples, inner)

    def once(self, key: Hashable, make: Callable[[], Signal]) -> Signal:
        """What was made for this key, or is made now."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def identity(self, value: Any) -> Hashable:
        """Something equal for equal constants."""
        if hasattr(value, "detach"):
            if id(value) not in self._hashes:
                digest = hashlib.sha1(np.ascontiguousarray(value.detach().numpy()).tobytes()).hexdigest()
                self._hashes[id(value)] = (value, f"{tuple(value.shape)} {digest}")  # the value, so that its id stays
            return self._hashes[id(value)][1]
        if isinstance(value, list | tuple):
            return tuple(map(self.identity, value))
        return value if isinstance(value, Hashable) else repr(value)

    def applied(
        self,
        name: str,
        key: Hashable,
        value: Traced,
        operation: Callable[[Signal], Signal],
        inner: set[int] | int | None = None,
        *,
        keep_axes: bool = False,
    ) -> Traced:
        """An operation on the signal that a tensor is, with the result in the same frames.

        Parameters
        ----------
        name : for the nodes.
        key : tells operations apart.
        inner : see `elements.rows`.
        keep_axes : the operation goes element by element.
        """
        found = self.rows(value, inner)
        signal = self.signal(name, value, found)
        result = self.once((key, signal), lambda: operation(signal))
        return replace(spread(result, found, keep_axes=keep_axes), ending=value.ending)

    def signal(self, name: str, value: Traced, found: Rows) -> Signal:
        """The signal whose elements the inner axes of a tensor show."""
        key = ("layout", value.sources, found.pattern.shape, found.pattern.tobytes())
        return self.once(key, lambda: self._arranged(name, value, found.pattern))

    def _arranged(self, name: str, value: Traced, pattern: Array) -> Signal:
        starts = np.cumsum([0, *(int(np.prod(source.shape)) for source in value.sources)])
        parts = []
        for source, low, high in zip(value.sources, starts[:-1], starts[1:], strict=True):
            elements = np.where((pattern >= low) & (pattern < high), pattern - low, -1)
            if not (elements >= 0).any():
                continue
            if source.node in self.hidden:
                shown = self.hidden[source.node]()
                source = Signal(shown.node, source.shape)
            if np.array_equal(elements.reshape(-1), np.arange(high - low)):
                parts.append(self.flow.reshape(f"{name}.layout", source, elements.shape))
            else:
                parts.append(self.flow.select(f"{name}.layout", source, elements))
        return parts[0] if len(parts) == 1 else self.flow.add(f"{name}.joined", parts)

    def add_neurons(self, number: int, entry: Signal) -> Chain:
        """A layer of neurons behind a signal."""
        layer = self.layers[number]
        model, arriving = layer.model(entry.shape), entry
        if layer.late:
            arriving = self.flow.then(f"{layer.name}.late", Delay(np.asarray(layer.late)), entry)
        signal = self.flow.neurons(layer.name, arriving, model)
        if layer.feedback is not None:
            self.flow.close_loop(self.flow.scale(f"{layer.name}.reset", signal, layer.feedback), signal)
        self.flow.assumptions += [note for note in layer.notes if note not in self.flow.assumptions]
        chain = Chain(number, entry, signal.node)
        self.chains[signal.node] = chain
        self.hidden[potential_of(chain)] = lambda: self._potential(chain, layer, model)
        self.hidden[current_of(chain)] = lambda: _no_current(layer)
        return chain

    def _potential(self, chain: Chain, layer: NeuronLayer, model: LeakyDynamics) -> Signal:
        if not isinstance(model, LeakyIntegrateAndFire):
            raise Refusal(f"uses the potential of {layer.name!r}, which spikes and is more than leaky; use its spikes")
        if not model.spiking:
            return Signal(chain.node, chain.entry.shape)
        if model.reset is not Reset.NONE or layer.feedback is not None:
            raise Refusal(
                f"uses the potential of {layer.name!r}, which spikes and is reset; use its spikes, or neurons without "
                "reset for a readout"
            )
        integrator = Neurons(replace(model, spiking=False), None)
        return self.once(
            ("potential", chain.node), lambda: self.flow.then(f"{layer.name}.potential", integrator, chain.entry)
        )


def potential_of(chain: Chain) -> str:
    """Name of the signal that is the potential of a layer."""
    return f"{chain.node} (potential)"


def current_of(chain: Chain) -> str:
    """Name of the signal that is the synaptic current of a layer."""
    return f"{chain.node} (current)"


def _no_current(layer: NeuronLayer) -> Signal:
    raise Refusal(f"uses the synaptic current of {layer.name!r}, which no chip gives out; use its spikes")
