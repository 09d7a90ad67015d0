"""snnTorch's neurons, read from their modules.

With `reset_delay`, its default, snnTorch takes the threshold off one step after the spike, together with the leak:

    mem[t] = beta * mem[t-1] + input[t] - threshold * (mem[t-1] > threshold)

Nobody sees the potential in between, so that this equals taking threshold / beta off at the spike itself. Where beta is
0, nothing of the potential is left to take it from, and the reset becomes a connection of each neuron to itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...neurons.leaky_dynamics import Reset
from .neuron_layer import NeuronLayer, Refusal, array_of, fires_at_zero

KINDS = ("Leaky", "Synaptic", "Lapicque", "RLeaky", "RSynaptic")
RESETS = {"subtract": Reset.SUBTRACT, "zero": Reset.VALUE, "none": Reset.NONE}


def read(name: str, kind: str, module: Any) -> NeuronLayer:
    """The layer that a module of snnTorch describes.

    Raises
    ------
    Refusal : it does something that cannot be deployed.
    """
    if kind not in KINDS:
        raise Refusal(f"snnTorch's {kind} cannot be deployed; those that can are {', '.join(KINDS)}")
    if module.inhibition:
        raise Refusal("inhibition=True lets only one neuron of the layer spike; train it without")
    if module.state_quant:
        raise Refusal("state_quant rounds the state during the run; quantization is done here, read it without")
    inclusive = fires_at_zero(module.spike_grad)
    threshold = array_of(module.threshold)
    if np.any(threshold < 0):
        raise Refusal("has a negative threshold")
    parameters = {"threshold": threshold}
    if kind == "Lapicque":
        resistance, capacity, step = (array_of(getattr(module, field)) for field in ("R", "C", "time_step"))
        retention = 1 - step / (resistance * capacity)
        parameters["current_gain"] = resistance * (1 / (resistance * capacity)) * step
    else:
        retention = np.clip(array_of(module.beta), 0, 1)
    if "Synaptic" in kind:
        parameters["current_retention"] = np.clip(array_of(module.alpha), 0, 1)
    parameters["voltage_retention"] = retention
    reset = RESETS[list(RESETS)[int(module.reset_mechanism_val)]]
    layer = NeuronLayer(name, parameters, reset, inclusive)
    delayed = bool(getattr(module, "reset_delay", True))
    if kind == "RSynaptic" and not delayed and reset is not Reset.NONE:
        raise Refusal("RSynaptic with reset_delay=False resets other states than its own in snnTorch 1.0")
    if reset is Reset.VALUE and delayed and kind != "Leaky":
        raise Refusal(
            f"snnTorch's {kind} with reset_mechanism='zero' ignores its input for the step after a spike, which has "
            "no equal here; train with 'subtract'"
            + ("" if kind in ("Lapicque", "RSynaptic") else " or reset_delay=False")
        )
    if reset is not Reset.SUBTRACT:
        return layer
    if not delayed:
        note = (
            f"reset: {name!r} has reset_delay=False, where snnTorch compares a lowered potential as long as it exceeds "
            "the threshold after a reset; that it never does is assumed."
        )
        return NeuronLayer(name, parameters, reset, inclusive, notes=(note,))
    if np.all(retention > 0):
        return layer.subtracting(threshold / retention)
    return NeuronLayer(name, parameters, Reset.NONE, inclusive, feedback=-threshold)
