"""What to mind when deployments are held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .least_energy import mixed

Json = Mapping[str, Any]
Report = Mapping[str, Any]
DataRelation = Literal["same", "entered otherwise", "other"]
DATA_NOTES = {
    "other": "They ran on different data: accuracy, spikes, energy and time are not those of the same samples.",
    "entered otherwise": "The data enter in other ways (steps, encoder or scale), so that their fingerprints do not "
    "tell whether they are the same recordings.",
}


def notes(deployments: Sequence[Json], reports: Sequence[Report]) -> list[str]:
    """Sentences."""
    found = _of_data(deployments, reports)
    if len({one["target"] for one in deployments}) > 1:
        found.append(
            "The constants of different chips have different sources and kinds: factors below their ranges mean little."
        )
    priced = [f"{one['label']} ({one['cost_set']})" for one in mixed(deployments, reports)]
    if priced:
        found.append(f"Energies of {listed(priced)} are of different accounts of a chip, which are not to be compared.")
    for name in dict.fromkeys(name for one in deployments for name in one["energy_accounts"]):
        known = [one["label"] for one in deployments if name in one["energy_accounts"]]
        if len(known) < len(deployments):
            found.append(f"The account {name.replace('_', ' ')} is known for {listed(known)} only.")
    return found


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def data_relation(deployments: Sequence[Json], reports: Sequence[Report]) -> DataRelation:
    """Whether all figures are of the same samples, as far as the fingerprints tell, which are of encoded data."""
    if len({one["samples"] for one in deployments}) > 1:
        return "other"
    if len({report["data"]["sha256"] for report in reports}) < 2:
        return "same"
    if len({report["data"]["name"] for report in reports}) < 2 and len({_entering(report) for report in reports}) > 1:
        return "entered otherwise"
    return "other"


def _entering(report: Report) -> tuple[Any, ...]:
    """How data enter."""
    settings = report["settings"]
    return (report["steps"], *(settings[key] for key in ("encoder", "input_scale", "input_offset", "input_whole")))


def _of_data(deployments: Sequence[Json], reports: Sequence[Report]) -> list[str]:
    counts = {one["label"]: one["samples"] for one in deployments}
    if len(set(counts.values())) > 1:
        each = listed([f"{label} on {samples:,}" for label, samples in counts.items()])
        return [f"They ran on different numbers of samples: {each}."]
    relation = data_relation(deployments, reports)
    return [DATA_NOTES[relation]] if relation in DATA_NOTES else []
