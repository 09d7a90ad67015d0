"""The energy of a sample as trees, one for each account: what a branch takes is the sum of what its parts take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...backends.breakdown import BEGINNINGS, CATEGORIES, category_of
from ...mapping.constant import Bounds
from ..quantities import format_count, is_number

Report = Mapping[str, Any]
DYNAMIC = tuple(category for category in CATEGORIES if category != "static")


@dataclass(frozen=True)
class Branch:
    """A part of an account.

    Attributes
    ----------
    name : of what takes the energy.
    energy : J a sample.
    source : where the figure is from, and what it means; empty where its parts say that.
    parts : the largest first.
    """

    name: str
    energy: Bounds
    source: str = ""
    parts: tuple[Branch, ...] = ()


def energy_trees(report: Report) -> tuple[Branch, ...]:
    """Trees of the dynamic energy, and where they are known of the totals of chip and system; none without accounts."""
    accounts = report.get("energy_accounts") or {}
    if "dynamic_neurocore" not in accounts:
        return ()
    dynamic = _account("dynamic energy of the cores", accounts["dynamic_neurocore"], _layers(report))
    trees = [dynamic]
    if "chip_total" in accounts:
        trees.append(_account("chip total", accounts["chip_total"], (dynamic, *_powers(report.get("static_terms")))))
    if "system_total" in accounts:
        transfer = report.get("transfer_energy")
        brought = (Branch("bringing input in", _bounds(transfer), "given by --transfer-energy"),) if transfer else ()
        powers = _powers(report.get("system_terms"))
        trees.append(_account("system total", accounts["system_total"], (dynamic, *powers, *brought)))
    return tuple(trees)


def leaves(branch: Branch) -> Iterable[Branch]:
    """Everything in a tree that has no parts."""
    if not branch.parts:
        yield branch
    for part in branch.parts:
        yield from leaves(part)


def _account(name: str, account: Mapping[str, Any], parts: tuple[Branch, ...]) -> Branch:
    return Branch(name, _bounds(account), str(account.get("meaning", "")), _sorted(parts))


def _layers(report: Report) -> tuple[Branch, ...]:
    """The dynamic energy of each layer, by what takes it."""
    sources = _sources(report)
    layers = (report.get("energy_breakdown") or {}).get("layers") or {}
    found = []
    for layer, parts in layers.items():
        known = parts or {}
        own = [Branch(category, _bounds(known.get(category)), sources.get(category, "")) for category in DYNAMIC]
        own = [part for part in own if part.energy.high]
        if own:
            found.append(Branch(layer, _sum(part.energy for part in own), "", _sorted(own)))
    return _sorted(found)


def _sources(report: Report) -> dict[str, str]:
    """Per category of `DYNAMIC`, its operations with what is said of their constants."""
    found: dict[str, list[str]] = {}
    for term in report.get("energy_terms") or ():
        operation = str(term.get("term", ""))
        if term.get("high") and operation.startswith(tuple(BEGINNINGS)):
            often = f"{format_count(term.get('count_per_sample'))} times a sample"
            told = f"{operation.replace('_', ' ')}, {often}; {_source(term)}"
            found.setdefault(category_of(operation), []).append(told)
    return {category: "\n".join(lines) for category, lines in found.items()}


def _powers(terms: Any) -> tuple[Branch, ...]:
    return tuple(
        Branch(f"{str(term.get('term', '')).replace('_', ' ')} power", _bounds(term), _source(term))
        for term in terms or ()
    )


def _source(term: Mapping[str, Any]) -> str:
    return f"{term.get('kind', 'unknown')}: {term.get('source', 'no source')}"


def _sorted(parts: Iterable[Branch]) -> tuple[Branch, ...]:
    return tuple(sorted(parts, key=lambda part: -part.energy.nominal))


def _sum(energies: Iterable[Bounds]) -> Bounds:
    return Bounds(*(math.fsum(ends) for ends in zip(*energies, strict=True)))


def _bounds(energy: Any) -> Bounds:
    ends = (energy.get(end) if isinstance(energy, Mapping) else None for end in Bounds._fields)
    return Bounds(*(float(end) if is_number(end) else 0.0 for end in ends))
