"""Norse's neurons, read from their modules.

A step of its LIF is, since Norse 1.0,

    i    <- i + input
    v    <- v + dt * tau_mem_inv * (v_leak - v + i)
    i    <- i - dt * tau_syn_inv * i

which is the equation here with the current counted before its decay. The Box models have no current. The potential of
LSNN, whose threshold adapts, sees the current of the step before: there input arrives a step late.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from ...neurons.adaptive_threshold import AdaptiveThreshold
from ...neurons.leaky_dynamics import Reset
from ...neurons.refractory import Refractory
from .neuron_layer import NeuronLayer, Refusal, array_of, fires_at_zero

WITH_TIME = ("LIF", "IAF", "LI", "LIFRecurrent", "LIFRefracRecurrent", "LSNN", "LSNNRecurrent")
CELLS = ("LIFCell", "LIFBoxCell", "IAFCell", "LICell", "LIBoxCell", "LILinearCell", "LIFRecurrentCell")
KINDS = (*WITH_TIME, *CELLS, "LIFRefracCell", "LIFRefracRecurrentCell", "LSNNCell", "LSNNRecurrentCell")


def read(name: str, kind: str, module: Any) -> NeuronLayer:
    """The layer that a module of Norse describes.

    Raises
    ------
    Refusal : it does something that cannot be deployed.
    """
    if kind not in KINDS:
        raise Refusal(
            f"Norse's {kind} is a neuron model that cannot be deployed; those that can are {', '.join(KINDS)}"
        )
    p = module.p.lif if "Refrac" in kind else module.p
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
    layer = NeuronLayer(name, parameters, reset, inclusive, keeps_state=keeps_state)
    if "Refrac" in kind:
        if inclusive:
            raise Refusal("its spike function fires at 0, so that its refractory period never ends; use another method")
        # The count goes down by 1 to 0, and a step is refractory while it is above.
        return replace(
            layer, family=Refractory, parameters=parameters | {"period": np.ceil(array_of(module.p.rho_reset))}
        )
    if kind.startswith("LSNN"):
        kept = 1 - array_of(module.dt * p.tau_adapt_inv)
        adaptation = {"threshold_retention": kept, "threshold_step": array_of(p.beta)}
        return replace(layer, family=AdaptiveThreshold, parameters=parameters | adaptation, late=1)
    return layer
