"""A target in the terminal: every constant with its range, unit, kind and source, and what else its file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Section = Mapping[str, Any]
Row = tuple[str, str, str, str, str, str]
COLUMNS = ("constant", "value", "range", "unit", "kind", "source")
NOT_PUBLIC = "not public"
BESIDE = ("name", "description", "costs")  # keys of a target that are no section of their own


def print_target(document: Section, console: Console | None = None) -> None:
    """Print all of a target, a row each and in sections; accounts of costs are sections of their own.

    Parameters
    ----------
    document : a target as JSON takes it.
    """
    console = console or Console()
    console.print(Text.assemble((str(document["name"]), "bold"), f"  {document['description']}"))
    table = Table(box=None, padding=(0, 1))
    for column in COLUMNS:
        table.add_column(column, overflow="fold", justify="right" if column in ("value", "range") else "left")
    for title, section in _sections(document):
        table.add_row(Text(title, style="bold"))
        for name, *cells in _rows(section, ""):
            table.add_row(Text(f" {name}"), *(Text(cell) for cell in cells))
    console.print(table)


def _sections(document: Section) -> Iterator[tuple[str, Section]]:
    parts = {key: value for key, value in document.items() if key not in BESIDE and value is not None}
    yield "target", {key: value for key, value in parts.items() if not _is_section(value)}
    for key, value in parts.items():
        if _is_section(value):
            yield key, {"": value} if _is_constant(value) else value
    costs = document["costs"]
    for name, account in costs["sets"].items():
        default = ", the default account" if name == costs["default"] else ""
        yield f"costs.sets.{name}{default}", account


def _rows(section: Section, prefix: str) -> Iterator[Row]:
    for key, value in section.items():
        name = f"{prefix}{key}"
        if not _is_section(value):
            if value is not None:
                yield _fact(name, value)
        elif _is_constant(value):
            yield from _constant(name, value)
        elif _is_place(value):
            yield _fact(name, value)
        else:
            yield from _rows(value, f"{name}.")


def _constant(name: str, constant: Section) -> Iterator[Row]:
    kind, source = str(constant["kind"]), str(constant["source"])
    if "value" not in constant:  # what neurons are computed, and what is learned by
        what, value = next((key, constant[key]) for key in ("computes", "factors") if key in constant)
        yield ".".join(part for part in (name, what) if part), _shown(value), "", "", kind, source
        for key in ("reason", "advice"):
            if constant.get(key):
                yield ("", "", "", "", key, str(constant[key]))
        return
    low, high = constant["low"], constant["high"]
    spread = "" if low == high else f"{_shown(low)}–{_shown(high)}"
    value = NOT_PUBLIC if constant["value"] is None else _shown(constant["value"])
    yield name, value, spread, str(constant["unit"]), kind, source
    for count, entry in (constant.get("table") or {}).items():
        yield f"  at {count} {constant['by']}", _shown(entry), "", str(constant["unit"]), kind, ""


def _fact(name: str, value: object) -> Row:
    """What a file says that is no figure of a source; sentences and places stand where there is room for them."""
    text = _shown(value)
    return (name, "", "", "", "", text) if " " in text else (name, text, "", "", "", "")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{int(value):,}" if float(value).is_integer() else f"{value:,.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number}" for key, number in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        between = "; " if any(isinstance(entry, Mapping) for entry in value) else ", "
        return between.join(map(_shown, value)) or "none"
    return str(value)


def _is_section(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_constant(section: Section) -> bool:
    return "source" in section


def _is_place(section: Section) -> bool:
    return bool(section) and all(isinstance(value, int) for value in section.values())
