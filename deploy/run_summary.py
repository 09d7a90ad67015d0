"""What `spikeloom run` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .document.document import printable
from .quantities import format_quantity, format_range
from .rerun import Rerun


def run_lines(result: Rerun) -> list[str]:
    """The answer in sentences."""
    accuracy = "no labels" if result.accuracy is None else f"accuracy {result.accuracy:.1%}"
    lines = [
        *result.notes,
        f"{result.backend}: {result.samples} samples, {accuracy}, {result.spikes_per_sample:.1f} spikes a sample.",
    ]
    if result.interrupted:
        lines.append(
            f"Interrupted: this is {result.samples} of {result.asked_samples} samples, "
            f"{result.steps} of {result.asked_steps} steps."
        )
    if result.mismatched_spikes is not None:
        lines.append(f"Against the simulator: {result.mismatched_spikes} mismatched spikes.")
    lines += [
        f"{learned.projection}: {learned.changed} of {learned.synapses} weights changed, mean {learned.before:.1f} "
        f"before and {learned.after:.1f} after, now {learned.lowest}..{learned.highest}."
        for learned in result.learned
    ]
    if result.costs is not None:
        lines.append(_costs(result.costs))
    if result.mismatched_weights is not None:
        lines.append(f"Against the simulator: {result.mismatched_weights} mismatched weights.")
    return [printable(line) for line in lines]


def _costs(costs: Mapping[str, Any]) -> str:
    """Energy and time of a sample in a sentence."""
    energy, latency = costs["energy_per_sample"], costs["latency_per_sample"]
    sentence = (
        f"A sample takes an estimated {format_quantity(energy['nominal'], 'J')} ({format_range(energy, 'J')}) of "
        f"dynamic energy and {format_quantity(latency['nominal'], 's')} ({format_range(latency, 's')})"
    )
    slowdown = costs["step_time"]["slowdown"]
    if slowdown is not None and slowdown["nominal"] > 1:
        sentence += f", {slowdown['nominal']:g} times slower than the clock"
    return f"{sentence}."
