"""Deployments side by side, as rows of a table: the same in the terminal and on the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .baseline_verdict import format_factor
from .quantities import UNKNOWN, format_count, format_interval, format_quantity, format_range, format_share, is_number

Json = Mapping[str, Any]
NOTABLE = 1.005  # times the energy, below which two deployments are told to take the same
LONGEST_VALUE = 40  # characters of a setting that a table shows


@dataclass(frozen=True)
class Cell:
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
class ComparisonRow:
    """A figure of all deployments, in their order."""

    name: str
    cells: tuple[Cell, ...]


def figure_rows(comparison: Json) -> tuple[ComparisonRow, ...]:
    """The figures of a mean sample, of what `comparison_of` gives; what is missing reads as not known."""
    deployments: Sequence[Json] = comparison.get("deployments") or ()

    def row(name: str, shown: Callable[[Json], Cell]) -> ComparisonRow:
        return ComparisonRow(name, tuple(shown(one) for one in deployments))

    def count(key: str) -> Callable[[Json], Cell]:
        return lambda one: Cell(format_count(one.get(key)))

    # A row an account, for no two of them can be held against each other.
    accounts = dict.fromkeys(name for one in deployments for name in one.get("energy_accounts") or {})
    least = comparison.get("least_energy") or {}
    return (
        row("model", lambda one: Cell(str(one.get("model", UNKNOWN)))),
        row("target", lambda one: Cell(str(one.get("target", UNKNOWN)), str(one.get("cost_set") or ""))),
        row("accuracy", _accuracy),
        row("steps", count("steps")),
        row("cores", count("cores")),
        row("chips", count("chips")),
        row("spikes", count("spikes")),
        row("synaptic operations", count("synaptic_operations")),
        *(row(f"energy, {name.replace('_', ' ')}", _energy(name, least.get(name) or {})) for name in accounts),
        row("latency", lambda one: _with_range(one.get("latency"), "s")),
        row("samples a second", lambda one: _with_range(one.get("throughput"), "")),
        row("no spikes, run once", lambda one: _against_ordinary(one, "int8")),
        row("no spikes, every step", lambda one: _against_ordinary(one, "int8_every_step")),
    )


def without_spikes(comparison: Json) -> list[tuple[str, Json]]:
    """How deployments fare against the same network without spikes: labels, and what `baseline` says of all of them.

    Targets on which the same integers run have the same verdict, which then comes once.
    """
    found: dict[str, tuple[list[str], Json]] = {}
    for one in comparison.get("deployments") or ():
        baseline = one.get("baseline") or {}
        if baseline.get("verdict"):
            found.setdefault(str(baseline["verdict"]), ([], baseline))[0].append(str(one.get("label")))
    return [(", ".join(labels), baseline) for labels, baseline in found.values()]


def shown_value(value: Any) -> str:
    """A setting that differs, in at most `LONGEST_VALUE` characters and the sign that there were more."""
    text = value if isinstance(value, str) else UNKNOWN if value is None else json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def least_sentence(account: str, least: Json) -> str:
    """Which takes the least energy of an account, and whether that is sure."""
    name, factor = account.replace("_", " "), least.get("next_over_least")
    if not is_number(factor):
        return f"In the account {name}, {least.get('label')} takes the least."
    if factor < NOTABLE:
        return f"In the account {name}, {least.get('label')} takes as little as the next."
    sure = "" if least.get("sure") else ", but the ranges overlap: undecided"
    times = f"{factor:,.0f}" if factor >= 100 else f"{factor:.3g}"
    return f"In the account {name}, {least.get('label')} takes the least, {times} times below the next{sure}."


def _accuracy(one: Json) -> Cell:
    interval = one.get("accuracy_interval")
    return Cell(format_share(one.get("accuracy")), "" if interval is None else format_interval(interval))


def _energy(account: str, least: Json) -> Callable[[Json], Cell]:
    def shown(one: Json) -> Cell:
        energy = (one.get("energy_accounts") or {}).get(account)
        return _with_range(energy, "J", least=one.get("label") is not None and one["label"] == least.get("label"))

    return shown


def _with_range(quantity: Json | None, unit: str, *, least: bool = False) -> Cell:
    if not quantity:
        return Cell(UNKNOWN)
    return Cell(
        format_quantity(quantity.get("nominal"), unit).strip(), format_range(quantity, unit).strip(), least=least
    )


def _against_ordinary(one: Json, case: str) -> Cell:
    found = ((one.get("baseline") or {}).get("cases") or {}).get(case) or {}
    if not found:
        return Cell(UNKNOWN)
    ratio = found.get("ratio") or {}
    nominal = ratio.get("nominal")
    return Cell(
        str(found.get("outcome", UNKNOWN)), f"{format_factor(nominal)} times the energy" if is_number(nominal) else ""
    )
