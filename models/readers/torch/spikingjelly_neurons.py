"""SpikingJelly's neurons, read from their modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...neurons.leaky_dynamics import Reset
from ...neurons.multiple_spikes import MultipleSpikes
from .neuron_layer import NeuronLayer, Refusal, array_of, fires_at_zero

INTEGRATORS = ("NonSpikingIFNode", "NonSpikingLIFNode")
KINDS = (
    "IFNode", "LIFNode", "ParametricLIFNode", "SimpleIFNode", "SimpleLIFNode", "HalfThresholdIFNode", "ILIFNode",
    *INTEGRATORS,
)  # fmt: skip
CONTAINERS = ("ElementWiseRecurrentContainer", "LinearRecurrentContainer")


def read(name: str, kind: str, module: Any) -> NeuronLayer:
    """The layer that a module of SpikingJelly describes.

    Raises
    ------
    Refusal : it does something that cannot be deployed.
    """
    if kind not in KINDS:
        raise Refusal(f"SpikingJelly's {kind} cannot be deployed; those that can are {', '.join(KINDS)}")
    v_reset = getattr(module, "v_reset", None)
    rest = array_of(0.0 if v_reset is None else v_reset)
    parameters = {"initial_voltage": np.zeros(()) if kind.startswith("Simple") else rest}
    if "LIF" in kind:
        share = array_of(module.w.sigmoid()) if kind == "ParametricLIFNode" else 1 / array_of(module.tau)
        decays = getattr(module, "decay_input", True)
        parameters |= {
            "voltage_retention": 1 - share,
            "current_gain": share if decays else np.ones(()),
            "bias": share * rest,
        }
    else:
        parameters["voltage_retention"] = np.ones(())
    if kind in INTEGRATORS:
        return NeuronLayer(name, parameters, Reset.NONE, False, spiking=False)
    threshold = array_of(module.v_threshold)
    parameters |= {"threshold": threshold, "reset_value": rest}
    if kind == "HalfThresholdIFNode":
        parameters["initial_voltage"] = threshold / 2
    if kind == "ILIFNode":
        return _several(NeuronLayer(name, parameters, Reset.SUBTRACT, True), module)
    inclusive = fires_at_zero(module.surrogate_function)
    return NeuronLayer(name, parameters, Reset.SUBTRACT if v_reset is None else Reset.VALUE, inclusive)


def _several(layer: NeuronLayer, module: Any) -> NeuronLayer:
    """I-LIF, whose spikes are potential / threshold rounded to the nearest.

    So the potential is counted from half a threshold below, towards which it then leaks.
    """
    half = layer.parameters["threshold"] / 2
    shifted = {
        "initial_voltage": layer.parameters["initial_voltage"] + half,
        "bias": layer.parameters["bias"] + (1 - layer.parameters["voltage_retention"]) * half,
    }
    return replace(
        layer,
        family=MultipleSpikes,
        parameters=layer.parameters | shifted,
        most=int(module.surrogate_function.max_spike_count),
    )
