"""Reading NIR files: every primitive of NIR 1.0.8, nested graphs, files older than `v_reset`.

NIR describes neurons by differential equations and leaves open the time step, the integration scheme and the kind of
reset. `NirOptions` decides, and every decision that the file left open becomes one of the graph's assumptions.

With `dt` and forward Euler, a step of CubaLIF is (Pedersen et al., "Neuromorphic intermediate representation", 2024)

    u <- (1 - dt/tau_syn) u + (dt/tau_syn) w_in a
    v <- (1 - dt/tau_mem) v + (dt/tau_mem) (r u + v_leak)

and the other models are its special cases. IF and I have no time constant; their current is taken per step, as all
libraries that write NIR do: v <- v + r a.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import Unsupported, UnsupportedModelError, unsupported_model
from ..graph import Graph, GraphError
from ..neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire, Reset
from ..operators import (
    Convolution,
    Delay,
    Flatten,
    Identity,
    Input,
    Linear,
    Neurons,
    Operator,
    Output,
    Pool,
    Scale,
    Shape,
)
from .nir_file import NodeDict, read_nodes

Array = NDArray[Any]

DEFAULT_DT = 1e-4
SPIKING = ("IF", "LIF", "CubaLIF", "Threshold")
TIMED = ("LI", "LIF", "CubaLI", "CubaLIF", "Delay")


@dataclass(frozen=True)
class NirOptions:
    """What a NIR file leaves open.

    Attributes
    ----------
    dt : seconds per step; None takes the file's metadata, or else 1e-4, the NIR paper's.
    reset : reset of the spiking neurons; None takes a reset to `v_reset`.
    threshold_inclusive : spike at v >= threshold instead of v > threshold.
    integration : "euler" (1 - dt/tau) or "exponential" (exp(-dt/tau)) for the share of a state kept in a step.
    layer_resets : reset of single layers by their names, before `reset`.
    """

    dt: float | None = None
    reset: Reset | None = None
    threshold_inclusive: bool = False
    integration: Literal["euler", "exponential"] = "euler"
    layer_resets: Mapping[str, Reset] = field(default_factory=dict)


def read_nir(path: Path, options: NirOptions | None = None) -> Graph:
    """Read a `.nir` file.

    Raises
    ------
    UnsupportedModelError : unreadable, contradictory, or with nodes that have no meaning here (all of them listed).
    """
    options = options or NirOptions()
    nodes, edges, metadata = read_nodes(path)
    notes: tuple[str, ...] = ()
    if options.dt is None and _is_duration(metadata.get("dt")):
        options = replace(options, dt=float(metadata["dt"]))
        notes = (f"dt: {options.dt:g} s a step, from the file's metadata (--dt).",)
    operators: dict[str, Operator] = {}
    problems: list[Unsupported] = []
    for name, node in nodes.items():
        kind = str(node.get("type"))
        try:
            operators[name] = _operator(name, kind, node, options)
        except KeyError as error:
            problems.append(Unsupported(name, kind, f"lacks the field {error}"))
        except _NotSupported as error:
            problems.append(Unsupported(name, kind, str(error)))
    for name in options.layer_resets:
        if not isinstance(operators.get(name), Neurons):
            layers = ", ".join(sorted(key for key, value in operators.items() if isinstance(value, Neurons)))
            raise UnsupportedModelError(f"{path} has no layer {name!r} to set the reset of; its layers are {layers}.")
    if problems:
        raise unsupported_model(str(path), problems)
    _add_missing_ends(operators, edges)
    try:
        return Graph.with_loops_closed(operators, edges, (*notes, *_assumptions(nodes, options)), path.stem)
    except GraphError as error:
        flattened = _flatten_whole(operators, edges)
        if flattened:
            note = "Flatten counts a leading sample axis; all axes are joined."
            try:
                return Graph.with_loops_closed(
                    operators | flattened, edges, (*notes, *_assumptions(nodes, options), note), path.stem
                )
            except GraphError:
                pass
        raise UnsupportedModelError(f"{path}: {error}.") from None


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and float(value) > 0


class _NotSupported(Exception):
    """Why a node has no meaning here."""


def _assumptions(nodes: Mapping[str, NodeDict], options: NirOptions) -> tuple[str, ...]:
    kinds = {str(node.get("type")) for node in nodes.values()}
    notes = []
    if kinds & set(TIMED):
        if options.dt is None:
            notes.append(f"dt: NIR gives no time step; {DEFAULT_DT:g} s a step is assumed (--dt).")
        notes.append(f"integration: {options.integration}, the share of a state kept in a step (--integration).")
    if kinds & set(SPIKING):
        if options.reset is None:
            notes.append("reset: NIR does not say how neurons reset; to v_reset at a spike is assumed (--reset).")
        if not options.threshold_inclusive:
            notes.append("threshold: spikes where v > threshold, as NIR's equations say (--threshold-inclusive).")
    if kinds & {"IF", "I"}:
        notes.append("current: IF and I have no time constant; their input current counts per step, not per second.")
    if any(str(node.get("type")) in ("IF", "LIF", "CubaLIF") and "v_reset" not in node for node in nodes.values()):
        notes.append("v_reset: the file is older than this field; 0 is assumed.")
    return tuple(notes)


def _operator(name: str, kind: str, node: NodeDict, options: NirOptions) -> Operator:
    if kind in ("Input", "Output"):
        shape = tuple(int(size) for size in np.atleast_1d(node["shape"]))
        return Input(shape) if kind == "Input" else Output(shape)
    if kind == "Identity":
        return Identity()
    if kind in ("Affine", "Linear"):
        return Linear(_float(node["weight"]), _float(node["bias"]) if kind == "Affine" else None)
    if kind == "Scale":
        return Scale(_float(node["scale"]))
    if kind in ("Conv1d", "Conv2d"):
        return _convolution(kind, node)
    if kind in ("SumPool2d", "AvgPool2d"):
        kernel = _axes(node["kernel_size"], 2)
        padding = tuple((size, size) for size in _axes(node["padding"], 2))
        return Pool(kernel, _axes(node["stride"], 2), padding, average=kind == "AvgPool2d")
    if kind == "Flatten":
        return Flatten(int(node["start_dim"]), int(node["end_dim"]))
    if kind == "Delay":
        dt = DEFAULT_DT if options.dt is None else options.dt
        steps = np.rint(_float(node["delay"]) / dt).astype(np.int64)
        if steps.size and steps.min() < 0:
            raise _NotSupported("a delay is negative")
        return Delay(steps)
    return _neurons(name, kind, node, options)


def _float(value: Any) -> Array:
    array = np.asarray(value, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise _NotSupported("a parameter is not a finite number")
    return array


def _axes(value: Any, count: int) -> tuple[int, ...]:
    values = [int(item) for item in np.atleast_1d(value)]
    return tuple(values * count if len(values) == 1 else values)


def _convolution(kind: str, node: NodeDict) -> Convolution:
    weight = _float(node["weight"])
    axes = weight.ndim - 2
    if axes != (1 if kind == "Conv1d" else 2):
        raise _NotSupported(f"its weight has {weight.ndim} axes")
    stride, dilation = _axes(node["stride"], axes), _axes(node["dilation"], axes)
    padding: tuple[tuple[int, int], ...]
    if isinstance(node["padding"], str):
        if node["padding"] == "valid":
            padding = ((0, 0),) * axes
        elif any(step != 1 for step in stride):
            raise _NotSupported("padding 'same' has no meaning with a stride above 1")
        else:  # an odd excess goes behind, as in PyTorch
            excess = [step * (size - 1) for step, size in zip(dilation, weight.shape[2:], strict=True)]
            padding = tuple((total // 2, total - total // 2) for total in excess)
    else:
        padding = tuple((size, size) for size in _axes(node["padding"], axes))
    bias = _float(node["bias"])
    return Convolution(
        weight, None if not np.any(bias) else np.broadcast_to(bias.reshape(-1), weight.shape[:1]), stride, padding,
        dilation, int(node["groups"]),
    )  # fmt: skip


def _neurons(name: str, kind: str, node: NodeDict, options: NirOptions) -> Neurons:
    """Discretize a neuron node; the module's docstring has the equations."""

    def kept(tau: Array) -> Array:
        dt = DEFAULT_DT if options.dt is None else options.dt
        if np.any(tau <= 0):
            raise _NotSupported("a time constant is not positive")
        share: Array = 1 - dt / tau if options.integration == "euler" else np.exp(-dt / tau)
        if np.any(share < -1e-6):
            raise _NotSupported(f"a time constant of {tau.min():g} s is shorter than the time step of {dt:g} s (--dt)")
        return np.clip(share, 0.0, 1.0)

    one, zero = np.ones(()), np.zeros(())
    gain, current_retention, current_gain, bias = one, zero, one, zero
    if kind in ("IF", "I"):
        shape, voltage_retention, current_gain = np.shape(node["r"]), one, _float(node["r"])
    elif kind in ("LIF", "LI"):
        shape, voltage_retention = np.shape(node["tau"]), kept(_float(node["tau"]))
    elif kind in ("CubaLIF", "CubaLI"):
        shape, voltage_retention = np.shape(node["tau_mem"]), kept(_float(node["tau_mem"]))
        current_retention = kept(_float(node["tau_syn"]))
        gain = (1 - current_retention) * _float(node.get("w_in", 1.0))
    elif kind == "Threshold":
        shape, voltage_retention = np.shape(node["threshold"]), zero
    else:
        raise _NotSupported("is no NIR primitive that Spikeloom knows")
    if kind in ("LIF", "LI", "CubaLIF", "CubaLI"):
        current_gain = (1 - voltage_retention) * _float(node["r"])
        bias = (1 - voltage_retention) * _float(node["v_leak"])
    threshold = _float(node["threshold"] if kind == "Threshold" else node["v_threshold"]) if kind in SPIKING else zero
    reset = options.layer_resets.get(name) or options.reset or Reset.VALUE
    if kind == "Threshold":
        reset = Reset.NONE
    model = LeakyIntegrateAndFire(
        current_retention=_compact(current_retention),
        voltage_retention=_compact(voltage_retention),
        threshold=_compact(threshold),
        input_gain=_compact(gain),
        current_gain=_compact(current_gain),
        bias=_compact(bias),
        reset=reset,
        reset_value=_compact(_float(node.get("v_reset", 0.0))),
        inclusive=options.threshold_inclusive,
        spiking=kind in SPIKING,
    )
    return Neurons(model, tuple(int(size) for size in shape) or None)


def _compact(parameter: Array) -> Array:
    """One scalar where all neurons share the value: a chip keeps it once."""
    flat = parameter.reshape(-1)
    return flat[0].copy() if flat.size and bool(np.all(flat == flat[0])) else flat


def _add_missing_ends(operators: dict[str, Operator], edges: list[tuple[str, str]]) -> None:
    """Old files may lack input and output nodes: whatever nothing reaches is fed, whatever leads nowhere is read."""
    reached, leaving = {target for _, target in edges}, {source for source, _ in edges}
    for name, operator in list(operators.items()):
        shape = _natural_input(operator)
        if name not in reached and not isinstance(operator, Input) and shape is not None:
            operators[f"input_{name}"] = Input(shape)
            edges.append((f"input_{name}", name))
        if name not in leaving and not isinstance(operator, Output):
            operators[f"output_{name}"] = Output()
            edges.append((name, f"output_{name}"))


def _natural_input(operator: Operator) -> Shape | None:
    if isinstance(operator, Linear):
        return (*operator.weight.shape[:-2], int(operator.weight.shape[-1]))
    if isinstance(operator, Neurons):
        return operator.shape
    return None


def _flatten_whole(operators: Mapping[str, Operator], edges: list[tuple[str, str]]) -> dict[str, Operator]:
    """Flatten nodes that count a sample axis, read as joining all axes; only those whose follower is a matrix."""
    followers = {source: operators.get(target) for source, target in edges}
    return {
        name: Flatten()
        for name, operator in operators.items()
        if isinstance(operator, Flatten) and operator.start == 1 and isinstance(followers.get(name), Linear)
    }
