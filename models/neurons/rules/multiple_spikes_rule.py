"""The integer step of leaky neurons that send several spikes a step: written once, run everywhere.

Current and potential are those of `leaky_rule`; the number of spikes is how often the threshold goes into the
potential:

    u <- wrap24(trunc(u * (4096 - current_decay) / 4096) + (a << 6))
    v <- clip24(trunc(v * (4096 - voltage_decay) / 4096) + u + bias)
    n = clip(floor((v - margin) / size), 0, most), and where there are any
    v <- v * keep + offset - n * taken
"""

import numpy as np

NAME = "multiple_spikes"
STATES = ("current", "voltage")
PARAMETERS = ("current_decay", "voltage_decay", "bias", "size", "margin", "most", "keep", "offset", "taken")
OVERFLOWS = ("current", "voltage", "voltage_at_reset", "voltage_floor")  # what `overflows` tells of

DECAY_UNITY = 4096
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6
STATE_BITS = 24
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1


def step(current, voltage, activation, current_decay, voltage_decay, bias, size, margin, most, keep, offset, taken):
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, 24 bit.
    activation : int64, the sum of the weights that arrived.
    current_decay, voltage_decay : 0..4096.
    bias, size : in units of the potential; the size of a spike, at least 1.
    margin : 0 where a potential of the size itself is a spike, 1 where it has to exceed it.
    most : spikes in a step.
    keep, offset, taken : after n spikes the potential becomes potential * keep + offset - n * taken: (0, value, 0) for
        a reset to a value, (1, 0, size) for one by subtraction, (1, 0, 0) for none.

    Returns
    -------
    current, voltage, output : the state after this step, and the number of spikes.
    """
    # Each line is written out; a helper would have to be compiled apart from this function.
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    spikes = np.minimum(np.maximum((voltage - margin) // size, 0), most)
    voltage = voltage + ((spikes > 0) * 1) * (voltage * (keep - 1) + offset) - spikes * taken
    return current, voltage, spikes


def overflows(
    current, voltage, activation, current_decay, voltage_decay, bias, size, margin, most, keep, offset, taken,
    current_limit=STATE_LIMIT, voltage_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their 24 bits in a step; takes what `step` takes, before that step.

    `step` itself does not tell, for the compiled simulator would pay for it.

    Parameters
    ----------
    current_limit, voltage_limit : at most `STATE_LIMIT`; lower for a chip whose states are narrower.

    Returns
    -------
    current, voltage, voltage_at_reset, voltage_floor : bool; where the current wraps, where the potential saturates,
        where it does so in a neuron that sends all the spikes it can and is reset to a value, which loses nothing, and
        where it stops at its lowest value, which loses nothing unless the neuron spikes later in the sample.
    """
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    high = voltage >= voltage_limit
    at_reset = high & (keep == 0) & ((voltage_limit - 1 - margin) // size >= most)
    return wraps, high & ~at_reset, at_reset, voltage <= -voltage_limit


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: current, voltage."""
    return np.zeros((), dtype=np.int64), np.asarray(neuron["initial_voltage"], dtype=np.int64)


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return int(np.max(neuron["most"]))


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerMultipleSpikes`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    size = np.asarray(neuron["threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    bias = np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"], dtype=np.int64)
    keep, offset, taken = {
        "zero": (0, neuron["reset_value"], 0),
        "subtract": (1, 0, size),
        "none": (1, 0, 0),
    }[str(neuron["reset"])]
    return {name: np.asarray(neuron[name], dtype=np.int64) for name in ("current_decay", "voltage_decay", "most")} | {
        "bias": bias,
        "size": size,
        "margin": np.asarray(not neuron["inclusive"], dtype=np.int64),
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": np.asarray(offset, dtype=np.int64),
        "taken": np.asarray(taken, dtype=np.int64),
    }
