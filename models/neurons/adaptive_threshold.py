"""Leaky neurons whose threshold rises with every spike and returns, with a relative refractory state besides.

In discrete time, one step for every t:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
    b[t] = threshold_retention * (b[t-1] - threshold) + threshold
    r[t] = refractory_retention * r[t-1]
    spike where v[t] - r[t] >= b[t] (or > b[t]), and then
    r[t] = r[t] + refractory_gain * b[t]
    v[t] = reset_value | v[t] - b[t] (or v[t] - threshold) | v[t]
    b[t] = b[t] + threshold_step                               (the b[t] above is that from before)

Lava's `ATRLIF` (`lava.proc.atrlif`) is the case without a reset and with refractory_gain = 2, its `theta` being b. The
adaptive neurons of Bellec et al. ("Long short-term memory and learning-to-learn in networks of spiking neurons", 2018),
ALIF, have refractory_gain = 0 and a reset by subtraction of b[t]; in their words b = threshold + beta * b', where b'
decays by rho and gains 1 - rho a spike, not yet decayed at the next step: threshold_retention = rho and threshold_step
= beta * (1 - rho) / rho. In their later work (e-prop, 2020) the threshold at rest is subtracted. Norse's LSNN resets to
a value and compares with >, with its `beta` as threshold_step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .leaky_dynamics import Reset
from .neuron_model import Array, IntegerRule, State
from .rules import adaptive_threshold_rule
from .spiking_leaky import IntegerSpikingLeaky, SpikingLeaky


@dataclass(frozen=True, eq=False)
class AdaptiveThreshold(SpikingLeaky):
    """Float parameters: those of `SpikingLeaky`, and these, each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    threshold : where the threshold is at first and returns to.
    threshold_retention : share of its distance from there that is kept from step to step, in [0, 1].
    threshold_step : by which a spike raises it.
    refractory_retention : share of the refractory state kept from step to step, in [0, 1].
    refractory_gain : how many thresholds a spike adds to the refractory state.
    reset : none, unless it is said.
    subtracts_baseline : a reset by subtraction subtracts `threshold`, and not what has become of it.
    inclusive : spike at the threshold itself too, unless it is said.
    """

    threshold_retention: Array = field(kw_only=True)
    threshold_step: Array = field(kw_only=True)
    refractory_retention: Array = field(kw_only=True, default_factory=lambda: np.zeros(()))
    refractory_gain: Array = field(kw_only=True, default_factory=lambda: np.zeros(()))
    reset: Reset = Reset.NONE
    subtracts_baseline: bool = field(kw_only=True, default=False)
    inclusive: bool = True

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        zero = np.zeros((batch, size))
        return zero, self.started(batch, size), np.broadcast_to(self.threshold, (batch, size)).astype(np.float64), zero

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        current, voltage = self.charged(state, activation)
        threshold = self.threshold_retention * (state[2] - self.threshold) + self.threshold
        refractoriness = self.refractory_retention * state[3]
        spikes = self.fires(voltage - refractoriness, threshold)
        refractoriness = np.where(spikes, refractoriness + self.refractory_gain * threshold, refractoriness)
        voltage = self.after_spikes(voltage, spikes, self.threshold if self.subtracts_baseline else threshold)
        threshold = np.where(spikes, threshold + self.threshold_step, threshold)
        return (current, voltage, threshold, refractoriness), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerAdaptiveThreshold(IntegerSpikingLeaky):
    """The same family in Loihi's fixed point: the parameters of `IntegerSpikingLeaky`, and these.

    Attributes
    ----------
    threshold, threshold_step : 0..131071 (17 bit), in units of 64 of the potential (Lava's `theta_0`, `theta_step`).
    threshold_decay, refractory_decay : 0..4096, what is lost in a step, in 4096ths (Lava's `delta_theta` and `delta_r`
        times 4096).
    refractory_gain : 0..7, as in `AdaptiveThreshold` (2 in Lava).
    reset, subtracts_baseline, inclusive : as in `AdaptiveThreshold`.
    """

    threshold_decay: Array = field(kw_only=True)
    threshold_step: Array = field(kw_only=True)
    refractory_decay: Array = field(kw_only=True, default_factory=lambda: np.full((), 4096, dtype=np.int64))
    refractory_gain: Array = field(kw_only=True, default_factory=lambda: np.zeros((), dtype=np.int64))
    reset: Reset = Reset.NONE
    subtracts_baseline: bool = field(kw_only=True, default=False)
    inclusive: bool = True

    rule: ClassVar[IntegerRule] = IntegerRule.of(adaptive_threshold_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        **IntegerSpikingLeaky.ranges,
        "threshold_decay": (0, 4096),
        "threshold_step": (0, 131071),
        "refractory_decay": (0, 4096),
        "refractory_gain": (0, 7),
    }
