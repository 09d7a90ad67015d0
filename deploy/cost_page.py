"""What a sample costs, in the terminal: the accounts, what takes the energy in which layer, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..backends.breakdown import CATEGORIES
from .document.document import printable
from .quantities import format_count, format_quantity, format_range, format_share

Costs = Mapping[str, Any]
ALL_LAYERS = "all layers"


def print_costs(costs: Costs, console: Console | None = None) -> None:
    """Print an estimate.

    Parameters
    ----------
    costs : as `Estimate.as_dict` gives it.
    """
    console = console or Console()
    console.print(Text(f"Account: {costs['cost_set']}", style="bold"))
    console.print(_accounts(costs))
    console.print(_terms(costs))
    console.print(_layers(costs))
    for note in costs["notes"]:
        console.print(Text(printable(note), style="dim"))


def _accounts(costs: Costs) -> Table:
    table = _table("a sample", "nominal", "range", "what it is")
    for name, energy in costs["energy_accounts"].items():
        nominal = format_quantity(energy["nominal"], "J")
        table.add_row(name.replace("_", " "), nominal, format_range(energy, "J"), Text(energy["meaning"], style="dim"))
    if "system_total" not in costs["energy_accounts"]:
        unknown = "The host is not known: say what it draws (--host-power)."
        table.add_row("system total", "–", "", Text(unknown, style="dim"))
    latency, step = costs["latency_per_sample"], costs["step_time"]
    bound_by = step["bound_by"]
    table.add_row("latency", format_quantity(latency["nominal"], "s"), format_range(latency, "s"), "")
    waits = f"waits for {bound_by['work']}, {format_share(bound_by['share'])} of the time"
    table.add_row("step", format_quantity(step["nominal"], "s"), format_range(step, "s"), Text(waits, style="dim"))
    if step["slowdown"] is not None:
        slowdown = step["slowdown"]
        times = f"{slowdown['low']:g}–{slowdown['high']:g}"
        table.add_row("slowdown", f"{slowdown['nominal']:g}", times, Text("periods of the clock a step", style="dim"))
    return table


def _terms(costs: Costs) -> Table:
    table = _table("operation", "times a sample", "nominal", "range", "kind")
    for term in costs["energy_terms"]:
        count, energy = format_count(term["count_per_sample"]), format_quantity(term["nominal"], "J")
        table.add_row(term["term"].replace("_", " "), count, energy, format_range(term, "J"), term["kind"])
    for term in (
        *costs["static_terms"],
        *(term for term in costs["system_terms"] if term["term"] in ("board", "host")),
    ):
        energy = format_quantity(term["nominal"], "J")
        name = f"power: {term['term']}"
        table.add_row(name, f"{term['units']} of them", energy, format_range(term, "J"), term["kind"])
    return table


def _layers(costs: Costs) -> Table:
    table = _table("layer", *CATEGORIES, "sum")
    layers = costs["energy_breakdown"]["layers"]
    for name, parts in layers.items():
        table.add_row(
            Text(printable(name), style="bold"), *_energies([parts[category]["nominal"] for category in CATEGORIES])
        )
    sums = [sum(parts[category]["nominal"] for parts in layers.values()) for category in CATEGORIES]
    table.add_section()
    table.add_row(ALL_LAYERS, *_energies(sums))
    return table


def _energies(nominal: list[float]) -> list[str]:
    return [format_quantity(energy, "J") if energy else "–" for energy in (*nominal, sum(nominal))]


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        left = column in ("a sample", "operation", "layer", "what it is", "kind")
        table.add_column(column, justify="left" if left else "right", overflow="fold")
    return table
