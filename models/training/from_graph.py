"""A network with the structure of a graph and weights of its own, to be trained from the beginning (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from ..errors import Unsupported, unsupported_model
from ..graph import Graph
from ..neurons import LeakyIntegrateAndFire, Neuron
from ..operators import Convolution, Flatten, Identity, Input, Linear, Neurons, Operator, Output, Pool
from .components import Components, Leakage
from .deterministic import seeded
from .first_weights import FIRST_GAIN, enlarged
from .layers import Integrator, LeakyLayer
from .spiking_network import SpikingNetwork
from .staged_network import INPUT, Stage, SumPool


def untrained_network(
    graph: Graph, components: Mapping[str, Components], *, seed: int = 0, first_gain: float = FIRST_GAIN
) -> SpikingNetwork:
    """The structure of a graph, its weights drawn anew.

    Parameters
    ----------
    graph : prepared; one input, one output, linear maps, convolutions, pools, leaky neurons without synaptic current.
    components : of layers of neurons by name; layers that it does not name keep those of the graph. Recurrence is
        always the graph's.
    seed : of the weights.
    first_gain : by which PyTorch's first weights are multiplied.

    Raises
    ------
    UnsupportedModelError : lists everything in the graph that cannot be trained.
    """
    recurrent = {edge.target: edge.source for edge in graph.edges if edge.lag}
    problems = _problems(graph, recurrent)
    if problems:
        raise unsupported_model(graph.name, problems, "cannot be trained anew")
    with seeded(seed):
        names = {graph.inputs[0]: INPUT}
        stages: dict[str, nn.Module | Stage] = {}
        for name in graph.order:
            operator = graph.nodes[name]
            if isinstance(operator, Input | Output) or name in recurrent.values():
                continue
            names[name] = name.replace(".", "_")  # PyTorch names submodules of submodules with dots
            before = tuple(names[edge.source] for edge in graph.edges if edge.target == name and not edge.lag)
            if isinstance(operator, Neurons):
                module = _neurons(operator.model, components.get(name), name in recurrent, graph.shapes[name])
            else:
                module = _module(operator, first_gain)
            stages[names[name]] = Stage(module, before)
        return SpikingNetwork(graph.shapes[graph.inputs[0]], stages)


def components_of(model: Neuron) -> Components:
    """The components of leaky neurons as a graph has them; the median where neurons differ.

    Parameters
    ----------
    model : leaky integrate-and-fire neurons that spike.
    """
    assert isinstance(model, LeakyIntegrateAndFire)
    retention, gain = _median(model.voltage_retention), _median(model.input_gain) * _median(model.current_gain)
    leakage = {0.0: Leakage.COMPLETE, 1.0: Leakage.NONE}.get(retention, Leakage.NORMAL)
    return Components(leakage, retention, model.reset, threshold=_median(model.threshold), input_gain=gain)


def _problems(graph: Graph, recurrent: Mapping[str, str]) -> list[Unsupported]:
    found = [
        Unsupported(", ".join(ends), kind, f"one {kind.lower()} is needed; there are {len(ends)}")
        for kind, ends in (("Input", graph.inputs), ("Output", graph.outputs))
        if len(ends) != 1
    ]
    for name in graph.order:
        reason = _reason_against(graph, name, recurrent)
        if reason:
            found.append(Unsupported(name, type(graph.nodes[name]).__name__, reason))
    return found


def _reason_against(graph: Graph, name: str, recurrent: Mapping[str, str]) -> str:
    """Why a node cannot be trained; nothing where it can."""
    operator = graph.nodes[name]
    match operator:
        case Neurons():
            return _reason_against_neurons(operator.model, name, recurrent, graph)
        case Linear() if operator.weight.ndim != 2:
            return "has a matrix for each of several parts of its input"
        case Convolution() if len(operator.stride) != 2 or any(one != other for one, other in operator.padding):
            return "is no convolution of images with the same padding on both sides"
        case Pool() if not operator.average and not _is_sum_pool(operator):
            return "adds up windows that are not square, or do not lie side by side"
        case Pool() if operator.average and any(one != other for one, other in operator.padding):
            return "has another padding on one side than on the other"
        case Input() | Output() | Linear() | Convolution() | Pool() | Flatten() | Identity():
            return ""
    return "is none of the operators that training knows"


def _reason_against_neurons(model: Neuron, name: str, recurrent: Mapping[str, str], graph: Graph) -> str:
    if not isinstance(model, LeakyIntegrateAndFire):
        return "has neurons that training does not know; it knows leaky integrate-and-fire ones"
    if np.any(model.current_retention):
        return "has a synaptic current, which training does not know"
    if name in recurrent:
        synapses = graph.nodes[recurrent[name]]
        sources = [edge.source for edge in graph.edges if edge.target == recurrent[name]]
        if not isinstance(synapses, Linear) or sources != [name]:
            return "is in a loop that is more than its own synapses"
        if len(graph.shapes[name]) != 1:
            return "has recurrent synapses and more than one axis"
    return ""


def _is_sum_pool(pool: Pool) -> bool:
    return len({*pool.kernel, *pool.stride}) == 1 and not np.any(pool.padding)


def _module(operator: Operator, gain: float) -> nn.Module:
    match operator:
        case Linear():
            outputs, inputs = operator.weight.shape
            return enlarged(nn.Linear(inputs, outputs, bias=operator.bias is not None), gain)
        case Convolution():
            outputs, inputs = operator.weight.shape[:2]
            return enlarged(
                nn.Conv2d(
                    inputs * operator.groups,
                    outputs,
                    _of_two_axes(operator.weight.shape[2:]),
                    _of_two_axes(operator.stride),
                    _of_two_axes(before for before, _ in operator.padding),
                    _of_two_axes(operator.dilation),
                    operator.groups,
                    bias=operator.bias is not None,
                ),
                gain,
            )
        case Pool() if not operator.average:
            return SumPool(operator.kernel[0])
        case Pool():
            sides = _of_two_axes(before for before, _ in operator.padding)
            return nn.AvgPool2d(_of_two_axes(operator.kernel), _of_two_axes(operator.stride), sides)
        case Flatten():
            return nn.Flatten(_behind_samples(operator.start), _behind_samples(operator.end))
    return nn.Identity()


def _neurons(model: Neuron, wanted: Components | None, recurrent: bool, shape: tuple[int, ...]) -> nn.Module:
    assert isinstance(model, LeakyIntegrateAndFire)
    if not model.spiking:
        return Integrator(_median(model.voltage_retention))
    components = replace(wanted or components_of(model), recurrent=recurrent)
    return LeakyLayer(components, shape[0] if recurrent else None)


def _behind_samples(axis: int) -> int:
    """An axis in PyTorch, where samples come first; one that is counted from the end stays."""
    return axis if axis < 0 else axis + 1


def _of_two_axes(values: Iterable[int]) -> tuple[int, int]:
    first, second = values
    return first, second


def _median(values: Any) -> float:
    return float(np.median(values))
