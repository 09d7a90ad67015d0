"""Resonate-and-fire neurons: two parts of one complex potential, which turns and shrinks, so that rhythms add up.

In discrete time, one step for every t, with w = 2 pi / period the angle of a step and a[t] the sum of what arrives:

    re[t] = retention * (cos(w) * re[t-1] - sin(w) * im[t-1]) + input_gain * cos(phase) * a[t]
    im[t] = retention * (sin(w) * re[t-1] + cos(w) * im[t-1]) + input_gain * sin(phase) * a[t]

One kind (Lava's `RF`) spikes where the imaginary part rises through 0 with the real part at its threshold, and goes on
unchanged:

    spike where re[t] >= threshold, im[t] >= 0 and im[t-1] < 0

The other (Lava's `RF_IZ`, after E. M. Izhikevich, "Resonate-and-fire neurons", Neural Networks 14, 2001) resets:

    spike where im[t] >= threshold, and then re[t] = 0, im[t] = just below the threshold

Lava's neurons have an input for each part; here one sum arrives, in the direction that `phase` says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from .neuron_model import Array, FloatNeuron, IntegerNeuron, IntegerRule, State, make_arrays
from .rules import resonate_and_fire_rule


@dataclass(frozen=True, eq=False)
class ResonateAndFire(FloatNeuron):
    """Float parameters; each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    period : steps of a full turn; negative turns the other way, never 0.
    retention : share of the potential's length kept from step to step, in [0, 1] (Lava's 1 - alpha).
    threshold : greater than 0.
    input_gain : potential per unit of input.
    phase : direction in which input acts, in radians: 0 for the real part, pi / 2 for the imaginary one.
    resets : which kind it is.
    """

    period: Array
    retention: Array
    threshold: Array
    input_gain: Array = field(default_factory=lambda: np.ones(()))
    phase: Array = field(default_factory=lambda: np.zeros(()))
    resets: bool = False

    def __post_init__(self) -> None:
        make_arrays(self, np.float64)

    @property
    def gain(self) -> Array:
        return self.input_gain

    def with_unit_gain(self) -> Self:
        return replace(self, input_gain=np.ones(()))

    @property
    def cosine(self) -> Array:
        """What of each part is kept in it in a step, () or (neurons,)."""
        return np.asarray(self.retention * np.cos(2 * np.pi / self.period))

    @property
    def sine(self) -> Array:
        """What of each part comes to the other in a step, () or (neurons,)."""
        return np.asarray(self.retention * np.sin(2 * np.pi / self.period))

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return np.zeros((batch, size)), np.zeros((batch, size))

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        real, before = state
        charge = self.input_gain * activation
        real, imaginary = (
            self.cosine * real - self.sine * before + np.cos(self.phase) * charge,
            self.sine * real + self.cosine * before + np.sin(self.phase) * charge,
        )
        if not self.resets:
            spikes = (real >= self.threshold) & (imaginary >= 0) & (before < 0)
            return (real, imaginary), spikes.astype(np.float64)
        spikes = imaginary >= self.threshold
        below = np.nextafter(self.threshold, -np.inf)
        return (np.where(spikes, 0.0, real), np.where(spikes, below, imaginary)), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerResonateAndFire(IntegerNeuron):
    """The same in integers, as Lava's fixed-point processes; arrays are scalars () or one value a neuron, (neurons,).

    Attributes
    ----------
    cosine, sine : -2**15..2**15, in units of 2**-decay_bits (Lava's `cos_decay`, `sin_decay`).
    threshold : 1..2**23 - 1, in units of the state (Lava's `vth` times 2**state_exp).
    decay_bits : 0..15, binary places of cosine and sine.
    real_gain, imaginary_gain : -1024..1023; what arrives is multiplied by these for the two parts.
    input_shift : 0..15, bits by which it is shifted left then (Lava's `state_exp`).
    resets : as in `ResonateAndFire`.
    """

    cosine: Array
    sine: Array
    threshold: Array
    decay_bits: int = 12
    real_gain: Array = field(default_factory=lambda: np.ones((), dtype=np.int64))
    imaginary_gain: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    input_shift: int = 0
    resets: bool = False

    rule: ClassVar[IntegerRule] = IntegerRule.of(resonate_and_fire_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        "cosine": (-(2**15), 2**15),
        "sine": (-(2**15), 2**15),
        "threshold": (1, 2**23 - 1),
        "decay_bits": (0, 15),
        "real_gain": (-1024, 1023),
        "imaginary_gain": (-1024, 1023),
        "input_shift": (0, 15),
    }

    def __post_init__(self) -> None:
        make_arrays(self, np.int64)
