"""Layers of neurons over (steps, samples, ...), made of components (needs PyTorch)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..neurons import Reset
from .adaptive_steps import adaptive_steps
from .components import Components, Leakage
from .leaky_steps import SpikeRule, leaky_steps
from .surrogate import Arctan, Surrogate


class LeakyLayer(nn.Module):  # type: ignore[misc,unused-ignore]
    """Leaky integrate-and-fire neurons; see `Components`.

    Parameters
    ----------
    components : of the layer.
    neurons : number of them, needed for recurrent synapses only.

    Attributes
    ----------
    surrogate : stand-in for a spike's derivative, which training sets.
    threshold_factor : by which training multiplies the threshold, 1 outside of it.
    recurrent : weights, (neurons, neurons) from columns to rows, or None.
    logit : of the share that learnable leakage keeps, (), or None.
    """

    def __init__(self, components: Components, neurons: int | None = None) -> None:
        super().__init__()
        self.components = components
        self.surrogate: Surrogate = Arctan()
        self.threshold_factor = 1.0
        self.recurrent: nn.Parameter | None = None
        self.logit: nn.Parameter | None = None
        if components.recurrent:
            self.recurrent = nn.Parameter(_recurrent_weights(neurons))
        if components.leakage is Leakage.LEARNABLE:
            share = components.retention
            self.logit = nn.Parameter(torch.tensor(math.log(share / (1 - share))))

    @property
    def retention(self) -> Tensor:
        """Share of the potential that is kept from step to step, ()."""
        if self.logit is not None:
            return torch.sigmoid(self.logit)
        return torch.tensor(self.components.first_retention, dtype=torch.float64)

    def forward(self, arriving: Tensor) -> Tensor:
        """Spikes, 0.0 or 1.0, of what arrives: both (steps, samples, ...)."""
        parts = self.components
        recurrent: Tensor | None = self.recurrent
        if parts.input_gain != 1:
            arriving = parts.input_gain * arriving
            recurrent = None if recurrent is None else parts.input_gain * recurrent
        rule = SpikeRule(self.threshold_factor * parts.threshold, parts.reset, self.surrogate, parts.detached_reset)
        return leaky_steps(arriving, self.retention, recurrent, rule)


class AdaptiveLayer(nn.Module):  # type: ignore[misc,unused-ignore]
    """Leaky neurons with an adaptation current, adLIF, all of whose parameters are learned, one a neuron.

    They are `models.neurons.adaptive.Adaptive` with a reset to zero, parametrized as in its `of_paper`: time constants
    of the potential and of the adaptation between two bounds, a in [0, 1] and b in [0, 2]. As in the publication named
    there, a parameter between bounds is clamped to them, and begins anywhere between.

    Parameters
    ----------
    neurons : number of them; the layer has one axis.
    threshold : potential above which a neuron spikes, above 0.
    recurrent : whether the spikes of a step reach all neurons of the layer at the next.
    potential_times, adaptation_times : bounds of the time constants, in steps.

    Attributes
    ----------
    surrogate, threshold_factor, recurrent : as in `LeakyLayer`.
    """

    scale = 120.0
    """The publication's q, by which a and b are multiplied."""

    def __init__(
        self,
        neurons: int,
        threshold: float = 1.0,
        *,
        recurrent: bool = False,
        potential_times: tuple[float, float] = (5.0, 25.0),
        adaptation_times: tuple[float, float] = (60.0, 300.0),
    ) -> None:
        super().__init__()
        if not 0 < threshold < math.inf:
            raise UsageError(f"A threshold of {threshold:g} cannot be trained: it needs a number above 0.")
        self.threshold = threshold
        self.surrogate: Surrogate = Arctan()
        self.threshold_factor = 1.0
        self.bounds = (potential_times, adaptation_times, (0.0, 1.0), (0.0, 2.0))
        self.recurrent = nn.Parameter(_recurrent_weights(neurons)) if recurrent else None
        self.places = nn.Parameter(torch.rand(4, neurons))
        """Where between its bounds each of the four parameters is, in [0, 1], (4, neurons)."""

    def parameters_of_neurons(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Shares kept of potential and adaptation, and a and b, each (neurons,)."""
        places = self.places.clamp(0.0, 1.0)
        potential_time, adaptation_time, a, b = (
            low + (high - low) * place for (low, high), place in zip(self.bounds, places, strict=True)
        )
        return torch.exp(-1.0 / potential_time), torch.exp(-1.0 / adaptation_time), a, b

    def forward(self, arriving: Tensor) -> Tensor:
        """Spikes of what arrives: both (steps, samples, neurons)."""
        alpha, beta, a, b = self.parameters_of_neurons()
        gain, kept = 1 - alpha, (1 - beta) * self.scale
        recurrent = None if self.recurrent is None else gain[:, None] * self.recurrent
        rule = SpikeRule(self.threshold_factor * self.threshold, Reset.VALUE, self.surrogate)
        return adaptive_steps(gain * arriving, (alpha, beta, gain, kept * a, kept * b), recurrent, rule)


class Integrator(nn.Module):  # type: ignore[misc,unused-ignore]
    """Neurons that do not spike: a readout whose output at every step is its potential.

    Parameters
    ----------
    retention : share of the potential kept from step to step, in [0, 1].
    """

    def __init__(self, retention: float = 1.0) -> None:
        super().__init__()
        if not 0 <= retention <= 1:
            raise UsageError(f"A retention of {retention:g} cannot be: a share of the potential is in 0..1.")
        self.retention = retention

    def forward(self, arriving: Tensor) -> Tensor:
        """Potentials, of the shape of what arrives."""
        potentials = [arriving[0]]
        for current in arriving[1:]:
            potentials.append(self.retention * potentials[-1] + current)
        return torch.stack(potentials)


def _recurrent_weights(neurons: int | None) -> Tensor:
    if neurons is None:
        raise UsageError(
            "Recurrent synapses are trained within layers of one axis only: leave recurrence out of others."
        )
    # As PyTorch begins linear maps, so that spikes of a step and of the one before weigh alike at first.
    bound = 1 / math.sqrt(neurons)
    return torch.empty(neurons, neurons).uniform_(-bound, bound)
