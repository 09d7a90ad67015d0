"""Spiking neurons through which gradients can flow (needs PyTorch)."""

import math
from typing import Any

import torch


class ArctanSpike(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    r"""A step function whose derivative is replaced by that of an arctangent.

    Forward, the exact step, so that training sees the spikes a chip would send:

    .. math:: S(x) = 1 \text{ if } x > 0 \text{ else } 0

    Its true derivative is zero wherever it exists, so nothing could be learned.
    Backward, the derivative of :math:`\frac{1}{\pi}\arctan(\pi x) + \frac{1}{2}`, a
    smooth step, stands in:

    .. math:: \frac{\partial S}{\partial x} \approx \frac{1}{1 + (\pi x)^2}

    Source: W. Fang, Z. Yu, Y. Chen, T. Masquelier, T. Huang, Y. Tian, "Incorporating
    Learnable Membrane Time Constant to Enhance Learning of Spiking Neural Networks",
    ICCV 2021, https://arxiv.org/abs/2007.05785.
    """

    @staticmethod
    def forward(ctx: Any, distance: torch.Tensor) -> torch.Tensor:
        """Return 1 where ``distance`` (membrane voltage minus threshold) is above 0."""
        ctx.save_for_backward(distance)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Multiply the incoming gradient by the arctangent's derivative."""
        (distance,) = ctx.saved_tensors
        gradient: torch.Tensor = gradients[0] / (1.0 + (math.pi * distance) ** 2)
        return gradient


def arctan_spike(distance: torch.Tensor) -> torch.Tensor:
    """Spike where ``distance`` is above zero; see :class:`ArctanSpike`.

    Parameters
    ----------
    distance
        Membrane voltage minus threshold, any shape.

    Returns
    -------
    torch.Tensor
        1.0 where there is a spike, 0.0 elsewhere, same shape and dtype.
    """
    spikes: torch.Tensor = ArctanSpike.apply(distance)  # type: ignore[no-untyped-call,unused-ignore]
    return spikes


def leaky_integrate_and_fire(current: torch.Tensor, beta: float, threshold: float = 1.0) -> torch.Tensor:
    """Run a population of leaky integrate-and-fire neurons, at rest at the start.

    At each step, in this order::

        v ← beta·v + current
        spike where v > threshold
        v ← 0 where spike

    Parameters
    ----------
    current
        Shape (steps, samples, ...).
    beta
        Share of the membrane voltage that is left after a step.
    threshold
        Voltage above which a neuron spikes.

    Returns
    -------
    torch.Tensor
        Spikes, 0.0 or 1.0, of the same shape.
    """
    voltage = torch.zeros_like(current[0])
    spikes = []
    for step in current:
        voltage = beta * voltage + step
        spike = arctan_spike(voltage - threshold)
        # The reset is held constant for the gradient: through it, the error of one
        # spike would run back over all spikes before it.
        voltage = torch.where(spike.detach() > 0, 0.0, voltage)
        spikes.append(spike)
    return torch.stack(spikes)
