"""The integer step of the leaky integrate-and-fire family: written once, run everywhere.

The simulator compiles `step` for single neurons, the reference and the Lava processes call it on whole arrays,
and this very file goes along with a generated Lava program; hence no import but NumPy, and arithmetic instead of
branches. The arithmetic is that of Lava's bit-accurate LIF (`lava.proc.lif.models.PyLifModelBitAcc`):

    u <- wrap24(trunc(u * (4096 - current_decay) / 4096) + (a << 6))
    v <- clip24(trunc(v * (4096 - voltage_decay) / 4096) + u + bias)

with truncation towards zero; u wraps past 2**23, v saturates at +-(2**23 - 1). As in Lava, u is summed up in 32 bits
that wrap, and then comes back by 2**24 once, so that huge sums of graded spikes leave it wider than 24 bits. How it
goes on is our own, as one microcode for all kinds of reset: spike where v > level, and then v <- v * keep + offset.
"""

import numpy as np

NAME = "leaky"
STATES = ("current", "voltage")
PARAMETERS = ("current_decay", "voltage_decay", "bias", "level", "keep", "offset", "graded", "output_shift")
OVERFLOWS = ("current", "voltage", "voltage_at_reset", "voltage_floor")  # what `overflows` tells of

DECAY_UNITY = 4096
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6
STATE_BITS = 24
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1
FRACTION = DECAY_UNITY - 1
NEVER = (1 << 31) - 1  # no potential of 24 bits exceeds this level
NARROW_ACTIVATION = 1 << 17  # as long as no sum that arrives is larger, 32 bits do for every number within `step`


def step(current, voltage, activation, current_decay, voltage_decay, bias, level, keep, offset, graded, output_shift):
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, 24 bit.
    activation : int64, the sum of the weights that arrived.
    current_decay, voltage_decay : 0..4096.
    bias : in units of the potential.
    level : the neuron spikes where the potential exceeds it; `NEVER` for an integrator.
    keep, offset : after a spike the potential becomes potential * keep + offset: (0, value) for a reset to a value,
        (1, -threshold * 64) for a reset by subtraction, (1, 0) for none.
    graded : 1 for an integrator, whose output is its potential shifted right by `output_shift` bits; else 0.

    Returns
    -------
    current, voltage, output : the state after this step; output is 0 or 1, or an integrator's number.
    """
    # A state times a decay has 36 bits, so the state's upper and lower 12 bits are multiplied apart. A shift alone
    # rounds negative numbers down, so their fractions are raised first. A helper for it would have to be compiled apart
    # from this function, which is written out for that reason.
    kept = DECAY_UNITY - current_decay
    fraction = (current & FRACTION) * kept + ((current >> 31) & FRACTION)
    current = (current >> DECAY_SHIFT) * kept + (fraction >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    kept = DECAY_UNITY - voltage_decay
    fraction = (voltage & FRACTION) * kept + ((voltage >> 31) & FRACTION)
    voltage = (voltage >> DECAY_SHIFT) * kept + (fraction >> DECAY_SHIFT) + current + bias
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    spike = (voltage > level) * 1
    output = spike + graded * (voltage >> output_shift)
    after = (voltage & -keep) + offset
    voltage = voltage ^ ((voltage ^ after) & -spike)
    return current, voltage, output


def overflows(
    current, voltage, activation, current_decay, voltage_decay, bias, level, keep, offset, graded, output_shift,
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
        where it does so in a neuron that spikes then and is reset to a value, which loses nothing, and where it stops
        at its lowest value in a neuron that could spike, which loses nothing unless it spikes later in the sample.
    """
    kept = DECAY_UNITY - current_decay
    fraction = (current & FRACTION) * kept + ((current >> 31) & FRACTION)
    current = (current >> DECAY_SHIFT) * kept + (fraction >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    kept = DECAY_UNITY - voltage_decay
    fraction = (voltage & FRACTION) * kept + ((voltage >> 31) & FRACTION)
    voltage = (voltage >> DECAY_SHIFT) * kept + (fraction >> DECAY_SHIFT) + current + bias
    at_reset = (voltage >= voltage_limit) & (keep == 0) & (level < voltage_limit - 1)
    low = voltage <= -voltage_limit
    at_floor = low & (graded == 0)
    return wraps, (low | (voltage >= voltage_limit)) & ~at_reset & ~at_floor, at_reset, at_floor


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: current, voltage."""
    return np.zeros((), dtype=np.int64), np.asarray(neuron["initial_voltage"], dtype=np.int64)


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1 if neuron["spiking"] else STATE_LIMIT >> int(neuron["output_shift"])


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerLeakyIntegrateAndFire`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    fields = {
        name: np.asarray(neuron[name], dtype=np.int64)
        for name in ("current_decay", "voltage_decay", "threshold", "bias_mantissa", "bias_exponent", "reset_value")
    }
    threshold = fields["threshold"] << ACTIVATION_SHIFT
    reset = str(neuron["reset"])
    keep, offset = {
        "zero": (0, fields["reset_value"]),
        "subtract": (1, -threshold),
        "none": (1, np.zeros((), dtype=np.int64)),
    }[reset]
    level = threshold - 1 if neuron["inclusive"] else threshold
    return {
        "current_decay": fields["current_decay"],
        "voltage_decay": fields["voltage_decay"],
        "bias": fields["bias_mantissa"] << fields["bias_exponent"],
        "level": level if neuron["spiking"] else np.asarray(NEVER, dtype=np.int64),
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": np.asarray(offset, dtype=np.int64),
        "graded": np.asarray(not neuron["spiking"], dtype=np.int64),
        "output_shift": np.asarray(neuron["output_shift"], dtype=np.int64),
    }
