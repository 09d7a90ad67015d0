"""The end of a deployment in the terminal: what came out, in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .document.document import printable
from .quantities import format_count, format_interval, format_quantity, format_range, format_share, is_number
from .report.verdict import STAGES, Report, fullest, ledger, remarks, titles
from .report_page.layer_table import layer_rows

BAR = 16
WIDE = 90  # columns from which on there is room for bars
WIDEST = 120  # and for what a stage does
LAYER_LEGEND = (
    "float, chip: spikes per neuron and step; same: spikes in common, alone: with this layer alone in fixed point, "
    "class: samples whose class stays then; weights clipped and zeroed; over: widths left."
)
COSTS = (
    ("energy", ("energy_per_sample",), "J", "dynamic energy of a sample"),
    ("chip", ("energy_accounts", "chip_total"), "J", "with the static power of the chips"),
    ("system", ("energy_accounts", "system_total"), "J", "with the power of board and host"),
    ("latency", ("latency_per_sample",), "s", "from first to last step of a sample"),
)
"""Name, where it stands in the report, unit, and what it is; accounts of energy are never to be added."""


def print_summary(report: Report, console: Console, folder: Path) -> None:
    """Print the ledger, the cores, what a sample costs, and where the report lies.

    Parameters
    ----------
    report : what becomes `report.json`; keys that are missing are left out.
    console : where to print; without a terminal, rich leaves colours out.
    folder : the artifact.
    """
    model, target = map(printable, titles(report))
    console.print()
    console.rule(Text.assemble((model, "bold"), " on ", (target, "bold")), align="left", style="dim")
    if ledger(report):
        console.print(_ledger_table(report, console))
    if layer_rows(report):
        console.print(_layer_table(report))
        console.print(Text(LAYER_LEGEND, style="dim"))
        console.print()
    console.print(_facts_table(report))
    console.print()
    for warning in report.get("warnings") or ():
        console.print(Text(printable(f"Note: {warning}"), style="yellow"))
    for remark in remarks(report):
        console.print(Text(printable(remark), style="italic"))
    # No style and no wrapping, so that the path can be copied and clicked.
    console.print(Text(f"Report: {folder / 'report.html'}"), soft_wrap=True)
    console.print()


def _ledger_table(report: Report, console: Console) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    if console.width >= WIDEST:
        table.add_column("", style="dim", no_wrap=True)
    table.add_column("accuracy", justify="right")
    table.add_column("95 % sure", justify="right", style="dim", no_wrap=True)
    if console.width >= WIDE:
        table.add_column("", no_wrap=True)
    table.add_column("samples", justify="right")
    table.add_column("spikes/sample", justify="right")
    table.add_column("as before", justify="right")  # agreement with the row above
    for row in ledger(report):
        stage = str(row.get("stage", ""))
        table.add_row(
            Text(stage, style="bold"),
            *([STAGES.get(stage, "")] if console.width >= WIDEST else []),
            format_share(row.get("accuracy")),
            format_interval(row.get("accuracy_interval")),
            *([_bar(row.get("accuracy"), console)] if console.width >= WIDE else []),
            format_count(row.get("samples")),
            format_count(row.get("spikes_per_sample")),
            format_share(row.get("agreement")),
        )
    return table


def _layer_table(report: Report) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer", overflow="fold")
    for name in ("float", "chip", "same", "alone", "class", "clip", "zero", "over"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in layer_rows(report):
        shares = (
            row.float_rate, row.integer_rate, row.agreement, row.alone, row.same_class, row.clipped_share,
            row.zeroed_share,
        )  # fmt: skip
        over = Text(format_count(row.overflows), style="yellow" if row.overflows else "")
        table.add_row(Text(printable(row.layer), style="bold"), *map(format_share, shares), over)
    return table


def _bar(share: float | None, console: Console) -> Text:
    if not is_number(share):
        return Text("")
    full, empty = ("#", ".") if console.options.ascii_only else ("━", "─")
    length = round(BAR * min(max(share or 0.0, 0.0), 1.0))
    return Text.assemble((full * length, "green"), (empty * (BAR - length), "dim"))


def _facts_table(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("cores", format_count(report.get("cores")), _room(report))
    counts = report.get("counts") or {}
    if counts:
        table.add_row("work", format_count(counts.get("synaptic_operations")), "synaptic operations a sample")
    for name, keys, unit, what in COSTS:
        quantity = _within(report, keys)
        if quantity:
            estimate = f"{format_range(quantity, unit)}: {what}, estimated"
            table.add_row(name, format_quantity(quantity.get("nominal"), unit), estimate)
    slowdown = _within(report, ("step_time", "slowdown"))
    if slowdown:
        ends = dict.fromkeys(format_count(slowdown.get(end)) for end in ("low", "high"))
        table.add_row("slowdown", format_count(slowdown.get("nominal")), f"{'–'.join(ends)}: ticks of the clock a step")
    assumptions = report.get("assumptions") or ()
    if assumptions:
        table.add_row("assumed", str(len(assumptions)), "the report lists what the model and the data left open")
    return table


def _within(report: Report, keys: tuple[str, ...]) -> Mapping[str, Any]:
    """A section of a report; empty where there is none, as in an older report."""
    section: Any = report
    for key in keys:
        section = section.get(key) if isinstance(section, Mapping) else None
    return section if isinstance(section, Mapping) else {}


def _room(report: Report) -> str:
    entry = fullest(report)
    if entry is None:
        return ""
    resource = str(entry["resource"]).replace("_", " ")
    return f"fullest: core {entry['core']}, {format_share(entry['share'])} of its {resource}"
