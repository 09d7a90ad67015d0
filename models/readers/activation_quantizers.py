"""What a quantizer does to activations once its rounding is left out: it clips, or it changes nothing.

The rounding is left out because spikes have steps of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..operators import Identity, Input, MaxPool, Neurons, Operator, Pool, Rectifier, Reshape, Scale, Select
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
    return _all_come_from(
        flow,
        node,
        lambda one: isinstance(one, Rectifier) or (isinstance(one, Neurons) and not one.model.graded),
        (MaxPool, Pool, Reshape, Select, Identity),
    )


def _is_data(flow: Dataflow, node: str) -> bool:
    """Whether a signal is the model's input, moved or scaled at most."""
    return _all_come_from(flow, node, lambda one: isinstance(one, Input), (Reshape, Select, Identity, Scale))


def _all_come_from(
    flow: Dataflow, node: str, is_source: Callable[[Operator], bool], passing: tuple[type[Operator], ...]
) -> bool:
    """Whether all ways back from a node lead to sources, through operators of some types only."""
    seen, waiting = {node}, [node]
    while waiting:
        name = waiting.pop()
        operator = flow.nodes[name]
        if is_source(operator):
            continue
        if not isinstance(operator, passing):
            return False
        before = [source for source in flow.sources(name) if source not in seen]
        seen.update(before)
        waiting += before
    return True
