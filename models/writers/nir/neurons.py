"""Neurons in discrete time as NIR's differential equations: what `readers.nir.neurons` does, backwards.

With `dt` and forward Euler, tau = dt / (1 - retention), r = current_gain / (1 - voltage_retention), and so on. IF and
I, which have no time constant, get r = current_gain / dt, for v' = r i. What the fields would round is noted to the
last bit, so that a file comes back as the model that it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...neurons import IntegerNeuron, SigmaDelta
from ...neurons.families import family_of
from ...neurons.leaky_dynamics import Reset
from ...neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire
from ...operators import Neurons, Shape
from ...readers.nir import NirOptions, metadata
from ...readers.nir.file import NodeDict
from ...readers.nir.neurons import neurons as read_neurons
from ...readers.nir.values import NotSupportedError
from .limits import Notes, NotExpressibleError

Array = NDArray[Any]

ALMOST_ALL = 1 - 2.0**-20
"""Written for a retention of 1 where NIR needs a time constant; exact in 32 bits, as is what is left of 1."""


def neurons_node(name: str, operator: Neurons, shape: Shape, dt: float, notes: Notes) -> NodeDict:
    """The node of a layer of neurons, its parameters one a neuron.

    Raises
    ------
    NotExpressibleError : NIR has no such neurons.
    """
    model = operator.model
    if isinstance(model, IntegerNeuron):
        raise NotExpressibleError(
            "computes in integers, for which NIR has no neurons: export the float model it is from"
        )
    if isinstance(model, SigmaDelta):
        raise NotExpressibleError(
            "is sigma-delta, which NIR does not have: convert the network with --convert rate instead"
        )
    if not isinstance(model, LeakyIntegrateAndFire):
        named = family_of(model).replace("_", " ")
        raise NotExpressibleError(
            f"NIR has no {named} neurons, and any other node would be another neuron: export --to lava, which has all"
        )
    for retention in (model.current_retention, model.voltage_retention):
        if np.any(retention < 0) or np.any(retention > 1):
            raise NotExpressibleError(
                "keeps less than none or more than all of a state, for which NIR has no time constant"
            )
    if not np.any(model.current_retention) and (np.all(model.input_gain == 1) or np.all(model.current_gain == 1)):
        model = replace(model, input_gain=np.ones(()), current_gain=model.current_gain * model.input_gain)
    fields = _fields(name, model, dt, notes)
    node = {
        key: _whole(value, shape) if isinstance(value, np.ndarray | np.generic) else value
        for key, value in fields.items()
    }
    try:
        node["metadata"] = _notable(name, node, model, dt, notes)
    except NotSupportedError as error:
        raise NotExpressibleError(str(error)) from None
    return node


def _fields(name: str, model: LeakyIntegrateAndFire, dt: float, notes: Notes) -> NodeDict:
    """The fields of the simplest of NIR's neurons that computes the same."""
    reset = {"v_threshold": model.threshold, "v_reset": model.reset_value} if model.spiking else {}
    synapse = bool(np.any(model.current_retention) or np.any(model.input_gain != 1))
    driven = synapse or bool(np.any(model.bias))
    if model.spiking and not driven and np.all(model.current_gain == 1) and _memoryless(model):
        return {"type": "Threshold", "threshold": model.threshold}
    if not driven and np.all(model.voltage_retention == 1):
        return {"type": "IF" if model.spiking else "I", "r": np.asarray(model.current_gain / dt), **reset}
    if np.any(model.voltage_retention == 1) or np.any(model.current_retention == 1):
        notes.add(
            f"leak: where neurons of {{}} keep all of a state, a time constant of {1 / (1 - ALMOST_ALL):.0f} steps is "
            "written; the metadata note it.",
            name,
        )
    kept = np.minimum(model.voltage_retention, ALMOST_ALL)
    membrane = {"r": model.current_gain / (1 - kept), "v_leak": model.bias / (1 - kept), **reset}
    if not synapse:
        return {"type": "LIF" if model.spiking else "LI", "tau": dt / (1 - kept), **membrane}
    held = np.minimum(model.current_retention, ALMOST_ALL)
    times = {"tau_syn": dt / (1 - held), "tau_mem": dt / (1 - kept)}
    return {
        "type": "CubaLIF" if model.spiking else "CubaLI",
        **times,
        "w_in": model.input_gain / (1 - held),
        **membrane,
    }


def _memoryless(model: LeakyIntegrateAndFire) -> bool:
    return not np.any(model.current_retention) and not np.any(model.voltage_retention)


def _notable(name: str, node: NodeDict, model: LeakyIntegrateAndFire, dt: float, notes: Notes) -> dict[str, Any]:
    """The metadata of a node: all that its fields do not say, with a sentence on each."""
    notable: dict[str, Any] = {}
    if node["type"] in ("IF", "I"):
        notable[metadata.PER_SECOND] = True
    elif node["type"] != "Threshold":
        notes.add("integration: time constants are written for forward Euler, 1 - dt/tau; NIR does not say it.", name)
    if model.spiking and not _memoryless(model):
        notable[metadata.RESET] = str(model.reset)
        if model.reset is not Reset.VALUE:
            kind = "by subtraction of the threshold" if model.reset is Reset.SUBTRACT else "not at all"
            notes.add(f"reset: {{}} resets {kind}; NIR knows a reset to v_reset only, the metadata note it.", name)
    if model.spiking and model.inclusive:
        notable[metadata.INCLUSIVE] = True
        notes.add("threshold: {} spikes at v >= threshold; NIR's spike at v > threshold, the metadata note it.", name)
    if np.any(model.initial_voltage) and np.any(model.voltage_retention):
        notable[metadata.INITIAL_VOLTAGE] = model.initial_voltage
        notes.add(
            "initial potential: {} begins with one that is not 0; NIR has no place for it but the metadata.", name
        )
    read = read_neurons(name, str(node["type"]), node | {"metadata": notable}, NirOptions(dt)).model
    for key in metadata.PARAMETERS:
        exact, rounded = np.broadcast_arrays(getattr(model, key), getattr(read, key))
        if not np.array_equal(exact, rounded):
            notable[key] = getattr(model, key)
    return notable


def _whole(value: Array | np.generic, shape: Shape) -> Array:
    """One value a neuron, in the layer's shape."""
    values = np.asarray(value)
    return np.broadcast_to(values, shape) if values.ndim == 0 else values.reshape(shape)
