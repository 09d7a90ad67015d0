"""Sinabs' neurons, read from their modules; their time constants count steps.

i <- alpha_syn * (i + input), or the input itself without a tau_syn
v <- alpha_mem * v + i, or (1 - alpha_mem) * i with norm_input
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...neurons.leaky_dynamics import Reset
from .neuron_layer import NeuronLayer, Refusal, array_of
from .options import TorchOptions

RECURRENT = ("LIFRecurrent", "IAFRecurrent", "LIFRecurrentSqueeze", "IAFRecurrentSqueeze")
KINDS = ("IAF", "IAFSqueeze", "LIF", "LIFSqueeze", "ExpLeak", "ExpLeakSqueeze", *RECURRENT)


def read(name: str, kind: str, module: Any, options: TorchOptions) -> NeuronLayer:
    """The layer that a module of Sinabs describes.

    Raises
    ------
    Refusal : it does something that cannot be deployed.
    """
    if kind not in KINDS:
        raise Refusal(f"Sinabs' {kind} cannot be deployed; those that can are {', '.join(KINDS)}")
    notes = []
    if module.min_v_mem is not None:
        if not options.ignore_lower_limit:
            raise Refusal(
                f"keeps its potential above min_v_mem = {float(module.min_v_mem):g}, which neurons here cannot; train "
                "with min_v_mem=None, or leave the limit out (--ignore-lower-limit)"
            )
        notes.append(f"min_v_mem: the lower limit of {name!r} is left out, as asked (--ignore-lower-limit).")
    retention = array_of(module.alpha_mem_calculated)
    parameters = {"voltage_retention": retention}
    if module.norm_input:
        parameters["current_gain"] = 1 - retention
    current = module.alpha_syn_calculated
    if current is not None:
        parameters |= {"current_retention": array_of(current), "input_gain": array_of(current)}
    if module.spike_fn is None:
        return NeuronLayer(name, parameters, Reset.NONE, False, spiking=False, notes=tuple(notes))
    spikes = getattr(module.spike_fn, "__name__", type(module.spike_fn).__name__)
    if spikes in ("MultiSpike", "MaxSpike") and not _at_most_one(module.spike_fn):
        if not options.single_spike:
            raise Refusal(
                f"its spike_fn {spikes} emits several spikes in a step, which neurons here do not; train with "
                "sinabs.activation.SingleSpike, or read it as if it were that (--single-spike)"
            )
        notes.append(f"spikes: {spikes} of {name!r} is read as one spike a step at most, as asked (--single-spike).")
    elif spikes not in ("SingleSpike", "MaxSpike"):
        raise Refusal(f"its spike_fn {spikes} is none of Sinabs' own that can be deployed; use SingleSpike")
    parameters["threshold"] = array_of(module.spike_threshold)
    layer = NeuronLayer(name, parameters, Reset.SUBTRACT, True, notes=tuple(notes))
    mechanism = type(module.reset_fn).__name__
    if mechanism == "MembraneSubtract":
        amount = module.reset_fn.subtract_value
        return layer if amount is None else layer.subtracting(array_of(amount))
    if mechanism == "MembraneReset":
        if module.reset_fn.reset_value:
            raise Refusal("MembraneReset adds a reset_value other than 0 at every step in Sinabs; use 0")
        return replace(layer, reset=Reset.VALUE, parameters=parameters | {"reset_value": np.zeros(())})
    raise Refusal(f"its reset_fn {mechanism} is none of Sinabs' own; use MembraneSubtract or MembraneReset")


def _at_most_one(spike_function: Any) -> bool:
    return getattr(spike_function, "max_num_spikes_per_bin", None) == 1
