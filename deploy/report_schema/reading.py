"""Reads `report.json`, which may come from a stranger: what is not as the schema says is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...models.errors import UnsupportedModelError
from ..document.document import printable
from .comparison import Comparison
from .report import Report
from .version import FORMAT

MOST_BYTES = 1 << 28  # of a file; the report of 5,000 cores takes less than a tenth of it
LONGEST = 120  # characters of what is said of a wrong value


def read_document(path: Path) -> dict[str, Any]:
    """A report or a comparison, checked against its schema.

    Parameters
    ----------
    path : of `report.json`.

    Raises
    ------
    UnsupportedModelError : it is no such document, or one of another format.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UnsupportedModelError(f"{path} has {size:,} bytes, and no report has more than {MOST_BYTES:,}.")
    return checked_document(path.read_bytes(), str(path))


def checked_document(text: bytes, name: str) -> dict[str, Any]:
    """The document that a text holds; see `read_document`.

    Parameters
    ----------
    name : of the file, for messages.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnsupportedModelError(f"{name} is damaged, for it is no JSON: deploy again.") from None
    if not isinstance(document, dict):
        raise UnsupportedModelError(f"{name} is no report, for it is no JSON object: deploy again.")
    kind: type[Report | Comparison] = Comparison if "deployments" in document else Report
    # Comparisons had no format before this one.
    found = document.get("format", 1 if kind is Comparison else None)
    if found != FORMAT:
        shown = _short(json.dumps(found))
        raise UnsupportedModelError(f"{name} is of format {shown}, and this version reads {FORMAT}: deploy again.")
    try:
        kind.model_validate_json(text)
    except ValidationError as error:
        raise UnsupportedModelError(f"{name} is no report of format {FORMAT}: {_first(error)}: deploy again.") from None
    return document


def _first(error: ValidationError) -> str:
    """The first of what is wrong: where, and why."""
    first, *more = error.errors(include_url=False, include_context=False)
    place = ".".join(map(str, first["loc"]))
    others = f" (and {len(more)} more)" if more else ""
    return f"{_short(place)}: {_short(first['msg'])}{others}" if place else f"{_short(first['msg'])}{others}"


def _short(text: str) -> str:
    line = printable(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
