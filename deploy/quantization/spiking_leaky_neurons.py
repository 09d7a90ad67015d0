"""What the families of spiking leaky neurons have in common, in the chip's integers at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron
from ...models.neurons.rules.leaky_rule import STATE_LIMIT
from ...models.neurons.spiking_leaky import SpikingLeaky
from .leaky_neurons import (
    LARGEST_BIAS_EXPONENT,
    LARGEST_MANTISSA,
    STATE_UNIT,
    bias_parts,
    decay_of,
    integers_of,
    quotient,
)
from .neuron_family import HEADROOM, NeuronFamily

Array = NDArray[Any]


class SpikingLeakyFamily(NeuronFamily):
    """Spiking leaky neurons with gains of 1, as lowering leaves them."""

    state_unit = STATE_UNIT
    payload_bits = 8  # payload and weight share the state's 24 bits

    @staticmethod
    def registers(neuron: SpikingLeaky, scale: Array) -> dict[str, Any]:
        """The parameters of `IntegerSpikingLeaky`."""
        mantissa, exponent = bias_parts(neuron.bias, scale)
        return {
            "current_decay": decay_of(neuron.current_retention, 1),
            "voltage_decay": decay_of(neuron.voltage_retention, 0),
            "threshold": integers_of(neuron.threshold * scale),
            "bias_mantissa": mantissa,
            "bias_exponent": exponent,
            "reset": neuron.reset,
            "reset_value": integers_of(neuron.reset_value * scale * STATE_UNIT),
            "inclusive": neuron.inclusive,
            "initial_voltage": integers_of(neuron.initial_voltage * scale * STATE_UNIT),
        }

    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        assert isinstance(neuron, SpikingLeaky)
        return np.asarray(np.minimum.reduce(np.broadcast_arrays(*self.bounds(neuron, largest))))

    def bounds(self, neuron: SpikingLeaky, largest: Sequence[Array]) -> list[Array]:
        """The scales beyond which each register overflows; see `ceiling`."""
        current = HEADROOM * min(STATE_LIMIT, 1 << (self.precision.current_bits - 1)) / STATE_UNIT
        return [
            quotient(current, largest[0]),
            quotient(self.highest_potential, largest[1]),
            quotient(self.highest_potential, neuron.threshold),
            quotient((1 << self.precision.threshold_bits) - 1, neuron.threshold),
            quotient(LARGEST_MANTISSA * 2**LARGEST_BIAS_EXPONENT / STATE_UNIT, neuron.bias),
            quotient((STATE_LIMIT - 1) / STATE_UNIT, neuron.reset_value),
            quotient((STATE_LIMIT - 1) / STATE_UNIT, neuron.initial_voltage),
        ]

    @property
    def highest_potential(self) -> float:
        """What the calibration samples may use of a potential's register, in units of the threshold's."""
        return HEADROOM * min(STATE_LIMIT, 1 << (self.precision.membrane_bits - 1)) / STATE_UNIT

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, SpikingLeaky)
        return "its threshold is negative; a chip's begins at 0" if np.any(neuron.threshold < 0) else None
