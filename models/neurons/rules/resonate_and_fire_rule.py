"""The integer step of resonate-and-fire neurons: written once, run everywhere, as `leaky_rule` is.

The arithmetic is that of Lava's fixed-point models (`lava.proc.rf.models`, `lava.proc.rf_iz.models`), a rotation that
shrinks, with products truncated towards zero one by one and parts that saturate at +-(2**23 - 1):

    real      <- clip24(trunc(cosine * real / 2**decay_bits) - trunc(sine * imaginary / 2**decay_bits) + re)
    imaginary <- clip24(trunc(sine * real / 2**decay_bits) + trunc(cosine * imaginary / 2**decay_bits) + im)

where re = (a * real_gain) << input_shift and im = (a * imaginary_gain) << input_shift have 32 bits and wrap.
"""

import numpy as np

NAME = "resonate_and_fire"
STATES = ("real", "imaginary")
PARAMETERS = (
    "cosine", "sine", "decay_bits", "real_gain", "imaginary_gain", "input_shift", "threshold", "resets",
)  # fmt: skip
OVERFLOWS = ("real", "imaginary")  # what `overflows` tells of

STATE_BITS = 24
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1


def step(
    real, imaginary, activation, cosine, sine, decay_bits, real_gain, imaginary_gain, input_shift, threshold, resets
):
    """Advance neurons by one step.

    Parameters
    ----------
    real, imaginary : int64 scalars or arrays; the state after the last step, 24 bit.
    activation : int64, the sum of what arrived.
    cosine, sine : of the angle of a step, times the retention, in units of 2**-decay_bits.
    real_gain, imaginary_gain, input_shift : what a unit that arrives adds to each part is gain << input_shift.
    threshold : in units of the state.
    resets : 0 to spike where the imaginary part rises through 0 with the real part at the threshold or above, and to
        go on unchanged; 1 to spike where the imaginary part is at the threshold or above, which puts the real part to
        0 and the imaginary one to threshold - 1.

    Returns
    -------
    real, imaginary, output : the state after this step; output is 0 or 1.
    """
    # Each line is written out; a helper would have to be compiled apart from this function.
    low = (1 << decay_bits) - 1
    turned = cosine * real
    turned_real = (turned + ((turned >> 63) & low)) >> decay_bits
    turned = sine * imaginary
    turned_real = turned_real - ((turned + ((turned >> 63) & low)) >> decay_bits)
    turned = sine * real
    turned_imaginary = (turned + ((turned >> 63) & low)) >> decay_bits
    turned = cosine * imaginary
    turned_imaginary = turned_imaginary + ((turned + ((turned >> 63) & low)) >> decay_bits)
    charge = (((activation * real_gain << input_shift) + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    real = np.minimum(np.maximum(turned_real + charge, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    charge = (((activation * imaginary_gain << input_shift) + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    turned_imaginary = np.minimum(np.maximum(turned_imaginary + charge, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    passes = (real >= threshold) & (turned_imaginary >= 0) & (imaginary < 0)
    reset = resets * ((turned_imaginary >= threshold) * 1)
    output = (1 - resets) * (passes * 1) + reset
    real = real * (1 - reset)
    imaginary = turned_imaginary + reset * (threshold - 1 - turned_imaginary)
    return real, imaginary, output


def overflows(
    real, imaginary, activation, cosine, sine, decay_bits, real_gain, imaginary_gain, input_shift, threshold, resets,
    real_limit=STATE_LIMIT, imaginary_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    `step` itself does not tell, for the compiled simulator would pay for it.

    Parameters
    ----------
    real_limit, imaginary_limit : at most `STATE_LIMIT`; lower for a chip whose states are narrower.

    Returns
    -------
    real, imaginary : bool; where the part saturates, or what arrives wraps, and no reset follows that forgets it.
    """
    low = (1 << decay_bits) - 1
    turned = cosine * real
    exact_real = ((turned + ((turned >> 63) & low)) >> decay_bits) + (activation * real_gain << input_shift)
    turned = sine * imaginary
    exact_real = exact_real - ((turned + ((turned >> 63) & low)) >> decay_bits)
    turned = sine * real
    exact_imaginary = ((turned + ((turned >> 63) & low)) >> decay_bits) + (activation * imaginary_gain << input_shift)
    turned = cosine * imaginary
    exact_imaginary = exact_imaginary + ((turned + ((turned >> 63) & low)) >> decay_bits)
    charge = activation * imaginary_gain << input_shift
    whole = (charge >= -WORD_LIMIT) & (charge < WORD_LIMIT)
    kept = (resets == 0) | (exact_imaginary < threshold) | (threshold >= imaginary_limit) | ~whole
    lost_real = (exact_real <= -real_limit) | (exact_real >= real_limit)
    lost_imaginary = (exact_imaginary <= -imaginary_limit) | (exact_imaginary >= imaginary_limit)
    return lost_real & kept, lost_imaginary & kept


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: real, imaginary."""
    zero = np.zeros((), dtype=np.int64)
    return zero, zero


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerResonateAndFire`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    return {name: np.asarray(neuron[name], dtype=np.int64) for name in PARAMETERS}
