"""The end of a training in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..quantities import format_count, format_quantity


def training_lines(path: Path, card: Mapping[str, Any]) -> tuple[str, ...]:
    """What a card says, in a few lines.

    Parameters
    ----------
    path : of the trained model.
    card : see `training_card`.
    """
    chip = card["deployed"]
    first = f"{path}: test accuracy {card['test_accuracy']:.2%} in float, of {card['test_samples']:,} samples."
    if "problem" in chip:
        return (first, f"  It cannot be deployed on {chip['target']}: {chip['problem']}")
    spikes, cores = format_count(chip["spikes_per_sample"]), chip["cores"]
    energy = format_quantity(chip["energy_per_sample"]["nominal"], "J")
    latency = format_quantity(chip["latency_per_sample"]["nominal"], "s")
    second = (
        f"  on {chip['target']}: {chip['accuracy']:.2%} in integers, of {chip['samples']:,} samples; a sample takes "
        f"{spikes} spikes, {energy} (by estimate) and {latency} on {cores} core{'s' if cores > 1 else ''}."
    )
    return first, second
