"""The integer step of leaky neurons with an absolute refractory period: written once, run everywhere, as `leaky_rule`.

Current, potential, threshold and reset are those of `leaky_rule`. After a spike the potential stays what the reset made
of it for `period` steps, in which the neuron does not spike while its current goes on: what Lava's `LIFRefractory`
does, which there is in float only. Loihi's own register, as nengo-loihi sets it, is the period + 1.
"""

import numpy as np

NAME = "refractory"
STATES = ("current", "voltage", "waiting")
PARAMETERS = ("current_decay", "voltage_decay", "bias", "level", "keep", "offset", "period")
OVERFLOWS = ("current", "voltage", "voltage_at_reset", "voltage_floor")  # what `overflows` tells of

DECAY_UNITY = 4096
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6
STATE_LIMIT = 1 << 23
WAITING_BITS = 7
STATE_BITS = (24, 24, WAITING_BITS)
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1


def step(current, voltage, waiting, activation, current_decay, voltage_decay, bias, level, keep, offset, period):
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, as in `leaky_rule`.
    waiting : steps for which the neuron is still refractory.
    activation, current_decay, voltage_decay, bias, level, keep, offset : as in `leaky_rule`.
    period : steps for which a neuron is refractory after a spike, at least 0.

    Returns
    -------
    current, voltage, waiting, output : the state after this step; output is 0 or 1.
    """
    # Written out like `leaky_rule`, whose helpers would have to be compiled apart.
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    moved = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    moved = np.minimum(np.maximum(moved, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    ready = (waiting <= 0) * 1
    voltage = voltage + ready * (moved - voltage)
    spike = ready * (voltage > level)
    voltage = voltage + spike * (voltage * (keep - 1) + offset)
    waiting = waiting - (1 - ready) + spike * period
    return current, voltage, waiting, spike


def overflows(
    current, voltage, waiting, activation, current_decay, voltage_decay, bias, level, keep, offset, period,
    current_limit=STATE_LIMIT, voltage_limit=STATE_LIMIT, waiting_limit=WORD_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    Returns
    -------
    current, voltage, voltage_at_reset, voltage_floor : bool; as in `leaky_rule`. The count of waiting steps never
        leaves its width, whose limit is taken for the sake of the others.
    """
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    moved = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    ready = waiting <= 0
    high = ready & (moved >= voltage_limit)
    at_reset = high & (keep == 0) & (level < voltage_limit - 1)
    return wraps, high & ~at_reset, at_reset, ready & (moved <= -voltage_limit)


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: current, voltage, waiting."""
    zero = np.zeros((), dtype=np.int64)
    return zero, np.asarray(neuron["initial_voltage"], dtype=np.int64), zero


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerRefractory`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    threshold = np.asarray(neuron["threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    keep, offset = {
        "zero": (0, np.asarray(neuron["reset_value"], dtype=np.int64)),
        "subtract": (1, -threshold),
        "none": (1, np.zeros((), dtype=np.int64)),
    }[str(neuron["reset"])]
    return {
        "current_decay": np.asarray(neuron["current_decay"], dtype=np.int64),
        "voltage_decay": np.asarray(neuron["voltage_decay"], dtype=np.int64),
        "bias": np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"]),
        "level": threshold - 1 if neuron["inclusive"] else threshold,
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": offset,
        "period": np.asarray(neuron["period"], dtype=np.int64),
    }
