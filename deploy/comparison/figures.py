"""What is compared of a deployment: its accuracy, its size, and what a mean sample takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..report.verdict import final_stage

Json = dict[str, Any]
Report = Mapping[str, Any]
OF_BASELINE = ("outcome", "ratio", "break_even_rate", "equivalent_rate", "verdict")


def figures_of(label: str, report: Report) -> Json:
    """The figures, as JSON can hold them."""
    measured = final_stage(report) or {}
    counts = report["counts"]
    return {
        "label": label,
        "model": report["model"]["name"],
        "target": report["target"]["name"],
        "cost_set": report["cost_set"],
        "accuracy": measured.get("accuracy"),
        "accuracy_interval": measured.get("accuracy_interval"),
        "samples": measured.get("samples"),
        "steps": report["steps"],
        "cores": report["cores"],
        "chips": _chips(report),
        "spikes": counts["spikes"],
        "synaptic_operations": counts["synaptic_operations"],
        "energy_accounts": {name: bounds(energy) for name, energy in report["energy_accounts"].items()},
        "latency": bounds(report["latency_per_sample"]),
        "throughput": bounds(report["throughput"]),
        "baseline": _of_baseline(report["baseline"]),
        "neurobench": report["neurobench"],
    }


def bounds(quantity: Mapping[str, float]) -> dict[str, float]:
    """The range of an estimate, without what else is said of it."""
    return {end: quantity[end] for end in ("low", "nominal", "high")}


def _of_baseline(baseline: Mapping[str, Any]) -> Json:
    """The verdicts, without the terms that lead to them."""
    cases = {name: {key: case[key] for key in OF_BASELINE} for name, case in baseline["cases"].items()}
    return {"verdict": baseline["verdict"], "outcome": baseline["outcome"], "cases": cases}


def _chips(report: Report) -> int:
    """Chips in use, which are tiles where a board of chips is the mesh: as many as draw static power."""
    static = next((term for term in report["static_terms"] if term["term"] == "static"), None)
    if static is not None:
        return int(static["units"])
    return len({place["chip"] for place in report["mapping"]["places"]})
