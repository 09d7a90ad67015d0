"""The integer step of leaky neurons with a threshold that adapts: written once, run everywhere, as `leaky_rule` is.

The arithmetic is that of Lava's bit-accurate ATRLIF (`lava.proc.atrlif.models.PyATRLIFModelFixed`), with decays in
4096ths. Current and potential are those of `leaky_rule`; what else there is never leaves its width, as a neuron that
spikes has a potential of 24 bits, which its threshold and its refractoriness, both at least 0, do not exceed together:

    theta <- trunc((theta - baseline) * (4096 - threshold_decay) / 4096) + baseline
    r <- trunc(r * (4096 - refractory_decay) / 4096)
    spike where v - r >= theta, and then  r <- r + refractory_gain * theta,  theta <- theta + threshold_step

In Lava the gain is 2, and the refractoriness alone keeps a neuron that has just spiked below its threshold. That the
potential may be reset, v <- v * keep + offset - subtracted * theta, is our own.
"""

import numpy as np

NAME = "adaptive_threshold"
STATES = ("current", "voltage", "threshold", "refractoriness")
PARAMETERS = (
    "current_decay", "voltage_decay", "bias", "baseline", "threshold_decay", "threshold_step", "refractory_decay",
    "refractory_gain", "exclusive", "keep", "offset", "subtracted",
)  # fmt: skip
OVERFLOWS = ("current", "voltage", "voltage_at_reset", "voltage_floor", "threshold", "refractoriness")

DECAY_UNITY = 4096
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6
STATE_BITS = (24, 24, 25, 27)
STATE_LIMIT = 1 << 23
WORD_LIMIT = 1 << 31
WORD_MASK = (1 << 32) - 1


def step(
    current, voltage, threshold, refractoriness, activation, current_decay, voltage_decay, bias, baseline,
    threshold_decay, threshold_step, refractory_decay, refractory_gain, exclusive, keep, offset, subtracted,
):  # fmt: skip
    """Advance neurons by one step.

    Parameters
    ----------
    current, voltage : int64 scalars or arrays; the state after the last step, as in `leaky_rule`.
    threshold, refractoriness : in units of the potential, at least 0.
    activation, current_decay, voltage_decay, bias : as in `leaky_rule`.
    baseline, threshold_decay : what the threshold returns to, and the share of its distance lost in a step: 0..4096.
    threshold_step : by which a spike raises the threshold.
    refractory_decay, refractory_gain : 0..4096, and how many thresholds a spike adds to the refractoriness.
    exclusive : 1 to spike above the threshold, 0 at it, too.
    keep, offset, subtracted : after a spike the potential becomes potential * keep + offset - subtracted * threshold.

    Returns
    -------
    current, voltage, threshold, refractoriness, output : the state after this step; output is 0 or 1.
    """
    # Written out like `leaky_rule`, whose helpers would have to be compiled apart.
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    voltage = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    voltage = np.minimum(np.maximum(voltage, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    scaled = (threshold - baseline) * (DECAY_UNITY - threshold_decay)
    threshold = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + baseline
    refractoriness = (refractoriness * (DECAY_UNITY - refractory_decay)) >> DECAY_SHIFT
    spike = (voltage - refractoriness >= threshold + exclusive) * 1
    voltage = voltage + spike * (voltage * (keep - 1) + offset - subtracted * threshold)
    refractoriness = refractoriness + spike * refractory_gain * threshold
    threshold = threshold + spike * threshold_step
    return current, voltage, threshold, refractoriness, spike


def overflows(
    current, voltage, threshold, refractoriness, activation, current_decay, voltage_decay, bias, baseline,
    threshold_decay, threshold_step, refractory_decay, refractory_gain, exclusive, keep, offset, subtracted,
    current_limit=STATE_LIMIT, voltage_limit=STATE_LIMIT, threshold_limit=2 * STATE_LIMIT,
    refractoriness_limit=8 * STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    Returns
    -------
    current, voltage, voltage_at_reset, voltage_floor : bool; as in `leaky_rule`.
    threshold, refractoriness : bool; where they are beyond the limits of a chip.
    """
    scaled = current * (DECAY_UNITY - current_decay)
    current = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + (activation << ACTIVATION_SHIFT)
    wraps = (current <= -current_limit) | (current > current_limit)
    current = ((current + WORD_LIMIT) & WORD_MASK) - WORD_LIMIT
    current = current + 2 * STATE_LIMIT * ((current <= -STATE_LIMIT) * 1 - (current > STATE_LIMIT) * 1)
    scaled = voltage * (DECAY_UNITY - voltage_decay)
    exact = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + current + bias
    voltage = np.minimum(np.maximum(exact, 1 - STATE_LIMIT), STATE_LIMIT - 1)
    scaled = (threshold - baseline) * (DECAY_UNITY - threshold_decay)
    threshold = ((scaled + ((scaled >> 63) & (DECAY_UNITY - 1))) >> DECAY_SHIFT) + baseline
    refractoriness = (refractoriness * (DECAY_UNITY - refractory_decay)) >> DECAY_SHIFT
    spike = (voltage - refractoriness >= threshold + exclusive) * 1
    high = exact >= voltage_limit
    at_reset = high & (keep == 0) & (spike == 1)
    raised = threshold + spike * threshold_step >= threshold_limit
    resisting = refractoriness + spike * refractory_gain * threshold >= refractoriness_limit
    return wraps, high & ~at_reset, at_reset, exact <= -voltage_limit, raised, resisting


def start(neuron):
    """State before the first step, from the fields of an integer neuron model."""
    zero = np.zeros((), dtype=np.int64)
    baseline = np.asarray(neuron["threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    return zero, np.asarray(neuron["initial_voltage"], dtype=np.int64), baseline, zero


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerAdaptiveThreshold`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    whole = {
        name: np.asarray(neuron[name], dtype=np.int64)
        for name in ("current_decay", "voltage_decay", "threshold_decay", "refractory_decay", "refractory_gain")
    }
    baseline = np.asarray(neuron["threshold"], dtype=np.int64) << ACTIVATION_SHIFT
    nothing = np.zeros((), dtype=np.int64)
    fixed = bool(neuron["subtracts_baseline"])
    keep, offset, subtracted = {
        "zero": (0, np.asarray(neuron["reset_value"], dtype=np.int64), 0),
        "subtract": (1, -baseline if fixed else nothing, 0 if fixed else 1),
        "none": (1, nothing, 0),
    }[str(neuron["reset"])]
    return {
        **whole,
        "bias": np.asarray(neuron["bias_mantissa"], dtype=np.int64) << np.asarray(neuron["bias_exponent"]),
        "baseline": baseline,
        "threshold_step": np.asarray(neuron["threshold_step"], dtype=np.int64) << ACTIVATION_SHIFT,
        "exclusive": np.asarray(not neuron["inclusive"], dtype=np.int64),
        "keep": np.asarray(keep, dtype=np.int64),
        "offset": offset,
        "subtracted": np.asarray(subtracted, dtype=np.int64),
    }
