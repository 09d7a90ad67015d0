"""A document in GitHub-flavoured Markdown, for a paper's appendix; where constants come from stands in footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Cell, Column, Document, Passage, Sources, Table, harmless, printable

SPECIAL = re.compile(r"([\\`*\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore within a word means nothing
BEGINNING = re.compile(r"^(\d*)([#+=-]|(?<=\d)[.)](?=\s|$))")  # what would make a line a heading, a list or a rule
BELOW = "↳ "  # what is a part of the row above; Markdown drops spaces


def markdown_of(document: Document) -> str:
    """Write a document.

    Returns
    -------
    str : of lines that each are a paragraph; it ends with a line break.
    """
    sources = Sources()
    blocks = [f"# {_heading(document.title)}", f"**{escaped(document.verdict)}**"]
    blocks += [_paragraph(remark) for remark in document.remarks]
    blocks += [f"> {_paragraph(warning)}" for warning in document.warnings]
    for passage in document.passages:
        if not passage.empty:
            blocks += _passage(passage, sources)
    blocks += [f"[^{number}]: {_paragraph(source)}" for number, source in sources]
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return SPECIAL.sub(r"\\\1", printable(text))


def _passage(passage: Passage, sources: Sources) -> Iterator[str]:
    yield f"## {_heading(passage.title)}"
    for table in passage.tables:
        if table.rows:
            if table.title:
                yield f"{_paragraph(table.title)}:"
            yield _table(table, sources)
    yield from (_paragraph(sentence) for sentence in passage.sentences)
    if passage.items:
        yield "\n".join(f"- {_paragraph(item)}" for item in passage.items)
    if passage.code:
        yield _code(passage.code)


def _heading(text: str) -> str:
    """What ends with such signs would lose them, for a heading may be closed by them."""
    return escaped(text).replace("#", r"\#")


def _paragraph(text: str) -> str:
    return BEGINNING.sub(r"\1\\\2", escaped(text))


def _table(table: Table, sources: Sources) -> str:
    titles = " | ".join(escaped(column.title) for column in table.columns)
    lines = [f"| {titles} |", f"|{'|'.join(_rule(column) for column in table.columns)}|"]
    lines += [f"| {' | '.join(_field(cell, sources) for cell in row)} |" for row in table.rows]
    return "\n".join(lines)


def _rule(column: Column) -> str:
    return "---:" if column.number else "---"


def _field(cell: Cell, sources: Sources) -> str:
    text = escaped(cell.text)
    shown = f"**{text}**" if cell.strong and text else text
    shown = f"{BELOW}{shown}" if cell.below else shown
    return f"{shown}[^{sources.number(cell.source)}]" if cell.source else shown


def _code(text: str) -> str:
    """A fence longer than any within."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = "\n".join(map(harmless, text.splitlines()))
    return f"{fence}\n{lines}\n{fence}"
