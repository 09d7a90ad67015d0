"""The integer step of stochastic leaky neurons: written once, run everywhere, as `leaky_rule` is.

Current, potential, threshold and reset are those of `leaky_rule`. At every step noise is added to the current or to the
potential: a pseudo-random mantissa and an offset, shifted by an exponent, as on Loihi (nengo-loihi's emulator says how;
the chip's own generator is not public):

    noise = trunc((mantissa + 64 * noise_offset) * 2**(noise_exponent - 7)),   mantissa in -128..127, all as likely

The generator is a part of the rule, with one state of 32 bits: a count that goes on by the neuron's own odd increment,
so that it comes to every number before any occurs again, and a hash of it that the mantissa is taken from (shifts and
products after Wellons' hash prospector). Neurons have increments of their own; samples begin at other counts.
"""

import numpy as np

NAME = "noisy"
STATES = ("current", "voltage", "generator")
PARAMETERS = (
    "current_decay", "voltage_decay", "bias", "level", "keep", "offset", "increment", "noise_exponent", "noise_offset",
    "to_current", "to_voltage",
)  # fmt: skip
OVERFLOWS = ("current", "voltage", "voltage_at_reset", "voltage_floor")  # what `overflows` tells of

DECAY_UNITY = 4096
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6
STATE_BITS = (24, 24, 32)
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1
FIRST_FACTOR, SECOND_FACTOR = 0x21F0AAAD, 0x735A2D97  # of 31 bits, so that products with 32 bits stay within 64
FIRST_SHIFT, SECOND_SHIFT, LAST_SHIFT = 16, 15, 15
MANTISSA_BITS = 8
NOISE_SHIFT = 7  # an exponent of 7 leaves the mantissa as it is
OFFSET_UNIT = 64


def step(
    current, voltage, generator, activation, current_decay, voltage_decay, bias, level, keep, offset, increment,
    noise_exponent, noise_offset, to_current, to_voltage,
):  # fmt: skip
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, as in `leaky_rule`.
    generator : the count of the random numbers, 32 bit with a sign.
    activation, current_decay, voltage_decay, bias, level, keep, offset : as in `leaky_rule`.
    increment : odd; what the count goes on by.
    noise_exponent, noise_offset : see above; the offset comes times 64.
    to_current, to_voltage : 1 where the noise is added to it, else 0.

    Returns
    -------
    current, voltage, generator, output : the state after this step; output is 0 or 1.
    """
    # Written out like `leaky_rule`, whose helpers would have to be compiled apart. From here to the mantissa the lines
    # are those of `drawn`.
    number = (generator + increment) & WORD_MASK
    generator = ((number + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    number = ((number ^ (number >> FIRST_SHIFT)) * FIRST_FACTOR) & WORD_MASK
    number = ((number ^ (number >> SECOND_SHIFT)) * SECOND_FACTOR) & WORD_MASK
    number = number ^ (number >> LAST_SHIFT)
    mantissa = (number >> (32 - MANTISSA_BITS)) - (1 << (MANTISSA_BITS - 1))
    noise = (mantissa + noise_offset) << noise_exponent
    noise = (noise + ((noise >> 63) & ((1 << NOISE_SHIFT) - 1))) >> NOISE_SHIFT
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = ((current + to_current * noise + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias + to_voltage * noise
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    spike = (voltage > level) * 1
    voltage = voltage + spike * (voltage * (keep - 1) + offset)
    return current, voltage, generator, spike


def drawn(generator, increment):
    """The count after a step, and the mantissa that the step draws; as in `step`, for float models."""
    number = (generator + increment) & WORD_MASK
    generator = ((number + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    number = ((number ^ (number >> FIRST_SHIFT)) * FIRST_FACTOR) & WORD_MASK
    number = ((number ^ (number >> SECOND_SHIFT)) * SECOND_FACTOR) & WORD_MASK
    number = number ^ (number >> LAST_SHIFT)
    return generator, (number >> (32 - MANTISSA_BITS)) - (1 << (MANTISSA_BITS - 1))


def overflows(
    current, voltage, generator, activation, current_decay, voltage_decay, bias, level, keep, offset, increment,
    noise_exponent, noise_offset, to_current, to_voltage,
    current_limit=STATE_LIMIT, voltage_limit=STATE_LIMIT, generator_limit=WORD_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    Returns
    -------
    current, voltage, voltage_at_reset, voltage_floor : bool; as in `leaky_rule`. The count is meant to wrap; its limit
        is taken for the sake of the others.
    """
    _, mantissa = drawn(generator, increment)
    noise = (mantissa + noise_offset) << noise_exponent
    noise = (noise + ((noise >> 63) & ((1 << NOISE_SHIFT) - 1))) >> NOISE_SHIFT
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = current + to_current * noise
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias + to_voltage * noise
    high = voltage >= voltage_limit
    at_reset = high & (keep == 0) & (level < voltage_limit - 1)
    return wraps, high & ~at_reset, at_reset, voltage <= -voltage_limit


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: current, voltage, generator."""
    seeds = np.asarray(neuron["seeds"], dtype=np.int64)
    return np.zeros((), dtype=np.int64), np.asarray(neuron["initial_voltage"], dtype=np.int64), _signed(seeds)


def start_of_sample(states, sample):
    """The states before the first step of samples.

    Parameters
    ----------
    states : of `start`.
    sample : number of the sample, or numbers of any shape that goes with the states.
    """
    current, voltage, generator = states
    number = np.asarray(sample, dtype=np.int64) & (WORD_LIMIT - 1)
    return current, voltage, _signed(mixed(generator ^ mixed(number + 1)))


def mixed(number):
    """A hash of 32 bits, without a sign, of integers of which the last 32 bits count."""
    number = np.asarray(number, dtype=np.int64) & WORD_MASK
    number = ((number ^ (number >> FIRST_SHIFT)) * FIRST_FACTOR) & WORD_MASK
    number = ((number ^ (number >> SECOND_SHIFT)) * SECOND_FACTOR) & WORD_MASK
    return number ^ (number >> LAST_SHIFT)


def _signed(number):
    """Numbers of 32 bits as such with a sign."""
    return ((number + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def increments_of(seeds):
    """What the counts of neurons with these seeds go on by: odd, with a sign."""
    return _signed(mixed(np.asarray(seeds, dtype=np.int64) ^ FIRST_FACTOR) | 1)


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerNoisy`, numbers or arrays.

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
    enabled = np.asarray(neuron["noise_enabled"], dtype=np.int64)
    at_current = 1 if neuron["noise_at_current"] else 0
    return {
        "current_decay": np.asarray(neuron["current_decay"], dtype=np.int64),
        "voltage_decay": np.asarray(neuron["voltage_decay"], dtype=np.int64),
        "bias": np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"]),
        "level": threshold - 1 if neuron["inclusive"] else threshold,
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": offset,
        "increment": increments_of(neuron["seeds"]),
        "noise_exponent": np.asarray(neuron["noise_exponent"], dtype=np.int64),
        "noise_offset": np.asarray(neuron["noise_offset"], dtype=np.int64) * OFFSET_UNIT,
        "to_current": enabled * at_current,
        "to_voltage": enabled * (1 - at_current),
    }
