"""The compiled loops over neurons and steps: forward by the chip's own rule, backward by its derivative.

Forward calls the very rule that the simulator and Lava run, so that there is no second arithmetic that could differ.
Backward takes decays for the products they approximate, without truncation, wrap and saturation, and a spike for a
smooth step: the derivative of an arctangent, as in `models/training/surrogate.py`.
"""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np

from ...models.compiled_code import keep_compiled_code
from ...models.neurons.rules import leaky_rule

keep_compiled_code(Path(__file__), Path(leaky_rule.__file__))

_step = numba.njit(inline="always")(leaky_rule.step)

_CURRENT_DECAY, _VOLTAGE_DECAY, _BIAS, _LEVEL, _KEEP, _OFFSET, _GRADED, _SHIFT = range(len(leaky_rule.PARAMETERS))
_UNITY = float(leaky_rule.DECAY_UNITY)
_ACTIVATION_UNIT = float(1 << leaky_rule.ACTIVATION_SHIFT)


@numba.njit(cache=True, nogil=True)
def advance(arriving, current, voltage, p, output, potential):  # type: ignore[no-untyped-def]
    """Advance neurons through some steps.

    Parameters
    ----------
    arriving : (steps, samples, neurons) float64 that holds integers.
    current, voltage : (samples, neurons) int64, the state, which is changed.
    p : (8, neurons) int64, what the rule wants, in the order of `leaky_rule.PARAMETERS`.
    output : (steps, samples, neurons) float64, filled: spikes or an integrator's numbers.
    potential : the same shape, int64, filled: the potential that was compared with the threshold.
    """
    steps, samples, neurons = arriving.shape
    for step in range(steps):
        for sample in range(samples):
            for i in range(neurons):
                activation = np.int64(np.int32(np.int64(np.rint(arriving[step, sample, i]))))
                # Without a reset the rule gives back the potential it compared; the reset follows.
                after, reached, sent = _step(
                    current[sample, i], voltage[sample, i], activation,
                    p[0, i], p[1, i], p[2, i], p[3, i], 1, 0, p[6, i], p[7, i],
                )  # fmt: skip
                spike = 1 if reached > p[_LEVEL, i] else 0
                current[sample, i] = after
                voltage[sample, i] = reached + spike * (reached * (p[_KEEP, i] - 1) + p[_OFFSET, i])
                output[step, sample, i] = sent
                potential[step, sample, i] = reached


@numba.njit(cache=True, nogil=True)
def retreat(wanted, potential, p, width, subtracts, current, voltage, arriving, level, bias):  # type: ignore[no-untyped-def]
    """Carry derivatives back through the same steps.

    What a spike does to the potential by its reset is held constant: through it, the error of one spike would run
    back over all spikes before it.

    Parameters
    ----------
    wanted : (steps, samples, neurons) float64, the derivative by each output.
    potential, p : as `advance` left and got them.
    width : (neurons,) float64, potential over which the smooth step rises.
    subtracts : whether a spike subtracts the threshold.
    current, voltage : (samples, neurons) float64, derivatives by the state behind the last of these steps; changed to
        those before the first.
    arriving : (steps, samples, neurons) float64, filled: the derivative by what arrived.
    level, bias : (neurons,) float64; the derivatives by threshold, in units of the potential, and bias are added.
    """
    steps, samples, neurons = wanted.shape
    for step in range(steps - 1, -1, -1):
        for sample in range(samples):
            for i in range(neurons):
                reached = potential[step, sample, i]
                after = voltage[sample, i]
                if p[_GRADED, i]:
                    reaching = after + wanted[step, sample, i] / (1 << p[_SHIFT, i])
                else:
                    distance = np.pi * (reached - p[_LEVEL, i]) / width[i]
                    slope = wanted[step, sample, i] / ((1.0 + distance * distance) * width[i])
                    level[i] -= slope
                    reaching = after + slope
                    if reached > p[_LEVEL, i]:
                        reaching += after * (p[_KEEP, i] - 1)
                        if subtracts:
                            level[i] -= after
                flowing = current[sample, i] + reaching
                bias[i] += reaching
                arriving[step, sample, i] = _ACTIVATION_UNIT * flowing
                current[sample, i] = flowing * (_UNITY - p[_CURRENT_DECAY, i]) / _UNITY
                voltage[sample, i] = reaching * (_UNITY - p[_VOLTAGE_DECAY, i]) / _UNITY
