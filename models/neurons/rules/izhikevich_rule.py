"""The integer step of Izhikevich's neurons: written once, run everywhere, as `leaky_rule` is.

Potential v and recovery u are millivolts with `fraction_bits` binary places; both saturate at +-4096 mV. A step is
that of the paper's program, two half steps of v and one of u, with products rounded to the nearest:

    twice:  v <- min(v + half_step * (0.04 * v * v + 5 * v + 140 - u + current), highest)
    u <- u + recovery_rate * (sensitivity * v - u)
    spike where v >= peak, and then v <- reset_voltage, u <- u + recovery_jump

where current = (a * input_gain) >> 16, plus the bias. In 64 bits no product overflows.
"""

import numpy as np

NAME = "izhikevich"
STATES = ("voltage", "recovery")
PARAMETERS = (
    "half_step", "recovery_rate", "sensitivity", "reset_voltage", "recovery_jump", "peak", "highest", "input_gain",
    "bias", "fraction_bits",
)  # fmt: skip
OVERFLOWS = ("voltage", "recovery")  # what `overflows` tells of: where the state saturates

STATE_BITS = 32
STATE_LIMIT = 1 << 31
RANGE_BITS = 12  # of millivolts, without the sign: spikes that overshoot their peak do so by up to some thousands
LARGEST_FRACTION = 16  # binary places of the states
RATE_SHIFT = 24  # binary places of half_step and recovery_rate
SENSITIVITY_SHIFT = 20
GAIN_SHIFT = 16
QUADRATIC = 2684355  # 0.04 of 2**26
QUADRATIC_SHIFT = 18  # which leaves its product with v eight places more than v has
QUADRATIC_PLACES = 8


def step(
    voltage, recovery, activation, half_step, recovery_rate, sensitivity, reset_voltage, recovery_jump, peak,
    highest, input_gain, bias, fraction_bits,
):  # fmt: skip
    """Advance neurons by one step.

    Parameters
    ----------
    voltage, recovery : int64 scalars or arrays; the state after the last step, in units of 2**-fraction_bits mV.
    activation : int64, the sum of the weights that arrived.
    half_step, recovery_rate : half the time step, and the time step times Izhikevich's a, in units of 2**-24.
    sensitivity : Izhikevich's b, in units of 2**-20.
    reset_voltage, recovery_jump, peak, bias : in units of the state.
    highest : where each half step is cut, the peak or the end of the range.
    input_gain : units of the state per unit that arrives, in units of 2**-16.

    Returns
    -------
    voltage, recovery, output : the state after this step; output is 0 or 1.
    """
    # The half step stands here twice, for a helper would have to be compiled apart from this function.
    limit = 1 << (RANGE_BITS + fraction_bits)
    half = 1 << (RATE_SHIFT - 1)
    places = fraction_bits + QUADRATIC_PLACES
    middle = 1 << (places - 1)
    current = (activation * input_gain >> GAIN_SHIFT) + bias
    drive = np.minimum(np.maximum(current, -limit), limit) + 140 * (1 << fraction_bits) - recovery
    steep = (voltage * QUADRATIC + (1 << (QUADRATIC_SHIFT - 1))) >> QUADRATIC_SHIFT
    change = ((steep * voltage + middle) >> places) + 5 * voltage + drive
    voltage = voltage + ((change * half_step + half) >> RATE_SHIFT)
    voltage = np.minimum(np.maximum(voltage, 1 - limit), highest)
    steep = (voltage * QUADRATIC + (1 << (QUADRATIC_SHIFT - 1))) >> QUADRATIC_SHIFT
    change = ((steep * voltage + middle) >> places) + 5 * voltage + drive
    voltage = voltage + ((change * half_step + half) >> RATE_SHIFT)
    voltage = np.minimum(np.maximum(voltage, 1 - limit), highest)
    wanted = (voltage * sensitivity + (1 << (SENSITIVITY_SHIFT - 1))) >> SENSITIVITY_SHIFT
    recovery = recovery + (((wanted - recovery) * recovery_rate + half) >> RATE_SHIFT)
    spike = (voltage >= peak) * 1
    voltage = voltage + spike * (reset_voltage - voltage)
    recovery = np.minimum(np.maximum(recovery + spike * recovery_jump, 1 - limit), limit - 1)
    return voltage, recovery, spike


def overflows(
    voltage, recovery, activation, half_step, recovery_rate, sensitivity, reset_voltage, recovery_jump, peak,
    highest, input_gain, bias, fraction_bits, voltage_limit=STATE_LIMIT, recovery_limit=STATE_LIMIT,
):  # fmt: skip
    """Tell which neurons leave their widths in a step; takes what `step` takes, before that step.

    `step` itself does not tell, for the compiled simulator would pay for it.

    Parameters
    ----------
    voltage_limit, recovery_limit : lower than the range of the states for a chip whose states are narrower.

    Returns
    -------
    voltage, recovery : bool; where the potential saturates, or the current that drives it, and where the recovery does.
    """
    limit = 1 << (RANGE_BITS + fraction_bits)
    half = 1 << (RATE_SHIFT - 1)
    places = fraction_bits + QUADRATIC_PLACES
    middle = 1 << (places - 1)
    voltage_limit = np.minimum(limit, voltage_limit)
    recovery_limit = np.minimum(limit, recovery_limit)
    current = (activation * input_gain >> GAIN_SHIFT) + bias
    lost = np.abs(current) > limit
    drive = np.minimum(np.maximum(current, -limit), limit) + 140 * (1 << fraction_bits) - recovery
    steep = (voltage * QUADRATIC + (1 << (QUADRATIC_SHIFT - 1))) >> QUADRATIC_SHIFT
    change = ((steep * voltage + middle) >> places) + 5 * voltage + drive
    voltage = voltage + ((change * half_step + half) >> RATE_SHIFT)
    lost = lost | (voltage <= -voltage_limit) | ((voltage >= voltage_limit) & (highest >= voltage_limit - 1))
    voltage = np.minimum(np.maximum(voltage, 1 - limit), highest)
    steep = (voltage * QUADRATIC + (1 << (QUADRATIC_SHIFT - 1))) >> QUADRATIC_SHIFT
    change = ((steep * voltage + middle) >> places) + 5 * voltage + drive
    voltage = voltage + ((change * half_step + half) >> RATE_SHIFT)
    lost = lost | (voltage <= -voltage_limit) | ((voltage >= voltage_limit) & (highest >= voltage_limit - 1))
    voltage = np.minimum(np.maximum(voltage, 1 - limit), highest)
    wanted = (voltage * sensitivity + (1 << (SENSITIVITY_SHIFT - 1))) >> SENSITIVITY_SHIFT
    recovery = recovery + (((wanted - recovery) * recovery_rate + half) >> RATE_SHIFT)
    spike = (voltage >= peak) * 1
    return lost, np.abs(recovery + spike * recovery_jump) >= recovery_limit


def start(neuron):
    """State before the first step, from the fields of an integer neuron model: voltage, recovery."""
    return tuple(np.asarray(neuron[f"initial_{name}"], dtype=np.int64) for name in STATES)


def largest_output(neuron):
    """The largest absolute number that a neuron can send in one step, from the fields of an integer neuron model."""
    return 1


def parameters_of(neuron):
    """What `step` wants, from the fields of an integer neuron model.

    Parameters
    ----------
    neuron : mapping with the fields of `IntegerIzhikevich`, numbers or arrays.

    Returns
    -------
    dict of int64 arrays, one of each of `PARAMETERS`.
    """
    fields = {name: np.asarray(neuron[name], dtype=np.int64) for name in PARAMETERS if name != "highest"}
    end = np.asarray((1 << (RANGE_BITS + int(neuron["fraction_bits"]))) - 1, dtype=np.int64)
    return {**fields, "highest": end if neuron["overshoots"] else fields["peak"]}
