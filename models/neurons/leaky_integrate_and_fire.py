"""The leaky integrate-and-fire family: IF, LIF, CUBA-LIF, their integrators without spikes, and the bare threshold.

One equation serves them all, in discrete time, one step for every t:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
    spike where v[t] > threshold (or >= threshold), and then
    v[t] = reset_value | v[t] - threshold | v[t]

LIF is the case current_retention = 0, IF has voltage_retention = 1, a bare threshold has voltage_retention = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .leaky_dynamics import LeakyDynamics, Reset
from .neuron_model import Array, IntegerNeuron, IntegerRule, State, make_arrays
from .rules import leaky_rule


@dataclass(frozen=True, eq=False)
class LeakyIntegrateAndFire(LeakyDynamics):
    """Float parameters: those of `LeakyDynamics`, and these, each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    threshold : membrane potential above which the neuron spikes; unused where `spiking` is False.
    reset, reset_value : see `Reset`.
    inclusive : spike at the threshold itself too.
    spiking : False for an integrator, whose output at every step is its membrane potential.
    initial_voltage : membrane potential before the first step.
    """

    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros(()))
    inclusive: bool = False
    spiking: bool = True
    initial_voltage: Array = field(default_factory=lambda: np.zeros(()))

    @property
    def graded(self) -> bool:
        return not self.spiking

    @property
    def eventful(self) -> bool:
        return self.spiking

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return np.zeros((batch, size)), np.broadcast_to(self.initial_voltage, (batch, size)).astype(np.float64)

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        current, voltage = self.charged(state, activation)
        if not self.spiking:
            return (current, voltage), voltage
        spikes = voltage >= self.threshold if self.inclusive else voltage > self.threshold
        if self.reset is Reset.VALUE:
            voltage = np.where(spikes, self.reset_value, voltage)
        elif self.reset is Reset.SUBTRACT:
            voltage = np.where(spikes, voltage - self.threshold, voltage)
        return (current, voltage), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerLeakyIntegrateAndFire(IntegerNeuron):
    """The same family in Loihi's fixed point; integer arrays, each a scalar () or one value a neuron, (neurons,).

    Attributes
    ----------
    current_decay : 1..4096, the current lost in a step, in 4096ths (Lava's `du + 1`).
    voltage_decay : 0..4096, the potential lost in a step, in 4096ths (Lava's `dv`, which ends at 4095).
    threshold : 0..131071 (17 bit); the neuron spikes where the potential exceeds threshold * 64.
    bias_mantissa : -4096..4095 (13 bit).
    bias_exponent : 0..7; the bias is mantissa * 2**exponent, in units of the potential.
    reset, inclusive, spiking : as in `LeakyIntegrateAndFire`.
    reset_value : 24 bit, in units of the potential.
    output_shift : the graded output of an integrator is its potential shifted right by this many bits.
    initial_voltage : 24 bit, in units of the potential.
    """

    current_decay: Array
    voltage_decay: Array
    threshold: Array
    bias_mantissa: Array
    bias_exponent: Array
    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    inclusive: bool = False
    spiking: bool = True
    output_shift: int = 0
    initial_voltage: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))

    rule: ClassVar[IntegerRule] = IntegerRule.of(leaky_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        "current_decay": (1, 4096),
        "voltage_decay": (0, 4096),
        "threshold": (0, 131071),
        "bias_mantissa": (-4096, 4095),
        "bias_exponent": (0, 7),
        "reset_value": (1 - 2**23, 2**23 - 1),
        "initial_voltage": (1 - 2**23, 2**23 - 1),
    }

    def __post_init__(self) -> None:
        make_arrays(self, np.int64)

    @property
    def graded(self) -> bool:
        return not self.spiking

    @property
    def eventful(self) -> bool:
        return self.spiking

    @property
    def output_bits(self) -> int:
        # At least 2, so that no graded output passes for a plain spike.
        return 1 if self.spiking else max(2, leaky_rule.STATE_BITS - self.output_shift)
