"""Leaky neurons with an adaptation current that their potential and their spikes drive: adLIF.

In discrete time, one step for every t, with a[t] the sum of what arrives:

    v[t] = voltage_retention * v[t-1] + input_gain * a[t] - coupling * w[t-1] + bias
    spike where v[t] > threshold (or >= threshold), and then
    v[t] = reset_value | v[t] - threshold | v[t]
    w[t] = adaptation_retention * w[t-1] + feedback * v[t] + jump * spike[t]

The adaptation w sees the potential of the same step: symplectic Euler. Baronig, Ferrand, Sabathiel and Legenstein,
"Advancing spatio-temporal processing through adaptation in spiking neural networks" (Nature Communications 2025, arXiv
2408.07517) show what that is good for: below the threshold the potential's length shrinks by
sqrt(voltage_retention * adaptation_retention) a step as soon as it oscillates, however fast that is, where Euler's
forward method, whose w sees the potential of the step before, lets fast oscillations grow without end.

`Adaptive.of_paper` takes the paper's parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from .leaky_dynamics import Reset, shared
from .neuron_model import Array, FloatNeuron, IntegerNeuron, IntegerRule, State, make_arrays
from .rules import adaptive_rule


@dataclass(frozen=True, eq=False)
class Adaptive(FloatNeuron):
    """Float parameters; each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    voltage_retention : share of the membrane potential kept from step to step, in [0, 1].
    adaptation_retention : share of the adaptation kept from step to step, in [0, 1].
    threshold : membrane potential above which the neuron spikes.
    coupling : potential lost in a step per unit of adaptation.
    feedback : adaptation that a step gains per unit of potential.
    jump : adaptation that a spike adds.
    input_gain : membrane potential per unit of input.
    bias : membrane potential added at every step.
    reset, reset_value : see `Reset`.
    inclusive : spike at the threshold itself too.
    initial_voltage, initial_adaptation : before the first step.
    """

    voltage_retention: Array
    adaptation_retention: Array
    threshold: Array
    coupling: Array
    feedback: Array
    jump: Array
    input_gain: Array = field(default_factory=lambda: np.ones(()))
    bias: Array = field(default_factory=lambda: np.zeros(()))
    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros(()))
    inclusive: bool = False
    initial_voltage: Array = field(default_factory=lambda: np.zeros(()))
    initial_adaptation: Array = field(default_factory=lambda: np.zeros(()))

    def __post_init__(self) -> None:
        make_arrays(self, np.float64)

    @classmethod
    def of_paper(cls, alpha: Array, beta: Array, a: Array, b: Array, threshold: Array, q: float = 120.0) -> Self:
        """With the names of the paper.

        Parameters
        ----------
        alpha, beta : exp(-time step / time constant) of the potential and of the adaptation.
        a, b : of the adaptation, per potential and per spike; in the paper in [0, 1] and [0, 2].
        q : what both are multiplied by, 120 in the paper.
        """
        alpha, beta = np.asarray(alpha), np.asarray(beta)
        kept = (1 - beta) * q
        return cls(alpha, beta, np.asarray(threshold), 1 - alpha, kept * a, kept * b, input_gain=1 - alpha)

    @property
    def gain(self) -> Array:
        return self.input_gain

    def with_unit_gain(self) -> Self:
        return replace(self, input_gain=np.ones(()), bias=shared(self.bias))

    def with_drive(self, drive: Array) -> Self:
        return replace(self, bias=shared(self.bias + drive))

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return tuple(
            np.broadcast_to(values, (batch, size)).astype(np.float64)
            for values in (self.initial_voltage, self.initial_adaptation)
        )

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        voltage, adaptation = state
        voltage = self.voltage_retention * voltage + self.input_gain * activation - self.coupling * adaptation
        voltage = voltage + self.bias
        spikes = voltage >= self.threshold if self.inclusive else voltage > self.threshold
        if self.reset is Reset.VALUE:
            voltage = np.where(spikes, self.reset_value, voltage)
        elif self.reset is Reset.SUBTRACT:
            voltage = np.where(spikes, voltage - self.threshold, voltage)
        adaptation = self.adaptation_retention * adaptation + self.feedback * voltage + self.jump * spikes
        return (voltage, adaptation), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerAdaptive(IntegerNeuron):
    """The same in integers; arrays are scalars () or one value a neuron, (neurons,).

    Attributes
    ----------
    voltage_decay, adaptation_decay : 0..65536, what is lost in a step, in 65536ths.
    threshold : 0..131071 (17 bit); the neuron spikes where the potential exceeds threshold * 64.
    coupling, feedback : -2**20..2**20, in 65536ths.
    jump : 24 bit, in units of the adaptation.
    bias_mantissa : -4096..4095 (13 bit).
    bias_exponent : 0..7; the bias is mantissa * 2**exponent, in units of the potential.
    reset, inclusive : as in `Adaptive`.
    reset_value, initial_voltage, initial_adaptation : 24 bit, in units of the states.
    """

    voltage_decay: Array
    adaptation_decay: Array
    threshold: Array
    coupling: Array
    feedback: Array
    jump: Array
    bias_mantissa: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    bias_exponent: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    inclusive: bool = False
    initial_voltage: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    initial_adaptation: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))

    rule: ClassVar[IntegerRule] = IntegerRule.of(adaptive_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        "voltage_decay": (0, 65536),
        "adaptation_decay": (0, 65536),
        "threshold": (0, 131071),
        "coupling": (-(2**20), 2**20),
        "feedback": (-(2**20), 2**20),
        "jump": (1 - 2**23, 2**23 - 1),
        "bias_mantissa": (-4096, 4095),
        "bias_exponent": (0, 7),
        "reset_value": (1 - 2**23, 2**23 - 1),
        "initial_voltage": (1 - 2**23, 2**23 - 1),
        "initial_adaptation": (1 - 2**23, 2**23 - 1),
    }

    def __post_init__(self) -> None:
        make_arrays(self, np.int64)
