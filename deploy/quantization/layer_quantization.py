"""What quantization makes: an integer network, and an account of each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...models.network import Network
from .weights import QuantizedWeights

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LayerQuantization:
    """How a layer was quantized, for the report.

    Attributes
    ----------
    layer : name of the population.
    scale : () or (neurons,), integer input per unit of float input.
    agreement : on the calibration samples and given the float network's spikes: spikes in common / spikes of either
        network (Jaccard), or for integrators 1 - relative error.
    projections : per projection of the integer network, its quantized weights.
    likeness : for spiking layers, 1 - squared distance of the smoothed spike trains relative to the float layer's; else
        as `agreement`.
    """

    layer: str
    scale: Array
    agreement: float
    projections: Mapping[str, QuantizedWeights]
    likeness: float


@dataclass(frozen=True, eq=False)
class Quantization:
    """An integer network and how each of its layers came to be."""

    network: Network
    layers: tuple[LayerQuantization, ...]
