"""Resonate-and-fire neurons in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerResonateAndFire, ResonateAndFire
from ...models.neurons.rules.resonate_and_fire_rule import STATE_LIMIT
from .leaky_neurons import integers_of, quotient
from .neuron_family import HEADROOM, NeuronFamily

Array = NDArray[Any]

STATE_UNIT = 256  # so that what arrives at a phase is divided between the two parts to eight binary places
DECAY_BITS = 12  # as many as Lava's sin_decay and cos_decay have


class ResonateAndFireFamily(NeuronFamily):
    """Neurons with a gain of 1, as lowering leaves them."""

    state_unit = STATE_UNIT
    payload_bits = 1

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerResonateAndFire:
        assert isinstance(neuron, ResonateAndFire)
        return IntegerResonateAndFire(
            cosine=integers_of(neuron.cosine * 2**DECAY_BITS),
            sine=integers_of(neuron.sine * 2**DECAY_BITS),
            threshold=np.maximum(integers_of(neuron.threshold * scale * STATE_UNIT), 1),
            decay_bits=DECAY_BITS,
            real_gain=integers_of(np.cos(neuron.phase) * STATE_UNIT),
            imaginary_gain=integers_of(np.sin(neuron.phase) * STATE_UNIT),
            resets=neuron.resets,
        )

    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        assert isinstance(neuron, ResonateAndFire)
        state = HEADROOM * min(STATE_LIMIT, 1 << (self.precision.membrane_bits - 1)) / STATE_UNIT
        bounds = [quotient(state, part) for part in (*largest, neuron.threshold)]
        return np.asarray(np.minimum.reduce(np.broadcast_arrays(*bounds)))

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, ResonateAndFire)
        if np.any(neuron.threshold <= 0):
            return "its threshold is not above 0, so that it would spike without any input"
        if np.any(neuron.period == 0):
            return "its period is 0 steps"
        if np.any(neuron.retention < 0) or np.any(neuron.retention > 1):
            return f"its retention is {neuron.retention.min():g} to {neuron.retention.max():g}, not 0 to 1"
        return None
