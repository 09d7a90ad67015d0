"""The synapses of one projection as they learn: the integers of Lava's `LearningConnectionModelBitApproximate`.

A synaptic variable of 9 bits with its sign is kept as an integer. At the end of an epoch it is shifted left by 7, and
each product of its rule is added: dependency * mantissa * factors, in 32 bits that wrap, shifted right by as many bits
as the widths of all these together have beyond 15, shifted left by exponent + 7, and clipped, as is the sum. Then it is
rounded by a number that all synapses share, and kept within its bounds.

Traces do not change within an epoch, but for a neuron that spikes more than once, whose earlier spikes are added at
once. At the end of an epoch they are decayed step by step, with the impulse of the last spike at its step; "x0" and
"y0" see them as they stood then. What does not depend on spikes, "u", sees their last values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .learning_rule import LearningRule, Trace
from .rounding_numbers import RoundingNumbers
from .sum_of_products import EXPONENT_OFFSET, FACTOR_BITS, Factor, Product

Array = NDArray[Any]

LARGEST_TRACE = 127
FRACTION_BITS = 8  # of an impulse
ACCUMULATOR_SHIFT = 7
ACCUMULATOR_BOUNDS = (-(1 << 15) - 1, (1 << 15) - 1)
TAG_BOUNDS = {"d": (0, 255), "t": (-257, 255)}
RECEIVED_TIME = 65535  # time constant of what target neurons send as y1, y2 and y3


class PlasticSynapses:
    """Synapses that change, all of one projection.

    Parameters
    ----------
    rule : how they change.
    weights : (targets, sources) integer, to begin with.

    Attributes
    ----------
    variables : the synaptic variables "w", "d" and "t", (targets, sources) int64 each.
    x : (2, sources) int64, the traces x1 and x2 as they stood at the end of the last epoch.
    y : (3, targets) int64, the traces y1, y2 and y3.
    """

    def __init__(self, rule: LearningRule, weights: Array) -> None:
        targets, sources = weights.shape
        self.rule = rule
        self.variables: dict[str, Array] = {name: np.zeros((targets, sources), np.int64) for name in ("w", "d", "t")}
        self.variables["w"] += weights
        self.x, self.y = np.zeros((2, sources), np.int64), np.zeros((3, targets), np.int64)
        self._x_step, self._y_step = np.zeros(sources, np.int64), np.zeros(targets, np.int64)
        self._step = 0
        self._numbers = RoundingNumbers(rule.seed)
        self._x_traces, self._y_traces = (rule.x1, rule.x2), target_traces(rule)
        self._own_y1 = np.zeros(targets)
        self._last_spikes = np.zeros(targets)

    @property
    def weights(self) -> Array:
        """(targets, sources) int64."""
        return self.variables["w"].copy()

    def send(self, sent: Array) -> Array:
        """What arrives at the targets, before the exponent.

        Parameters
        ----------
        sent : (sources,) integer, what enters the synapses at this step.

        Returns
        -------
        (targets,) int64; by the weights as they are before they change at this step.
        """
        active = sent.nonzero()[0]
        arriving: Array = self.variables["w"][:, active] @ sent[active].astype(np.int64)
        return arriving

    def advance(self, sent: Array, answered: Array, reward: Array | int = 0) -> None:
        """Learn from one step.

        Parameters
        ----------
        sent : (sources,), what enters the synapses at this step; whatever is not zero is a spike.
        answered : (targets,), what the target neurons send at this step.
        reward : (targets,) or one number for all, with a third factor.
        """
        self._step += 1
        numbers = self._numbers.steps(1)
        within = (self._step - 1) % self.rule.epoch + 1
        spikes = sent != 0
        again = spikes & (self._x_step > 0)
        self.x[:, again] = _with_impulse(self.x[:, again], self._x_traces, 0)
        self._x_step[spikes] = within
        spikes = answered != 0
        again = spikes & (self._y_step > 0)
        self.y[:, again] = _with_impulse(self.y[:, again], self._y_traces, numbers.early_target_impulse[0])
        self._y_step[spikes] = within
        if self.rule.third_factor:
            own = self.rule.y1
            self._own_y1 = np.floor(self._own_y1 * decay(own) + own.impulse * self._last_spikes)
            self._last_spikes = spikes.astype(float)
            self.y[0], self.y[1], self.y[2] = self._own_y1, reward, 0
        if within < self.rule.epoch:
            return
        x = _history(self.x, self._x_step, self._x_traces, self.rule.epoch,
                     numbers.source_decay[0], numbers.source_impulse[0])  # fmt: skip
        y = _history(self.y, self._y_step, self._y_traces, self.rule.epoch,
                     numbers.target_decay[0], numbers.target_impulse[0])  # fmt: skip
        self.x = x[-1].copy()
        if not self.rule.third_factor:
            self.y = y[-1].copy()
        self._change(x, y)
        self._x_step[:], self._y_step[:] = 0, 0

    def _change(self, x: Array, y: Array) -> None:
        (number,) = self._numbers.epochs(1)
        every = self.rule.every
        moments = {
            "x0": (self._x_step > 0)[np.newaxis, :],
            "y0": (self._y_step > 0)[:, np.newaxis],
            "u": np.array([[bool(every) and self._step // self.rule.epoch % every == 0]]),
        }
        before = dict(self.variables)
        for name, products in self.rule.products.items():
            sum_ = before[name] << ACCUMULATOR_SHIFT
            for product in products:
                sum_ = np.clip(sum_ + self._value(product, moments, before, x, y), *ACCUMULATOR_BOUNDS)
            share = sum_ / (1 << ACCUMULATOR_SHIFT) % 1
            self.variables[name] = np.clip((sum_ >> ACCUMULATOR_SHIFT) + (number < share), *bounds(self.rule, name))

    def _value(
        self, product: Product, moments: Mapping[str, Array], before: Mapping[str, Array], x: Array, y: Array
    ) -> Array:
        value = np.ones(before["w"].shape, dtype=np.int32)
        value *= moments[product.dependency]
        for factor in product.factors:
            limit = 1 << FACTOR_BITS[factor.variable]
            found = self._found(factor, product.dependency, moments, before, x, y) + factor.constant
            found = np.sign(found) if factor.sign else found
            value *= np.clip(found, -limit, limit - 1).astype(np.int32)
        value *= product.mantissa
        shifted = value.astype(np.int64) >> product.shift << (product.exponent + EXPONENT_OFFSET)
        clipped: Array = np.clip(shifted, *ACCUMULATOR_BOUNDS)
        return clipped

    def _found(
        self,
        factor: Factor,
        dependency: str,
        moments: Mapping[str, Array],
        before: Mapping[str, Array],
        x: Array,
        y: Array,
    ) -> Array:
        """The variable of a factor at the moment of its product; broadcasts to (targets, sources)."""
        found: Array
        variable, number = factor.variable, int(factor.variable[1:] or 0)
        if variable in before:
            return before[variable]
        if number == 0:
            return moments[variable].astype(np.int64)
        history = (x if variable[0] == "x" else y)[:, number - 1]
        if dependency == "u":
            found = history[-1]
        elif dependency[0] == variable[0]:
            own = self._x_step if variable[0] == "x" else self._y_step
            found = history[own, np.arange(own.size)]
        else:
            other: Array = history[self._x_step if dependency == "x0" else self._y_step]
            return other.T if dependency == "x0" else other
        return found[np.newaxis, :] if variable[0] == "x" else found[:, np.newaxis]


def target_traces(rule: LearningRule) -> tuple[Trace, Trace, Trace]:
    """How the learning engine treats y1, y2 and y3: what neurons send it, it lets decay very slowly."""
    if rule.third_factor:
        return (Trace(0, RECEIVED_TIME),) * 3
    return rule.y1, rule.y2, rule.y3


def bounds(rule: LearningRule, variable: str) -> tuple[int, int]:
    """Lowest and highest value of a synaptic variable, "w", "d" or "t"."""
    return (rule.lowest_weight, rule.highest_weight) if variable == "w" else TAG_BOUNDS[variable]


def impulse_parts(trace: Trace) -> tuple[int, int]:
    """The whole part of an impulse, and its fraction in 1/256."""
    whole = int(np.floor(trace.impulse))
    return whole, int(np.round((trace.impulse - whole) * (1 << FRACTION_BITS)))


def decay(trace: Trace) -> float:
    """What is left of a trace after a step; 0 where its time constant is 0."""
    return float(np.exp(-1 / trace.time_constant)) if trace.time_constant else 0.0


def _with_impulse(values: Array, traces: tuple[Trace, ...], number: int) -> Array:
    """Traces (traces, neurons) of neurons that spike, each by its impulse higher."""
    whole, fraction = (np.array(parts)[:, np.newaxis] for parts in zip(*map(impulse_parts, traces), strict=True))
    higher: Array = np.clip(values + whole + (number < fraction), 0, LARGEST_TRACE)
    return higher


def _history(
    values: Array, spike_step: Array, traces: tuple[Trace, ...], epoch: int, number: float, impulse_number: int
) -> Array:
    """Traces at the begin of an epoch and after each of its steps: (epoch + 1, traces, neurons)."""
    left = np.array([[decay(trace)] for trace in traces])
    history = np.zeros((epoch + 1, *values.shape), dtype=np.int64)
    history[0] = values
    for step in range(1, epoch + 1):
        decayed = left * history[step - 1]
        history[step] = np.floor(decayed) + (number < decayed % 1)
        now = spike_step == step
        history[step][:, now] = _with_impulse(history[step][:, now], traces, impulse_number)
    return history
