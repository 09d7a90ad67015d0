"""Float numbers behind the integers: what the training moves, rounded anew at every use (needs PyTorch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.network import Population
from ...models.neurons import IntegerLeakyIntegrateAndFire
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT
from ..quantization.weights import QuantizedWeights, quantized_weights

Array = NDArray[Any]

INSIDE = 0.49  # of a step: how far from its weight a latent weight may begin, so that rounding gives that weight back


def straight_through(exact: torch.Tensor, smooth: torch.Tensor) -> torch.Tensor:
    """The value of the first with the derivative of the second."""
    return exact.detach() + (smooth - smooth.detach())


class LatentWeights:
    """The weights of a projection, in steps of their grid; `value` is what an optimizer moves.

    Where the float network has no synapse, none appears.

    Parameters
    ----------
    keep_zeros : let no weight that is zero become another, as after pruning.
    near : of a step: how far from its weight a latent weight begins at most, below 0.5.
    """

    def __init__(self, quantized: QuantizedWeights, keep_zeros: bool = False, near: float = INSIDE) -> None:
        self.start = quantized
        grid = quantized.grid
        places = np.asarray(quantized.weights, dtype=np.float64) / grid.step
        first = np.clip(np.asarray(quantized.ideal, dtype=np.float64) / grid.step, places - near, places + near)
        self.value = torch.nn.Parameter(torch.from_numpy(first))
        self._ends = grid.low / grid.step, grid.high / grid.step
        present = quantized.weights != 0
        self._present = torch.from_numpy(present if keep_zeros else present | (quantized.ideal != 0))

    def integers(self) -> torch.Tensor:
        """What the synapses hold, float64."""
        rounded = torch.clamp(torch.round(self.value), *self._ends)
        return straight_through(rounded, self.value) * self._present * self.start.grid.step

    def keep_inside(self) -> None:
        """Bring back what has left the grid, from where it could not soon return."""
        self.value.data.clamp_(self._ends[0] - INSIDE, self._ends[1] + INSIDE)

    def quantized(self) -> QuantizedWeights:
        """The weights as they are now."""
        latent = (self.value.detach() * self._present).numpy() * self.start.grid.step
        weights = self.integers().detach().numpy().astype(np.int16)
        return quantized_weights(weights, latent, self.start.exponent, self.start.grid)


class LatentParameter:
    """A parameter of neurons: integers of a register, that those neurons share which shared it before.

    `value` is what an optimizer moves: the change since the beginning, in shares of what makes such a neuron spike.
    """

    def __init__(self, population: Population, integers: Array, unit: Array, ends: tuple[int, int]) -> None:
        self._shape = integers.shape
        self._group = torch.from_numpy(shared_by(population, integers))
        count = int(self._group.max()) + 1
        self._start = self._by_group(np.broadcast_to(integers, (population.size,)), count)
        self._unit = self._by_group(unit, count)
        self._ends = ends
        self.value = torch.nn.Parameter(torch.zeros(count, dtype=torch.float64))

    def _by_group(self, values: Array, count: int) -> torch.Tensor:
        first = np.zeros(count)
        first[self._group.numpy()[::-1]] = np.asarray(values, dtype=np.float64)[::-1]
        return torch.from_numpy(first)

    def integers(self) -> torch.Tensor:
        """One for each neuron, float64."""
        smooth = self._start + self.value * self._unit
        return straight_through(torch.clamp(torch.round(smooth), *self._ends), smooth)[self._group]

    def keep_inside(self) -> None:
        """Bring back what has left its register."""
        low, high = ((end - self._start) / self._unit for end in self._ends)
        self.value.data.copy_(torch.clamp(self.value.data, low, high))

    def quantized(self) -> Array:
        """The integers as they are now, in the shape they had."""
        integers = self.integers().detach().numpy().astype(np.int64)
        return integers if self._shape else np.asarray(integers[0])


def shared_by(population: Population, values: Array) -> Array:
    """Number of the group of neurons that share a parameter: all, those of a channel, or each its own; (neurons,)."""
    if not values.shape:
        return np.zeros(population.size, dtype=np.int64)
    channels = np.arange(population.size) // (population.size // population.shape[0])
    rows = values.reshape(population.shape[0], -1)
    return channels if bool(np.all(rows == rows[:, :1])) else np.arange(population.size)


def threshold_of(population: Population, unit: Array) -> LatentParameter | None:
    """The thresholds, where they may move: a threshold of zero means any input at all, and keeps doing so.

    None takes more bits than the largest of its layer does, for the chip may have fewer than the integer rule.
    """
    neuron = population.neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire)
    if not neuron.spiking or not np.all(neuron.threshold > 0):
        return None
    most = (1 << int(np.max(neuron.threshold)).bit_length()) - 1
    return LatentParameter(population, neuron.threshold, unit, (1, most))


def bias_of(population: Population, unit: Array) -> LatentParameter | None:
    """The bias mantissas, where there are biases."""
    neuron = population.neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire)
    if not np.any(neuron.bias_mantissa):
        return None
    mantissas = unit * float(1 << ACTIVATION_SHIFT) / 2.0**neuron.bias_exponent
    return LatentParameter(population, neuron.bias_mantissa, mantissas, neuron.ranges["bias_mantissa"])
