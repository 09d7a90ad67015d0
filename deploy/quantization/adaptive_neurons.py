"""Leaky neurons with an adaptation current in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import Adaptive, FloatNeuron, IntegerAdaptive
from ...models.neurons.rules.adaptive_rule import ACTIVATION_SHIFT, STATE_LIMIT, UNITY
from .leaky_neurons import LARGEST_BIAS_EXPONENT, LARGEST_MANTISSA, bias_parts, integers_of, quotient
from .neuron_family import HEADROOM, NeuronFamily

Array = NDArray[Any]

STATE_UNIT = 1 << ACTIVATION_SHIFT


class AdaptiveFamily(NeuronFamily):
    """Neurons with a gain of 1, as lowering leaves them; the adaptation has the scale of the potential."""

    state_unit = STATE_UNIT
    payload_bits = 1

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerAdaptive:
        assert isinstance(neuron, Adaptive)
        mantissa, exponent = bias_parts(neuron.bias, scale)
        states = ("jump", "reset_value", "initial_voltage", "initial_adaptation")
        return IntegerAdaptive(
            voltage_decay=integers_of((1 - neuron.voltage_retention) * UNITY),
            adaptation_decay=integers_of((1 - neuron.adaptation_retention) * UNITY),
            threshold=integers_of(neuron.threshold * scale),
            coupling=integers_of(neuron.coupling * UNITY),
            feedback=integers_of(neuron.feedback * UNITY),
            bias_mantissa=mantissa,
            bias_exponent=exponent,
            reset=neuron.reset,
            inclusive=neuron.inclusive,
            **{name: integers_of(getattr(neuron, name) * scale * STATE_UNIT) for name in states},
        )

    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        assert isinstance(neuron, Adaptive)
        state = HEADROOM * min(STATE_LIMIT, 1 << (self.precision.membrane_bits - 1)) / STATE_UNIT
        bounds = [
            *(quotient(state, part) for part in (*largest, neuron.threshold, neuron.jump)),
            quotient((1 << self.precision.threshold_bits) - 1, neuron.threshold),
            quotient(LARGEST_MANTISSA * 2**LARGEST_BIAS_EXPONENT / STATE_UNIT, neuron.bias),
            *(
                quotient((STATE_LIMIT - 1) / STATE_UNIT, part)
                for part in (neuron.reset_value, neuron.initial_voltage, neuron.initial_adaptation)
            ),
        ]
        return np.asarray(np.minimum.reduce(np.broadcast_arrays(*bounds)))

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, Adaptive)
        if np.any(neuron.threshold < 0):
            return "its threshold is negative; a chip's begins at 0"
        for name in ("voltage_retention", "adaptation_retention"):
            values = getattr(neuron, name)
            if np.any(values < 0) or np.any(values > 1):
                return f"its {name} is {values.min():g} to {values.max():g}, not 0 to 1"
        for name in ("coupling", "feedback"):
            largest, limit = float(np.max(np.abs(getattr(neuron, name)))), IntegerAdaptive.ranges[name][1] / UNITY
            if largest > limit:
                return f"its {name} is {largest:g}; a register holds up to {limit:g}"
        return None
