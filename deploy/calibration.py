"""Which samples conversion and quantization look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.graph import Graph
from ..models.network import Network
from ..models.operators import LinearOperator
from .configuration import Configuration
from .data import Data

Array = NDArray[Any]

CONVERSION_PRODUCTS = 3e9  # that running the network once on the calibration samples may take
QUANTIZATION_PRODUCTS = 5e8  # the same where it is run dozens of times
FEWEST_CALIBRATION_SAMPLES = 4


def calibration_samples(products: int, bearable: float, data: Data, config: Configuration) -> Array:
    """Numbers of the samples to calibrate on: as many as asked for, or as can be tried in reasonable time.

    Parameters
    ----------
    products : multiplications of one step of a sample.
    bearable : multiplications that all of them may take.
    """
    most = max(FEWEST_CALIBRATION_SAMPLES, int(bearable / max(1, data.steps * products)))
    count = min(config.calibration_samples, most, data.samples)
    return np.sort(np.random.default_rng(config.seed).choice(data.samples, count, replace=False))


def products_of_network(network: Network) -> int:
    """Multiplications of one step."""
    return sum(projection.connectivity.products for projection in network.projections)


def products_of_graph(graph: Graph) -> int:
    """Multiplications of one step."""
    total = 0
    for name, operator in graph.nodes.items():
        if isinstance(operator, LinearOperator):
            total += operator.connectivity(graph.shapes[graph.incoming(name)[0].source]).products
    return total
