"""The report of a deployment in the terminal, in short and in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from .output import print_json

if TYPE_CHECKING:
    from ..deploy.document.document import Document


def print_report(document: dict[str, Any], folder: Path) -> None:
    """Print what one deployment came to, in short, or the comparison of those for several targets.

    Parameters
    ----------
    document : as in `report.json`.
    folder : where it lies.
    """
    from rich.console import Console

    from ..deploy.document.terminal import print_document
    from ..deploy.summary import print_summary

    if "deployments" in document:  # of several targets
        print_document(document_of(document), Console())
    else:
        print_summary(document, Console(), folder)


def print_whole(document: dict[str, Any], *, as_json: bool, as_markdown: bool, page: Path | None = None) -> None:
    """Print all that a report or a comparison says.

    Parameters
    ----------
    page : that says the same, to be named at the end; None where there is none.

    Raises
    ------
    UsageError : both JSON and Markdown are asked for.
    """
    from ..models.errors import UsageError

    if as_json and as_markdown:
        raise UsageError("--json and --markdown are two answers to one question: leave one of them out.")
    if as_json:
        print_json(document)
    elif as_markdown:
        from ..deploy.document.markdown import markdown_of

        typer.echo(markdown_of(document_of(document)), nl=False)
    else:
        from rich.console import Console

        from ..deploy.document.terminal import print_document

        print_document(document_of(document), Console())
        if page is not None:
            typer.echo(f"\nPage: {page}")


def show_report_schema(wanted: bool) -> None:
    """Print the JSON Schema of reports, and end."""
    _show_schema("report", wanted)


def show_comparison_schema(wanted: bool) -> None:
    """Print the JSON Schema of comparisons, and end."""
    _show_schema("comparison", wanted)


def _show_schema(name: Literal["report", "comparison"], wanted: bool) -> None:
    if wanted:
        from ..deploy.report_schema.json_schema import schema_text

        typer.echo(schema_text(name), nl=False)
        raise typer.Exit


def document_of(report: dict[str, Any]) -> Document:
    """All that a report, or a comparison, has to say.

    Parameters
    ----------
    report : as in `report.json`.
    """
    if "deployments" in report:
        from ..deploy.comparison.document import comparison_document

        return comparison_document(report)
    from ..deploy.report_document.report_document import report_document

    return report_document(report)
