"""A comparison as a document, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..document.document import Cell, Document, Passage, Table, table
from .notes import listed
from .rows import (
    FigureRow,
    change_rows,
    figure_rows,
    least_sentence,
    placement_rows,
    shown_value,
    without_spikes,
)

Json = Mapping[str, Any]
SUBJECTS = {
    "configuration": "What was asked for",
    "model": "Model",
    "target": "Target",
    "data": "Data",
    "versions": "Versions",
}


def comparison_document(comparison: Json) -> Document:
    """Make the document of what `comparison_of` gives, checked against its schema.

    With `refused`, as for a deployment to several targets, also which of them the network does not fit, and why.
    """
    deployments = comparison["deployments"]
    labels = [one["label"] for one in deployments]
    return Document(
        title(comparison),
        comparison["verdict"],
        tuple(change["summary"] for change in comparison["changes"] if len(comparison["changes"]) > 1),
        to_mind(comparison),
        (
            side_by_side("A mean sample", comparison), _changes(comparison), _placements(comparison),
            _differences(comparison, labels), _baselines(comparison),
            Passage("How to get the same again", code=comparison.get("command") or ""),
        ),
    )  # fmt: skip


def title(comparison: Json) -> str:
    """What is compared."""
    deployments: Sequence[Json] = comparison["deployments"]
    labels = [one["label"] for one in deployments]
    models = {one["model"] for one in deployments}
    if "refused" in comparison and len(models) == 1:
        return f"{models.pop()} on {len(labels)} target{'' if len(labels) == 1 else 's'}"
    return f"{listed(labels)} side by side"


def side_by_side(title: str, comparison: Json) -> Passage:
    """The figures of a mean sample on all deployments, and which takes the least energy.

    Parameters
    ----------
    comparison : with `deployments` and `least_energy`.
    """
    labels = [one["label"] for one in comparison["deployments"]]
    sentences = [least_sentence(name, least) for name, least in comparison["least_energy"].items()]
    return Passage(title, (_table("", labels, figure_rows(comparison)),), tuple(sentences))


def to_mind(comparison: Json) -> tuple[str, ...]:
    """Which targets are left out and why, and what else to mind."""
    refused = comparison.get("refused") or {}
    return (*(f"{name} is left out: {reason}" for name, reason in refused.items()), *comparison["notes"])


def _changes(comparison: Json) -> Passage:
    changes = comparison["changes"]
    if not changes:
        return Passage("")
    rows = change_rows(comparison)
    return Passage(f"Against {changes[0]['against']}", (_table("", [change["label"] for change in changes], rows),))


def _placements(comparison: Json) -> Passage:
    labels = [change["label"] for change in comparison["changes"] if change["placement"] is not None]
    return Passage("Placement", (_table("", labels, placement_rows(comparison)),))


def _table(first: str, labels: Sequence[str], rows: Sequence[FigureRow]) -> Table:
    fields = [_fields(row) for row in rows]
    return table(first, *(f">{label}" for label in labels), rows=fields)


def _fields(row: FigureRow) -> tuple[Cell | str, ...]:
    return (row.name, *(Cell(str(cell), strong=cell.least) for cell in row.cells))


def _differences(comparison: Json, labels: Sequence[str]) -> Passage:
    found = comparison["differences"]
    tables = [
        table(
            name,
            *labels,
            rows=[
                (entry["what"], *(shown_value(entry["values"].get(label)) for label in labels))
                for entry in found
                if entry["of"] == subject
            ],
        )
        for subject, name in SUBJECTS.items()
    ]
    nothing = "Configuration, model, target, data and versions are the same."
    return Passage("What differs", tuple(tables), () if found else (nothing,))


def _baselines(comparison: Json) -> Passage:
    sentences = tuple(f"{names}: {baseline['verdict']}" for names, baseline in without_spikes(comparison))
    return Passage("Against the same network without spikes", sentences=sentences)
