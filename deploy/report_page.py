"""The report of a deployment as one HTML file: no network, no script, light and dark, phone and paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .energy_table import COLUMNS, energy_rows
from .layer_table import layer_rows
from .page_environment import page_environment
from .quantities import UNKNOWN, format_count, format_quantity, format_range, is_number
from .verdict import STAGES, Report, ledger, remarks, titles, verdict

LABELLED_CORES = 64  # with more of them, the squares get too small for a figure
WIDE_GRID, NARROW_GRID = 16, 8  # columns, without and with figures


@dataclass(frozen=True)
class CoreSquare:
    """One core in the grid.

    Attributes
    ----------
    core : its logical number.
    column, row : its place in the grid.
    share : used part of its fullest resource, 0 to 1, or more where it is overfull; None where no limit is known.
    label : all its resources, for the tooltip.
    """

    core: int
    column: int
    row: int
    share: float | None
    label: str


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
    squares = core_squares(report)
    return (
        page_environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            model=model,
            target=target,
            verdict=verdict(report),
            remarks=remarks(report),
            ledger=ledger(report),
            stages=STAGES,
            layer_rows=layer_rows(report),
            squares=squares,
            grid_rows=1 + max((square.row for square in squares), default=0),
            grid_columns=1 + max((square.column for square in squares), default=0),
            labelled=len(squares) <= LABELLED_CORES,
            resources=resources(report),
            accounts=_rows(report.get("energy_accounts"), "account"),
            energy_rows=energy_rows(report),
            energy_columns=COLUMNS,
            layer_counts=_rows(report.get("layer_counts"), "layer"),
            cell=_cell,
        )
    )


def core_squares(report: Report) -> tuple[CoreSquare, ...]:
    """Arrange the cores in a grid, in the order of their numbers."""
    by_core: dict[int, list[Mapping[str, Any]]] = {}
    for entry in report.get("utilisation") or ():
        by_core.setdefault(int(entry["core"]), []).append(entry)
    columns = NARROW_GRID if len(by_core) <= LABELLED_CORES else WIDE_GRID
    return tuple(
        CoreSquare(
            core,
            index % columns,
            index // columns,
            max((share for share in map(_share, by_core[core]) if share is not None), default=None),
            "; ".join(_use(entry) for entry in by_core[core]),
        )
        for index, core in enumerate(sorted(by_core))
    )


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


def _use(entry: Mapping[str, Any]) -> str:
    name, limit = str(entry["resource"]).replace("_", " "), entry.get("limit")
    return f"{name} {format_count(entry['used'])}" + (f" of {format_count(limit)}" if limit else "")


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
