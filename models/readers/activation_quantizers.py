"""What a quantizer does to activations once its rounding is left out: it clips, or it changes nothing.

The rounding is left out because spikes have steps of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..operators import Identity, Input, MaxPool, Neurons, Pool, Rectifier, Reshape, Scale, Select
from .dataflow import Dataflow, Signal

Array = NDArray[Any]

CLIPS = (
    "quantizers: {} clip at the ends of their ranges and are read as rectifiers with a ceiling, without the rounding."
)
PASSES = "quantizers: {} are taken to have a range that holds all that reaches them, and are left out."
NAMED = 3  # nodes that an assumption names; it counts the others


def clipped(flow: Dataflow, name: str, signal: Signal, low: Array, high: Array) -> Signal | None:
    """A rectifier with a ceiling in place of a quantizer; None where none is needed.

    Parameters
    ----------
    low, high : the ends of its range in the signal's numbers, one or one a channel.
    """
    rectified = isinstance(flow.nodes[signal.node], Rectifier) and bool(np.all(low <= 0))
    begins_at_zero = bool(np.all(low == 0)) and not _is_nonnegative(flow, signal.node)
    if rectified or (begins_at_zero and not _is_data(flow, signal.node)):
        return flow.rectify(name, signal, high)
    return None


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(map(repr, names[:NAMED]))
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _is_nonnegative(flow: Dataflow, node: str) -> bool:
    """Whether a signal comes from rectifiers or spiking neurons by ways that keep it at or above zero."""
    operator = flow.nodes[node]
    if isinstance(operator, Rectifier) or (isinstance(operator, Neurons) and not operator.model.graded):
        return True
    keeps = isinstance(operator, MaxPool | Pool | Reshape | Select | Identity)
    return keeps and all(_is_nonnegative(flow, source) for source in flow.sources(node))


def _is_data(flow: Dataflow, node: str) -> bool:
    """Whether a signal is the model's input, moved or scaled at most."""
    operator = flow.nodes[node]
    if isinstance(operator, Input):
        return True
    moves = isinstance(operator, Reshape | Select | Identity | Scale)
    return moves and all(_is_data(flow, source) for source in flow.sources(node))
