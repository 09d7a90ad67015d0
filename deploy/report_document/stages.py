"""From training to chip: accuracy and spikes at each stage, and what changed in which layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..document.document import Cell, Passage, Table, table
from ..quantities import format_count, format_interval, format_share
from ..report.verdict import STAGES, Report
from ..report_page.layer_table import layer_rows

AS_BEFORE = (
    "As before: of all spikes of this stage or the one before, the share that both have, at the same neuron and step."
)
LAYERS = (
    "Float and chip: spikes per neuron and step. Same: spikes in common, with all layers in fixed point; alone: with "
    "this one only; class: samples whose class stays then. Over: how often a neuron left the chip's widths with "
    "consequences."
)


def stages(report: Report) -> Passage:
    """Make the passage."""
    entries = report["ledger"]
    meanings = "; ".join(f"{entry['stage']}: {STAGES[entry['stage']]}" for entry in entries)
    return Passage(
        "From training to chip",
        (_ledger(entries), _differences(entries), _layers(report)),
        ((f"Stages are {meanings}.", AS_BEFORE) if entries else ()) + ((LAYERS,) if layer_rows(report) else ()),
    )


def _ledger(entries: list[Mapping[str, Any]]) -> Table:
    rows = [
        (
            Cell(entry["stage"], strong=True),
            Cell(format_share(entry["accuracy"]), strong=True),
            format_interval(entry["accuracy_interval"]),
            format_count(entry["samples"]),
            format_count(entry["spikes_per_sample"]),
            format_share(entry["agreement"]),
        )
        for entry in entries
    ]
    columns = ("stage", ">accuracy", ">95 % sure", ">samples", ">spikes a sample", ">as before")
    return table(*columns, rows=rows)


def _differences(entries: list[Mapping[str, Any]]) -> Table:
    """Where each stage first differs from the one before, of those that do."""
    rows = [
        (
            entry["stage"],
            found["layer"],
            str(found["step"]),
            str(found["sample"]),
            format_count(entry["mismatched_spikes"]),
        )
        for entry in entries
        if (found := entry["first_divergence"]) is not None
    ]
    columns = ("first differs", "layer", ">step", ">sample", ">in all, entries that differ")
    return table(*columns, rows=rows)


def _layers(report: Report) -> Table:
    rows = [
        (
            row.layer,
            format_share(row.float_rate),
            format_share(row.integer_rate),
            format_share(row.agreement),
            format_share(row.alone),
            format_share(row.same_class),
            format_share(row.clipped_share),
            format_share(row.zeroed_share),
            format_count(row.overflows),
        )
        for row in layer_rows(report)
    ]
    columns = ("layer", ">float", ">chip", ">same", ">alone", ">class", ">clipped", ">zeroed", ">over")
    return table(*columns, rows=rows)
