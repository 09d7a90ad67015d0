"""Leaky neurons with graded spikes in the chip's integers, at a given scale."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, Graded, IntegerGraded
from .leaky_neurons import quotient
from .spiking_leaky_neurons import SpikingLeakyFamily

Array = NDArray[Any]


class GradedFamily(SpikingLeakyFamily):
    """Leaky neurons whose spike carries their potential."""

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerGraded:
        assert isinstance(neuron, Graded)
        return IntegerGraded(**self.registers(neuron, scale), signed=neuron.signed, output_shift=output_shift)

    def output_ceiling(self, neuron: FloatNeuron, largest: Array) -> Array:
        return quotient(self.highest_potential, largest)
