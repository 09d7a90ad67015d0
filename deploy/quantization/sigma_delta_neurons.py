"""Sigma-delta neurons in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerSigmaDelta, SigmaDelta
from ...models.neurons.rules.sigma_delta_rule import STATE_LIMIT
from .neuron_family import HEADROOM, NeuronFamily

Array = NDArray[Any]

CHIP_LIMIT = 1 << 23  # Lava's model has 32 bits, a state of the chip 24


class SigmaDeltaFamily(NeuronFamily):
    """Sigma-delta neurons, delta encoders and sigma decoders."""

    state_unit = 1
    payload_bits = 10  # with 8 bits of weights and some growth of sums in the 24 bits of the next layer's sigma

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerSigmaDelta:
        assert isinstance(neuron, SigmaDelta)
        return IntegerSigmaDelta(
            threshold=_integers(np.minimum(neuron.threshold * scale, STATE_LIMIT - 1)),
            bias=_integers(neuron.bias * scale),
            ceiling=_integers(np.minimum(neuron.ceiling * scale, STATE_LIMIT - 1)),
            rectifies=neuron.rectifies,
            integrates=neuron.integrates,
            delta=neuron.delta,
            output_shift=output_shift,
        )

    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        assert isinstance(neuron, SigmaDelta)
        highest = max(float(np.max(part)) for part in (*largest, np.abs(neuron.bias)))
        return np.asarray(HEADROOM * min(CHIP_LIMIT, 1 << (self.precision.membrane_bits - 1)) / (highest or 1.0))

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, SigmaDelta)
        return "its threshold is negative" if np.any(neuron.threshold < 0) else None


def _integers(values: Array) -> Array:
    return np.asarray(np.rint(values), dtype=np.int64)
