"""Which alternative of each layer the whole network does best with."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from .quantizer import QuantizedLayer, Quantizer


def chosen(quantizer: Quantizer, found: Mapping[str, tuple[QuantizedLayer, ...]]) -> dict[str, QuantizedLayer]:
    """One alternative of each layer, such that the whole network does best on the calibration samples.

    All layers alike first, then one layer after the other, until nothing is gained.
    """
    best = {name: layers[0] for name, layers in found.items()}
    most = max((len(layers) for layers in found.values()), default=1)
    if most == 1:
        return best

    def loss_of(trial: Mapping[str, QuantizedLayer]) -> float:
        return quantizer.free_run.loss(quantizer.assembled(trial).network)

    loss, left = loss_of(best), quantizer.bearable_runs
    for kind in range(1, most):
        trial = {name: layers[min(kind, len(layers) - 1)] for name, layers in found.items()}
        other, left = loss_of(trial), left - 1
        if other < loss:
            best, loss = trial, other
    single = [(name, layer) for name, layers in found.items() for layer in layers if len(layers) > 1]
    unchanged = 0
    for name, layer in itertools.islice(itertools.cycle(single), left):
        unchanged += 1
        if layer is not best[name]:
            other = loss_of(best | {name: layer})
            if other < loss:
                best, loss, unchanged = best | {name: layer}, other, 0
        if unchanged > len(single):
            break
    return best
