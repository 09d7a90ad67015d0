"""Deployments side by side, as rows: the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..quantities import (
    UNKNOWN,
    format_count,
    format_interval,
    format_points,
    format_quantity,
    format_range,
    format_share,
    is_number,
)
from ..report.baseline_verdict import format_factor
from .least_energy import ENDS
from .verdict import NOTABLE, format_ratio

Json = Mapping[str, Any]
LONGEST_VALUE = 40  # characters of a setting that a table shows


@dataclass(frozen=True)
class Figure:
    """What a row says of one deployment.

    Attributes
    ----------
    figure : in short.
    detail : its range, or what else belongs to it; may be empty.
    least : whether it is the least energy of its account.
    """

    figure: str
    detail: str = ""
    least: bool = False

    def __str__(self) -> str:
        return f"{self.figure} ({self.detail})" if self.detail else self.figure


@dataclass(frozen=True)
class FigureRow:
    """A figure of several deployments, in their order."""

    name: str
    cells: tuple[Figure, ...]


def figure_rows(comparison: Json) -> tuple[FigureRow, ...]:
    """The figures of a mean sample, of what `comparison_of` gives."""
    deployments: Sequence[Json] = comparison["deployments"]

    def row(name: str, shown: Callable[[Json], Figure]) -> FigureRow:
        return FigureRow(name, tuple(shown(one) for one in deployments))

    def count(key: str) -> Callable[[Json], Figure]:
        return lambda one: Figure(format_count(one[key]))

    # A row an account, for no two of them can be held against each other.
    accounts = dict.fromkeys(name for one in deployments for name in one["energy_accounts"])
    least = comparison["least_energy"]
    return (
        row("model", lambda one: Figure(one["model"])),
        row("target", lambda one: Figure(one["target"], one["cost_set"])),
        row("accuracy", _accuracy),
        row("steps", count("steps")),
        row("cores", count("cores")),
        row("chips", count("chips")),
        row("spikes", count("spikes")),
        row("synaptic operations", count("synaptic_operations")),
        *(row(f"energy, {account_name(name)}", _energy(name, least.get(name) or {})) for name in accounts),
        row("latency", lambda one: _with_range(one["latency"], "s")),
        row("samples a second", lambda one: _with_range(one["throughput"], "")),
        row("no spikes, run once", lambda one: _against_ordinary(one, "int8")),
        row("no spikes, every step", lambda one: _against_ordinary(one, "int8_every_step")),
    )


def change_rows(comparison: Json) -> tuple[FigureRow, ...]:
    """What became of the figures of the first deployment in each other one."""
    changes: Sequence[Json] = comparison["changes"]
    if not changes:
        return ()
    accounts = dict.fromkeys(name for change in changes for name in change["energy_accounts"])

    def row(name: str, shown: Callable[[Json], Figure]) -> FigureRow:
        return FigureRow(name, tuple(shown(change) for change in changes))

    return (
        row("accuracy", lambda change: _points(change["accuracy"])),
        row("cores", lambda change: Figure(_signed(change["cores"]))),
        row("chips", lambda change: Figure(_signed(change["chips"]))),
        row("spikes", lambda change: Figure(times(change["spikes"]))),
        row("synaptic operations", lambda change: Figure(times(change["synaptic_operations"]))),
        *(row(f"energy, {account_name(name)}", _estimate_of(name)) for name in accounts),
        row("latency", lambda change: _estimate(change["latency"])),
        row("samples a second", lambda change: _estimate(change["throughput"])),
    )


def placement_rows(comparison: Json) -> tuple[FigureRow, ...]:
    """How neurons moved, of those deployments whose placements were compared."""
    changes = [change for change in comparison["changes"] if change["placement"] is not None]
    if not changes:
        return ()

    def row(name: str, shown: Callable[[Json], Figure]) -> FigureRow:
        return FigureRow(name, tuple(shown(change["placement"]) for change in changes))

    return (
        row("partition", _partition),
        row("neurons to regroup", lambda found: Figure(format_count(found["regrouped"]))),
        row("neurons on another core", _moved),
        row("hops a sample", _hops),
    )


def without_spikes(comparison: Json) -> list[tuple[str, Json]]:
    """How deployments fare against the same network without spikes: labels, and what `baseline` says of all of them.

    Targets on which the same integers run have the same verdict, which then comes once.
    """
    found: dict[str, tuple[list[str], Json]] = {}
    for one in comparison["deployments"]:
        found.setdefault(one["baseline"]["verdict"], ([], one["baseline"]))[0].append(one["label"])
    return [(", ".join(labels), baseline) for labels, baseline in found.values()]


def shown_value(value: Any) -> str:
    """A setting that differs, in at most `LONGEST_VALUE` characters and the sign that there were more."""
    text = value if isinstance(value, str) else UNKNOWN if value is None else json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def least_sentence(account: str, least: Json) -> str:
    """Which takes the least energy of an account, and whether that is sure."""
    name, factor = account_name(account), least["next_over_least"]
    if not is_number(factor):
        return f"In the account {name}, {least['label']} takes the least."
    if factor < NOTABLE:
        return f"In the account {name}, {least['label']} takes as little as the next."
    sure = "" if least["sure"] else ", but the ranges overlap: undecided"
    return (
        f"In the account {name}, {least['label']} takes the least, {format_ratio(factor)} times below the next{sure}."
    )


def account_name(key: str) -> str:
    """An account of energy in words."""
    return key.replace("_", " ")


def times(factor: float | None) -> str:
    """A ratio in words."""
    if not is_number(factor):
        return UNKNOWN
    if factor == 1:
        return "the same"
    return "about the same" if 1 / NOTABLE < factor < NOTABLE else f"{format_ratio(factor)} times"


def _accuracy(one: Json) -> Figure:
    interval = one["accuracy_interval"]
    return Figure(format_share(one["accuracy"]), "" if interval is None else format_interval(interval))


def _energy(account: str, least: Json) -> Callable[[Json], Figure]:
    return lambda one: _with_range(one["energy_accounts"].get(account), "J", least=one["label"] == least.get("label"))


def _with_range(quantity: Json | None, unit: str, *, least: bool = False) -> Figure:
    if quantity is None:
        return Figure(UNKNOWN)
    return Figure(
        format_quantity(quantity["nominal"], unit).strip(), format_range(quantity, unit).strip(), least=least
    )  # fmt: skip


def _against_ordinary(one: Json, case: str) -> Figure:
    found = one["baseline"]["cases"][case]
    ratio = found["ratio"]
    return Figure(found["outcome"], "" if ratio is None else f"{format_factor(ratio['nominal'])} times the energy")


def _points(change: Json | None) -> Figure:
    if change is None:
        return Figure(UNKNOWN)
    ends = " to ".join(format_points(end).removesuffix(" points") for end in change["interval"])
    difference = change["difference"]
    return Figure(format_points(difference) if difference else "the same", f"{ends}; {change['outcome']}")


def _estimate_of(account: str) -> Callable[[Json], Figure]:
    return lambda change: _estimate(change["energy_accounts"].get(account))


def _estimate(change: Json | None) -> Figure:
    if change is None:
        return Figure(UNKNOWN)
    if change["outcome"] == "the same" or all(1 / NOTABLE < change[end] < NOTABLE for end in ENDS):
        return Figure(times(change["nominal"]))
    ends = "–".join(dict.fromkeys(format_ratio(change[end]) for end in ("low", "high")))
    return Figure(times(change["nominal"]), f"{ends}; {change['outcome']}")


def _signed(difference: int) -> str:
    return "the same" if difference == 0 else f"{difference:+,}".replace("-", "\u2212")


def _partition(found: Json) -> Figure:
    if found["not_compared_because"] is not None:
        return Figure("not compared", found["not_compared_because"])
    return Figure("the same" if found["same_partition"] else "another")


def _moved(found: Json) -> Figure:
    if found["moved"] is None:
        return Figure(UNKNOWN)
    return Figure(format_count(found["moved"]), f"of {format_count(found['neurons'])}")


def _hops(found: Json) -> Figure:
    return Figure(format_count(found["hops_after"]), f"before: {format_count(found['hops_before'])}")
