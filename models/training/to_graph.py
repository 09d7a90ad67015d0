"""A trained network as the intermediate graph: what deployment begins with (needs PyTorch)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..graph import Edge, Graph
from ..neurons import Adaptive, LeakyIntegrateAndFire
from ..operators import Convolution, Flatten, Identity, Input, Linear, Neurons, Operator, Output, Pool, Rectifier, Scale
from .layers import AdaptiveLayer, Integrator, LeakyLayer
from .staged_network import INPUT, StagedNetwork, SumPool

Array = NDArray[Any]
Weighted = nn.Linear | nn.Conv2d
Normalization = nn.BatchNorm1d | nn.BatchNorm2d
OUTPUT = "output"
RECURRENT = "_recurrent"
"""Behind a layer's name, that of its recurrent synapses."""


def graph_of(network: StagedNetwork, name: str = "model") -> Graph:
    """The graph that spikes as the network does, or that computes as one without spikes does.

    Batch normalizations, with the means and variances that training has gathered, go into the weights before them;
    learnable leakage stays at what it has become; recurrent synapses see the spikes of the step before.

    Parameters
    ----------
    network : trained, on the CPU.
    name : where it came from, for messages.

    Raises
    ------
    TypeError : a stage has no operator.
    """
    folded = _folded_normalizations(network)
    nodes: dict[str, Operator] = {INPUT: Input(network.shape)}
    edges: list[Edge] = []
    for stage, module in network.modules_by_name.items():
        normalization = folded.get(stage)
        nodes[stage] = Identity() if stage in folded.values() else _operator(module)
        if normalization is not None:
            nodes[stage] = _normalized(nodes[stage], network.modules_by_name[normalization])
        edges += [Edge(source, stage) for source in network.sources[stage]]
        if isinstance(module, LeakyLayer | AdaptiveLayer) and module.recurrent is not None:
            nodes[stage + RECURRENT] = Linear(_array(module.recurrent))
            edges += [Edge(stage, stage + RECURRENT), Edge(stage + RECURRENT, stage, lag=1)]
    nodes[OUTPUT] = Output()
    edges.append(Edge(network.output, OUTPUT))
    graph = Graph(nodes, tuple(edges), name=name)
    graph.verify()
    return graph


def _folded_normalizations(network: StagedNetwork) -> dict[str, str]:
    """Weighted stages whose only follower is a batch normalization that nothing else reaches, with its name."""
    found = {}
    for name, module in network.modules_by_name.items():
        (source, *others) = network.sources[name]
        if not isinstance(module, Normalization) or others or source == INPUT:
            continue
        followers = sum(source in sources for sources in network.sources.values())
        if isinstance(network.modules_by_name[source], Weighted) and followers == 1:
            found[source] = name
    return found


def _operator(module: nn.Module) -> Operator:
    match module:
        case nn.Linear():
            return Linear(_array(module.weight), _array_or_none(module.bias))
        case nn.Conv2d():
            return _convolution(module)
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            scale, offset = _scale_and_offset(module)
            axes = (1, 1) if isinstance(module, nn.BatchNorm2d) else ()
            return Scale(scale.reshape(-1, *axes), offset.reshape(-1, *axes))
        case SumPool():
            return _pool(module.size, module.size, 0, average=False)
        case nn.AvgPool2d() if not module.ceil_mode and module.count_include_pad and module.divisor_override is None:
            return _pool(module.kernel_size, module.stride, module.padding, average=True)
        case nn.Flatten():
            return Flatten()
        case nn.Identity() | nn.Dropout():
            return Identity()
        case nn.ReLU():
            return Rectifier(np.full((), np.inf))
        case LeakyLayer():
            return Neurons(_leaky(module), None)
        case AdaptiveLayer():
            return Neurons(_adaptive(module), tuple(module.places.shape[1:]))
        case Integrator():
            zero, one = np.zeros(()), np.ones(())
            kept = np.full((), module.retention)
            return Neurons(LeakyIntegrateAndFire(zero, kept, zero, one, one, zero, spiking=False), None)
    raise TypeError(f"a stage of type {type(module).__name__} has no operator")


def _leaky(layer: LeakyLayer) -> LeakyIntegrateAndFire:
    parts = layer.components
    zero, one = np.zeros(()), np.ones(())
    return LeakyIntegrateAndFire(
        current_retention=zero,
        voltage_retention=_array(layer.retention),
        threshold=np.full((), parts.threshold),
        input_gain=np.full((), parts.input_gain),
        current_gain=one,
        bias=zero,
        reset=parts.reset,
    )


def _adaptive(layer: AdaptiveLayer) -> Adaptive:
    alpha, beta, a, b = (_array(values) for values in layer.parameters_of_neurons())
    return Adaptive.of_paper(alpha, beta, a, b, np.full((), layer.threshold), layer.scale)


def _convolution(module: nn.Conv2d) -> Convolution:
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        raise TypeError("a convolution whose padding is no number of zeros has no operator")
    return Convolution(
        _array(module.weight),
        _array_or_none(module.bias),
        tuple(module.stride),
        tuple((side, side) for side in module.padding),
        tuple(module.dilation),
        module.groups,
    )


def _pool(size: Any, stride: Any, padding: Any, *, average: bool) -> Pool:
    kernel, steps, sides = (value if isinstance(value, tuple) else (value, value) for value in (size, stride, padding))
    return Pool(kernel, steps, tuple((side, side) for side in sides), average)


def _normalized(operator: Operator, module: nn.Module) -> Operator:
    """A weighted operator with the batch normalization behind it."""
    assert isinstance(operator, Linear | Convolution)
    scale, offset = _scale_and_offset(module)
    weight = operator.weight * scale.reshape(-1, *(1,) * (operator.weight.ndim - 1))
    return replace(operator, weight=weight, bias=offset if operator.bias is None else offset + scale * operator.bias)


def _scale_and_offset(module: Any) -> tuple[Array, Array]:
    """What a batch normalization multiplies each channel by, and what it adds then."""
    scale = 1 / np.sqrt(_array(module.running_var) + module.eps)
    offset = np.zeros_like(scale)
    if module.affine:
        scale, offset = scale * _array(module.weight), _array(module.bias)
    return scale, offset - scale * _array(module.running_mean)


def _array(values: Tensor) -> Array:
    return np.asarray(values.detach().to(torch.float64).numpy())


def _array_or_none(values: Tensor | None) -> Array | None:
    return None if values is None else _array(values)
