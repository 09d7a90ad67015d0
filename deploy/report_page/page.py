"""The report of a deployment as one HTML file: no network, light and dark, phone and paper.

Its only script, that of the picture of the chip, stands in the page, and the page's policy lets no other run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..chip_picture.picture import chip_picture
from ..comparison.rows import figure_rows, least_sentence
from ..page_environment import page_environment
from ..quantities import UNKNOWN, format_count, format_quantity, format_range, is_number
from ..report.verdict import STAGES, Report, ledger, remarks, titles, verdict
from .activity_figures import activity_figures, time_figure
from .energy_table import COLUMNS, energy_rows
from .energy_tree import energy_trees
from .layer_table import layer_rows
from .operating_space_figures import figures_of_space


@dataclass(frozen=True)
class Resource:
    """One resource over all cores.

    Attributes
    ----------
    name : its name in the target.
    used : the most that any core uses.
    core : that core.
    limit : its limit there; None where it is not known.
    mean_share : mean over the cores; None without limits.
    """

    name: str
    used: float
    core: int
    limit: float | None
    mean_share: float | None


def render(report: Report) -> str:
    """Write the page.

    Parameters
    ----------
    report : what becomes `report.json`; keys that are missing leave their section out.

    Returns
    -------
    str : a whole HTML document.
    """
    model, target = titles(report)
    chip = chip_picture(report)
    targets = report.get("side_by_side") or {}
    environment = page_environment()
    script = environment.get_template("chip.js").render() if chip else ""
    return environment.get_template("report.html.jinja").render(
        report=report,
        model=model,
        target=target,
        verdict=verdict(report),
        remarks=remarks(report),
        ledger=ledger(report),
        stages=STAGES,
        layer_rows=layer_rows(report),
        chip=chip,
        script=script,
        script_hash=_hash(script),
        resources=resources(report),
        energy_trees=energy_trees(report),
        energy_rows=energy_rows(report),
        energy_columns=COLUMNS,
        layer_counts=_rows(report.get("layer_counts"), "layer"),
        activity_figures=activity_figures(report),
        time_figure=time_figure(report),
        space_figures=figures_of_space(report.get("operating_space")),
        target_rows=figure_rows(targets) if targets else (),
        least=[least_sentence(name, least) for name, least in targets.get("least_energy", {}).items()],
        cell=_cell,
    )


def _hash(script: str) -> str:
    """What lets a browser run this script and no other, see Content Security Policy Level 3, W3C, section 6.7.3."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def resources(report: Report) -> tuple[Resource, ...]:
    """Summarise each resource over the cores, the scarcest first."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for entry in report.get("utilisation") or ():
        by_name.setdefault(str(entry["resource"]), []).append(entry)
    found = []
    for name, entries in by_name.items():
        peak = max(entries, key=lambda entry: (_share(entry) or 0.0, entry["used"]))
        shares = [share for share in map(_share, entries) if share is not None]
        mean = sum(shares) / len(shares) if shares else None
        found.append((_share(peak) or 0.0, Resource(name, peak["used"], peak["core"], peak.get("limit"), mean)))
    return tuple(resource for _, resource in sorted(found, key=lambda item: -item[0]))


def _share(entry: Mapping[str, Any]) -> float | None:
    limit = entry.get("limit")
    return entry["used"] / limit if limit else None


def _rows(value: Any, first_column: str) -> list[dict[str, Any]]:
    """Make a table of what may be a list of rows or a mapping from names to rows (or to single values)."""
    if isinstance(value, Mapping):
        return [
            {first_column: name, **(row if isinstance(row, Mapping) else {"value": row})} for name, row in value.items()
        ]
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [dict(row) if isinstance(row, Mapping) else {first_column: row} for row in value]
    return []


def _cell(value: Any, column: str) -> str:
    """Write a value of a table whose columns are not known beforehand."""
    if value is None:
        return UNKNOWN
    if is_number(value):
        return format_quantity(value, "J") if column in {"low", "nominal", "high"} else format_count(value)
    if isinstance(value, Mapping):
        if {"low", "nominal", "high"} <= set(value):
            return f"{format_quantity(value['nominal'], 'J')} ({format_range(value, 'J')})"
        return ", ".join(f"{key} {_cell(item, str(key))}" for key, item in value.items())
    return str(value).replace("_", " ") if column == "account" else str(value)
