"""Which samples conversion and quantization look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.execution.network_run import output_type
from ..models.graph import Graph
from ..models.network import Network
from ..models.operators import LinearOperator
from .configuration.configuration import Configuration
from .data import Data

Array = NDArray[Any]

CONVERSION_PRODUCTS = 3e9  # that running the network once on the calibration samples may take
QUANTIZATION_PRODUCTS = 1e11  # the same for the network in steps that quantization follows
ACTIVITY_BYTES = 1 << 30  # that the recorded spikes and potentials may take
FEWEST_CALIBRATION_SAMPLES = 4


@dataclass(frozen=True)
class CalibrationCost:
    """What a calibration sample takes.

    Attributes
    ----------
    products : multiplications of all its steps.
    bearable : multiplications that all samples may take.
    bytes : of its recorded activity.
    """

    products: int
    bearable: float
    bytes: int = 0


def calibration_samples(cost: CalibrationCost, data: Data, config: Configuration) -> Array:
    """Numbers of the samples to calibrate on: as many as asked for, or as can be tried in reasonable time and room."""
    most = max(FEWEST_CALIBRATION_SAMPLES, int(cost.bearable / max(1, cost.products)))
    most = min(most, max(1, ACTIVITY_BYTES // max(1, cost.bytes)))
    count = min(config.calibration_samples, most, data.samples)
    return np.sort(np.random.default_rng(config.seed).choice(data.samples, count, replace=False))


def quantization_cost(network: Network, steps: int) -> CalibrationCost:
    """Of a network that is run once in float and recorded."""
    products = sum(projection.connectivity.products for projection in network.projections)
    record = sum(
        population.size * np.dtype(output_type(population.neuron)).itemsize
        for population in network.populations
        if population.neuron is not None
    )
    return CalibrationCost(steps * products, QUANTIZATION_PRODUCTS, steps * record)


def conversion_cost(graph: Graph, steps: int) -> CalibrationCost:
    """Of an ordinary network that is run a few times."""
    return CalibrationCost(steps * products_of_graph(graph), CONVERSION_PRODUCTS)


def products_of_graph(graph: Graph) -> int:
    """Multiplications of one step."""
    total = 0
    for name, operator in graph.nodes.items():
        if isinstance(operator, LinearOperator):
            total += operator.connectivity(graph.shapes[graph.incoming(name)[0].source]).products
    return total
