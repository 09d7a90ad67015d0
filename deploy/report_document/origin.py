"""What had to be assumed, and how to get the same again: command, versions, hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..document.document import Passage, table
from ..quantities import format_count
from ..report.verdict import Report

PLAIN = {"input_scale": 1, "input_offset": 0, "input_whole": False, "convert": None, "encoder_largest": None}
"""Settings that change nothing are left out."""


def assumptions(report: Report) -> Passage:
    """Make the passage of what was taken for granted."""
    return Passage("Assumptions", items=(*report["assumptions"], *report["notes"]))


def origin(report: Report) -> Passage:
    """Make the passage of what it takes to get the same again."""
    rows = table("what", "which", rows=_facts(report))
    versions = table("package", "version", rows=report["versions"].items())
    return Passage("How to get the same again", (rows, versions), code=report["command"])


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    model, data = report["model"], report["data"]
    if model["path"] is not None:
        yield ("model", model["path"])
    if model["sha256"] is not None:
        yield ("SHA-256 of the model", model["sha256"])
    yield ("data", f"{data['name']}, {format_count(data['samples'])} samples of {format_count(data['steps'])} steps")
    yield ("SHA-256 of the data", data["sha256"])
    yield ("target", f"{report['target']['name']}: {report['target']['description']}")
    yield ("account of costs", report["cost_set"])
    yield from _settings(report["settings"])
    yield ("format of report.json", str(report["format"]))


def _settings(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if name not in PLAIN or value != PLAIN[name]:
            yield (name.replace("_", " "), "yes" if value is True else str(value))
