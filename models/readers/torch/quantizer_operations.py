"""Quantizers of activations, as training with quantizers and torchao's export leave them: read as what they clip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..activation_quantizers import CLIPS, PASSES, clipped
from ..dataflow import Signal
from .elements import Traced
from .neuron_layer import Refusal, array_of
from .reading import Reading

Arguments = dict[str, Any]

OF_A_CHANNEL = "quantizes activations with a scale for each channel; one scale is needed"


def there_and_back(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """fake_quantize_per_tensor_affine: rounds to a range of integers and gives back numbers."""
    enabled = arguments.get("fake_quant_enabled")
    if enabled is not None and not bool(array_of(enabled).all()):
        return _traced(arguments)
    return _clipped(reading, name, arguments)


def to_integers(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """quantize_per_tensor; what leaves it are the numbers that the integers stand for."""
    return replace(_clipped(reading, name, arguments), ending=_integers(arguments))


def from_integers(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """dequantize_per_tensor, of what the same quantizer made."""
    value = _traced(arguments)
    if value.ending != _integers(arguments):
        raise Refusal("reads integers in another sense than they were made in")
    return replace(value, ending="")


def refuse_channels(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """Quantizers with a scale for each channel."""
    raise Refusal(OF_A_CHANNEL)


def _integers(arguments: Arguments) -> str:
    scale, zero_point = _number(arguments["scale"]), _number(arguments["zero_point"])
    return f"quantizer to integers (scale {scale!r}, zero point {zero_point:g})"


def _clipped(reading: Reading, name: str, arguments: Arguments) -> Traced:
    scale, zero_point = _number(arguments["scale"]), _number(arguments["zero_point"])
    low, high = (np.asarray((arguments[end] - zero_point) * scale) for end in ("quant_min", "quant_max"))

    def operation(signal: Signal) -> Signal:
        result = clipped(reading.flow, name, signal, low, high)
        reading.note(PASSES if result is None else CLIPS, name)
        return signal if result is None else result

    return reading.applied(name, ("quantizer", float(low), float(high)), _traced(arguments), operation, keep_axes=True)


def _traced(arguments: Arguments) -> Traced:
    value = arguments["self"] if "self" in arguments else arguments["input"]
    if not isinstance(value, Traced):
        raise Refusal("quantizes a constant by a scale that depends on the data")
    return value


def _number(value: Any) -> float:
    if isinstance(value, Traced):
        raise Refusal("quantizes by a scale that depends on the data; quantize statically")
    array = array_of(value)
    if array.size != 1:
        raise Refusal(OF_A_CHANNEL)
    return float(array.reshape(-1)[0])
