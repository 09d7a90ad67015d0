"""Norse's neurons, read from their modules.

A step of its LIF is, since Norse 1.0,

    i    <- i + input
    v    <- v + dt * tau_mem_inv * (v_leak - v + i)
    i    <- i - dt * tau_syn_inv * i

which is the equation here with the current counted before its decay. The Box models have no current.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...neurons.leaky_integrate_and_fire import Reset
from .neuron_layer import NeuronLayer, Refusal, array_of, fires_at_zero

WITH_TIME = ("LIF", "IAF", "LI", "LIFRecurrent")
KINDS = (*WITH_TIME, "LIFCell", "LIFBoxCell", "IAFCell", "LICell", "LIBoxCell", "LILinearCell", "LIFRecurrentCell")


def read(name: str, kind: str, module: Any) -> NeuronLayer:
    """The layer that a module of Norse describes.

    Raises
    ------
    Refusal : it does something that cannot be deployed.
    """
    if kind not in KINDS:
        why = "has a refractory period, which" if "Refrac" in kind else "is a neuron model that"
        raise Refusal(f"Norse's {kind} {why} cannot be deployed; those that can are {', '.join(KINDS)}")
    p = module.p
    if kind.startswith("IAF"):
        parameters = {"voltage_retention": np.ones(()), "initial_voltage": array_of(p.v_reset)}
    else:
        # In the module's own arithmetic, so that a rounded product is rounded here, too.
        share = array_of(module.dt * p.tau_mem_inv)
        leak = array_of(p.v_leak)
        parameters = {
            "voltage_retention": 1 - share,
            "current_gain": share,
            "bias": share * leak,
            "initial_voltage": leak,
        }
    if hasattr(p, "tau_syn_inv"):
        parameters["current_retention"] = 1 - array_of(module.dt * p.tau_syn_inv)
    keeps_state = False
    if kind.startswith("LI") and not kind.startswith("LIF"):
        return NeuronLayer(name, parameters, Reset.NONE, False, spiking=False, keeps_state=keeps_state)
    threshold = sys.modules["norse.torch.functional.threshold"].threshold
    inclusive = fires_at_zero(lambda potential: threshold(potential, p.method, p.alpha))
    parameters |= {"threshold": array_of(p.v_th), "reset_value": array_of(p.v_reset)}
    method = getattr(p, "reset_method", None)
    named = getattr(method, "__name__", "reset_value")
    if named not in ("reset_value", "reset_subtract"):
        raise Refusal(f"its reset_method {named} is none of Norse's own; use reset_value or reset_subtract")
    reset = Reset.SUBTRACT if named == "reset_subtract" else Reset.VALUE
    return NeuronLayer(name, parameters, reset, inclusive, keeps_state=keeps_state)
