"""Stochastic neurons in the chip's integers, at a given scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import FloatNeuron, IntegerNoisy, Noisy
from ...models.neurons.spiking_leaky import SpikingLeaky
from .leaky_neurons import STATE_UNIT, integers_of, quotient
from .neuron_family import OCTAVES
from .spiking_leaky_neurons import SpikingLeakyFamily

Array = NDArray[Any]

LARGEST_EXPONENT, LARGEST_OFFSET = 22, 31
SAME = 1e-6  # relative, of amplitudes


class NoisyFamily(SpikingLeakyFamily):
    """Spiking leaky neurons with noise, whose amplitude is a power of two on a chip: so only some scales suit."""

    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerNoisy:
        assert isinstance(neuron, Noisy)
        noisy = neuron.noise_amplitude > 0
        amplitude = np.where(noisy, neuron.noise_amplitude, 1.0) * scale * STATE_UNIT
        exponent = np.clip(integers_of(np.log2(amplitude)), 0, LARGEST_EXPONENT)
        # An amplitude below 1 is less than the last bit of the state.
        return IntegerNoisy(
            **self.registers(neuron, scale),
            noise_exponent=exponent * noisy,
            noise_offset=integers_of(neuron.noise_offset),
            noise_enabled=integers_of(noisy & (np.rint(np.log2(amplitude)) >= 0)),
            noise_at_current=neuron.noise_at_current,
            seeds=integers_of(neuron.seeds),
        )

    def scales_of(self, neuron: FloatNeuron, ceiling: float, unit: float | None) -> Array:
        assert isinstance(neuron, Noisy)
        if not np.any(neuron.noise_amplitude):
            return self.scales(ceiling, unit)
        amplitude = float(np.max(neuron.noise_amplitude)) * STATE_UNIT
        highest = int(np.floor(np.log2(ceiling * amplitude)))
        return np.asarray(2.0 ** np.arange(highest, highest - 2 * OCTAVES, -1) / amplitude)

    def suits(self, neuron: FloatNeuron, scale: float) -> bool:
        assert isinstance(neuron, Noisy)
        if not np.any(neuron.noise_amplitude):
            return True
        exponent = float(np.log2(np.max(neuron.noise_amplitude) * scale * STATE_UNIT))
        return abs(exponent - round(exponent)) <= SAME

    def bounds(self, neuron: SpikingLeaky, largest: Sequence[Array]) -> list[Array]:
        assert isinstance(neuron, Noisy)
        return [*super().bounds(neuron, largest), quotient(2.0**LARGEST_EXPONENT / STATE_UNIT, neuron.noise_amplitude)]

    def impossible(self, neuron: FloatNeuron) -> str | None:
        assert isinstance(neuron, Noisy)
        if np.any(neuron.noise_amplitude < 0):
            return "its noise_amplitude is negative"
        amplitudes = neuron.noise_amplitude[neuron.noise_amplitude > 0]
        if amplitudes.size:
            ratios = np.log2(amplitudes / amplitudes.max())
            if not np.allclose(ratios, np.rint(ratios), rtol=0, atol=SAME):
                return (
                    "its noise_amplitude differs among neurons by factors that are no powers of 2, and a chip's noise "
                    "has no others; round them, or make a layer of each"
                )
        offset = neuron.noise_offset
        if np.any(offset != np.rint(offset)) or np.any(np.abs(offset) > LARGEST_OFFSET):
            return f"its noise_offset is none of the whole numbers -{LARGEST_OFFSET}..{LARGEST_OFFSET} of the register"
        return super().impossible(neuron)
