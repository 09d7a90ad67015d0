"""Neurons with a refractory period in the chip's integers, at a given scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerRefractory, Refractory
from ...models.neurons.refractory import LONGEST_PERIOD
from .leaky_neurons import integers_of
from .spiking_leaky_neurons import SpikingLeakyFamily

Array = NDArray[Any]


class RefractoryFamily(SpikingLeakyFamily):
    """Spiking leaky neurons that wait for some steps after a spike."""

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerRefractory:
        assert isinstance(neuron, Refractory)
        return IntegerRefractory(**self.registers(neuron, scale), period=integers_of(neuron.period))

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, Refractory)
        if np.any(neuron.period != np.rint(neuron.period)) or np.any(neuron.period < 0):
            return "its refractory period is not a whole number of steps; choose another step size (--dt)"
        if np.any(neuron.period > LONGEST_PERIOD):
            longest = int(np.max(neuron.period))
            return f"its refractory period of {longest} steps is longer than the {LONGEST_PERIOD} of the register"
        return super().impossible(neuron)
