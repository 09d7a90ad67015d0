"""Which takes the least energy, by account, and whether that is sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
Report = Mapping[str, Any]
ENDS = ("low", "nominal", "high")


def least_energy(deployments: Sequence[Json], reports: Sequence[Report]) -> dict[str, dict[str, Any]]:
    """Per account that all have, which takes the least, and whether that is sure.

    Nothing where a chip is priced by several accounts: they differ by what they count, and not by what the deployments
    take.
    """
    if len(deployments) < 2 or mixed(deployments, reports):
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


def mixed(deployments: Sequence[Json], reports: Sequence[Report]) -> list[Json]:
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


def same_constants(one: Json, other: Json) -> bool:
    """Whether two are of the same chip by the same account, so that their constants err together."""
    return bool((one["target"], one["cost_set"]) == (other["target"], other["cost_set"]))


def _surely_less(least: Json, other: Json, account: str) -> bool:
    """Where the range lies below the other; with the same constants, where both of its ends are below theirs."""
    energy, theirs = (one["energy_accounts"][account] for one in (least, other))
    if same_constants(least, other):
        return all(energy[end] < theirs[end] for end in ENDS)
    return bool(energy["high"] < theirs["low"])
