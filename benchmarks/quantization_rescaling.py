"""The same network in other units: weights and thresholds of each layer times one factor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np

DECADES = 4  # factors are from 10**-4 to 10**4
VOLTAGES = ("v_threshold", "v_reset", "v_leak")


def rescale(model: Path, out: Path, seed: int | None) -> dict[str, float]:
    """Write a copy of a `.nir` file that spikes as the first, and return the factor of each layer.

    Everything that a layer receives is multiplied by a factor of its own, and so are its voltages.

    Parameters
    ----------
    seed : of the factors; None takes the smallest and the largest in turn.

    Raises
    ------
    ValueError : a layer receives something that has no weights.
    """
    graph, random = nir.read(model), np.random.default_rng(seed)
    factors: dict[str, float] = {}
    for name, node in graph.nodes.items():
        if not hasattr(node, "v_threshold"):
            continue
        exponent = DECADES * (-1) ** (len(factors) + 1) if seed is None else random.uniform(-DECADES, DECADES)
        factor = factors[name] = float(10.0**exponent)
        for source, target in graph.edges:
            if target == name:
                _multiply(graph.nodes[source], factor, source)
        for field in VOLTAGES:
            setattr(node, field, np.asarray(getattr(node, field), dtype=np.float64) * factor)
    nir.write(out, graph)
    return factors


def _multiply(node: Any, factor: float, name: str) -> None:
    if not hasattr(node, "weight"):
        raise ValueError(f"{name} has no weights to be multiplied")
    for field in ("weight", "bias"):
        if hasattr(node, field):
            # In double precision, so that only the last of 53 bits changes.
            setattr(node, field, np.asarray(getattr(node, field), dtype=np.float64) * factor)
