"""The energy as trees: whatever the report, a branch is the sum of its parts, and nothing is counted twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.backends.breakdown import CATEGORIES
from spikeloom.deploy.report_page.energy_tree import Branch, energy_trees, leaves
from spikeloom.mapping.constant import Bounds

ENERGY = st.floats(0, 1e-3, allow_subnormal=False)


@st.composite
def energies(draw: st.DrawFn) -> dict[str, float]:
    low, nominal, high = sorted((draw(ENERGY), draw(ENERGY), draw(ENERGY)))
    return {"low": low, "nominal": nominal, "high": high}


def added(parts: list[Mapping[str, float]]) -> dict[str, float]:
    return {end: math.fsum(part[end] for part in parts) for end in Bounds._fields}


@st.composite
def reports(draw: st.DrawFn) -> dict[str, Any]:
    layers = {
        f"layer {number}": {category: draw(energies()) for category in CATEGORIES}
        for number in range(draw(st.integers(1, 4)))
    }
    dynamic = added([parts[category] for parts in layers.values() for category in CATEGORIES[:-1]])
    powers = [
        {"term": name, "units": 1, "kind": "measured", "source": "a board", **draw(energies())}
        for name in ("static", "processors")
    ]
    system = [{"term": "board", "units": 1, "kind": "measured", "source": "a board", **draw(energies())}]
    transfer = draw(energies())
    return {
        "energy_breakdown": {"layers": layers},
        "energy_terms": [
            {"term": "spike", "count_per_sample": 12.0, "kind": "assumed", "source": "a guess", **dynamic}
        ],
        "energy_accounts": {
            "dynamic_neurocore": {**dynamic, "meaning": "cores"},
            "chip_total": {**added([dynamic, *powers]), "meaning": "chips"},
            "system_total": {**added([dynamic, *system, transfer]), "meaning": "all"},
        },
        "static_terms": powers,
        "system_terms": system,
        "transfer_energy": transfer,
    }


@given(report=reports())
@settings(max_examples=40, deadline=None)
def test_branches_are_the_sums_of_their_parts(report: dict[str, Any]) -> None:
    trees = energy_trees(report)
    assert [tree.name for tree in trees] == ["dynamic energy of the cores", "chip total", "system total"]
    for tree, account in zip(trees, report["energy_accounts"].values(), strict=True):
        assert tree.energy == Bounds(*(account[end] for end in Bounds._fields))
        for end in Bounds._fields:
            of_leaves = math.fsum(getattr(leaf.energy, end) for leaf in leaves(tree))
            assert of_leaves == pytest.approx(account[end], rel=1e-9, abs=1e-18)
        _check_parts(tree)


def _check_parts(branch: Branch) -> None:
    if branch.parts:
        assert math.fsum(part.energy.nominal for part in branch.parts) == pytest.approx(
            branch.energy.nominal, rel=1e-9, abs=1e-18
        )
    nominal = [part.energy.nominal for part in branch.parts]
    assert nominal == sorted(nominal, reverse=True)
    for part in branch.parts:
        _check_parts(part)


def test_sources_stand_where_the_figures_are() -> None:
    zero, some = dict.fromkeys(Bounds._fields, 0.0), dict.fromkeys(Bounds._fields, 1e-6)
    parts = {**dict.fromkeys(CATEGORIES, zero), "spike": some}
    report = {
        "energy_accounts": {"dynamic_neurocore": {**some, "meaning": "cores"}},
        "energy_breakdown": {"layers": {"lif": parts}},
        "energy_terms": [{"term": "spike", "count_per_sample": 3.0, "kind": "assumed", "source": "a guess", **some}],
    }
    (tree,) = energy_trees(report)
    ((spike,),) = (layer.parts for layer in tree.parts)
    assert spike.source == "spike, 3 times a sample; assumed: a guess"


def test_without_accounts_there_is_no_tree() -> None:
    assert energy_trees({}) == ()
