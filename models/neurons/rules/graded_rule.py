"""The integer step of leaky neurons whose spike carries their potential: written once, run everywhere.

Current and potential are those of `leaky_rule`, with a shift of the input that can be chosen:

    u <- wrap24(trunc(u * (4096 - current_decay) / 4096) + (a << input_shift))
    v <- clip24(trunc(v * (4096 - voltage_decay) / 4096) + u + bias)
    output = v >> output_shift where v > level (or -v > level, with both signs), and then
    v <- v * keep + offset - sign(v) * taken

Without memory (both decays complete) and with shifts of 0 it sends what Lava's `GradedReluVec`, or with both signs
`GradedVec`, sends (`lava.proc.graded.models`), as far as 24 bits go.
"""

import numpy as np

NAME = "graded"
STATES = ("current", "voltage")
PARAMETERS = (
    "current_decay", "voltage_decay", "bias", "level", "signed", "keep", "offset", "taken", "input_shift",
    "output_shift",
)  # fmt: skip
OVERFLOWS = ("current", "voltage", "voltage_floor")  # what `overflows` tells of

DECAY_UNITY = 4096
DECAY_SHIFT = 12
STATE_BITS = 24
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1


def step(
    current, voltage, activation, current_decay, voltage_decay, bias, level, signed, keep, offset, taken, input_shift,
    output_shift,
):  # fmt: skip
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, 24 bit.
    activation : int64, the sum of what arrived.
    current_decay, voltage_decay : 0..4096.
    bias, level : in units of the potential.
    signed : 1 to spike below -level, too.
    keep, offset, taken : after a spike the potential becomes potential * keep + offset - sign * taken: (0, value, 0)
        for a reset to a value, (1, 0, threshold) for one by subtraction, (1, 0, 0) for none.
    input_shift, output_shift : bits by which input is shifted left and output right.

    Returns
    -------
    current, voltage, output : the state after this step, and the number that is sent.
    """
    # Each line is written out; a helper would have to be compiled apart from this function.
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << input_shift)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    sign = (voltage > level) * 1 - signed * ((-voltage > level) * 1)
    spike = np.abs(sign)
    output = spike * (voltage >> output_shift)
    voltage = voltage + spike * (voltage * (keep - 1) + offset) - sign * taken
    return current, voltage, output


def overflows(
    current, voltage, activation, current_decay, voltage_decay, bias, level, signed, keep, offset, taken, input_shift,
    output_shift, current_limit=STATE_LIMIT, voltage_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their 24 bits in a step; takes what `step` takes, before that step.

    `step` itself does not tell, for the compiled simulator would pay for it.

    Parameters
    ----------
    current_limit, voltage_limit : at most `STATE_LIMIT`; lower for a chip whose states are narrower.

    Returns
    -------
    current, voltage, voltage_floor : bool; where the current wraps, where the potential saturates, and where it stops
        at its lowest value in a neuron that does not spike there, which loses nothing unless it spikes later in the
        sample.
    """
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << input_shift)
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    low = voltage <= -voltage_limit
    at_floor = low & (signed == 0)
    return wraps, (low | (voltage >= voltage_limit)) & ~at_floor, at_floor


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: current, voltage."""
    return np.zeros((), dtype=np.int64), np.asarray(neuron["initial_voltage"], dtype=np.int64)


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return STATE_LIMIT >> int(neuron["output_shift"])


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerGraded`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    names = ("current_decay", "voltage_decay", "signed", "input_shift", "output_shift")
    threshold = np.asarray(neuron["threshold"], dtype=np.int64) << np.asarray(neuron["input_shift"], dtype=np.int64)
    bias = np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"], dtype=np.int64)
    keep, offset, taken = {
        "zero": (0, neuron["reset_value"], 0),
        "subtract": (1, 0, threshold),
        "none": (1, 0, 0),
    }[str(neuron["reset"])]
    return {name: np.asarray(neuron[name], dtype=np.int64) for name in names} | {
        "bias": bias,
        "level": threshold - 1 if neuron["inclusive"] else threshold,
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": np.asarray(offset, dtype=np.int64),
        "taken": np.asarray(taken, dtype=np.int64),
    }
