"""What becomes of each figure from the first deployment to each other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from .accuracy import accuracy_between
from .least_energy import ENDS, mixed, same_constants
from .placement import placement_change
from .verdict import change_sentence

Json = dict[str, Any]
Report = Mapping[str, Any]
Estimate = Mapping[str, float]


def changes_from(
    deployments: Sequence[Json], reports: Sequence[Report], cores_of: Sequence[Mapping[str, NDArray[Any]]] | None
) -> list[Json]:
    """For each deployment but the first: figures over those of the first, or minus them.

    Parameters
    ----------
    cores_of : per deployment and layer, core numbers of its neurons; None where placements are not to be compared.
    """
    if not deployments:
        return []
    first, *others = deployments
    result = []
    for place, other in enumerate(others, start=1):
        same = same_constants(first, other)
        pair = [reports[0], reports[place]]
        comparable = not mixed([first, other], pair)
        shared = [name for name in first["energy_accounts"] if name in other["energy_accounts"] and comparable]
        change = {
            "label": other["label"],
            "against": first["label"],
            "accuracy": accuracy_between(*pair),
            "cores": other["cores"] - first["cores"],
            "chips": other["chips"] - first["chips"],
            "spikes": _ratio(first["spikes"], other["spikes"]),
            "synaptic_operations": _ratio(first["synaptic_operations"], other["synaptic_operations"]),
            "energy_accounts": {
                name: estimate_ratio(first["energy_accounts"][name], other["energy_accounts"][name], same)
                for name in shared
            },
            "latency": estimate_ratio(first["latency"], other["latency"], same),
            "throughput": estimate_ratio(first["throughput"], other["throughput"], same),
            "placement": None if cores_of is None else placement_change(pair, [cores_of[0], cores_of[place]]),
        }
        alike = first["target"] == other["target"]
        result.append({**change, "summary": change_sentence(other, change, alike)})
    return result


def estimate_ratio(before: Estimate, after: Estimate, same_constants: bool) -> Json | None:
    """One estimate over another, low, nominal and high, and whether it is surely less; None where one is 0.

    Parameters
    ----------
    same_constants : whether constants err together, so that the ends of both ranges belong to each other.
    """
    if not all(before[end] > 0 for end in ENDS):
        return None
    nominal = after["nominal"] / before["nominal"]
    if same_constants:
        ratios = [after[end] / before[end] for end in ENDS]
        low, high = min(ratios), max(ratios)
    else:
        low, high = after["low"] / before["high"], after["high"] / before["low"]
    outcome = "less" if high < 1 else "more" if low > 1 else "the same" if low == high == 1 else "undecided"
    return {"low": low, "nominal": nominal, "high": high, "outcome": outcome}


def _ratio(before: float, after: float) -> float | None:
    return after / before if before else None
