"""Sigma-delta neurons: they hold a value, and send its changes as graded spikes when these are large enough.

In discrete time, one step for every t, with a[t] the sum of the changes that arrive:

    sigma[t] = sigma[t-1] + a[t]
    act[t] = clip(sigma[t] + bias, 0, ceiling)                  (or sigma[t] + bias, where it does not rectify)
    s[t] = act[t] - sent[t-1]  where |act[t] - sent[t-1]| >= threshold, else 0
    sent[t] = sent[t-1] + s[t]

So what the receivers have summed up is never further than the threshold from the value itself. A delta encoder, which
turns values into changes, takes a[t] as sigma[t]; a sigma decoder sends act[t] at every step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .neuron_model import Array, FloatNeuron, IntegerNeuron, IntegerRule, State, make_arrays
from .rules import sigma_delta_rule


@dataclass(frozen=True, eq=False)
class SigmaDelta(FloatNeuron):
    """Float parameters; each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    threshold : smallest change that is sent, at least 0; unused where `delta` is False.
    bias : added to the sum, once and not at every step.
    ceiling : largest value, infinite for none.
    rectifies : whether the smallest value is 0.
    integrates : False for a delta encoder.
    delta : False for a sigma decoder.
    """

    threshold: Array
    bias: Array
    ceiling: Array = field(default_factory=lambda: np.full((), np.inf))
    rectifies: bool = True
    integrates: bool = True
    delta: bool = True

    def __post_init__(self) -> None:
        make_arrays(self, np.float64)

    @property
    def graded(self) -> bool:
        return True

    @property
    def eventful(self) -> bool:
        return self.delta

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return np.zeros((batch, size)), np.zeros((batch, size))

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        sigma, sent = state
        sigma = sigma * self.integrates + activation
        value = np.minimum(sigma + self.bias, self.ceiling)
        if self.rectifies:
            value = np.maximum(value, 0.0)
        if not self.delta:
            return (sigma, sent), value
        change = np.where(np.abs(value - sent) >= self.threshold, value - sent, 0.0)
        return (sigma, sent + change), change


@dataclass(frozen=True, eq=False)
class IntegerSigmaDelta(IntegerNeuron):
    """The same in integers, as Lava's sigma-delta processes; arrays are scalars () or one value a neuron, (neurons,).

    Attributes
    ----------
    threshold, bias, ceiling : in units of the state; Lava's `vth` and `bias` times 2**(spike_exp + state_exp).
    rectifies, integrates, delta : as in `SigmaDelta`.
    input_shift : bits by which a delta encoder shifts its input left (Lava's spike_exp + state_exp).
    output_shift : bits by which output is shifted right (Lava's state_exp).
    """

    threshold: Array
    bias: Array
    ceiling: Array = field(default_factory=lambda: np.full((), sigma_delta_rule.STATE_LIMIT - 1))
    rectifies: bool = True
    integrates: bool = True
    delta: bool = True
    input_shift: int = 0
    output_shift: int = 0

    rule: ClassVar[IntegerRule] = IntegerRule.of(sigma_delta_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        "threshold": (0, 2**31 - 1),
        "bias": (1 - 2**31, 2**31 - 1),
        "ceiling": (0, 2**31 - 1),
    }

    def __post_init__(self) -> None:
        make_arrays(self, np.int64)

    @property
    def graded(self) -> bool:
        return True

    @property
    def eventful(self) -> bool:
        return self.delta

    @property
    def output_bits(self) -> int:
        return max(2, 24 - self.output_shift)
