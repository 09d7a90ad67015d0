"""One sentence that names the layer to which quantization does most, and why, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..quantities import format_count, format_points, format_share, is_number

FAITHFUL = 0.9
"""Share of its spikes in common with float's from which on nothing is said of a layer that changes no class."""
NOTABLE = 0.01  # of a layer's weights, clipped or zeroed
CHANGED = 1.2  # times as many spikes as in float, or as few


def blame(attribution: Mapping[str, Any]) -> str | None:
    """Name the layer that costs most.

    Parameters
    ----------
    attribution : as in the report, see docs/report.md; what is missing is left out.
    """
    rounded = attribution.get("rounded_input")
    rows = [row for row in (*(attribution.get("layers") or ()), rounded) if row and is_number(row.get("same_class"))]
    samples = attribution.get("samples")
    if not rows or not is_number(samples):
        return None
    worst = min(rows, key=lambda row: (row["same_class"], _agreement(row)))
    known = "; ".join(_symptoms(worst))
    if worst["same_class"] == 1:
        sentence = f"No layer in fixed point alone changes the class of any of {format_count(samples)} samples"
        if _agreement(worst) >= FAITHFUL:
            return f"{sentence}."
        return f"{sentence}; {worst.get('layer')!r} changes most: {known}."
    what, verb = f"{format_share(1 - worst['same_class'])} of {format_count(samples)} samples", "changes"
    if is_number(worst.get("accuracy")) and is_number(attribution.get("accuracy")):
        change = worst["accuracy"] - attribution["accuracy"]
        verb = "costs" if change < 0 else verb
        what += f" and the accuracy by {format_points(change)}"
        if is_number(attribution.get("integer_accuracy")) and len(rows) > 1:
            together = attribution["integer_accuracy"] - attribution["accuracy"]
            what += f" (all layers together: {format_points(together)})"
    name = "The rounding of the data" if worst is rounded else f"Layer {worst.get('layer')!r}"
    return f"{name} {verb} most: alone in fixed point it changes the class of {what}{'; ' if known else ''}{known}."


def _agreement(row: Mapping[str, Any]) -> float:
    return float(row["agreement"]) if is_number(row.get("agreement")) else 1.0


def _symptoms(row: Mapping[str, Any]) -> list[str]:
    found = []
    if is_number(row.get("agreement")):
        found.append(f"it keeps {format_share(max(0.0, row['agreement']))} of its spikes")
    ratio = row.get("spike_ratio")
    if is_number(ratio) and not 1 / CHANGED <= ratio <= CHANGED:
        found.append(f"it spikes {ratio:.2g} times as often as in float")
    for key, what in (("clipped_share", "are clipped"), ("zeroed_share", "became zero")):
        if is_number(row.get(key)) and row[key] >= NOTABLE:
            found.append(f"{format_share(row[key])} of its weights {what}")
    if row.get("overflows"):
        found.append(f"its sums leave the chip's widths {format_count(row['overflows'])} times")
    return found
