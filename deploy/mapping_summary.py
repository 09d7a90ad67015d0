"""How a mapping came to be and how good it is, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .document.document import printable
from .quantities import format_count, format_quantity, format_share

MOST_LAYERS = 30  # rows of the table of layers; those on most cores


def print_mapping(explanation: Mapping[str, Any], console: Console) -> None:
    """Print what was tried, what is full, and what the result is compared with.

    Parameters
    ----------
    explanation : as `Explanation.as_dict` gives it, with or without times.
    """
    console.print(_attempts(explanation))
    console.print(_layers(explanation))
    console.print(_comparison(explanation))


def _attempts(explanation: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("strategy", no_wrap=True)
    for name in ("cores", "messages/step", "energy/step"):
        table.add_column(name, justify="right", no_wrap=True)
    timed = any("seconds" in attempt for attempt in explanation["attempts"])
    if timed:
        table.add_column("took", justify="right", no_wrap=True)
    table.add_column("outcome")
    for attempt in explanation["attempts"]:
        chosen = attempt["outcome"] == "chosen"
        table.add_row(
            Text(attempt["strategy"], style="bold" if chosen else ""),
            format_count(attempt["cores"]),
            format_count(attempt["messages"]),
            format_quantity(attempt["energy"], "J"),
            *([format_quantity(attempt["seconds"], "s")] if timed else []),
            Text(attempt["outcome"], style="green" if chosen else "dim"),
        )
    return table


def _layers(explanation: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer", overflow="fold")
    table.add_column("cores", justify="right", no_wrap=True)
    table.add_column("bound by")
    table.add_column("used", justify="right", no_wrap=True)
    rows = explanation["layers"]
    shown = sorted(rows, key=lambda row: -row["cores"])[:MOST_LAYERS] if len(rows) > MOST_LAYERS else rows
    for row in shown:
        resource = "no limit is known" if row["resource"] is None else row["resource"].replace("_", " ")
        table.add_row(Text(printable(row["layer"])), format_count(row["cores"]), resource, format_share(row["share"]))
    if len(rows) > len(shown):
        table.caption = f"The {len(shown)} layers on most cores, of {len(rows)}; --json has all."
    return table


def _comparison(explanation: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="bold", no_wrap=True, justify="right")
    table.add_column()
    links, step = explanation["links"], explanation["modelled_step"]
    table.add_row("messages", format_count(links["deliveries"]), _against(explanation["message_baselines"], "a step"))
    bound = format_count(explanation["hop_lower_bound"])
    below = f"; no placement takes fewer than {bound} ({explanation['lower_bound_by']})"
    table.add_row("hops", format_count(explanation["hops"]), _against(explanation["hop_baselines"], "a step") + below)
    table.add_row("busiest link", format_count(links["busiest_link"]), "messages a step")
    if links["routing_entries"] is not None:
        table.add_row("routing entries", format_count(links["routing_entries"]), "of the fullest router")
    rates = "" if explanation["measured"] else ", if every neuron spikes at every step"
    table.add_row(
        "modelled", format_quantity(step["energy"], "J"),
        f"a step of {format_quantity(step['step_time'], 's')}, which waits for {_work(step['bound_by'])}{rates}",
    )  # fmt: skip
    used = ", ".join(
        f"{resource.replace('_', ' ')} {format_share(share)}"
        for resource, share in explanation["utilisation"].items()
        if resource != "fullest"
    )
    fullest = explanation["utilisation"].get("fullest")
    if fullest is not None:
        table.add_row("used", format_share(fullest), f"of a core's scarcest resource, mean; by resource: {used}")
    if "seconds" in explanation:
        memory = explanation["peak_memory_bytes"]
        held = "" if memory is None else f"; the process held {format_quantity(memory, 'B')} at most"
        early = "; stopped by the time limit" if explanation["stopped_early"] else ""
        table.add_row(
            "took", format_quantity(explanation["seconds"], "s"), f"effort {explanation['effort']}{held}{early}"
        )
    return table


def _against(baselines: Mapping[str, float], unit: str) -> str:
    others = ", ".join(f"{name} {format_count(value)}" for name, value in baselines.items())
    return f"{unit}; {others}" if others else unit


def _work(kind: str) -> str:
    return {"barrier": "the barrier", "links": "the busiest link"}.get(kind, f"the busiest core's {kind}")
