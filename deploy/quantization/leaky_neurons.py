"""The leaky integrate-and-fire family in the chip's integers, at a given scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from ...models.neurons.leaky_rule import ACTIVATION_SHIFT, DECAY_UNITY, STATE_LIMIT
from .layer_trial import LayerTrial
from .neuron_family import HEADROOM, NeuronFamily

Array = NDArray[Any]

STATE_UNIT = 1 << ACTIVATION_SHIFT
LARGEST_THRESHOLD = 131071
LARGEST_MANTISSA = 4095
LARGEST_BIAS_EXPONENT = 7


class LeakyFamily(NeuronFamily):
    """IF, LIF, CUBA-LIF and their integrators, with gains of 1, as lowering leaves them."""

    state_unit = STATE_UNIT
    payload_bits = 8  # payload and weight share the state's 24 bits

    def quantized(self, neuron: FloatNeuron, scale: float, output_shift: int = 0) -> IntegerLeakyIntegrateAndFire:
        assert isinstance(neuron, LeakyIntegrateAndFire)
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
            initial_voltage=_integers(neuron.initial_voltage * scale * STATE_UNIT),
        )

    def largest_scale(self, neuron: FloatNeuron, trial: LayerTrial) -> float:
        assert isinstance(neuron, LeakyIntegrateAndFire)
        states = HEADROOM * STATE_LIMIT / STATE_UNIT
        bounds = [largest_scale(neuron), states / max(trial.largest_first, 1e-30)]
        # A potential far above the threshold saturates, and spikes all the same; far below, it recovers later.
        largest_state = float(np.max(np.abs(neuron.threshold))) if neuron.spiking else trial.largest_second
        return min(*bounds, states / max(largest_state, 1e-30))

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, LeakyIntegrateAndFire)
        negative = neuron.spiking and bool(np.any(neuron.threshold < 0))
        return "its threshold is negative; a chip's begins at 0" if negative else None


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
    bounds.append(_quotient((2**23 - 1) / STATE_UNIT, neuron.initial_voltage))
    return min(bounds)


def _quotient(limit: float, parameter: Array) -> float:
    largest = float(np.max(np.abs(parameter), initial=0.0))
    return limit / largest if largest else float("inf")


def _decay(retention: Array, least: int) -> Array:
    return np.asarray(np.clip(_integers(DECAY_UNITY * (1 - retention)), least, DECAY_UNITY))


def _integers(values: Array) -> Array:
    return np.asarray(np.rint(values), dtype=np.int64)
