"""Conversion with what a deployment knows: its data and its configuration."""

from __future__ import annotations

import numpy as np

from ...models.encoders import MEAN_CODES, ConstantCurrent, RateCode
from ...models.errors import UsageError
from ...models.graph import Edge, Graph, unused
from ...models.input_code import input_code
from ...models.operators import Scale
from ..calibration import calibration_samples, conversion_cost
from ..configuration.configuration import Configuration
from ..data import Data, default_steps
from ..lowering.graph_pass import rebuilt
from .convert import convert


def convert_graph(graph: Graph, data: Data | None, config: Configuration) -> Graph:
    """Convert an ordinary network as the configuration says, calibrated on some of the data's samples.

    Parameters
    ----------
    data : None where there is none; then nothing is calibrated.

    Raises
    ------
    UsageError : the graph cannot be converted, or the configuration does not say how.
    """
    if config.convert is None:
        raise UsageError("Nothing says how to convert (--convert).")
    encoded = config.encoder != "constant" if data is None else not isinstance(data.encoder, ConstantCurrent | None)
    if encoded and config.convert == "sigma-delta":
        raise UsageError(
            f"Sigma-delta neurons get values, which the encoder {config.encoder!r} turns into spikes: leave out "
            "--encoder, or use --convert rate."
        )
    if encoded and config.encoder not in MEAN_CODES:
        raise UsageError(
            f"A network converted to rates takes values from how often an input spikes, which the encoder "
            f"{config.encoder!r} does not say: use --encoder rate, integrate or constant."
        )
    if data is None:
        steps = config.steps or default_steps(config)
        return convert(graph, config.convert, config.max_pool, config.threshold_rule, None, steps)
    largest = _worth_of_a_spike(data)
    chosen = data.x[calibration_samples(conversion_cost(graph, data.steps), data, config)]
    code = input_code(data.x)
    samples = code.decode(code.encode(chosen)).reshape(*chosen.shape[:2], *graph.shapes[graph.inputs[0]])
    values = None
    if largest is None:
        low, high = data.x.min().item(), data.x.max().item()
        note = f"input: values from {low:g} to {high:g} enter the network as they are (--input-scale, --input-offset)."
    else:
        graph, values = _scaled(graph, largest), samples.mean(axis=1)
        note = f"input: a spike counts as {largest:g}, the value that spikes at every step (--encoder)."
    converted = convert(graph, config.convert, config.max_pool, config.threshold_rule, samples, data.steps, values)
    return converted.with_assumptions(note)


def _worth_of_a_spike(data: Data) -> float | None:
    """The value of data that an encoder makes a spike at every step; None where values enter as they are."""
    return data.encoder.largest if isinstance(data.encoder, RateCode) else None


def _scaled(graph: Graph, factor: float) -> Graph:
    """The graph with its inputs multiplied by a factor."""
    nodes, edges = dict(graph.nodes), list(graph.edges)
    for entry in graph.inputs:
        name = unused(f"{entry}.worth", nodes)
        nodes[name] = Scale(np.asarray(factor))
        edges = [Edge(name, edge.target, edge.lag) if edge.source == entry else edge for edge in edges]
        edges.append(Edge(entry, name))
    return rebuilt(graph, nodes, edges)
