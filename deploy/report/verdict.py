"""What a deployment came to, in words: the same ones in the terminal and on the report page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..quantities import format_count, format_points, format_quantity, format_range, format_share, is_number
from .blame import blame
from .keeping_up import real_time_remark

Report = Mapping[str, Any]

STAGES = {
    "ordinary": "as trained, without spikes",
    "converted": "with spikes",
    "graph": "as trained",
    "network": "in discrete time",
    "integer": "in fixed point",
    "simulator": "on the simulated chip",
    "spinnaker1": "in SpiNNaker 1's arithmetic",
    "lava": "in Lava",
}
"""What each stage of the ledger does to the model."""

CHIP_STAGES = ("spinnaker1", "simulator")
"""Stages that speak for the chip, the one first that computes as it does."""
LONGEST_TITLE = 30
NOTABLE_LOSS = 0.005
"""Accuracy that may be lost from one stage to the next without being mentioned."""


def titles(report: Report) -> tuple[str, str]:
    """Names of the model and of the chip; the chip's is what its description begins with."""
    target = report.get("target") or {}
    name = str(target.get("name", "chip"))
    first_words = re.split(r"\s*[(,;:.]", str(target.get("description") or name))[0]
    title = first_words if 0 < len(first_words) <= LONGEST_TITLE else name
    return str((report.get("model") or {}).get("name", "The model")), title


def verdict(report: Report) -> str:
    """Say in one sentence whether it worked, how well, and at what cost."""
    model, target = titles(report)
    parts = [f"{model} runs on {_cores(report.get('cores'))} of {target}"]
    final = final_stage(report)
    if final and is_number(final.get("accuracy")):
        parts.append(f"answers {format_share(final['accuracy'])} of {final.get('samples')} samples correctly")
    energy, latency = report.get("energy_per_sample") or {}, report.get("latency_per_sample") or {}
    if is_number(energy.get("nominal")):
        nominal, ends = format_quantity(energy["nominal"], "J"), format_range(energy, "J")
        cost = f"takes an estimated {nominal} ({ends}) of dynamic energy"
        if is_number(latency.get("nominal")):
            cost += f" and {format_quantity(latency['nominal'], 's')}"
        parts.append(f"{cost} per sample")
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] + "."


def remarks(report: Report) -> tuple[str, ...]:
    """Say where accuracy was lost or gained most, at which layer, whether Lava agrees, and whether all this pays.

    The last are whether the chip keeps up with its clock, and whether the version with spikes wins or loses.
    """
    rows = ledger(report)
    found = (
        _loss(rows), blame(report.get("attribution") or {}), _divergence(rows), _lava(rows), real_time_remark(report),
        _without_spikes(report),
    )  # fmt: skip
    return tuple(remark for remark in found if remark)


def ledger(report: Report) -> Sequence[Mapping[str, Any]]:
    """Rows of the ledger; none where the report has no ledger."""
    return report.get("ledger") or ()


def final_stage(report: Report) -> Mapping[str, Any] | None:
    """The stage that speaks for the chip: its own arithmetic or the simulator, on all samples, or else the last one."""
    rows = ledger(report)
    speaking = (row for stage in CHIP_STAGES for row in rows if row.get("stage") == stage)
    return next(speaking, rows[-1] if rows else None)


def fullest(report: Report) -> Mapping[str, Any] | None:
    """The core and resource with the least room left, as an entry of `utilisation` with its `share`."""
    entries = [
        {**entry, "share": entry["used"] / entry["limit"]}
        for entry in report.get("utilisation") or ()
        if is_number(entry.get("used")) and entry.get("limit")
    ]
    return max(entries, key=lambda entry: entry["share"], default=None)


def _cores(count: Any) -> str:
    if not is_number(count):
        return "the cores"
    return f"{count:,} core{'' if count == 1 else 's'}"


def _loss(rows: Sequence[Mapping[str, Any]]) -> str | None:
    # Lava runs on a part of the samples, so that its accuracy is not to be compared with the others'.
    measured = [row for row in rows if is_number(row.get("accuracy")) and row.get("stage") != "lava"]
    if len(measured) < 2:
        return None
    changes = [(row["accuracy"] - before["accuracy"], row.get("stage")) for before, row in pairwise(measured)]
    change, stage = max(changes, key=lambda item: abs(item[0]))
    total = measured[-1]["accuracy"] - measured[0]["accuracy"]
    if change == total == 0:
        return "From training to chip the accuracy stays the same."
    if abs(change) <= NOTABLE_LOSS:
        return f"From training to chip the accuracy changes by {format_points(total)}."
    verb = "loses" if change < 0 else "gains"
    where = STAGES.get(str(stage), stage)
    return f"The step to “{where}” {verb} most: {format_points(abs(change))[1:]}; all in all {format_points(total)}."


def _divergence(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Where the first stage that differs from the one before begins to do so."""
    row = next((row for row in rows if row.get("first_divergence") and row.get("stage") != "lava"), None)
    if row is None:
        return None
    place, where = row["first_divergence"], STAGES.get(str(row.get("stage")), row.get("stage"))
    return (
        f"The first difference “{where}” makes is in {place.get('layer')!r}, at step {place.get('step')} of sample "
        f"{place.get('sample')}."
    )


def _lava(rows: Sequence[Mapping[str, Any]]) -> str | None:
    row = next((row for row in rows if row.get("stage") == "lava"), None)
    if row is None or not is_number(row.get("agreement")):
        return None
    samples = f"the {format_count(row.get('samples'))} samples that Lava ran"
    if row["agreement"] == 1 and not row.get("mismatched_spikes"):
        return f"Lava and the simulator give the same spikes at every step of {samples}."
    return f"Lava and the simulator differ: they share {format_share(row['agreement'])} of their spikes on {samples}."


def _without_spikes(report: Report) -> str | None:
    baseline = report.get("baseline") or {}
    return str(baseline["verdict"]) if baseline.get("outcome") in ("wins", "loses") and "verdict" in baseline else None
