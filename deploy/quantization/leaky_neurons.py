"""The leaky integrate-and-fire family in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT, DECAY_UNITY, STATE_LIMIT
from .neuron_family import HEADROOM, NeuronFamily

Array = NDArray[Any]

STATE_UNIT = 1 << ACTIVATION_SHIFT
LARGEST_MANTISSA = 4095
LARGEST_BIAS_EXPONENT = 7
CORRECTED = 0.95  # share of a register that leaves room for corrections of thresholds and biases
CORRECTION = 0.05  # of the threshold, that a bias may be moved by at most


class LeakyFamily(NeuronFamily):
    """IF, LIF, CUBA-LIF and their integrators, with gains of 1, as lowering leaves them."""

    state_unit = STATE_UNIT
    payload_bits = 8  # payload and weight share the state's 24 bits

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerLeakyIntegrateAndFire:
        assert isinstance(neuron, LeakyIntegrateAndFire)
        mantissa, exponent = bias_parts(neuron.bias, scale)
        return IntegerLeakyIntegrateAndFire(
            current_decay=decay_of(neuron.current_retention, 1),
            voltage_decay=decay_of(neuron.voltage_retention, 0),
            threshold=integers_of(neuron.threshold * scale if neuron.spiking else np.zeros(())),
            bias_mantissa=mantissa,
            bias_exponent=exponent,
            reset=neuron.reset,
            reset_value=integers_of(neuron.reset_value * scale * STATE_UNIT),
            inclusive=neuron.inclusive,
            spiking=neuron.spiking,
            output_shift=output_shift,
            initial_voltage=integers_of(neuron.initial_voltage * scale * STATE_UNIT),
        )

    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        assert isinstance(neuron, LeakyIntegrateAndFire)
        current = HEADROOM * min(STATE_LIMIT, 1 << (self.precision.current_bits - 1)) / STATE_UNIT
        voltage = HEADROOM * min(STATE_LIMIT, 1 << (self.precision.membrane_bits - 1)) / STATE_UNIT
        bounds = [
            CORRECTED * largest_scale(neuron, self.precision.threshold_bits),
            quotient(current, largest[0]),
            quotient(voltage, largest[1]),
        ]
        if neuron.spiking:
            bounds.append(quotient(voltage, neuron.threshold))
        return np.asarray(np.minimum.reduce(np.broadcast_arrays(*bounds)))

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, LeakyIntegrateAndFire)
        negative = neuron.spiking and bool(np.any(neuron.threshold < 0))
        return "its threshold is negative; a chip's begins at 0" if negative else None


def bias_parts(bias: Array, scale: Array | float) -> tuple[Array, Array]:
    """Mantissas, and for each the smallest exponent that holds it."""
    ideal = np.asarray(bias * scale * STATE_UNIT)
    units = 2.0 ** np.arange(LARGEST_BIAS_EXPONENT + 1)
    # Of the rounded mantissas, for one that lies half way between two numbers may round beyond the register.
    beyond = np.rint(np.abs(ideal)[..., None] / units) > LARGEST_MANTISSA
    exponent = np.minimum(np.count_nonzero(beyond, axis=-1), LARGEST_BIAS_EXPONENT)
    return integers_of(ideal / 2.0**exponent), exponent


def largest_scale(neuron: LeakyIntegrateAndFire, threshold_bits: int = 17) -> Array:
    """The scale of each neuron beyond which a threshold, bias or reset value leaves its register."""
    largest_bias = LARGEST_MANTISSA * 2**LARGEST_BIAS_EXPONENT / STATE_UNIT
    bounds = [
        quotient(largest_bias, neuron.bias),
        quotient((STATE_LIMIT - 1) / STATE_UNIT, neuron.reset_value),
        quotient((STATE_LIMIT - 1) / STATE_UNIT, neuron.initial_voltage),
    ]
    if neuron.spiking:
        bounds.append(quotient((1 << threshold_bits) - 1, neuron.threshold))
        bounds[0] = quotient(largest_bias, np.abs(neuron.bias) + CORRECTION * np.abs(neuron.threshold))
    return np.asarray(np.minimum.reduce(np.broadcast_arrays(*bounds)))


def quotient(limit: float, parameter: Array) -> Array:
    """The scale at which a parameter reaches a limit: infinite for one of 0."""
    magnitude = np.abs(np.asarray(parameter, dtype=np.float64))
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(magnitude > 0, limit / magnitude, np.inf)


def decay_of(retention: Array, least: int) -> Array:
    """In 4096ths, what is not retained; at least `least`."""
    return np.asarray(np.clip(integers_of(DECAY_UNITY * (1 - retention)), least, DECAY_UNITY))


def integers_of(values: Array) -> Array:
    """To the nearest, halves to even ones."""
    return np.asarray(np.rint(values), dtype=np.int64)
