"""Float neuron parameters to the chip's integers, at a given scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons.integer_rule import ACTIVATION_SHIFT, DECAY_UNITY
from ...models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire

Array = NDArray[Any]

STATE_UNIT = 1 << ACTIVATION_SHIFT
LARGEST_THRESHOLD = 131071
LARGEST_MANTISSA = 4095
LARGEST_BIAS_EXPONENT = 7


def quantize_neuron(neuron: LeakyIntegrateAndFire, scale: float, output_shift: int = 0) -> IntegerLeakyIntegrateAndFire:
    """Integer parameters.

    Parameters
    ----------
    neuron : with gains of 1, as lowering leaves them.
    scale : integer input per unit of float input; state variables have 64 times that.
    output_shift : see `IntegerLeakyIntegrateAndFire`.
    """
    mantissa, exponent = bias_parts(neuron.bias, scale)
    return IntegerLeakyIntegrateAndFire(
        current_decay=_decay(neuron.current_retention, 1),
        voltage_decay=_decay(neuron.voltage_retention, 0),
        threshold=_integers(neuron.threshold * scale if neuron.spiking else np.zeros(())),
        bias_mantissa=mantissa,
        bias_exponent=np.asarray(exponent, dtype=np.int64),
        reset=neuron.reset,
        reset_value=_integers(neuron.reset_value * scale * STATE_UNIT),
        inclusive=neuron.inclusive,
        spiking=neuron.spiking,
        output_shift=output_shift,
    )


def bias_parts(bias: Array, scale: float) -> tuple[Array, int]:
    """Mantissa and the smallest exponent, the same for the layer, that hold every bias."""
    ideal = bias * scale * STATE_UNIT
    largest = float(np.max(np.abs(ideal), initial=0.0))
    exponent = 0
    while exponent < LARGEST_BIAS_EXPONENT and np.rint(largest / 2**exponent) > LARGEST_MANTISSA:
        exponent += 1
    return _integers(ideal / 2**exponent), exponent


def largest_scale(neuron: LeakyIntegrateAndFire) -> float:
    """The scale beyond which a threshold, bias or reset value leaves its register."""
    bounds = [float("inf")]
    if neuron.spiking:
        bounds.append(_quotient(LARGEST_THRESHOLD, neuron.threshold))
    bounds.append(_quotient(LARGEST_MANTISSA * 2**LARGEST_BIAS_EXPONENT / STATE_UNIT, neuron.bias))
    bounds.append(_quotient((2**23 - 1) / STATE_UNIT, neuron.reset_value))
    return min(bounds)


def _quotient(limit: float, parameter: Array) -> float:
    largest = float(np.max(np.abs(parameter), initial=0.0))
    return limit / largest if largest else float("inf")


def _decay(retention: Array, least: int) -> Array:
    return np.asarray(np.clip(_integers(DECAY_UNITY * (1 - retention)), least, DECAY_UNITY))


def _integers(values: Array) -> Array:
    return np.asarray(np.rint(values), dtype=np.int64)
