"""The page of a study: one HTML file without network and script, in the style of the report of a deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..figures.figure import Figure
from ..page_environment import page_environment
from .table_cells import Column, cell, columns_of

SHOWN_ROWS = 50
LARGEST_FIGURES = 2_500_000  # characters of all figures together: the page stays below 3 MB


@dataclass(frozen=True)
class ShownTable:
    """The beginning of a table.

    Attributes
    ----------
    name : its heading.
    link : its file, as a link from the page.
    rows, shown : how many there are, and how many are on the page.
    columns : of the rows on the page.
    """

    name: str
    link: str
    rows: int
    shown: int
    columns: tuple[Column, ...]

    @property
    def units(self) -> bool:
        """Whether some of them are written with a prefix that the file does not have."""
        return any(column.name.endswith(("J)", "s)")) for column in self.columns)

    @property
    def lines(self) -> list[list[tuple[str, bool]]]:
        """Row by row the cells, each with whether it is of a numeric column."""
        return [[(column.cells[row], column.numeric) for column in self.columns] for row in range(self.shown)]


def render_study(
    document: Mapping[str, Any], figures: Sequence[Figure], tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> str:
    """Write the page.

    Parameters
    ----------
    document : what becomes `study.json`: title, summary, sentences, settings, assumptions, command, seed, versions,
        date, and `tables`, the file of each table by its name. What is missing is left out.
    figures : in their order. Those with which the page would grow beyond 3 MB are replaced by a sentence.
    tables : by name, rows of values by the names of their columns; the first 50 rows are shown.

    Returns
    -------
    str : a whole HTML document.

    Raises
    ------
    ValueError
        If two figures have the same name.
    """
    if len({figure.name for figure in figures}) < len(figures):
        raise ValueError("Two figures of a study have the same name.")
    files = document.get("tables") or {}
    sentences = list(document.get("sentences") or ())
    return (
        page_environment()
        .get_template("study.html.jinja")
        .render(
            document=document,
            verdict=sentences[0] if sentences else document.get("summary"),
            summary=document.get("summary") if sentences else None,
            sentences=sentences[1:],
            figures=_pictures(figures),
            tables=[_table(name, rows, str(files.get(name, f"{name}.csv"))) for name, rows in tables.items()],
            settings=_settings(document),
            cell=cell,
        )
    )


def _pictures(figures: Sequence[Figure]) -> list[tuple[Figure, str | None]]:
    """Each figure with its SVG, or with None where there is no more room."""
    room, found = LARGEST_FIGURES, []
    for figure in figures:
        fits = len(figure.svg) <= room
        room -= len(figure.svg) * fits
        found.append((figure, figure.svg if fits else None))
    return found


def _table(name: str, rows: Sequence[Mapping[str, Any]], file: str) -> ShownTable:
    shown = rows[:SHOWN_ROWS]
    return ShownTable(name.replace("_", " ").replace("-", " "), quote(file), len(rows), len(shown), columns_of(shown))


def _settings(document: Mapping[str, Any]) -> dict[str, str]:
    """Options as they were; the seed stands beside the command."""
    settings = document.get("settings") or {}
    return {str(name).replace("_", " "): _option(value) for name, value in settings.items() if name != "seed"}


def _option(value: Any) -> str:
    """A long list by its ends."""
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 8:
        return f"{cell(value[0])}, {cell(value[1])} … {cell(value[-1])} ({len(value)} values)"
    return cell(value)
