"""What Spikeloom's writer notes in a file's metadata, since NIR has no place for it, and how the reader takes it.

A note never contradicts the file: numbers count only where they are, but for rounding, what the node's own fields say,
and edges only where the file has them. So a note that another tool left behind when it changed a node does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...neurons.leaky_dynamics import Reset
from .file import NodeDict
from .values import NotSupportedError, integers, numbers

Array = NDArray[Any]

DT = "dt"
"""Of the graph: seconds per step."""
RESET = "reset"
"""Of a neuron node: a value of `Reset`."""
INCLUSIVE = "threshold_inclusive"
"""Of a neuron node: true where it spikes at the threshold itself too."""
INITIAL_VOLTAGE = "initial_voltage"
"""Of a neuron node: membrane potential before the first step, one or one a neuron."""
PER_SECOND = "current_per_second"
"""Of IF and I: true where the input current counts per second, not per step."""
PARAMETERS = ("current_retention", "voltage_retention", "input_gain", "current_gain", "bias")
"""Of a neuron node: what becomes of its fields in discrete time, where that would be rounded otherwise."""
AXES = "axes"
"""Of Input: see `operators.Input`."""
PREVIOUS_STEP = "previous_step"
"""Of the graph: (edges, 2) names, the edges that carry the step before."""

ROUNDING = 2e-6


def noted_reset(node: NodeDict) -> Reset | None:
    """The reset that is noted, or None."""
    value = _notes(node).get(RESET)
    return Reset(value) if isinstance(value, str) and value in set(Reset) else None


def noted(node: NodeDict, key: str) -> bool:
    """Whether a node is noted to have a property."""
    value = np.asarray(_notes(node).get(key, False))
    return bool(value.size == 1 and value.dtype.kind in "biuf" and value.reshape(()))


def initial_voltage(node: NodeDict, shape: tuple[int, ...]) -> Array | None:
    """The initial potential that is noted, of the parameters' shape, or None."""
    return _fitting(node, INITIAL_VOLTAGE, shape)


def unrounded(node: NodeDict, key: str, computed: Array) -> Array:
    """A parameter as it is noted, or else, or where the note is out of date, as it was computed from the fields."""
    stored = _fitting(node, key, computed.shape)
    return computed if stored is None or not np.allclose(stored, computed, ROUNDING, 1e-12) else stored


def axes(node: NodeDict, count: int) -> tuple[int, ...] | None:
    """The order of the data's axes that is noted for an input of so many axes, or None."""
    value = _notes(node).get(AXES)
    if value is None:
        return None
    try:
        order = tuple(integers(value, AXES).reshape(-1).tolist())
    except NotSupportedError:
        return None
    return order if sorted(order) == list(range(count)) else None


def previous_step(metadata: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The edges that are noted to carry the step before."""
    pairs = np.asarray(metadata.get(PREVIOUS_STEP, ()), dtype=object)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        return frozenset()
    names = [[end.decode("utf8", "replace") if isinstance(end, bytes) else str(end) for end in pair] for pair in pairs]
    return frozenset((source, target) for source, target in names)


def _notes(node: NodeDict) -> Mapping[str, Any]:
    notes = node.get("metadata")
    return notes if isinstance(notes, dict) else {}


def _fitting(node: NodeDict, key: str, shape: tuple[int, ...]) -> Array | None:
    """A noted number or one a neuron, in a shape; None where there is none that fits."""
    try:
        stored = numbers(_notes(node)[key])
    except (KeyError, NotSupportedError):
        return None
    if stored.size == 1:
        return np.broadcast_to(stored.reshape(()), shape)
    return stored.reshape(shape) if stored.size == int(np.prod(shape)) else None
