"""How long a step and a sample take, and what they wait for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..document.document import Cell, Passage, Table, table
from ..quantities import format_count, format_quantity, format_range, format_share
from ..report.keeping_up import real_time_remark
from ..report.place_names import place_name
from ..report.verdict import Report

Row = tuple[Cell | str, ...]
WORK = {
    "neurons": "neurons",
    "synapses": "synapses",
    "memory": "synaptic memory",
    "links": "links",
    "barrier": "the barrier between steps",
}


def time(report: Report) -> Passage:
    """Make the passage."""
    remark = real_time_remark(report)
    return Passage(
        "Time", (_times(report), _constants(report)), (_bottleneck(report), *([remark] if remark else []))
    )  # fmt: skip


def _times(report: Report) -> Table:
    return table("of a sample", ">nominal", ">low–high", "what it is", rows=_rows(report))


def _rows(report: Report) -> Iterator[Row]:
    yield _row("step", report["step_time"], "s", "mean of a sample that passes alone")
    yield _row("latency", report["latency_per_sample"], "s", "from a sample's first step to the end of its last")
    singles = report.get("latency_of_samples")
    if singles is not None:
        first = f"the first {format_count(singles['samples'])} samples, each by itself"
        yield _row("mean latency", singles["mean"], "s", first)
        yield _row("longest latency", singles["longest"], "s", first)
    yield _row("samples a second", report["throughput"], "", "back to back")
    slowdown = report["step_time"]["slowdown"]
    if slowdown is not None:
        yield _row("slowdown", slowdown, "", "periods of the clock a step")


def _row(name: str, quantity: Mapping[str, Any], unit: str, what: str) -> Row:
    nominal = format_quantity(quantity["nominal"], unit).strip()
    return (name, Cell(nominal, strong=True), format_range(quantity, unit).strip(), what)


def _bottleneck(report: Report) -> str:
    found = report["step_time"]["bound_by"]
    sentence = f"The steps wait for {WORK[found['work']]}, {format_share(found['share'])} of the time"
    if found["core"] is not None:
        layers = [layer for layer, cores in report["mapping"]["layers"].items() if found["core"] in cores]
        held = f", which holds {', '.join(layers)}" if layers else ""
        return f"{sentence}, most of it on core {found['core']}{held}."
    if found["link"] is not None:
        start, end = (place_name(report["target"]["board"], tile) for tile in found["link"])
        return f"{sentence}, most of it on the link from {start} to {end}."
    return f"{sentence}."


def _constants(report: Report) -> Table:
    rows = [
        (
            constant["term"].replace("_", " "),
            format_quantity(constant["nominal"], "s"),
            format_range(constant, "s"),
            Cell(constant["kind"], source=constant["source"]),
        )
        for constant in report["time_constants"]
    ]
    return table("what takes time", ">nominal", ">low–high", "known as", rows=rows)
