"""Sinabs' neurons, read from their modules; their time constants count steps.

i <- alpha_syn * (i + input), or the input itself without a tau_syn
v <- alpha_mem * v + i, or (1 - alpha_mem) * i with norm_input
With MultiSpike or MaxSpike, the spikes are as many as the threshold goes into v.

The threshold of ALIF is b0 + adapt_scale * b, where b <- alpha_adapt * b + (1 - alpha_adapt) * spikes ends a step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...neurons.adaptive_threshold import AdaptiveThreshold
from ...neurons.leaky_dynamics import Reset
from ...neurons.multiple_spikes import MultipleSpikes
from .neuron_layer import NeuronLayer, Refusal, array_of
from .options import TorchOptions

RECURRENT = ("LIFRecurrent", "IAFRecurrent", "LIFRecurrentSqueeze", "IAFRecurrentSqueeze", "ALIFRecurrent")
KINDS = ("ALIF", "IAF", "IAFSqueeze", "LIF", "LIFSqueeze", "ExpLeak", "ExpLeakSqueeze", *RECURRENT)

MOST_SPIKES = (1 << 17) - 1  # where Sinabs has no limit: as many as a register of the integer neurons holds


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
    several = spikes in ("MultiSpike", "MaxSpike") and not _at_most_one(module.spike_fn)
    adaptive = kind.startswith("ALIF")
    if several and options.single_spike:
        notes.append(f"spikes: {spikes} of {name!r} is read as one spike a step at most, as asked (--single-spike).")
    elif several and adaptive:
        raise Refusal(
            f"its spike_fn {spikes} emits several spikes in a step, which neurons with a threshold that adapts do not "
            "here; train with sinabs.activation.SingleSpike, or read it as if it were that (--single-spike)"
        )
    elif several:
        layer = NeuronLayer(name, parameters, Reset.SUBTRACT, True, notes=tuple(notes))
        return _with_reset(_several(layer, module), module)
    elif spikes not in ("SingleSpike", "MaxSpike"):
        raise Refusal(f"its spike_fn {spikes} is none of Sinabs' own that can be deployed; use SingleSpike")
    parameters["threshold"] = array_of(module.b0 if adaptive else module.spike_threshold)
    layer = NeuronLayer(name, parameters, Reset.SUBTRACT, True, notes=tuple(notes))
    return _with_reset(_adaptive(layer, module) if adaptive else layer, module)


def _with_reset(layer: NeuronLayer, module: Any) -> NeuronLayer:
    mechanism = type(module.reset_fn).__name__
    if mechanism == "MembraneSubtract":
        amount = module.reset_fn.subtract_value
        if layer.family is MultipleSpikes and amount is not None and np.any(amount != layer.parameters["threshold"]):
            raise Refusal(
                f"each of several spikes takes subtract_value = {float(amount):g} from the potential; here, it takes "
                "the threshold, so leave subtract_value out"
            )
        fixed = replace(layer, subtracts_baseline=True)
        return layer if amount is None else fixed.subtracting(array_of(amount))
    if mechanism == "MembraneReset":
        if module.reset_fn.reset_value:
            raise Refusal("MembraneReset adds a reset_value other than 0 at every step in Sinabs; use 0")
        return replace(layer, reset=Reset.VALUE, parameters=layer.parameters | {"reset_value": np.zeros(())})
    raise Refusal(f"its reset_fn {mechanism} is none of Sinabs' own; use MembraneSubtract or MembraneReset")


def _several(layer: NeuronLayer, module: Any) -> NeuronLayer:
    most = getattr(module.spike_fn, "max_num_spikes_per_bin", None)
    return replace(
        layer,
        family=MultipleSpikes,
        parameters=layer.parameters | {"threshold": array_of(module.spike_threshold)},
        most=MOST_SPIKES if most is None else int(most),
    )


def _adaptive(layer: NeuronLayer, module: Any) -> NeuronLayer:
    kept, scale = array_of(module.alpha_adapt_calculated), array_of(module.adapt_scale)
    if np.any(kept == 0):
        raise Refusal("its threshold adapts for one step only (tau_adapt = 0), which neurons here cannot")
    # What a spike adds has not decayed at the next step in Sinabs, and has here.
    adaptation = {"threshold_retention": kept, "threshold_step": scale * (1 - kept) / kept}
    if module.norm_input and module.alpha_syn_calculated is not None:
        # Here alone Sinabs keeps the normalised current, so that it is normalised again at every step.
        share = array_of(module.alpha_syn_calculated) * layer.parameters["current_gain"]
        adaptation |= {"current_retention": share, "input_gain": share, "current_gain": np.ones(())}
    return replace(layer, family=AdaptiveThreshold, parameters=layer.parameters | adaptation)


def _at_most_one(spike_function: Any) -> bool:
    return getattr(spike_function, "max_num_spikes_per_bin", None) == 1
