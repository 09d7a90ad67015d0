"""Deployments side by side in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .comparison_rows import ComparisonRow, figure_rows, least_sentence, shown_value, without_spikes

Json = Mapping[str, Any]
OUTCOME_STYLES = {"wins": "green", "loses": "red", "undecided": "yellow"}


def print_comparison(comparison: Json, console: Console) -> None:
    """Print what `comparison_of` gives: a column a deployment, what differs, and how each fares without spikes.

    With `refused`, as for a deployment to several targets, also which of them the network does not fit, and why.
    """
    deployments = comparison.get("deployments") or ()
    labels = [str(one.get("label")) for one in deployments]
    console.print(_figures(figure_rows(comparison), labels))
    if comparison.get("differences"):
        console.print(_differences(comparison["differences"], labels))
    for names, baseline in without_spikes(comparison):
        style = OUTCOME_STYLES.get(str(baseline.get("outcome")), "")
        console.print(Text.assemble((f"{names}: ", "bold"), (str(baseline["verdict"]), style)))
    for name, least in (comparison.get("least_energy") or {}).items():
        console.print(Text(least_sentence(name, least), style="italic"))
    for name, reason in (comparison.get("refused") or {}).items():
        console.print(Text.assemble((f"{name} is left out: ", "bold"), (str(reason), "red")))
    for note in comparison.get("notes") or ():
        console.print(Text(f"Note: {note}", style="yellow"))


def _figures(rows: Sequence[ComparisonRow], labels: Sequence[str]) -> Table:
    table = _table("a mean sample", labels)
    for row in rows:
        table.add_row(row.name, *(Text(str(cell), style="bold" if cell.least else "") for cell in row.cells))
    return table


def _differences(differences: Sequence[Json], labels: Sequence[str]) -> Table:
    table = _table("what differs", labels)
    for difference in differences:
        values = difference.get("values") or {}
        table.add_row(Text(str(difference.get("what"))), *(Text(shown_value(values.get(label))) for label in labels))
    return table


def _table(first: str, labels: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for label in labels:
        table.add_column(Text(label), justify="right", overflow="fold")
    return table
