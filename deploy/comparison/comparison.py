"""Reports side by side, as JSON can hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from ..report_schema.version import FORMAT
from .changes import changes_from
from .differences import differences
from .figures import figures_of
from .least_energy import least_energy
from .notes import notes
from .verdict import verdict

Json = dict[str, Any]
Report = Mapping[str, Any]
CoresOf = Mapping[str, NDArray[Any]]

FEWEST = 2  # deployments to compare


def comparison_of(
    reports: Sequence[Report],
    *,
    labels: Sequence[str] | None = None,
    configurations: Sequence[Mapping[str, Any]] | None = None,
    cores_of: Sequence[CoresOf] | None = None,
) -> Json:
    """Put reports side by side; energies in J a sample, times in s, throughput in samples/s.

    Parameters
    ----------
    reports : of deployments, as in `report.json`. All others are held against the first.
    labels : a name for each; their targets where None.
    configurations : of each deployment, resolved; None where they are the same.
    cores_of : of each deployment, per layer (neurons,) int core numbers; None where placements are not to be compared.

    Returns
    -------
    dict : its keys are those of `report_schema.comparison.Comparison`.
    """
    names = list(labels) if labels is not None else [str(report["target"]["name"]) for report in reports]
    deployments = [figures_of(name, report) for name, report in zip(names, reports, strict=True)]
    least = least_energy(deployments, reports)
    changes = changes_from(deployments, reports, cores_of)
    return {
        "format": FORMAT,
        "verdict": verdict(deployments, reports, changes, least),
        "deployments": deployments,
        "changes": changes,
        "least_energy": least,
        "differences": differences(names, deployments, reports, configurations),
        "notes": notes(deployments, reports),
    }
