"""Izhikevich's simple model of spiking neurons, in millivolts and milliseconds.

    v' = 0.04 v**2 + 5 v + 140 - u + I
    u' = a (b v - u)
    spike where v >= 30, and then v = c, u = u + d

E. M. Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14 (2003), whose program has
this discrete time: v takes two half steps and u a whole one, and what a spike resets is reset before the next step.
With h the time step and I[t] = input_gain * a[t] + bias,

    twice:  v <- min(v + h / 2 * (0.04 v**2 + 5 v + 140 - u + I[t]), peak)
    u <- u + h * a * (b * v - u)
    spike where v >= peak, and then v <- c, u <- u + d

The paper's program has no minimum, and `overshoots` leaves it out: then v jumps beyond its peak by hundreds of
millivolts, by chance more or less, and u with it. Such spike trains are chaotic, so that no two ways of rounding agree
on them for long; with the minimum those of most kinds are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np

from .leaky_dynamics import shared
from .neuron_model import Array, FloatNeuron, IntegerNeuron, IntegerRule, State, make_arrays
from .rules import izhikevich_rule

KINDS: Mapping[str, tuple[float, float, float, float]] = MappingProxyType(
    {
        "regular spiking": (0.02, 0.2, -65.0, 8.0),
        "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
        "chattering": (0.02, 0.2, -50.0, 2.0),
        "fast spiking": (0.1, 0.2, -65.0, 2.0),
        "low-threshold spiking": (0.02, 0.25, -65.0, 2.0),
        "thalamo-cortical": (0.02, 0.25, -65.0, 0.05),
        "resonator": (0.1, 0.26, -65.0, 2.0),
    }
)
"""The paper's a, b, c and d of some kinds of neurons."""
HIGHEST, LOWEST = 4096.0, -4096.0  # mV, where states saturate, in float as in integers
_VOLTAGES = ("reset_voltage", "recovery_jump", "peak", "bias", "initial_voltage", "initial_recovery")


@dataclass(frozen=True, eq=False)
class Izhikevich(FloatNeuron):
    """Float parameters; each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    recovery_rate : a, per ms.
    sensitivity : b, of the recovery to the potential.
    reset_voltage : c, in mV.
    recovery_jump : d, what a spike adds to the recovery.
    time_step : ms of a step.
    peak : mV at which a spike is over.
    input_gain : of the current I per unit of input.
    bias : current that is always there.
    overshoots : whether a spike goes beyond the peak before it is reset, as in the paper's program.
    initial_voltage, initial_recovery : before the first step of each sample; as in the paper's program, -65 mV and b
        times that for b = 0.2.
    """

    recovery_rate: Array
    sensitivity: Array
    reset_voltage: Array
    recovery_jump: Array
    time_step: Array = field(default_factory=lambda: np.ones(()))
    peak: Array = field(default_factory=lambda: np.full((), 30.0))
    input_gain: Array = field(default_factory=lambda: np.ones(()))
    bias: Array = field(default_factory=lambda: np.zeros(()))
    initial_voltage: Array = field(default_factory=lambda: np.full((), -65.0))
    initial_recovery: Array = field(default_factory=lambda: np.full((), -13.0))
    overshoots: bool = False

    def __post_init__(self) -> None:
        make_arrays(self, np.float64)

    @classmethod
    def of_kind(cls, kind: str, bias: float = 0.0) -> Self:
        """A kind of neuron by its name in `KINDS`, at rest as in the paper's program."""
        a, b, c, d = map(np.asarray, KINDS[kind])
        return cls(a, b, c, d, bias=np.asarray(bias), initial_recovery=b * -65.0)

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
            for values in (self.initial_voltage, self.initial_recovery)
        )

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        voltage, recovery = state
        drive = np.clip(self.input_gain * activation + self.bias, LOWEST, HIGHEST) + 140.0 - recovery
        highest = HIGHEST if self.overshoots else self.peak
        for _ in range(2):
            change = 0.04 * voltage * voltage + 5.0 * voltage + drive
            voltage = np.clip(voltage + self.time_step / 2 * change, LOWEST, highest)
        recovery = recovery + self.time_step * self.recovery_rate * (self.sensitivity * voltage - recovery)
        spikes = voltage >= self.peak
        voltage = np.where(spikes, self.reset_voltage, voltage)
        recovery = np.clip(recovery + self.recovery_jump * spikes, LOWEST, HIGHEST)
        return (voltage, recovery), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerIzhikevich(IntegerNeuron):
    """The same in integers; arrays are scalars () or one value a neuron, (neurons,).

    Attributes
    ----------
    half_step : 1..2**26, half the time step in units of 2**-24 ms.
    recovery_rate : 0..2**28, time step times a in units of 2**-24.
    sensitivity : -2**24..2**24, b in units of 2**-20.
    reset_voltage, recovery_jump, peak, bias, initial_voltage, initial_recovery : in units of the state,
        2**-fraction_bits mV, within +-4096 mV.
    input_gain : 0..2**27, units of the state per unit that arrives, in units of 2**-16.
    overshoots : as in `Izhikevich`.
    fraction_bits : 8..16, binary places of the states, which have 13 bits more with the sign.
    """

    half_step: Array
    recovery_rate: Array
    sensitivity: Array
    reset_voltage: Array
    recovery_jump: Array
    peak: Array
    input_gain: Array
    bias: Array
    initial_voltage: Array
    initial_recovery: Array
    fraction_bits: int = 16
    overshoots: bool = False

    rule: ClassVar[IntegerRule] = IntegerRule.of(izhikevich_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        "half_step": (1, 2**26),
        "recovery_rate": (0, 2**28),
        "sensitivity": (-(2**24), 2**24),
        "input_gain": (0, 2**27),
        "fraction_bits": (8, izhikevich_rule.LARGEST_FRACTION),
        **dict.fromkeys(_VOLTAGES, (1 - 2**31, 2**31 - 1)),
    }

    def __post_init__(self) -> None:
        make_arrays(self, np.int64)

    def verify(self) -> None:
        super().verify()
        limit = 1 << (izhikevich_rule.RANGE_BITS + self.fraction_bits)
        for name in _VOLTAGES:
            if np.any(np.abs(getattr(self, name)) >= limit):
                raise ValueError(f"{name} leaves +-4096 mV, which is +-{limit} with {self.fraction_bits} fraction bits")
