"""Izhikevich's neurons in the chip's integers: their states are millivolts, so that only the input has a scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerIzhikevich, Izhikevich
from ...models.neurons.izhikevich import HIGHEST
from ...models.neurons.rules.izhikevich_rule import GAIN_SHIFT, RANGE_BITS, RATE_SHIFT, SENSITIVITY_SHIFT
from .leaky_neurons import integers_of
from .neuron_family import NeuronFamily

Array = NDArray[Any]

FEWEST_FRACTION_BITS = 8
FINEST_GAIN = 1 << 10  # an input gain below it would be rounded by more than a twentieth of a percent


class IzhikevichFamily(NeuronFamily):
    """Neurons with a gain of 1, as lowering leaves them."""

    payload_bits = 1

    @property
    def fraction_bits(self) -> int:
        """Binary places of the states, as many as the register of the potential leaves."""
        return self.precision.membrane_bits - RANGE_BITS - 1

    def state_scale(self, scale: Array) -> Array:
        return np.full_like(np.asarray(scale, dtype=np.float64), 2.0**self.fraction_bits)

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerIzhikevich:
        assert isinstance(neuron, Izhikevich)
        unit = 1 << self.fraction_bits
        highest = np.floor(HIGHEST * unit) - 1
        voltages = ("reset_voltage", "recovery_jump", "peak", "bias", "initial_voltage", "initial_recovery")
        return IntegerIzhikevich(
            half_step=integers_of(neuron.time_step / 2 * 2**RATE_SHIFT),
            recovery_rate=integers_of(neuron.time_step * neuron.recovery_rate * 2**RATE_SHIFT),
            sensitivity=integers_of(neuron.sensitivity * 2**SENSITIVITY_SHIFT),
            input_gain=integers_of(unit * 2**GAIN_SHIFT / scale),
            fraction_bits=self.fraction_bits,
            overshoots=neuron.overshoots,
            **{name: integers_of(np.clip(getattr(neuron, name) * unit, -highest, highest)) for name in voltages},
        )

    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        return np.asarray(2.0 ** (self.fraction_bits + GAIN_SHIFT) / FINEST_GAIN)

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, Izhikevich)
        if self.fraction_bits < FEWEST_FRACTION_BITS:
            needed = FEWEST_FRACTION_BITS + RANGE_BITS + 1
            return f"its potential needs {needed} bits, a neuron of this chip has {self.precision.membrane_bits}"
        limits = {"half_step": "time_step", "recovery_rate": "recovery_rate", "sensitivity": "sensitivity"}
        integer = self.quantized(neuron, np.asarray(2.0**self.fraction_bits))
        for register, name in limits.items():
            low, high = IntegerIzhikevich.ranges[register]
            values = getattr(integer, register)
            if np.any(values < low) or np.any(values > high):
                return f"its {name} is beyond the integer model's register, {low} to {high} of {register}"
        return None
