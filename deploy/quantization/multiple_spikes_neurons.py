"""Leaky neurons with several spikes a step in the chip's integers, at a given scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerMultipleSpikes, MultipleSpikes
from .leaky_neurons import quotient
from .spiking_leaky_neurons import SpikingLeakyFamily

Array = NDArray[Any]


class MultipleSpikesFamily(SpikingLeakyFamily):
    """Leaky neurons that send how often their threshold goes into their potential."""

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerMultipleSpikes:
        assert isinstance(neuron, MultipleSpikes)
        registers = self.registers(neuron, scale)
        registers["threshold"] = np.maximum(registers["threshold"], 1)
        return IntegerMultipleSpikes(**registers, most=neuron.most)

    def output_ceiling(self, neuron: FloatNeuron, largest: Array) -> Array:
        assert isinstance(neuron, MultipleSpikes)
        return quotient(self.highest_potential, (largest + 1) * neuron.threshold)

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, MultipleSpikes)
        if np.any(neuron.threshold <= 0):
            return "its threshold is not above 0, so that any number of spikes would go into a potential"
        highest = IntegerMultipleSpikes.ranges["most"][1]
        if not 1 <= neuron.most <= highest:
            return f"it sends up to {neuron.most} spikes a step, not 1 to {highest}"
        return None
