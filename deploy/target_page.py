"""A target's constants in the terminal: value, range, kind and source of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_target(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print every constant of a target, a row each.

    Parameters
    ----------
    document : a target as JSON takes it.
    """
    console = console or Console()
    console.print(Text.assemble((str(document["name"]), "bold"), f"  {document['description']}"))
    table = Table(box=None, padding=(0, 1))
    for column in ("constant", "value", "range", "unit", "kind", "source"):
        table.add_column(column, overflow="fold", justify="right" if column in ("value", "range") else "left")
    for name, constant in _constants(document, ""):
        if "computes" in constant:
            families = constant["computes"]
            named = families if isinstance(families, str) else ", ".join(families)
            table.add_row(name, named, "", "families", constant["kind"], Text(constant["source"]))
            continue
        if "factors" in constant:
            table.add_row(name, str(constant["factors"]), "", "factors", constant["kind"], Text(constant["source"]))
            continue
        low, high = constant["low"], constant["high"]
        spread = "" if low == high else f"{low:g}–{high:g}"
        value = "not public" if constant["value"] is None else f"{constant['value']:,}"
        table.add_row(name, value, spread, constant["unit"], constant["kind"], Text(constant["source"]))
    console.print(table)


def _constants(section: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in section.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and "source" in value:
            yield name, value
        elif isinstance(value, Mapping):
            yield from _constants(value, f"{name}.")
