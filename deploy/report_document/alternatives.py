"""What else it could be: other accounts and supplies of the chip, the same network without spikes, NeuroBench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..document.document import Cell, Passage, Table, table
from ..quantities import UNKNOWN, format_count, format_quantity, format_range, format_share
from ..report.baseline_verdict import format_factor
from ..report.verdict import Report

Row = tuple[Cell | str, ...]
YARDSTICK = "Both networks by one yardstick, {account}: lower bounds, not the chip's accounts."


def alternatives(report: Report) -> Passage:
    """Make the passage."""
    baseline = report["baseline"]
    return Passage(
        "Beside others",
        (_accounts(report), _supplies(report), _without_spikes(baseline), _neurobench(report["neurobench"])),
        (*_undecided(baseline), YARDSTICK.format(account=baseline["account"].rstrip("."))),
    )


def _undecided(baseline: Mapping[str, Any]) -> tuple[str, ...]:
    """The verdict, where it is not among the remarks at the top."""
    return (baseline["verdict"],) if baseline["outcome"] == "undecided" else ()


def _accounts(report: Report) -> Table:
    """By each account of the target; the first is the one that all else is of."""
    chosen = {
        "dynamic_neurocore": report["energy_accounts"]["dynamic_neurocore"],
        "chip_total": report["energy_accounts"]["chip_total"],
        "latency_per_sample": report["latency_per_sample"],
    }
    found = {report["cost_set"]: chosen, **report["other_accounts"]} if report["other_accounts"] else {}
    rows = [
        (
            name,
            _with_range(priced["dynamic_neurocore"], "J"),
            _with_range(priced["chip_total"], "J"),
            _with_range(priced["latency_per_sample"], "s"),
        )
        for name, priced in found.items()
    ]
    title = "By each account of the chip, never to be added"
    return table("account", ">dynamic energy", ">chip total", ">latency", rows=rows, title=title)


def _supplies(report: Report) -> Table:
    supplies = (report.get("spinnaker2") or {}).get("supplies") or {}
    rows = [
        (
            f"{name}, {pace.replace('_', ' ')}",
            _with_range(cost["dynamic"], "J"),
            _with_range(cost["chip_total"], "J"),
            _with_range(cost["latency_per_sample"], "s"),
        )
        for name, paces in supplies.items()
        for pace, cost in paces.items()
    ]
    return table("supply, pace", ">dynamic energy", ">chip total", ">latency", rows=rows, title="By supply")


def _without_spikes(baseline: Mapping[str, Any]) -> Table:
    rows = [
        (
            name.replace("_", " "),
            Cell(case["outcome"], strong=True),
            format_quantity(case["spiking"]["nominal"], "J"),
            format_quantity(case["ordinary"]["nominal"], "J"),
            UNKNOWN if case["ratio"] is None else format_factor(case["ratio"]["nominal"]),
            UNKNOWN if case["ratio"] is None else "–".join(_ends(case["ratio"])),
        )
        for name, case in baseline["cases"].items()
    ]
    columns = ("case", "spikes", ">with spikes", ">without", ">ratio", ">low–high")
    return table(*columns, rows=rows, title="Against the same network without spikes")


def _ends(ratio: Mapping[str, float]) -> list[str]:
    return list(dict.fromkeys(format_factor(ratio[end]) for end in ("low", "high")))


def _neurobench(metrics: Mapping[str, Any]) -> Table:
    return table("metric", ">value", rows=_metrics(metrics), title="NeuroBench's metrics")


def _metrics(metrics: Mapping[str, Any]) -> Iterator[Row]:
    yield ("footprint, bytes", format_count(metrics["footprint"]["bytes"]))
    yield ("connection sparsity", format_share(metrics["connection_sparsity"]))
    yield ("activation sparsity", format_share(metrics["activation_sparsity"]))
    operations = metrics["synaptic_operations"]
    yield ("synaptic operations, effective ACs", format_count(operations["Effective_ACs"]))
    yield ("synaptic operations, effective MACs", format_count(operations["Effective_MACs"]))
    yield ("synaptic operations, dense", format_count(operations["Dense"]))
    yield ("membrane updates", format_count(metrics["membrane_updates"]["value"]))


def _with_range(quantity: Mapping[str, Any], unit: str) -> str:
    return f"{format_quantity(quantity['nominal'], unit)} ({format_range(quantity, unit)})"
