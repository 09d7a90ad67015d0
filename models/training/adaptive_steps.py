"""All steps of a layer of adaptive leaky neurons, adLIF, as one operation of PyTorch (needs PyTorch).

The equations are those of `models.neurons.adaptive`; why all steps are one operation is said in `leaky_steps`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .leaky_steps import SpikeRule


class AdaptiveSteps(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """From what arrives at a layer in all steps to its spikes.

    Arguments: what arrives, (steps, samples, neurons); the recurrent weights, (neurons, neurons), or None; the rule of
    its spikes; and, each (neurons,): voltage_retention, adaptation_retention, coupling, feedback and jump of
    `models.neurons.adaptive.Adaptive`. Returns spikes, 0.0 or 1.0, of the shape of what arrives.
    """

    @staticmethod
    def forward(ctx: Any, arriving: Tensor, recurrent: Tensor | None, rule: SpikeRule, *parameters: Tensor) -> Tensor:
        voltage_share, adaptation_share, coupling, feedback, jump = parameters
        potential, spikes, adaptation = (
            torch.empty(arriving.shape, dtype=arriving.dtype, device=arriving.device) for _ in range(3)
        )
        transposed = None if recurrent is None else recurrent.T.contiguous()
        after = held = torch.zeros_like(potential[0])
        for step, current in enumerate(arriving):
            if transposed is not None and step:
                current = torch.addmm(current, spikes[step - 1], transposed)
            voltage = torch.mul(after, voltage_share, out=potential[step]).add_(current).sub_(coupling * held)
            fires = voltage > rule.threshold
            after = rule.after(voltage, fires)
            spikes[step] = fires
            held = torch.mul(held, adaptation_share, out=adaptation[step]).add_(feedback * after)
            held.add_(jump * spikes[step])
        ctx.rule = rule
        ctx.save_for_backward(potential, spikes, adaptation, recurrent, *parameters)
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rule: SpikeRule = ctx.rule
        potential, spikes, adaptation, recurrent, *parameters = ctx.saved_tensors
        voltage_share, adaptation_share, coupling, feedback, jump = parameters
        fires = spikes > 0
        kept = rule.kept(potential, fires)
        distance = potential - rule.threshold
        slope = rule.surrogate.times_slope(torch.ones_like(distance), distance)
        by_potential, by_adaptation = torch.empty_like(potential), torch.empty_like(potential)
        # By the potential behind the reset and by the adaptation, of what the steps that follow make of them.
        by_after = by_held = torch.zeros_like(potential[0])
        for step in range(len(potential) - 1, -1, -1):
            by_adaptation[step] = by_held
            by_after = by_after + feedback * by_held
            by_spikes = gradients[0][step] + jump * by_held
            if recurrent is not None and step + 1 < len(potential):
                by_spikes = torch.addmm(by_spikes, by_potential[step + 1], recurrent)
            here = by_potential[step]
            torch.mul(by_spikes, slope[step], out=here).add_(by_after if kept is None else by_after * kept[step])
            by_after = voltage_share * here
            by_held = adaptation_share * by_held - coupling * here
        after = rule.after(potential, fires)
        by_parameters = (
            (by_potential[1:] * after[:-1]).sum((0, 1)),
            (by_adaptation[1:] * adaptation[:-1]).sum((0, 1)),
            -(by_potential[1:] * adaptation[:-1]).sum((0, 1)),
            (by_adaptation * after).sum((0, 1)),
            (by_adaptation * spikes).sum((0, 1)),
        )
        by_recurrent = None
        if ctx.needs_input_grad[1]:
            by_recurrent = by_potential[1:].flatten(0, 1).T @ spikes[:-1].flatten(0, 1)
        return by_potential, by_recurrent, None, *by_parameters


def adaptive_steps(
    arriving: Tensor, parameters: tuple[Tensor, ...], recurrent: Tensor | None, rule: SpikeRule
) -> Tensor:
    """Run a layer from rest; see `AdaptiveSteps`, which takes the parameters in that order."""
    spikes: Tensor = AdaptiveSteps.apply(arriving, recurrent, rule, *parameters)  # type: ignore[no-untyped-call,unused-ignore]
    return spikes
