"""Neurons whose threshold adapts in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import AdaptiveThreshold, FloatNeuron, IntegerAdaptiveThreshold
from ...models.neurons.spiking_leaky import SpikingLeaky
from .leaky_neurons import decay_of, integers_of, quotient
from .spiking_leaky_neurons import SpikingLeakyFamily

Array = NDArray[Any]

LARGEST_GAIN = 7


class AdaptiveThresholdFamily(SpikingLeakyFamily):
    """Spiking leaky neurons with a threshold and a refractory state that return to rest."""

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerAdaptiveThreshold:
        assert isinstance(neuron, AdaptiveThreshold)
        return IntegerAdaptiveThreshold(
            **self.registers(neuron, scale),
            threshold_decay=decay_of(neuron.threshold_retention, 0),
            threshold_step=integers_of(neuron.threshold_step * scale),
            refractory_decay=decay_of(neuron.refractory_retention, 0),
            refractory_gain=integers_of(neuron.refractory_gain),
            subtracts_baseline=neuron.subtracts_baseline,
        )

    def bounds(self, neuron: SpikingLeaky, largest: Sequence[Array]) -> list[Array]:
        assert isinstance(neuron, AdaptiveThreshold)
        return [
            *super().bounds(neuron, largest),
            quotient((1 << self.precision.threshold_bits) - 1, neuron.threshold_step),
            quotient(self.highest_potential, largest[2]),
            quotient(self.highest_potential, largest[3]),
        ]

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, AdaptiveThreshold)
        gain = neuron.refractory_gain
        if np.any(gain != np.rint(gain)) or np.any(gain < 0) or np.any(gain > LARGEST_GAIN):
            return f"its refractory_gain is none of the whole numbers 0..{LARGEST_GAIN} that the integer rule has"
        if np.any(neuron.threshold_step < 0):
            return "a spike lowers its threshold (threshold_step), and the integer rule only raises it"
        return super().impossible(neuron)
