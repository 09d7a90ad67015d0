"""Ready-made rules: spike-timing dependent plasticity, plain and modulated by a reward.

The difference of a pair of spikes is dt = t(target) - t(source). Both rules have the parameters of Lava's `STDPLoihi`
and `RewardModulatedSTDP` and give the same rule; `a_plus` is what pairs with dt > 0 count, `a_minus` those with dt < 0.
Both are signed: the textbook's curve, where positive differences potentiate, has a_plus > 0 and a_minus < 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UsageError
from .learning_rule import LearningRule, Trace


def stdp(
    learning_rate: float,
    a_plus: float,
    a_minus: float,
    tau_plus: float,
    tau_minus: float,
    *,
    x1_impulse: float = 16,
    y1_impulse: float = 16,
    **others: Any,
) -> LearningRule:
    """Spike-timing dependent plasticity (Gerstner et al. 1996), as Lava's `STDPLoihi`.

    A pair of spikes changes the weight by learning_rate * a_plus * x1_impulse * exp(-dt / tau_plus) where dt > 0, by
    learning_rate * a_minus * y1_impulse * exp(dt / tau_minus) where dt < 0, and by both where dt = 0.

    Parameters
    ----------
    learning_rate, a_plus, a_minus : factors, each brought to a whole number times a power of two; see `as_scale`.
    tau_plus, tau_minus : time constants of x1 and y1, in steps.
    x1_impulse, y1_impulse : by which these traces jump at a spike.
    others : fields of `LearningRule`: epoch, seed, lowest_weight, highest_weight.
    """
    rate = as_scale(learning_rate)
    return LearningRule(
        weight_rule=f"{rate} * {as_scale(a_minus)} * x0 * y1 + {rate} * {as_scale(a_plus)} * y0 * x1",
        x1=Trace(x1_impulse, tau_plus),
        y1=Trace(y1_impulse, tau_minus),
        **others,
    )


def reward_modulated_stdp(
    learning_rate: float,
    a_plus: float,
    a_minus: float,
    pre_trace_decay_tau: float,
    post_trace_decay_tau: float,
    pre_trace_kernel_magnitude: float,
    post_trace_kernel_magnitude: float,
    eligibility_trace_decay_tau: float,
    **others: Any,
) -> LearningRule:
    """Reward-modulated plasticity (Fremaux and Gerstner 2016), as Lava's `RewardModulatedSTDP`.

    What a pair of spikes would do to the weight goes to the tag t, which decays; at the end of every epoch the weight
    changes by t * reward / 32. With the y1 of a third factor, dt = 0 counts as dt > 0 alone.

    Parameters
    ----------
    learning_rate, a_plus, a_minus : as in `stdp`, for the tag.
    pre_trace_decay_tau, post_trace_decay_tau : time constants of x1 and y1, in steps.
    pre_trace_kernel_magnitude, post_trace_kernel_magnitude : impulses of x1 and y1.
    eligibility_trace_decay_tau : share of the tag that is lost in an epoch (so Lava, whatever the name says).
    others : fields of `LearningRule`: epoch, seed, lowest_weight, highest_weight, reward.
    """
    rate = as_scale(learning_rate)
    return LearningRule(
        weight_rule="u0 * t * y2",
        tag_rule=f"{rate} * {as_scale(a_minus)} * x0 * y1 + {rate} * {as_scale(a_plus)} * y0 * x1"
        f" - u0 * t * {as_scale(eligibility_trace_decay_tau)}",
        x1=Trace(pre_trace_kernel_magnitude, pre_trace_decay_tau),
        y1=Trace(post_trace_kernel_magnitude, post_trace_decay_tau),
        third_factor=True,
        **others,
    )


def as_scale(number: float) -> str:
    """A number as the language of rules has it: its whole part, at least 1, times the nearest power of two.

    So 0.3 becomes 2^-2 and 2.6 becomes 2, as in Lava.

    Raises
    ------
    UsageError : it is not finite.
    """
    if not np.isfinite(number):
        raise UsageError(f"A factor of a learning rule cannot be {number}: it is finite.")
    if number == 0:
        return "0"
    mantissa = max(int(abs(number)), 1)
    exponent = int(np.round(np.log2(abs(number) / mantissa)))
    return f"({'-' if number < 0 else ''}{mantissa})" + (f"*2^{exponent}" if exponent else "")
