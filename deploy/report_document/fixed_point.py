"""The network in integers: widths, thresholds and decays of each layer."""

from __future__ import annotations

from typing import Any

from ..document.document import Passage, table
from ..quantities import UNKNOWN, format_count, format_share
from ..report.verdict import Report

RANGE = "Two numbers are the smallest and the largest of neurons that differ; decays are in 4096ths a step."


def fixed_point(report: Report) -> Passage:
    """Make the passage."""
    rows = [
        (
            layer["layer"],
            f"{layer['weight_bits']}{' + ' + str(layer['weight_bits']) if layer['split'] else ''}",
            format_share(layer["zero_share"]),
            _shown(layer["threshold"]),
            _shown(layer.get("current_decay")),
            _shown(layer.get("voltage_decay")),
            format_count(sum(projection["synaptic_memory_bits"] for projection in layer["projections"])),
        )
        for layer in report["quantization"]
    ]
    columns = ("layer", ">bits", ">zero", ">threshold", ">current decay", ">voltage decay", ">memory, bits")
    return Passage("In fixed point", (table(*columns, rows=rows),), (RANGE,) if rows else ())


def _shown(value: Any) -> str:
    """An integer, or the smallest and the largest of neurons that differ."""
    if value is None:
        return UNKNOWN
    return "–".join(f"{end:,}" for end in (value if isinstance(value, list) else [value]))
