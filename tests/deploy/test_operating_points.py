"""The points of an operating space that are chosen, against their definitions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.studies.operating_space.points import operating_points, pareto_front

TENTHS = st.integers(0, 10).map(lambda tenths: tenths / 10)
POINT = st.fixed_dictionaries(
    {"accuracy": TENTHS | st.none(), "spikes": st.integers(0, 8), "latency": st.integers(1, 6), "energy": st.just(1.0)}
)


def points(rows: list[dict[str, Any]], **options: Any) -> Any:
    return operating_points(rows, **({"tolerance": 0.1, "chance": 0.1, "share": 0.5} | options))


@given(st.lists(POINT, max_size=12), st.none() | TENTHS)
def test_points_are_those_of_their_definitions(rows: list[dict[str, Any]], reference: float | None) -> None:
    found = points(rows, reference=reference)
    known = [row for row in rows if row["accuracy"] is not None]
    if not known:
        assert found is None
        return
    best = max(row["accuracy"] for row in known)
    assert found.most_accurate["accuracy"] == best
    assert found.most_accurate["spikes"] == min(row["spikes"] for row in known if row["accuracy"] == best)
    aim = best if reference is None or best < reference - 0.1 - 1e-6 else reference
    near = [row for row in known if row["accuracy"] > aim - 0.1 - 1e-6]
    assert found.knee in near
    assert found.fastest in near
    assert found.knee["spikes"] == min(row["spikes"] for row in near)
    assert found.fastest["latency"] == min(row["latency"] for row in near)
    limit = 0.1 + 0.5 * (best - 0.1) if best > 0.1 else 2
    assert {id(row) for row in rows if found.works(row)} == {
        id(row) for row in known if row["accuracy"] >= limit - 1e-6
    }


@given(st.lists(POINT.filter(lambda row: row["accuracy"] is not None), max_size=12))
def test_no_point_is_sparser_and_as_accurate_as_one_of_the_front(rows: list[dict[str, Any]]) -> None:
    def beaten(row: dict[str, Any]) -> bool:
        return any(
            other["spikes"] <= row["spikes"]
            and other["accuracy"] >= row["accuracy"]
            and (other["spikes"], other["accuracy"]) != (row["spikes"], row["accuracy"])
            for other in rows
        )

    wanted = {(row["spikes"], row["accuracy"]) for row in rows if not beaten(row)}
    front = pareto_front(rows)
    assert [(row["spikes"], row["accuracy"]) for row in front] == sorted(wanted)


def test_names_of_choices_lead_to_the_points() -> None:
    rows = [
        {"accuracy": 1.0, "spikes": 9, "latency": 5, "energy": 1.0},
        {"accuracy": 0.95, "spikes": 2, "latency": 6, "energy": 1.0},
        {"accuracy": 0.92, "spikes": 4, "latency": 1, "energy": 1.0},
        {"accuracy": 0.5, "spikes": 0, "latency": 0, "energy": 1.0},
    ]
    found = points(rows)
    assert [found.named(name) for name in ("most-accurate", "knee", "fastest")] == rows[:3]
    with pytest.raises(KeyError):
        found.named("slowest")
