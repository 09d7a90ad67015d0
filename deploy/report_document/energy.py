"""The energy of a sample: three accounts with what adds up to each, and which layer takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...backends.breakdown import CATEGORIES
from ...mapping.constant import Bounds
from ..document.document import Cell, Passage, Table, table
from ..quantities import UNKNOWN, format_count, format_quantity, format_range
from ..report.verdict import Report
from ..report_page.energy_table import EnergyRow, energy_rows

Row = tuple[Cell | str, ...]
NEVER = "Each account holds the dynamic energy, so that they are never to be added."


def energy(report: Report) -> Passage:
    """Make the passage."""
    accounts = report["energy_accounts"]
    meanings = [f"{_named(name)}: {account['meaning']}" for name, account in accounts.items()]
    if "system_total" not in accounts:
        meanings.append("System total: the host is not known; say what it draws (--host-power).")
    counted = f"Estimated from what was counted, by the account {report['cost_set']}."
    return Passage(
        "Energy of a sample", (_tree(report), _layers(energy_rows(report))), (counted, NEVER, *meanings)
    )  # fmt: skip


def _tree(report: Report) -> Table:
    rows = [*_dynamic(report), *_chip(report), *_system(report)]
    return table("account and what adds up to it", ">times", ">nominal", ">low–high", "known as", rows=rows)


def _dynamic(report: Report) -> Iterator[Row]:
    yield _account(report, "dynamic_neurocore")
    for term in report["energy_terms"]:
        yield _part(term["term"], format_count(term["count_per_sample"]), term)


def _chip(report: Report) -> Iterator[Row]:
    yield _account(report, "chip_total")
    yield _part("dynamic_neurocore", "", report["energy_accounts"]["dynamic_neurocore"])
    yield from _powers(report["static_terms"])


def _system(report: Report) -> Iterator[Row]:
    if "system_total" in report["energy_accounts"]:
        yield _account(report, "system_total")
        yield _part("dynamic_neurocore", "", report["energy_accounts"]["dynamic_neurocore"])
        yield from _powers(report["system_terms"])
        yield _part("bringing input in", "", report["transfer_energy"])


def _powers(terms: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for term in terms:
        yield _part(f"power: {term['term']}", format_count(term["units"]), term)


def _account(report: Report, name: str) -> Row:
    quantity = report["energy_accounts"][name]
    nominal = Cell(format_quantity(quantity["nominal"], "J"), strong=True)
    return (Cell(name.replace("_", " "), strong=True), "", nominal, format_range(quantity, "J"), "")


def _part(name: str, times: str, quantity: Mapping[str, Any]) -> Row:
    nominal, ends = format_quantity(quantity["nominal"], "J"), format_range(quantity, "J")
    known = Cell(quantity.get("kind", ""), source=quantity.get("source", ""))
    return (Cell(name.replace("_", " "), below=True), times, nominal, ends, known)


def _layers(rows: Sequence[EnergyRow]) -> Table:
    """The sum of each layer, and what it goes to; columns of what no layer takes are left out."""
    taken = [place for place, _ in enumerate(CATEGORIES) if any(row.energies[place] for row in rows)]
    fields: list[Row] = [
        (
            Cell(row.layer, strong=row is rows[-1]),
            Cell(_nominal(row.energies[-1]), strong=True),
            UNKNOWN if row.energies[-1] is None else format_range(row.energies[-1]._asdict(), "J"),
            *(_nominal(row.energies[place]) for place in taken),
        )
        for row in rows
    ]
    titles = [f">{CATEGORIES[place]}" for place in taken]
    return table("layer", ">sum", ">low–high", *titles, rows=fields, title="Chip total by layer")


def _nominal(energy: Bounds | None) -> str:
    return UNKNOWN if energy is None else format_quantity(energy.nominal, "J")


def _named(account: str) -> str:
    return account.replace("_", " ").capitalize()
