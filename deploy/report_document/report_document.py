"""The report of a deployment as a document, its passages in the order in which they are asked for."""

from __future__ import annotations

from dataclasses import replace

from ..comparison.document import side_by_side, to_mind
from ..document.document import Document, Passage
from ..report.verdict import Report, remarks, titles, verdict
from .alternatives import alternatives
from .cores import cores
from .energy import energy
from .fixed_point import fixed_point
from .origin import assumptions, origin
from .stages import stages
from .time import time


def report_document(report: Report) -> Document:
    """Make the document.

    Parameters
    ----------
    report : as in `report.json`, checked against its schema.
    """
    model, target = titles(report)
    return Document(
        f"{model} on {target}",
        verdict(report),
        remarks(report),
        tuple(report["warnings"]),
        (
            stages(report), cores(report), energy(report), time(report), _targets(report), alternatives(report),
            fixed_point(report), assumptions(report), origin(report),
        ),
    )  # fmt: skip


def _targets(report: Report) -> Passage:
    """What the network came to on the targets that it was deployed to at once."""
    found = report.get("side_by_side")
    return replace(side_by_side("Targets side by side", found), items=to_mind(found)) if found else Passage("")
