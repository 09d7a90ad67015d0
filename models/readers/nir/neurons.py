"""NIR's differential equations of neurons in discrete time.

With `dt` and forward Euler, a step of CubaLIF is (Pedersen et al., "Neuromorphic intermediate representation", 2024)

    u <- (1 - dt/tau_syn) u + (dt/tau_syn) w_in a
    v <- (1 - dt/tau_mem) v + (dt/tau_mem) (r u + v_leak)

and the other models are its special cases. IF and I have no time constant, so that nothing says whether their current
counts per step or per second. Most libraries write r = 1 and mean v <- v + r a; where r is one over the time step, as
SpikingJelly writes it, or where the metadata say so, v <- v + r dt a.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...neurons.leaky_dynamics import Reset
from ...neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire
from ...operators import Neurons
from ...size_limits import excess
from . import metadata
from .file import NodeDict
from .options import NirOptions
from .values import NotSupportedError, numbers

Array = NDArray[Any]

SPIKING = ("IF", "LIF", "CubaLIF", "Threshold")
REQUIRED = {
    "I": ("r",),
    "IF": ("r", "v_threshold"),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", "v_threshold"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"),
    "Threshold": ("threshold",),
}


def neurons(name: str, kind: str, node: NodeDict, options: NirOptions) -> Neurons:
    """Discretize a neuron node; the module's docstring has the equations.

    Raises
    ------
    KeyError, NotSupportedError : see `operator_of`.
    """
    if kind not in REQUIRED:
        raise NotSupportedError("is no NIR primitive that Spikeloom knows")
    fields = {field: numbers(node[field]) for field in REQUIRED[kind]}
    fields |= {field: numbers(node[field]) for field in ("w_in", "v_reset") if field in node}
    try:
        shape = np.broadcast_shapes(*(value.shape for value in fields.values()))
    except ValueError:
        shapes = ", ".join(f"{field} {value.shape}" for field, value in fields.items())
        raise NotSupportedError(f"its parameters differ in shape: {shapes}") from None
    if wrong := excess(shape):
        raise NotSupportedError(wrong)
    fields = {field: np.broadcast_to(value, shape) for field, value in fields.items()}
    one, zero = np.ones(shape), np.zeros(shape)
    gain, current_retention, voltage_retention, current_gain, bias = one, zero, zero, one, zero
    if kind in ("IF", "I"):
        voltage_retention, current_gain = one, fields["r"]
        if counts_per_second(node, options):
            current_gain = current_gain * options.step
    elif kind != "Threshold":
        voltage_retention = _kept(fields["tau" if kind in ("LI", "LIF") else "tau_mem"], options)
        current_gain = (1 - voltage_retention) * fields["r"]
        bias = (1 - voltage_retention) * fields["v_leak"]
    if "tau_syn" in fields:
        current_retention = _kept(fields["tau_syn"], options)
        gain = (1 - current_retention) * fields.get("w_in", one)
    computed = zip(metadata.PARAMETERS, (current_retention, voltage_retention, gain, current_gain, bias), strict=True)
    reset = options.layer_resets.get(name) or options.reset or metadata.noted_reset(node) or Reset.VALUE
    initial = metadata.initial_voltage(node, shape)
    model = LeakyIntegrateAndFire(
        **{key: _compact(metadata.unrounded(node, key, value)) for key, value in computed},
        threshold=_compact(fields.get("threshold", fields.get("v_threshold", zero))),
        reset=Reset.NONE if kind == "Threshold" else reset,
        reset_value=_compact(fields.get("v_reset", zero)),
        inclusive=options.threshold_inclusive or metadata.noted(node, metadata.INCLUSIVE),
        spiking=kind in SPIKING,
        initial_voltage=_compact(zero if initial is None else initial),
    )
    return Neurons(model, shape or None)


def counts_per_second(node: NodeDict, options: NirOptions) -> bool:
    """Whether the input current of an IF or I counts per second: so noted, or its r is one over the time step."""
    if metadata.noted(node, metadata.PER_SECOND):
        return True
    return bool(np.allclose(numbers(node["r"]) * options.step, 1.0, rtol=1e-3, atol=0))


def _kept(tau: Array, options: NirOptions) -> Array:
    """Share of a state that is kept in a step."""
    if np.any(tau <= 0):
        raise NotSupportedError("a time constant is not positive")
    ratio = options.step / tau
    share: Array = 1 - ratio if options.integration == "euler" else np.exp(-ratio)
    if np.any(share < -1e-6):
        raise NotSupportedError(
            f"a time constant of {tau.min():g} s is shorter than the time step of {options.step:g} s (--dt)"
        )
    return np.clip(share, 0.0, 1.0)


def _compact(parameter: Array) -> Array:
    """One scalar where all neurons share the value: a chip keeps it once."""
    flat = parameter.reshape(-1)
    return flat[0].copy() if bool(np.all(flat == flat[0])) else flat.copy()
