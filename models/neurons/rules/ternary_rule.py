"""The integer step of leaky neurons with spikes of -1, 0 and 1: written once, run everywhere, as `leaky_rule` is.

Current and potential are those of `leaky_rule`, and the spikes those of Lava's `TernaryLIF`
(`lava.proc.lif.models.PyTernLifModelFixed`): 1 where the potential exceeds the upper threshold, -1 where it is below
the lower one, and a reset to 0 either way. The other resets are our own.
"""

import numpy as np

NAME = "ternary"
STATES = ("current", "voltage")
PARAMETERS = ("current_decay", "voltage_decay", "bias", "upper", "lower", "keep", "above", "below")
OVERFLOWS = ("current", "voltage", "voltage_at_reset")  # what `overflows` tells of

DECAY_UNITY = 4096
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6
STATE_BITS = 24
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1


def step(current, voltage, activation, current_decay, voltage_decay, bias, upper, lower, keep, above, below):
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, as in `leaky_rule`.
    activation, current_decay, voltage_decay, bias : as in `leaky_rule`.
    upper, lower : a spike of 1 where the potential exceeds `upper`, of -1 where it is below `lower`, which is no
        larger.
    keep, above, below : after a spike the potential becomes potential * keep + above, or + below after a negative one.

    Returns
    -------
    current, voltage, output : the state after this step; output is -1, 0 or 1.
    """
    # Written out like `leaky_rule`, whose helpers would have to be compiled apart.
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    positive = (voltage > upper) * 1
    negative = (voltage < lower) * 1
    voltage = voltage + (positive + negative) * (voltage * (keep - 1)) + positive * above + negative * below
    return current, voltage, positive - negative


def overflows(
    current, voltage, activation, current_decay, voltage_decay, bias, upper, lower, keep, above, below,
    current_limit=STATE_LIMIT, voltage_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    Returns
    -------
    current, voltage, voltage_at_reset : bool; where the current wraps, where the potential saturates, and where it does
        so in a neuron that spikes then and is reset to a value, which loses nothing.
    """
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    high, low = voltage >= voltage_limit, voltage <= -voltage_limit
    spikes = (high & (upper < voltage_limit - 1)) | (low & (lower > 1 - voltage_limit))
    at_reset = spikes & (keep == 0)
    return wraps, (high | low) & ~at_reset, at_reset


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: current, voltage."""
    return np.zeros((), dtype=np.int64), np.asarray(neuron["initial_voltage"], dtype=np.int64)


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerTernary`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    upper = np.asarray(neuron["threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    lower = np.asarray(neuron["lower_threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    value = np.asarray(neuron["reset_value"], dtype=np.int64)
    nothing = np.zeros((), dtype=np.int64)
    keep, above, below = {
        "zero": (0, value, value),
        "subtract": (1, -upper, -lower),
        "none": (1, nothing, nothing),
    }[str(neuron["reset"])]
    nearer = 1 if neuron["inclusive"] else 0
    return {
        "current_decay": np.asarray(neuron["current_decay"], dtype=np.int64),
        "voltage_decay": np.asarray(neuron["voltage_decay"], dtype=np.int64),
        "bias": np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"]),
        "upper": upper - nearer,
        "lower": lower + nearer,
        "keep": np.asarray(keep, dtype=np.int64),
        "above": above,
        "below": below,
    }
