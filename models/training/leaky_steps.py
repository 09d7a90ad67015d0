"""All steps of a layer of leaky integrate-and-fire neurons as one operation of PyTorch (needs PyTorch).

Recorded step by step, the arithmetic of a layer would cost a dozen small operations a step, forward and backward. What
does not run in circles is done here for all steps at once, and a step is left with one to four.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..neurons import Reset
from .surrogate import Surrogate


@dataclass(frozen=True)
class SpikeRule:
    """When a layer spikes, what a spike does, and what stands in for its derivative.

    Attributes
    ----------
    threshold : potential above which a neuron spikes.
    reset : see `Reset`.
    surrogate : see `Surrogate`.
    detached : the gradient takes what the reset does for constant.
    """

    threshold: float
    reset: Reset
    surrogate: Surrogate
    detached: bool = True

    def after(self, potential: Tensor, spikes: Tensor) -> Tensor:
        """Potentials once those that spike (bool) are reset."""
        if self.reset is Reset.VALUE:
            return potential.masked_fill(spikes, 0.0)
        if self.reset is Reset.SUBTRACT:
            return torch.where(spikes, potential - self.threshold, potential)
        return potential

    def kept(self, potential: Tensor, spikes: Tensor) -> Tensor | None:
        """Derivative of the potential behind the reset by that before it, for all steps; None where it is 1."""
        kept = None
        if self.reset is Reset.VALUE:
            kept = (~spikes).to(potential.dtype)
        if self.detached or self.reset is Reset.NONE:
            return kept
        slope = self.surrogate.times_slope(torch.ones_like(potential), potential - self.threshold)
        return 1.0 - self.threshold * slope if kept is None else kept - potential * slope


class LeakySteps(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """From what arrives at a layer in all steps to its spikes.

    Arguments: what arrives, (steps, samples, ...); the share of the potential kept from step to step, (); the recurrent
    weights, (neurons, neurons) from columns to rows, for layers of one axis, or None; the rule of its spikes. Returns
    spikes, 0.0 or 1.0, of the shape of what arrives.
    """

    @staticmethod
    def forward(ctx: Any, arriving: Tensor, retention: Tensor, recurrent: Tensor | None, rule: SpikeRule) -> Tensor:
        share = float(retention)
        potential = torch.empty(arriving.shape, dtype=arriving.dtype, device=arriving.device)
        spikes = torch.empty_like(potential)
        transposed = None if recurrent is None else recurrent.T.contiguous()
        after = torch.zeros_like(potential[0])
        for step, current in enumerate(arriving):
            if transposed is not None and step:
                current = torch.addmm(current, spikes[step - 1], transposed)
            # Multiplied, then added: a fused operation would round otherwise than the float graph does.
            voltage = torch.mul(after, share, out=potential[step]).add_(current)
            fires = voltage > rule.threshold
            after = rule.after(voltage, fires)
            if transposed is not None:
                spikes[step] = fires
        if transposed is None:
            spikes = (potential > rule.threshold).to(potential.dtype)
        ctx.rule, ctx.share = rule, share
        ctx.save_for_backward(potential, spikes, recurrent)
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rule: SpikeRule = ctx.rule
        potential, spikes, recurrent = ctx.saved_tensors
        fires = spikes > 0
        kept = rule.kept(potential, fires)
        carried = None if kept is None else kept.mul_(ctx.share)
        distance = potential - rule.threshold
        wanted = gradients[0]
        slope = None if recurrent is None else rule.surrogate.times_slope(torch.ones_like(distance), distance)
        # By the potentials, which what arrives adds to one to one: at first of what their own spikes say alone.
        by_potential = rule.surrogate.times_slope(wanted, distance)
        for step in range(len(potential) - 2, -1, -1):
            later, here = by_potential[step + 1], by_potential[step]
            if slope is not None:
                here.addcmul_(later @ recurrent, slope[step])
            if carried is None:
                here.add_(later, alpha=ctx.share)
            else:
                here.add_(later * carried[step])
        by_retention = by_recurrent = None
        if ctx.needs_input_grad[1]:
            by_retention = (by_potential[1:] * rule.after(potential[:-1], fires[:-1])).sum()
        if ctx.needs_input_grad[2]:
            by_recurrent = by_potential[1:].flatten(0, 1).T @ spikes[:-1].flatten(0, 1)
        return by_potential, by_retention, by_recurrent, None


def leaky_steps(arriving: Tensor, retention: Tensor, recurrent: Tensor | None, rule: SpikeRule) -> Tensor:
    """Run a layer from rest; see `LeakySteps`."""
    spikes: Tensor = LeakySteps.apply(arriving, retention, recurrent, rule)  # type: ignore[no-untyped-call,unused-ignore]
    return spikes
