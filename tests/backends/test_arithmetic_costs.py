"""The price of work: constants, ranges, and where a network with spikes and one without take the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.backends.arithmetic.comparison import CASES, Balance, compare
from spikeloom.backends.arithmetic.energy import energy_at, energy_of, memories_for, over_all_corners, terms_of
from spikeloom.backends.arithmetic.with_spikes import LayerWork, SpikingWork
from spikeloom.backends.arithmetic.without_spikes import MapWork, OrdinaryWork
from spikeloom.backends.arithmetic.work import Storage, Work
from spikeloom.mapping.arithmetic_costs import FILE, load_arithmetic_costs
from spikeloom.models.errors import UsageError


@pytest.mark.parametrize(
    ("weights", "level"),
    [(1, "8 KB SRAM"), (8192, "8 KB SRAM"), (8193, "32 KB SRAM"), (2**15 + 1, "1 MB SRAM"), (2**20 + 1, "DRAM")],
)
def test_weights_lie_where_they_fit(weights: int, level: str) -> None:
    costs = load_arithmetic_costs()
    assert memories_for(Storage(weights), costs, "int8").weights.name == level
    assert memories_for(Storage(weights // 4 + weights % 4), costs, "fp32").weights.name == level
    assert memories_for(Storage(0, 0, weights, 8 * weights), costs, "int8").states.name == level


COUNT = st.floats(0, 1e6)
WORKS = st.lists(COUNT, min_size=7, max_size=7).map(lambda counts: Work(*counts, state_bits=24 * counts[-1]))
STORAGES = st.builds(
    Storage, st.integers(1, 10**7), st.integers(1, 10**5), st.integers(1, 10**6), st.integers(8, 10**7)
)


@given(
    parts=st.lists(WORKS, min_size=4, max_size=4), ordinary=WORKS, storages=st.tuples(STORAGES, STORAGES),
    case=st.sampled_from(CASES), steps=st.integers(1, 50),
)  # fmt: skip
def test_the_break_even_rate_put_back_gives_equal_energies(
    parts: list[Work], ordinary: Work, storages: tuple[Storage, Storage], case: Any, steps: int
) -> None:
    updates, states, steady, spikes = parts
    full = Work(accumulates=spikes.accumulates + 1, weight_accesses=spikes.weight_accesses + 1)
    ordinary = replace(ordinary, activation_accesses=ordinary.activation_accesses + 1)
    of_layer = LayerWork(updates, states, steady, spikes, full)
    spiking = SpikingWork({"a": of_layer}, storages[0], steps, 1.0, 1)
    without = OrdinaryWork({"a": MapWork(ordinary, ordinary + Work(weight_accesses=7))}, storages[1], True)
    costs = load_arithmetic_costs()
    comparison = compare(spiking, without, costs, case)
    balance = comparison.network
    check_ranges(balance)
    memories, rate = comparison.spiking_memories, balance.break_even_rate
    assert rate is not None

    def with_rate(at: float, end: str) -> float:
        fixed, events = (terms_of(work, costs, case.precision, memories) for work in (of_layer.fixed, full))
        values = {term.key: getattr(term.constant.bounds, end) for term in (*fixed, *events, *balance.ordinary)}
        return energy_at(fixed, values) + at * energy_at(events, values)

    target = energy_of(balance.ordinary).nominal
    tolerance = 1e-9 * (target + energy_of(balance.spiking).nominal)
    assert with_rate(rate.nominal, "nominal") == pytest.approx(target, abs=tolerance)
    assert with_rate(0, "nominal") == pytest.approx(
        sum(balance.parts[part].nominal for part in ("updates", "states", "steady")), rel=1e-9, abs=0
    )
    # Below the break-even is where the spiking network takes less.
    assert balance.equivalent_rate is not None and balance.ratio is not None
    assert (balance.equivalent_rate < rate.nominal - 1e-9) <= (
        energy_of(
            terms_of(of_layer.fixed + full.times(balance.equivalent_rate), costs, case.precision, memories)
        ).nominal
        < target
    )
    assert comparison.layers["a"].ratio == pytest.approx(balance.ratio)


def check_ranges(balance: Balance) -> None:
    """The ratio lies within its range wherever the constants lie in theirs."""
    terms = [*balance.ordinary, *balance.spiking]
    assert balance.ratio is not None
    slack = 1 + 1e-9
    for mix in (0.0, 0.3, 1.0):
        for other in (0.0, 0.7, 1.0):
            values = {}
            for index, key in enumerate(sorted({term.key for term in terms})):
                bounds = next(term.constant.bounds for term in terms if term.key == key)
                share = mix if index % 2 else other
                values[key] = bounds.low + share * (bounds.high - bounds.low)
            ratio = energy_at(balance.spiking, values) / energy_at(balance.ordinary, values)
            assert balance.ratio.low / slack <= ratio <= balance.ratio.high * slack


def test_what_shares_a_constant_is_known_better_than_either() -> None:
    costs = load_arithmetic_costs()
    storage = Storage(10**7)
    memories = memories_for(storage, costs, "int8")
    terms = [terms_of(Work(weight_accesses=count), costs, "int8", memories) for count in (3, 2)]
    energies = [energy_of(part) for part in terms]
    assert energies[0].low < energies[1].high  # the ranges overlap
    ratio = over_all_corners([*terms[0], *terms[1]], lambda at: energy_at(terms[0], at) / energy_at(terms[1], at))
    assert ratio == pytest.approx((1.5, 1.5, 1.5))


def balance_of(spikes: float, macs: float) -> Balance:
    work = Work(accumulates=spikes, weight_accesses=spikes)
    spiking = LayerWork(Work(), Work(), Work(), work, work.times(2))
    ordinary = Work(multiply_accumulates=macs, weight_accesses=macs)
    return compare(
        SpikingWork({"a": spiking}, Storage(100), 2, 1.0, 1),
        OrdinaryWork({"a": MapWork(ordinary, ordinary)}, Storage(100), True),
        load_arithmetic_costs(),
        CASES[0],
    ).network


@pytest.mark.parametrize(("share", "outcome"), [(1.0, "wins"), (1.155, "undecided"), (1.5, "loses")])
def test_outcomes(share: float, outcome: str) -> None:
    # A multiply-accumulate with its weight takes 1.48 to 1.55 pJ, an accumulate 1.28 to 1.35: 1.148 to 1.156 times.
    assert balance_of(1000 * share, 1000).outcome == outcome


def test_every_constant_has_its_source() -> None:
    def constants(section: Any) -> list[dict[str, Any]]:
        if isinstance(section, dict):
            found = [section] if "value" in section else []
            return found + [entry for value in section.values() for entry in constants(value)]
        return [entry for value in section for entry in constants(value)] if isinstance(section, tuple) else []

    entries = constants(load_arithmetic_costs().model_dump())
    assert len(entries) == 2 * 7 + 1 + 2 * 4 + 2
    assert all(entry["source"] and entry["unit"] and entry["kind"] for entry in entries)


@pytest.mark.parametrize("key", ["value", "unit", "kind", "source"])
def test_an_entry_without_all_of_it_is_refused(tmp_path: Any, key: str) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    del data["precisions"]["int8"]["multiply"][key]
    (tmp_path / "costs.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"precisions\.int8\.multiply\.{'value|low' if key == 'value' else key}"):
        load_arithmetic_costs(tmp_path / "costs.yaml")


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 1, 2), (3,), ()])
def test_memories_ascend_and_end_with_one_for_everything(tmp_path: Any, order: tuple[int, ...]) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    levels = data["memory"]["levels"]
    data["memory"]["levels"] = [levels[index] for index in order]
    (tmp_path / "costs.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    if order == (3,):
        assert load_arithmetic_costs(tmp_path / "costs.yaml").memory.holding(1).name == "DRAM"
        return
    with pytest.raises(UsageError, match="memor"):
        load_arithmetic_costs(tmp_path / "costs.yaml")
