"""The sentences on what a NIR file left open, and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...neurons.leaky_dynamics import Reset
from ...neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire
from ...operators import Input, Neurons, Operator
from . import metadata
from .file import NodeDict
from .neurons import SPIKING, counts_per_second
from .options import TIMES, NirOptions
from .values import numbers

LOOPS_NOTED = "loops: the edges that carry the previous step are those of the file's metadata."


def assumptions(
    nodes: Mapping[str, NodeDict], operators: Mapping[str, Operator], options: NirOptions
) -> tuple[str, ...]:
    """One sentence for each thing that was left open, but for the time step; `operators` is what became of `nodes`."""
    kinds = {str(node.get("type")) for node in nodes.values()}
    notes = []
    if kinds & (set(TIMES) - {"Delay"}):
        notes.append(f"integration: {options.integration}, the share of a state kept in a step (--integration).")
    delays = [numbers(node["delay"]) / options.step for node in nodes.values() if node.get("type") == "Delay"]
    if any(np.any(np.abs(steps - np.rint(steps)) > 1e-3) for steps in delays):
        notes.append("delay: delays that are no whole number of steps are rounded to one (--dt).")
    spiking = {name: node for name, node in nodes.items() if str(node.get("type")) in SPIKING}
    if spiking:
        notes += [*_resets(spiking, options), *_thresholds(spiking, options)]
    notes += _currents([node for node in nodes.values() if node.get("type") in ("IF", "I")], options)
    if any(str(node.get("type")) in ("IF", "LIF", "CubaLIF") and "v_reset" not in node for node in nodes.values()):
        notes.append("v_reset: the file is older than this field; 0 is assumed.")
    for name, operator in operators.items():
        model = operator.model if isinstance(operator, Neurons) else None
        if isinstance(model, LeakyIntegrateAndFire) and np.any(model.initial_voltage):
            notes.append(f"initial potential: that of {name!r} is from the file's metadata.")
        if isinstance(operator, Input) and operator.axes:
            notes.append(f"input: {name!r} takes the axes of its data in the order {operator.axes}, by the metadata.")
    return tuple(notes)


def _resets(spiking: Mapping[str, NodeDict], options: NirOptions) -> list[str]:
    notes = []
    resetting = {name: node for name, node in spiking.items() if node.get("type") != "Threshold"}
    if options.reset is not None:
        notes.append(f"reset: {options.reset}, as asked (--reset).")
    else:
        noted = {name: metadata.noted_reset(node) for name, node in resetting.items()}
        for reset in Reset:
            if names := [name for name, value in noted.items() if value is reset]:
                notes.append(f"reset: {reset} in {_listed(names)}, from the file's metadata (--reset).")
        if None in noted.values():
            notes.append("reset: NIR does not say how neurons reset; to v_reset at a spike is assumed (--reset).")
    return notes + [f"reset: {reset} in {name!r}, as asked." for name, reset in options.layer_resets.items()]


def _thresholds(spiking: Mapping[str, NodeDict], options: NirOptions) -> list[str]:
    if options.threshold_inclusive:
        return ["threshold: spikes where v >= threshold, as asked (--threshold-inclusive)."]
    notes = []
    inclusive = [name for name, node in spiking.items() if metadata.noted(node, metadata.INCLUSIVE)]
    if inclusive:
        notes.append(f"threshold: spikes where v >= threshold in {_listed(inclusive)}, from the file's metadata.")
    if len(inclusive) < len(spiking):
        notes.append("threshold: spikes where v > threshold, as NIR's equations say (--threshold-inclusive).")
    return notes


def _currents(nodes: list[NodeDict], options: NirOptions) -> list[str]:
    notes = []
    noted = [node for node in nodes if metadata.noted(node, metadata.PER_SECOND)]
    others = [counts_per_second(node, options) for node in nodes if not metadata.noted(node, metadata.PER_SECOND)]
    if noted:
        notes.append("current: the input current of IF and I counts per second, from the file's metadata.")
    if any(others):
        notes.append("current: where r of IF or I is one over the time step, their input current counts per second.")
    if not all(others):
        notes.append("current: IF and I have no time constant; their input current counts per step, not per second.")
    return notes


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
