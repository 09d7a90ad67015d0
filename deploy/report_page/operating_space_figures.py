"""The operating space of a report: the space that the point of a deployment was chosen from, as figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures.figure import Figure
from ..studies.operating_space.figures import operating_space_figures
from ..studies.operating_space.points import operating_points


def figures_of_space(section: Mapping[str, Any] | None) -> tuple[Figure, ...]:
    """Heat maps with the points of interest, see `studies.operating_space`; none without such a section.

    Parameters
    ----------
    section : `operating_space` of a report.
    """
    if section is None:
        return ()
    reference = section["as_it_was"]
    points = operating_points(
        section["points"], tolerance=section["tolerance"], chance=section["chance"], share=section["working_share"],
        reference=reference["accuracy"],
    )  # fmt: skip
    if points is None:
        return ()
    table = [{**row, "works": points.works(row)} for row in section["points"]]
    axes = (section["time_constants"], section["thresholds"])
    relative = (bool(section["relative_thresholds"]), bool(section["relative_time_constants"]))
    return operating_space_figures(table, reference, points, axes, str(section["accuracy_is"]), relative)
