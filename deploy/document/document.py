"""A document of headings, sentences and tables: what it says, without how it is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class Cell:
    """A field of a table.

    Attributes
    ----------
    text : what it says.
    strong : whether it stands out.
    source : where it comes from, for a note; may be empty.
    below : whether it is a part of what stands above it.
    """

    text: str
    strong: bool = False
    source: str = ""
    below: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : above it; may be empty.
    number : whether it holds numbers, which end at the same place.
    """

    title: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells, each as long as there are columns.

    Attributes
    ----------
    title : what it shows; may be empty.
    columns, rows : its fields.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.title!r} has rows of other lengths than its {len(self.columns)} columns")


@dataclass(frozen=True)
class Passage:
    """A part of a document under a heading of its own.

    Attributes
    ----------
    title : its heading.
    tables : come first.
    sentences : below them.
    items : of a list, below them.
    code : to be copied, at the end; may be empty.
    """

    title: str
    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    code: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.sentences or self.items or self.code or any(table.rows for table in self.tables))


@dataclass(frozen=True)
class Document:
    """The whole.

    Attributes
    ----------
    title : what it is about.
    verdict : the first sentence.
    remarks : further ones.
    warnings : what to mind.
    passages : the rest, in order.
    """

    title: str
    verdict: str
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()


def table(*columns: str, rows: Iterable[tuple[Cell | str, ...]], title: str = "") -> Table:
    """Make a table of plain texts and cells.

    Parameters
    ----------
    columns : titles; one that begins with ">" is of numbers.
    """
    return Table(
        tuple(Column(name.removeprefix(">"), name.startswith(">")) for name in columns),
        tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows),
        title,
    )


def printable(text: str) -> str:
    """The text in one line and without control characters, which could do as they like with a terminal."""
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """The text without control characters; of those only tabs stay."""
    return "".join(REPLACEMENT if _controls(letter) else letter for letter in text)


def _controls(letter: str) -> bool:
    return letter != "\t" and unicodedata.category(letter) in ("Cc", "Cf", "Cs")


class Sources:
    """Numbers sources in the order in which a document names them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, source: str) -> int:
        """The number of a source, from 1."""
        return self._numbers.setdefault(source, len(self._numbers) + 1)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Numbers and sources, in order."""
        return ((number, source) for source, number in self._numbers.items())
