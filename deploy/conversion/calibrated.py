"""Conversion with what a deployment knows: its data and its configuration."""

from __future__ import annotations

from ...models.errors import UsageError
from ...models.graph import Graph
from ...models.input_code import input_code
from ..calibration import CONVERSION_PRODUCTS, calibration_samples, products_of_graph
from ..configuration import Configuration
from ..data import Data, default_steps
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
    if data is None:
        steps = config.steps or default_steps(config)
        return convert(graph, config.convert, config.max_pool, config.threshold_rule, None, steps)
    chosen = data.x[calibration_samples(products_of_graph(graph), CONVERSION_PRODUCTS, data, config)]
    code = input_code(data.x)
    samples = code.decode(code.encode(chosen)).reshape(*chosen.shape[:2], *graph.shapes[graph.inputs[0]])
    converted = convert(graph, config.convert, config.max_pool, config.threshold_rule, samples, data.steps)
    low, high = data.x.min().item(), data.x.max().item()
    note = f"input: values from {low:g} to {high:g} enter the network as they are (--input-scale, --input-offset)."
    return converted.with_assumptions(note)
