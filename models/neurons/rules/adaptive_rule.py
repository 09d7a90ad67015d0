"""The integer step of leaky neurons with an adaptation current: written once, run everywhere, as `leaky_rule` is.

The arithmetic is our own, in the manner of Lava's LIF, with products truncated towards zero one by one, and with
coefficients of 16 binary places, for the time constants of adaptation are long:

    v <- clip24(trunc(v * (65536 - voltage_decay) / 65536) + (a << 6) - trunc(w * coupling / 65536) + bias)
    spike where v > level, and then v <- v * keep + offset
    w <- clip24(trunc(w * (65536 - adaptation_decay) / 65536) + trunc(v * feedback / 65536) + spike * jump)

So w sees the potential of this step, after its reset: symplectic Euler.
"""

import numpy as np

NAME = "adaptive"
STATES = ("voltage", "adaptation")
PARAMETERS = (
    "voltage_decay", "adaptation_decay", "coupling", "feedback", "jump", "bias", "level", "keep", "offset",
)  # fmt: skip
OVERFLOWS = ("voltage", "adaptation", "voltage_at_reset")  # what `overflows` tells of

UNITY = 1 << 16
SHIFT = 16
ACTIVATION_SHIFT = 6
STATE_BITS = 24
STATE_LIMIT = 1 << 23


def step(
    voltage, adaptation, activation, voltage_decay, adaptation_decay, coupling, feedback, jump, bias, level, keep,
    offset,
):  # fmt: skip
    """Advance neurons by one step.

    Parameters
    ----------
    voltage, adaptation : int64 scalars or arrays; the state after the last step, 24 bit.
    activation : int64, the sum of the weights that arrived.
    voltage_decay, adaptation_decay, coupling, feedback : in units of 2**-16.
    jump : added to the adaptation at a spike.
    bias : added to the potential at every step.
    level : the neuron spikes where the potential exceeds it.
    keep, offset : after a spike the potential becomes potential * keep + offset.

    Returns
    -------
    voltage, adaptation, output : the state after this step; output is 0 or 1.
    """
    # Each line is written out; a helper would have to be compiled apart from this function.
    scaled = voltage * (UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT) + (activation << ACTIVATION_SHIFT) + bias
    scaled = adaptation * coupling
    voltage = voltage - ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT)
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    spike = (voltage > level) * 1
    voltage = voltage + spike * (voltage * (keep - 1) + offset)
    scaled = adaptation * (UNITY - adaptation_decay)
    adaptation = ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT) + spike * jump
    scaled = voltage * feedback
    adaptation = adaptation + ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT)
    adaptation = np.minimum(np.maximum(adaptation, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    return voltage, adaptation, spike


def overflows(
    voltage, adaptation, activation, voltage_decay, adaptation_decay, coupling, feedback, jump, bias, level, keep,
    offset, voltage_limit=STATE_LIMIT, adaptation_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    `step` itself does not tell, for the compiled simulator would pay for it.

    Parameters
    ----------
    voltage_limit, adaptation_limit : at most `STATE_LIMIT`; lower for a chip whose states are narrower.

    Returns
    -------
    voltage, adaptation, voltage_at_reset : bool; where each saturates, and where the potential does so in a neuron that
        spikes then and is reset to a value, which loses nothing.
    """
    scaled = voltage * (UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT) + (activation << ACTIVATION_SHIFT) + bias
    scaled = adaptation * coupling
    voltage = voltage - ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT)
    beyond = (voltage <= -voltage_limit) | (voltage >= voltage_limit)
    at_reset = (voltage >= voltage_limit) & (keep == 0) & (level < voltage_limit - 1)
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    spike = (voltage > level) * 1
    voltage = voltage + spike * (voltage * (keep - 1) + offset)
    scaled = adaptation * (UNITY - adaptation_decay)
    adaptation = ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT) + spike * jump
    scaled = voltage * feedback
    adaptation = adaptation + ((scaled + ((scaled >> 63) & (UNITY - 1))) >> SHIFT)
    lost = (adaptation <= -adaptation_limit) | (adaptation >= adaptation_limit)
    return beyond & ~at_reset, lost, at_reset


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: voltage, adaptation."""
    return tuple(np.asarray(neuron[f"initial_{name}"], dtype=np.int64) for name in STATES)


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerAdaptive`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    names = ("voltage_decay", "adaptation_decay", "coupling", "feedback", "jump")
    threshold = np.asarray(neuron["threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    bias = np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"], dtype=np.int64)
    keep, offset = {
        "zero": (0, neuron["reset_value"]),
        "subtract": (1, -threshold),
        "none": (1, 0),
    }[str(neuron["reset"])]
    return {name: np.asarray(neuron[name], dtype=np.int64) for name in names} | {
        "bias": bias,
        "level": threshold - 1 if neuron["inclusive"] else threshold,
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": np.asarray(offset, dtype=np.int64),
    }
