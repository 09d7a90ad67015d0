"""Sums of activations, arithmetic with constants, batch normalization, and rectifiers."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import numpy as np

from ..nir.values import NotSupportedError
from .call import Call, UnknownError, finite
from .layout import aligned, broadcast, together
from .quantization import quantized
from .values import Activation, Array, Constant, Value

LARGEST_FLOAT = 3.4e38  # what older opsets write for no bound


def add(call: Call) -> list[Value]:
    """Add, Sum and Mean of any activations and constants."""
    constants = [finite(value.array, "constant") for value in call.values if isinstance(value, Constant)]
    parts = [call.activation(place) for place, value in enumerate(call.values) if not isinstance(value, Constant)]
    factor = 1 / len(call.values) if call.node.kind == "Mean" else 1.0
    x = _added(call, parts)
    if not constants and factor == 1.0:
        return [x]
    offset: Array = sum((array.astype(np.float64) for array in constants), start=np.zeros(()))
    return [_scaled(call, x, np.asarray(factor), offset * factor if constants else None)]


def subtract(call: Call) -> list[Value]:
    """Sub, either side a constant or none."""
    first, second = call.value(0), call.value(1)
    if isinstance(second, Constant):
        return [_scaled(call, call.activation(0), np.ones(()), -call.numbers(1, "constant").astype(np.float64))]
    if isinstance(first, Constant):
        return [_scaled(call, call.activation(1), -np.ones(()), call.numbers(0, "constant").astype(np.float64))]
    x, y = call.activation(0), call.activation(1)
    negative = replace(y, signal=call.flow.scale(f"{call.name}.negative", y.signal, -np.ones(())))
    return [_added(call, [x, negative])]


def multiply(call: Call) -> list[Value]:
    """Mul by a constant."""
    for place in (0, 1):
        if isinstance(call.value(place), Constant):
            return [_scaled(call, call.activation(1 - place), call.numbers(place, "factor").astype(np.float64), None)]
    return _refuse_two(call, "multiplies two activations, as gates and attention do; a synapse has a constant weight")


def divide(call: Call) -> list[Value]:
    """Div by a constant."""
    if not isinstance(call.value(1), Constant):
        _refuse_two(call, "divides by an activation; a synapse has a constant weight")
    divisor = call.numbers(1, "divisor").astype(np.float64)
    if not divisor.all():
        raise NotSupportedError("divides by zero")
    return [_scaled(call, call.activation(0), 1 / divisor, None)]


def negate(call: Call) -> list[Value]:
    """Neg."""
    return [_scaled(call, call.activation(0), -np.ones(()), None)]


def normalize(call: Call) -> list[Value]:
    """BatchNormalization with the statistics of training."""
    if call.attribute("training_mode", 0) or not call.attribute("spatial", 1):
        raise NotSupportedError("normalizes by each batch's own statistics; export the model in evaluation mode")
    names = ("scale", "bias", "mean", "variance")
    gamma, beta, mean, variance = (call.numbers(place + 1, name).astype(np.float64) for place, name in enumerate(names))
    x = call.activation(0)
    if x.rank < 2 or any(values.shape != (x.shape[1],) for values in (gamma, beta, mean, variance)):
        raise NotSupportedError(f"is given shape {x.shape}, but has parameters for {gamma.shape} channels")
    deviation = variance + float(call.attribute("epsilon", 1e-5))
    if np.any(deviation <= 0):
        raise NotSupportedError("its variance is below zero")
    factor = gamma / np.sqrt(deviation)
    columns = [values.reshape(-1, *[1] * (x.rank - 2)) for values in (factor, beta - mean * factor)]
    return [_scaled(call, x, columns[0], columns[1])]


def rectify(call: Call) -> list[Value]:
    """Relu."""
    x = call.activation(0)
    return [replace(x, signal=call.flow.rectify(call.name, x.signal, x.ceiling), ceiling=np.inf)]


def clip(call: Call) -> list[Value]:
    """Clip, and Max and Min with a constant: a rectifier between two shifts where the lower bound is not 0."""
    low, high = _bounds(call)
    value = call.value(0)
    if isinstance(value, Activation) and value.quantizer is not None and call.node.kind == "Clip":
        # The integers of a quantizer of fewer bits than its type has, as Brevitas writes it.
        least, most = value.quantizer.range
        narrower = replace(value.quantizer, range=(max(low, least), min(high, most)))
        return [quantized(call, replace(value, quantizer=None), narrower)]
    places = [place for place, value in enumerate(call.values) if not isinstance(value, Constant)]
    x = call.activation(places[0] if call.node.kind in ("Max", "Min") and places else 0)
    if low >= high:
        raise NotSupportedError(f"clips to an empty range, {low:g} to {high:g}")
    flow, name = call.flow, call.name
    if np.isinf(low) and np.isinf(high):
        return [x]
    if np.isinf(low):  # mirrored, so that the upper bound becomes the lower one of the rectifier
        signal = flow.scale(f"{name}.before", x.signal, -np.ones(()), np.asarray(high))
        signal = flow.scale(f"{name}.behind", flow.rectify(name, signal), -np.ones(()), np.asarray(high))
    elif low:
        signal = flow.scale(f"{name}.before", x.signal, np.ones(()), np.asarray(-low))
        signal = flow.scale(f"{name}.behind", flow.rectify(name, signal, high - low), np.ones(()), np.asarray(low))
    else:
        signal = flow.rectify(name, x.signal, min(high, x.ceiling))
    return [replace(x, signal=signal, ceiling=np.inf)]


def _bounds(call: Call) -> tuple[float, float]:
    """What Clip, Max or Min bounds to, infinite where it does not."""
    kind = call.node.kind
    if kind == "Clip":
        found = []
        for place, name, default in ((1, "min", -np.inf), (2, "max", np.inf)):
            given = call.optional(place, name)
            bound = call.attribute(name, default) if given is None else _one_number(given.array)
            found.append(float(bound) if abs(float(bound)) < LARGEST_FLOAT else default)
        return found[0], found[1]
    constants = [value for value in call.values if isinstance(value, Constant)]
    if len(call.values) - len(constants) != 1:
        _refuse_two(
            call, "compares two activations; only a rectifier or a maximum over windows becomes a spiking network"
        )
    values = np.concatenate([finite(constant.array, "bound").reshape(-1) for constant in constants] or [np.zeros(0)])
    if not values.size or np.any(values != values[0]):
        raise NotSupportedError("has bounds that differ from element to element")
    return (float(values[0]), np.inf) if kind == "Max" else (-np.inf, float(values[0]))


def _one_number(array: Array) -> float:
    """One number that may be infinite."""
    if array.size != 1 or np.isnan(array).any():
        raise NotSupportedError("its bound is not one number")
    return float(array.reshape(-1)[0])


def _refuse_two(call: Call, reason: str) -> NoReturn:
    """Refuse a node that reads two activations, for a reason; one that reads what is not known passes for nothing."""
    if call.reads_two:
        raise NotSupportedError(reason)
    raise UnknownError


def _added(call: Call, parts: list[Activation]) -> Activation:
    if len(parts) == 1:
        return parts[0]
    parts = together(call.flow, call.name, parts)
    signal = call.flow.add(call.name, [part.signal for part in parts])
    return replace(parts[0], signal=signal, ceiling=np.inf)


def _scaled(call: Call, x: Activation, factor: Array, offset: Array | None) -> Activation:
    """factor x + offset, each broadcast by ONNX's rules."""
    shape = broadcast(factor.shape, () if offset is None else offset.shape)
    x, _ = aligned(call.flow, call.name, x, np.broadcast_to(np.zeros(()), shape))
    _, factor = aligned(call.flow, call.name, x, factor)
    if offset is not None:
        _, offset = aligned(call.flow, call.name, x, offset)
    return replace(x, signal=call.flow.scale(call.name, x.signal, factor, offset), ceiling=np.inf)
