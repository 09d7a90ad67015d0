"""The operators that stand-ins call: layers of neurons, and loops around them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...operators import Identity
from ..dataflow import Signal
from .elements import MixedError, Rows, Traced, spread
from .neuron_layer import Refusal
from .reading import Chain, Reading, current_of, potential_of
from .stand_ins import TIME_AMONG_SAMPLES

Arguments = dict[str, Any]


def neurons(reading: Reading, _name: str, arguments: Arguments) -> tuple[Traced, Traced, Traced]:
    """Spikes, potential and current of a layer; a further call of the same layer is its next step."""
    number, axis = int(arguments["layer"]), int(arguments["time_axis"])
    value = _data(arguments["x"])
    layer = reading.layers[number]
    if value.ending:
        raise Refusal(f"gets a {value.ending}")
    found = reading.rows(value, {part for part in layer.varying_axes(len(value.shape)) if part != axis})
    signal = reading.signal(layer.name, value, found)
    chain = _chain(reading, number, signal, arguments["state"])
    found = _in_time(reading, found, axis, chain.calls, within_loop=_within_loop(reading, signal))
    sample = found.frames % reading.samples
    if chain.sample is not None and not np.array_equal(chain.sample, sample):
        raise MixedError("is called with one sample after the other; its data have an axis for time (--time-axis)")
    chain.sample = sample
    chain.calls += 1
    outputs = [Signal(name, signal.shape) for name in (chain.node, potential_of(chain), current_of(chain))]
    spikes, potential, current = (spread(output, found, keep_axes=True) for output in outputs)
    return spikes, potential, current


def _chain(reading: Reading, number: int, signal: Signal, state: Any) -> Chain:
    """The neurons that a call belongs to."""
    layer = reading.layers[number]
    if isinstance(state, Traced):
        chain = _remembered(reading, state)
        if chain is None or chain.layer != number:
            raise Refusal("gets a state that is not its own from the step before")
        if chain.entry != signal:
            raise _by_hand()
        return chain
    if state is not None and bool(state.any()):
        raise Refusal("starts from a state other than zero; start from zero")
    same = [chain for chain in reading.chains.values() if chain.layer == number]
    if state is None and layer.keeps_state:
        for chain in same:
            if chain.entry != signal:
                raise MixedError(
                    "is called at several places, or with other inputs at later steps, and would mix their states; "
                    "use a module of neurons of its own at each place, and a recurrent layer for a recurrence"
                )
            return chain
    elif any(chain.entry == signal for chain in same):
        raise Refusal("starts anew at every step; give it the state of the step before")
    return reading.add_neurons(number, signal)


def _remembered(reading: Reading, state: Traced) -> Chain | None:
    names = {source.node for source in state.sources}
    for chain in reading.chains.values():
        if names <= {chain.node, potential_of(chain)}:
            return chain
    return None


def _within_loop(reading: Reading, signal: Signal) -> bool:
    """Whether a signal comes out of a loop that gets all steps at once, which the modules in it do not know."""
    waiting, loops = [signal.node], reading.loops_over_time
    while waiting and loops:
        node = waiting.pop()
        if node in loops:
            return True
        if node not in reading.chains:
            waiting += [edge.source for edge in reading.flow.edges if edge.target == node and edge.lag == 0]
    return False


def _by_hand() -> Refusal:
    return MixedError(  # or another axis counts steps
        "gets another input at later steps than at the first; a recurrence written by hand cannot be read, use a "
        "recurrent layer of the library"
    )


def _in_time(reading: Reading, found: Rows, axis: int, call: int, *, within_loop: bool = False) -> Rows:
    """The frames of what comes out: of the steps along the time axis, or of the call's number for data without time."""
    steps, sample = np.divmod(found.frames, reading.samples)
    if axis >= 0:
        if axis not in found.outer:
            raise MixedError("finds no time along the axis of its input that its library takes for time")
        place = [1] * steps.ndim
        place[found.outer.index(axis)] = -1
        expected = np.arange(1, found.frames.shape[found.outer.index(axis)] + 1).reshape(place)
        if not np.all((steps == expected) | (steps == 0)):
            raise MixedError("gets steps in another order than that of time")
        if not (sample == np.take(sample, [0], found.outer.index(axis))).all():
            raise MixedError("finds samples along the axis of its input that its library takes for time")
        return replace(found, frames=np.broadcast_to(expected, steps.shape) * reading.samples + sample)
    if np.all(steps == 0) and axis != TIME_AMONG_SAMPLES:
        return replace(found, frames=(call + 1) * reading.samples + sample)
    if axis == TIME_AMONG_SAMPLES or within_loop:
        return found
    if not np.all(steps == call + 1):
        raise MixedError("gets several steps at once, or in another order than that of time")
    return found


def loop_begin(reading: Reading, _name: str, arguments: Arguments) -> Traced:
    """Where the end of a loop is added, one step later."""
    number, axis = int(arguments["loop"]), int(arguments["time_axis"])
    value = _data(arguments["x"])
    name = reading.names[number]
    found = reading.rows(value, {len(value.shape) - 1})
    if axis >= 0:
        found = _in_time(reading, found, axis, 0)
    signal = reading.signal(name, value, found)
    begin = reading.once(("loop", number, signal), lambda: reading.flow.then(f"{name}.input", Identity(), signal))
    if reading.loops.setdefault(number, begin) != begin:
        raise _by_hand()
    if axis >= 0:
        reading.loops_over_time.add(begin.node)
    return spread(begin, found, keep_axes=True)


def loop_end(reading: Reading, _name: str, arguments: Arguments) -> Traced:
    """Closes a loop with what is fed back."""
    value, feedback = _data(arguments["x"]), _data(arguments["feedback"])
    number = int(arguments["loop"])
    begin = reading.loops[number]
    name = f"{reading.names[number]}.recurrent"
    found = reading.rows(feedback, len(begin.shape))
    signal = reading.signal(name, feedback, found)
    if signal.shape != begin.shape:
        raise Refusal(f"feeds back shape {signal.shape} to shape {begin.shape}")
    reading.flow.close_loop(signal, begin)
    return value


def _data(value: Any) -> Traced:
    if not isinstance(value, Traced):
        raise Refusal("gets constants instead of data")
    return value
