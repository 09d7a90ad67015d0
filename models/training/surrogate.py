"""Spikes through which gradients can flow (needs PyTorch).

Forward, the exact step, so that training sees the spikes that a chip would send. Its true derivative is zero wherever
it exists, so nothing could be learned; backward, the derivative of a smooth step stands in. All of them have an area of
1 and are 1 / width high at the threshold, so that one width means much the same for all.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from .recipe import SurrogateName


@dataclass(frozen=True)
class Surrogate(ABC):
    """A stand-in for the derivative of a spike.

    Attributes
    ----------
    width : potential over which the smooth step rises, above 0.
    """

    width: float = 1.0

    @abstractmethod
    def times_slope(self, gradient: Tensor, distance: Tensor) -> Tensor:
        """The derivative by the potential, from that by the spike and the potential minus the threshold."""

    def __call__(self, distance: Tensor) -> Tensor:
        """1.0 where `distance`, of any shape, is above 0, and 0.0 elsewhere."""
        spikes: Tensor = _Spike.apply(distance, self)  # type: ignore[no-untyped-call,unused-ignore]
        return spikes


@dataclass(frozen=True)
class Arctan(Surrogate):
    """1 / (width (1 + (pi x / width)**2)), the derivative of arctan(pi x / width) / pi.

    Fang et al., "Incorporating Learnable Membrane Time Constant to Enhance Learning of Spiking Neural Networks", ICCV
    2021, https://arxiv.org/abs/2007.05785, with a width of 1.
    """

    def times_slope(self, gradient: Tensor, distance: Tensor) -> Tensor:
        return gradient / (self.width * (1.0 + (math.pi / self.width * distance) ** 2))


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """a p (1 - p) with p = 1 / (1 + exp(-a x)) and a = 4 / width.

    Among others Wozniak et al., "Deep learning incorporating biologically inspired neural dynamics and in-memory
    computing", Nature Machine Intelligence 2020, https://arxiv.org/abs/1812.07040.
    """

    def times_slope(self, gradient: Tensor, distance: Tensor) -> Tensor:
        steepness = 4.0 / self.width
        probability = torch.sigmoid(steepness * distance)
        return gradient * (steepness * probability * (1.0 - probability))


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """1 / (width (1 + 2 abs(x) / width)**2).

    Zenke and Ganguli, "SuperSpike: Supervised Learning in Multilayer Spiking Neural Networks", Neural Computation 2018,
    https://arxiv.org/abs/1705.11146, with their beta = 2 / width and a height of 1 instead of 1 / width.
    """

    def times_slope(self, gradient: Tensor, distance: Tensor) -> Tensor:
        return gradient / (self.width * (1.0 + (2.0 / self.width) * distance.abs()) ** 2)


@dataclass(frozen=True)
class Rectangular(Surrogate):
    """1 / width where abs(x) < width / 2, and 0 elsewhere.

    Wu et al., "Spatio-Temporal Backpropagation for Training High-Performance Spiking Neural Networks", Frontiers in
    Neuroscience 2018, https://arxiv.org/abs/1706.02609; their h1, with a = width. A neuron whose potential never comes
    near the threshold learns nothing.
    """

    def times_slope(self, gradient: Tensor, distance: Tensor) -> Tensor:
        return torch.where(distance.abs() < self.width / 2, gradient / self.width, 0.0)


SURROGATES: Mapping[SurrogateName, type[Surrogate]] = MappingProxyType(
    {
        SurrogateName.ARCTAN: Arctan,
        SurrogateName.SIGMOID: Sigmoid,
        SurrogateName.FAST_SIGMOID: FastSigmoid,
        SurrogateName.RECTANGULAR: Rectangular,
    }
)


class _Spike(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    @staticmethod
    def forward(ctx: Any, distance: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(distance)
        ctx.surrogate = surrogate
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (distance,) = ctx.saved_tensors
        return ctx.surrogate.times_slope(gradients[0], distance), None
