"""Deployments side by side: what each gives and costs, what differs between them, and which takes the least."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..models.errors import UnsupportedModelError, UsageError
from .artifact import MANIFEST_NAME, load_counters, load_program, read_report
from .baseline import DEPLOYED, baseline_section
from .neurobench import neurobench_section
from .verdict import final_stage

Json = dict[str, Any]
Report = Mapping[str, Any]

FEWEST = 2  # deployments to compare
OUTPUT_ONLY = ("samples", "lava_samples")  # said by the data, or of no matter to the figures
MISSING = object()


def compare_folders(folders: Sequence[Path]) -> Json:
    """Compare deployments that were written.

    Parameters
    ----------
    folders : what `deploy` wrote; one that holds deployments for several targets counts as all of them.

    Raises
    ------
    UsageError : there is one deployment only, a folder is named twice, or there is none of that name.
    UnsupportedModelError : a folder holds no deployment, or a damaged one.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} does not exist: name folders that spikeloom deploy wrote.")
    found = [deployment for folder in folders for deployment in _deployments(folder)]
    if len({folder.resolve() for folder in found}) < len(found):
        raise UsageError("A folder is named twice: name deployments that differ.")
    if len(found) < FEWEST:
        only = found[0] if found else folders[0]
        raise UsageError(f"There is nothing to compare {only} with: name two deployments or more.")
    completed = [_completed(folder, read_report(folder)) for folder in found]
    reports = [report for report, _ in completed]
    configurations = [_manifest(folder).get("config") or {} for folder in found]
    result = comparison_of(reports, labels=_labels(found), configurations=configurations)
    result["notes"] += [note for _, notes in completed for note in notes]
    return result


def comparison_of(
    reports: Sequence[Report],
    *,
    labels: Sequence[str] | None = None,
    configurations: Sequence[Mapping[str, Any]] | None = None,
) -> Json:
    """Put reports side by side, as JSON can hold it; energies in J a sample, times in s, throughput in samples/s.

    Parameters
    ----------
    reports : of two deployments or more, as in `report.json`.
    labels : a name for each; their targets where None.
    configurations : of each deployment, resolved; None where they are the same.
    """
    names = list(labels) if labels is not None else [str(report["target"]["name"]) for report in reports]
    deployments = [_deployment(name, report) for name, report in zip(names, reports, strict=True)]
    return {
        "deployments": deployments,
        "least_energy": _least_energy(deployments, reports),
        "differences": _differences(names, deployments, reports, configurations),
        "notes": _notes(deployments, reports),
    }


def _deployments(folder: Path) -> list[Path]:
    """The folder itself, or those of the targets that it was deployed for."""
    several = _manifest(folder).get("comparison")
    return [folder] if several is None else [folder / str(name) for name in several]


def _manifest(folder: Path) -> Json:
    """The manifest, or nothing where there is none that can be read; `read_report` says what is wrong then."""
    try:
        document = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _completed(folder: Path, report: Json) -> tuple[Json, list[str]]:
    """The report with the sections that need counters, and a note where an older deployment has none."""
    if report.get("baseline") is not None and report.get("neurobench") is not None:
        return report, []
    try:
        program, counters = load_program(folder), load_counters(folder)
    except UnsupportedModelError:
        return report, [
            f"{folder} keeps no counters, so that it cannot be held against a network without spikes: deploy it again."
        ]
    notes = [] if report.get("baseline") is not None else [f"{folder}: {DEPLOYED}"]
    sections = {
        "baseline": report.get("baseline") or baseline_section(program, counters),
        "neurobench": report.get("neurobench") or neurobench_section(program, counters),
    }
    return {**report, **sections}, notes


def _labels(folders: Sequence[Path]) -> list[str]:
    """Names of folders, with as much of their paths as tells them apart."""
    paths = [folder.resolve() for folder in folders]
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        labels = [str(Path(*path.parts[-parts:])) for path in paths]
        if len(set(labels)) == len(labels):
            break
    return labels


def _deployment(label: str, report: Report) -> Json:
    measured = final_stage(report) or {}
    counts = report["counts"]
    baseline = report.get("baseline")
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
        "energy_accounts": {name: _bounds(energy) for name, energy in report["energy_accounts"].items()},
        "latency": _bounds(report["latency_per_sample"]),
        "throughput": _bounds(report["throughput"]),
        "baseline": None if baseline is None else _of_baseline(baseline),
        "neurobench": report.get("neurobench"),
    }


def _of_baseline(baseline: Mapping[str, Any]) -> Json:
    """The verdicts, without the terms that lead to them."""
    kept = ("outcome", "ratio", "break_even_rate", "equivalent_rate", "verdict")
    cases = {name: {key: case[key] for key in kept} for name, case in baseline["cases"].items()}
    return {"verdict": baseline["verdict"], "outcome": baseline["outcome"], "cases": cases}


def _chips(report: Report) -> int:
    """Chips in use, which are tiles where a board of chips is the mesh: as many as draw static power."""
    static: Report = next((term for term in report.get("static_terms") or () if term["term"] == "static"), {})
    units = static.get("units", static.get("chips"))
    return int(units) if units is not None else len({place["chip"] for place in report["mapping"]["places"]})


def _bounds(quantity: Mapping[str, float]) -> dict[str, float]:
    return {end: quantity[end] for end in ("low", "nominal", "high")}


def _least_energy(deployments: Sequence[Json], reports: Sequence[Report]) -> dict[str, Json]:
    """Per account that all have, which takes the least, and whether that is sure.

    It is where the range lies below all others; on the same chip by the same account, whose constants all share, where
    both of its ends are below theirs. Nothing where a chip is priced by several accounts: they differ by what they
    count, and not by what the deployments take.
    """
    if _mixed(deployments, reports):
        return {}
    if len(deployments) < FEWEST:
        return {}
    shared = [
        name for name in deployments[0]["energy_accounts"] if all(name in one["energy_accounts"] for one in deployments)
    ]
    result = {}
    for name in shared:
        least, *others = sorted(deployments, key=lambda one: one["energy_accounts"][name]["nominal"])
        energy, following = (one["energy_accounts"][name]["nominal"] for one in (least, others[0]))
        result[name] = {
            "label": least["label"],
            "sure": all(_surely_less(least, other, name) for other in others),
            "next_over_least": following / energy if energy else None,
        }
    return result


def _mixed(deployments: Sequence[Json], reports: Sequence[Report]) -> list[Json]:
    """Those on a chip that is priced by another of its accounts elsewhere; supplies of a chip are no such accounts."""
    supplies = [set((report.get("spinnaker2") or {}).get("supplies") or ()) for report in reports]
    return [
        one
        for one, known in zip(deployments, supplies, strict=True)
        if any(
            one["target"] == other["target"] and one["cost_set"] != other["cost_set"] and other["cost_set"] not in known
            for other in deployments
        )
    ]


def _surely_less(least: Json, other: Json, account: str) -> bool:
    energy, theirs = (one["energy_accounts"][account] for one in (least, other))
    if (least["target"], least["cost_set"]) == (other["target"], other["cost_set"]):
        return all(energy[end] < theirs[end] for end in ("low", "nominal", "high"))
    return bool(energy["high"] < theirs["low"])


def _differences(
    names: Sequence[str],
    deployments: Sequence[Json],
    reports: Sequence[Report],
    configurations: Sequence[Mapping[str, Any]] | None,
) -> list[Json]:
    """What the deployments were told, where they were told different things."""
    told = [
        {
            "model": one["model"],
            "model file": report["model"].get("sha256"),
            "target": one["target"],
            "costs": one["cost_set"],
            "steps": one["steps"],
            **{f"settings.{key}": value for key, value in (report.get("settings") or {}).items()},
        }
        for one, report in zip(deployments, reports, strict=True)
    ]
    if configurations is not None:
        told = [
            {**{key: value for key, value in one.items() if not key.startswith("settings.")}, **_told(configuration)}
            for one, configuration in zip(told, configurations, strict=True)
        ]
    keys = list(dict.fromkeys(key for one in told for key in one))
    result = []
    for key in keys:
        values = [one.get(key, MISSING) for one in told]
        if any(value != values[0] for value in values):
            shown = [None if value is MISSING else value for value in values]
            result.append({"what": key, "values": dict(zip(names, shown, strict=True))})
    return result


def _told(configuration: Mapping[str, Any]) -> Json:
    """A configuration without what the account and the samples say better."""
    return {key: value for key, value in configuration.items() if key not in (*OUTPUT_ONLY, "costs", "steps")}


def _notes(deployments: Sequence[Json], reports: Sequence[Report]) -> list[str]:
    notes = _data_notes(deployments, reports)
    if len({one["target"] for one in deployments}) > 1:
        notes.append(
            "The constants of different chips have different sources and kinds: factors below their ranges mean little."
        )
    mixed = _listed([f"{one['label']} ({one['cost_set']})" for one in _mixed(deployments, reports)] or [""])
    if mixed:
        notes.append(f"Energies of {mixed} are of different accounts of a chip, which are not to be compared.")
    accounts = list(dict.fromkeys(name for one in deployments for name in one["energy_accounts"]))
    for name in accounts:
        known = [one["label"] for one in deployments if name in one["energy_accounts"]]
        if len(known) < len(deployments):
            notes.append(f"The account {name.replace('_', ' ')} is known for {_listed(known)} only.")
    return notes


def _data_notes(deployments: Sequence[Json], reports: Sequence[Report]) -> list[str]:
    """Whether all ran on the same data."""
    notes = []
    counts = {one["label"]: one["samples"] for one in deployments}
    if len(set(counts.values())) > 1:
        each = _listed([f"{label} on {samples:,}" for label, samples in counts.items()])
        notes.append(f"They ran on different numbers of samples: {each}.")
    prints = [(report.get("data") or {}).get("sha256") for report in reports]
    unknown = [one["label"] for one, found in zip(deployments, prints, strict=True) if found is None]
    if unknown:
        notes.append(f"Whether the data are the same is not known, as {_listed(unknown)} kept no record of them.")
    elif len(set(prints)) > 1:
        notes.append("They ran on different data: accuracy, spikes, energy and time are not those of the same samples.")
    return notes


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
