"""Running a graph as its equations say: float, synchronous, every operator in order at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..neurons.neuron_model import State
from ..operators import Delay, Input, LinearOperator, MaxPool, Neurons, Rectifier
from .network_run import output_type

Array = NDArray[Any]


Probe = Callable[[str, int, State], None]
"""Called with the name of a layer, the step, and its state after it: two arrays (samples, neurons), see its model."""


def run_graph(graph: Graph, data: Array, probe: Probe | None = None, first_sample: int = 0) -> Mapping[str, Array]:
    """Activity of every layer.

    Parameters
    ----------
    graph : with one input node.
    data : (samples, steps, *input shape), any real dtype; integers for an integer graph.
    probe : sees the state of every layer at every step; for integrate-and-fire neurons, current and potential.
    first_sample : number of the first sample among all, which noise depends on.

    Returns
    -------
    per layer (samples, steps, neurons): int8 spikes, or graded output, float64, of integer neurons int64.
    """
    samples, steps = data.shape[:2]
    flat = data.reshape(samples, steps, -1)
    maps = {
        name: operator.connectivity(_input_shape(graph, name))
        for name, operator in graph.nodes.items()
        if isinstance(operator, LinearOperator)
    }
    constants = {name: graph.nodes[name].constant(_input_shape(graph, name)) for name in maps}  # type: ignore[attr-defined]
    state: dict[str, State] = {}
    history: dict[str, list[Array]] = {}
    record: dict[str, Array] = {}
    for name in graph.layers:
        operator = graph.nodes[name]
        assert isinstance(operator, Neurons)
        size = int(np.prod(graph.shapes[name]))
        state[name] = operator.model.initial_state(samples, size, first_sample)
        record[name] = np.zeros((samples, steps, size), dtype=output_type(operator.model))
    previous: dict[str, Array] = {}
    for step in range(steps):
        now: dict[str, Array] = {}
        for name in graph.order:
            operator = graph.nodes[name]
            if isinstance(operator, Input):
                now[name] = flat[:, step].astype(np.float64)
                continue
            arriving = np.zeros((samples, int(np.prod(_input_shape(graph, name)))))
            for edge in graph.incoming(name):
                source = previous.get(edge.source) if edge.lag else now[edge.source]
                if source is None:  # before the first step everything is silent, but a map's constant is always there
                    source = _silence(graph, edge.source, samples, constants)
                arriving = arriving + source
            if isinstance(operator, LinearOperator):
                result = maps[name].apply(arriving)
                constant = constants[name]
                now[name] = result if constant is None else result + constant
            elif isinstance(operator, Delay):
                history.setdefault(name, []).append(arriving)
                now[name] = _delayed(history[name], operator.steps.reshape(-1))
            elif isinstance(operator, Neurons):
                state[name], output = operator.model.step(state[name], arriving)
                record[name][:, step] = output
                now[name] = output
                if probe is not None:
                    probe(name, step, state[name])
            elif isinstance(operator, Rectifier | MaxPool):
                now[name] = operator.apply(arriving, _input_shape(graph, name))
            else:
                now[name] = arriving
        previous = now
    return record


def _input_shape(graph: Graph, name: str) -> tuple[int, ...]:
    edges = graph.incoming(name)
    first = next((edge for edge in edges if edge.lag == 0), edges[0])
    return graph.shapes[first.source]


def _silence(graph: Graph, name: str, samples: int, constants: Mapping[str, Array | None]) -> Array:
    """What a node puts out when no neuron has ever spiked and no data has come: only constants pass."""
    operator = graph.nodes[name]
    size = int(np.prod(graph.shapes[name]))
    if isinstance(operator, Neurons | Input | Delay):
        return np.zeros((samples, size))
    arriving = np.zeros((samples, int(np.prod(_input_shape(graph, name)))))
    for edge in graph.incoming(name):
        arriving = arriving + _silence(graph, edge.source, samples, constants)
    if isinstance(operator, LinearOperator):
        result = operator.connectivity(_input_shape(graph, name)).apply(arriving)
        constant = constants[name]
        return result if constant is None else result + constant
    if isinstance(operator, Rectifier | MaxPool):
        return operator.apply(arriving, _input_shape(graph, name))
    return arriving


def _delayed(history: list[Array], steps: Array) -> Array:
    """Entry i of the result is entry i of `steps[i]` steps ago, zero where that was before the beginning."""
    if steps.size == 1:
        back = int(steps[0])
        return history[-1 - back] if back < len(history) else np.zeros_like(history[-1])
    result = np.zeros_like(history[-1])
    for back in np.unique(steps):
        if back < len(history):
            chosen = steps == back
            result[:, chosen] = history[-1 - int(back)][:, chosen]
    return result
