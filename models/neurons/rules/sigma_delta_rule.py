"""The integer step of sigma-delta neurons: written once, run everywhere, as `leaky_rule` is.

The arithmetic is that of Lava's bit-accurate models (`lava.proc.sdn.models`), with states of 32 bits that wrap:

    sigma <- sigma * integrates + (a << input_shift)
    act = clip(sigma + bias, floor, ceiling)
    change = act - sent, sent where |change| >= threshold:  sent <- act, output = change >> output_shift

What Lava keeps as `act` and `residue` is here their difference, `sent`: what the receivers have been told so far.
"""

import numpy as np

NAME = "sigma_delta"
STATES = ("sigma", "sent")
PARAMETERS = ("integrates", "bias", "floor", "ceiling", "threshold", "delta", "input_shift", "output_shift")
OVERFLOWS = ("sigma", "sent", "output")  # what `overflows` tells of: where the first two wrap, and the last is too wide

OUTPUT_LIMIT = 1 << 23  # a message carries 24 bits less the shift
STATE_BITS = 32
STATE_LIMIT = 1 << 31
MASK = (1 << 32) - 1


def step(sigma, sent, activation, integrates, bias, floor, ceiling, threshold, delta, input_shift, output_shift):
    """Advance neurons by one step.

    Parameters
    ----------
    sigma, sent : int64 scalars or arrays; the state after the last step, 32 bit.
    activation : int64, the sum of what arrived.
    integrates : 1 to sum up what arrives, 0 to take it as it is (a delta encoder).
    bias, floor, ceiling, threshold : in units of the state.
    delta : 1 to send changes, 0 to send the value itself at every step.
    input_shift, output_shift : bits by which input is shifted left and output right.

    Returns
    -------
    sigma, sent, output : the state after this step, and the number that is sent.
    """
    # Each line keeps to 32 bits; a helper for that would have to be compiled apart from this function.
    sigma = ((sigma * integrates + (activation << input_shift) + STATE_LIMIT) & MASK) - STATE_LIMIT
    value = ((sigma + bias + STATE_LIMIT) & MASK) - STATE_LIMIT
    change = ((np.minimum(np.maximum(value, floor), ceiling) - sent + STATE_LIMIT) & MASK) - STATE_LIMIT
    # The magnitude of the lowest number of 32 bits is that number again.
    magnitude = ((np.abs(change) * delta + STATE_LIMIT) & MASK) - STATE_LIMIT
    change = change * ((magnitude >= threshold) * 1)
    sent = ((sent + delta * change + STATE_LIMIT) & MASK) - STATE_LIMIT
    return sigma, sent, change >> output_shift


def overflows(
    sigma, sent, activation, integrates, bias, floor, ceiling, threshold, delta, input_shift, output_shift,
    sigma_limit=STATE_LIMIT, sent_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    `step` itself does not tell, for the compiled simulator would pay for it.

    Parameters
    ----------
    sigma_limit, sent_limit : at most `STATE_LIMIT`; lower for a chip whose states are narrower.

    Returns
    -------
    sigma, sent, output : bool; where the sum, or the sum with its bias, wraps; where the change, or what has been sent,
        wraps; where what is sent is wider than a message.
    """
    exact = sigma * integrates + (activation << input_shift)
    sigma = ((exact + STATE_LIMIT) & MASK) - STATE_LIMIT
    wrapped = (exact < -sigma_limit) | (exact >= sigma_limit)
    exact = sigma + bias
    value = ((exact + STATE_LIMIT) & MASK) - STATE_LIMIT
    wrapped = wrapped | (exact < -sigma_limit) | (exact >= sigma_limit)
    exact = np.minimum(np.maximum(value, floor), ceiling) - sent
    change = ((exact + STATE_LIMIT) & MASK) - STATE_LIMIT
    lost = exact != change
    magnitude = ((np.abs(change) * delta + STATE_LIMIT) & MASK) - STATE_LIMIT
    change = change * ((magnitude >= threshold) * 1)
    exact = sent + delta * change
    lost = lost | (exact < -sent_limit) | (exact >= sent_limit)
    return wrapped, lost, (change < -OUTPUT_LIMIT) | (change >= OUTPUT_LIMIT)


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: sigma, sent."""
    zero = np.zeros((), dtype=np.int64)
    return zero, zero


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    # What a change can be at most; a value that wraps would be the most there is.
    return (2 * STATE_LIMIT) >> int(neuron["output_shift"])


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerSigmaDelta`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    rectifies = bool(neuron["rectifies"])
    return {
        "integrates": np.asarray(neuron["integrates"], dtype=np.int64),
        "bias": np.asarray(neuron["bias"], dtype=np.int64),
        "floor": np.asarray(0 if rectifies else -STATE_LIMIT, dtype=np.int64),
        "ceiling": np.asarray(neuron["ceiling"], dtype=np.int64),
        "threshold": np.asarray(neuron["threshold"] if neuron["delta"] else 0, dtype=np.int64),
        "delta": np.asarray(neuron["delta"], dtype=np.int64),
        "input_shift": np.asarray(neuron["input_shift"], dtype=np.int64),
        "output_shift": np.asarray(neuron["output_shift"], dtype=np.int64),
    }
