"""Neurons with spikes of both signs in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerTernary, Ternary
from ...models.neurons.spiking_leaky import SpikingLeaky
from .leaky_neurons import integers_of, quotient
from .spiking_leaky_neurons import SpikingLeakyFamily

Array = NDArray[Any]


class TernaryFamily(SpikingLeakyFamily):
    """Spiking leaky neurons with a lower threshold besides."""

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerTernary:
        assert isinstance(neuron, Ternary)
        lower = integers_of(neuron.lower_threshold * scale)
        return IntegerTernary(**self.registers(neuron, scale), lower_threshold=lower)

    def bounds(self, neuron: SpikingLeaky, largest: Sequence[Array]) -> list[Array]:
        assert isinstance(neuron, Ternary)
        return [
            *super().bounds(neuron, largest),
            quotient(self.highest_potential, neuron.lower_threshold),
            quotient((1 << self.precision.threshold_bits) - 1, neuron.lower_threshold),
        ]

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, Ternary)
        if np.any(neuron.lower_threshold >= neuron.threshold):
            return "its lower threshold is not below the upper one, so that a spike would have both signs"
        return None
