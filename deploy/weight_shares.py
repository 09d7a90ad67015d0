"""What became of a layer's weights: which share was clipped, and which became zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .quantization.layer_quantization import LayerQuantization
from .quantization.synapse_format import FINE
from .quantization.weights import QuantizedWeights


def weight_shares(quantized: Sequence[LayerQuantization]) -> dict[str, tuple[float, float]]:
    """Per layer, the shares of the weights other than zero that were clipped, and that became zero.

    Of a matrix that was split a weight is zero where both parts are, and clipped where the second one is, for that
    holds what the first leaves.
    """
    return {layer.layer: _shares(layer.projections) for layer in quantized}


def _shares(projections: Mapping[str, QuantizedWeights]) -> tuple[float, float]:
    present = clipped = zeroed = 0
    for name, part in projections.items():
        if name.endswith(FINE) and name.removesuffix(FINE) in projections:
            continue
        last = projections.get(name + FINE, part)
        there = part.ideal != 0
        slack = last.grid.step / 2  # what rounds to the end of the range is not clipped
        beyond = (last.ideal > last.grid.high + slack) | (last.ideal < last.grid.low - slack)
        present += int(np.count_nonzero(there))
        clipped += int(np.count_nonzero(beyond & there))
        zeroed += int(np.count_nonzero((part.weights == 0) & (last.weights == 0) & there))
    return clipped / max(1, present), zeroed / max(1, present)
