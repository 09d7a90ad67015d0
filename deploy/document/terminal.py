"""A document in the terminal; without one, as plain text in lines of 80 characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from .document import Cell, Document, Passage, Sources, Table, harmless, printable

WIDEST = 110  # of sentences, which are hard to read in longer lines
WORDS = 16  # characters that a column of words needs
GAP = 2  # between columns
INDENT = "  "  # of what is a part of the row above


def print_document(document: Document, console: Console) -> None:
    """Print a document.

    Parameters
    ----------
    console : where to print; rich leaves colours out where that is no terminal.
    """
    sources = Sources()
    console.print()
    console.rule(Text(printable(document.title), style="bold"), align="left", style="dim")
    _sentence(document.verdict, console, "bold")
    for remark in document.remarks:
        _sentence(remark, console, "italic")
    for warning in document.warnings:
        _sentence(f"Note: {warning}", console, "yellow")
    for passage in document.passages:
        if not passage.empty:
            _print_passage(passage, console, sources)
    if any(True for _ in sources):
        _heading("Sources of constants", console)
        for number, source in sources:
            _sentence(f"[{number}] {source}", console, "dim")


def _print_passage(passage: Passage, console: Console, sources: Sources) -> None:
    _heading(passage.title, console)
    for table in passage.tables:
        if table.rows:
            if table.title:
                _sentence(f"{table.title}:", console, "dim")
            for part in _parts(table, console.width):
                console.print(_drawn(part, sources))
    for sentence in passage.sentences:
        _sentence(sentence, console)
    if passage.items:
        console.print(_listed(passage.items), width=min(console.width, WIDEST))
    if passage.code:
        # Neither styled nor wrapped, so that it can be copied.
        console.print(Text("\n".join(map(harmless, passage.code.splitlines()))), soft_wrap=True)


def _heading(title: str, console: Console) -> None:
    console.print()
    console.print(Text(printable(title).upper(), style="bold"))


def _sentence(text: str, console: Console, style: str = "") -> None:
    console.print(Text(printable(text), style=style), width=min(console.width, WIDEST))


def _listed(items: tuple[str, ...]) -> RichTable:
    drawn = RichTable.grid(padding=(0, 1))
    for item in items:
        drawn.add_row("-", Text(printable(item)))
    return drawn


def _parts(table: Table, width: int) -> Iterator[Table]:
    """A table as it is, or, where it is wider than so many characters, several that all begin with its first column."""
    first, *rest = range(len(table.columns))
    least = [_least_width(table, place) for place in range(len(table.columns))]
    kept = [first]
    for place in rest:
        if len(kept) > 1 and sum(least[one] + GAP for one in (*kept, place)) > width:
            yield _of_columns(table, kept)
            kept = [first]
        kept.append(place)
    yield _of_columns(table, kept)


def _of_columns(table: Table, places: Sequence[int]) -> Table:
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    return Table(tuple(table.columns[place] for place in places), rows, table.title)


def _least_width(table: Table, place: int) -> int:
    """Characters that a column takes at least: numbers stay whole, words may be wrapped."""
    column = table.columns[place]
    widest = max(_field(row[place], Sources()).cell_len for row in table.rows)
    return max(widest, _longest_word(column.title)) if column.number else min(widest, WORDS)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _drawn(table: Table, sources: Sources) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    for place, column in enumerate(table.columns):
        title, least = printable(column.title), _least_width(table, place)
        if column.number:
            title = textwrap.fill(title, max(least, 1), break_long_words=False)
        drawn.add_column(
            Text(title), justify="right" if column.number else "left", no_wrap=column.number, overflow="fold",
            min_width=least,
        )  # fmt: skip
    for row in table.rows:
        drawn.add_row(*(_field(cell, sources) for cell in row))
    return drawn


def _field(cell: Cell, sources: Sources) -> Text:
    indent = INDENT if cell.below else ""
    text = Text(indent + printable(cell.text), style="bold" if cell.strong else "")
    if cell.source:
        text.append(f" [{sources.number(cell.source)}]", style="dim")
    return text
