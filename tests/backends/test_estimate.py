"""Energy and time of small runs, worked out by hand from the chips' constants."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.backends.breakdown import CATEGORIES
from spikeloom.backends.energy import total
from spikeloom.backends.estimate import Estimate, estimate
from spikeloom.backends.run import Counters, LayerCounts
from spikeloom.backends.system_costs import SystemCosts
from spikeloom.mapping.constant import Bounds
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.errors import UsageError

Array = NDArray[Any]
ACCOUNTS = [("loihi1", "fitted"), ("loihi1", "davies"), ("loihi2", "interim")]

# Core 0 is one tile west and one north of core 1.
MAPPING = Mapping(
    "loihi1",
    "by hand",
    MappingProxyType({"hidden": np.asarray([0, 0, 0]), "answer": np.asarray([1, 1])}),
    (Place(0, 0, 0, 0), Place(0, 1, 1, 0)),
    (),
)
EAST, SOUTH, WEST = ((0, 0, 0), (0, 1, 0)), ((0, 1, 0), (0, 1, 1)), ((0, 1, 1), (0, 0, 1))


def columns(core_0: list[int], core_1: list[int]) -> Array:
    return np.asarray([core_0, core_1], dtype=np.int64).T


LAYERS = ("input", "hidden", "answer")  # off the chip, on core 0 and on core 1


def shared_out(counters: Counters) -> LayerCounts:
    """Who did what of it: cores hold a layer each; what core 0 gets is the input's, what core 1 gets is hidden's."""

    def of(core_0: int, core_1: int, first: int, second: int) -> Array:
        counts = np.zeros((len(LAYERS), 3), dtype=np.int64)
        counts[first, 0], counts[second, 1] = core_0, core_1
        return counts

    def own(values: Array) -> Array:
        return of(*values.sum(axis=0), 1, 2)

    kinds = {f"synaptic_operation_{kind}": own(part) for kind, part in counters.synaptic_operations.items()}
    counts = {
        **kinds,
        "spike": own(counters.spikes),
        "packet": own(counters.packets_out),
        "packet_in": of(*counters.packets_in.sum(axis=0), 0, 1),
        "memory_read": of(*counters.memory_reads.sum(axis=0), 0, 1),
        "row": of(*counters.packets_in.sum(axis=0), 0, 1),
    }
    across = np.asarray([start[2] == end[2] for start, end in counters.links], dtype=bool)
    for name, links in (("hop_east_west", across), ("hop_north_south", ~across)):
        # The first row is of what comes from off the chip.
        hops = counters.link_packets[:, links].sum(axis=1)
        counts[name] = np.zeros((len(LAYERS), 3), dtype=np.int64)
        counts[name][0, 2], counts[name][1, 0] = hops[0], hops[1:].sum()
    return LayerCounts(LAYERS, MappingProxyType(counts), of(*counters.neuron_updates, 1, 2))


def changed(counters: Counters, **changes: Any) -> Counters:
    result = replace(counters, **changes)
    return replace(result, by_layer=shared_out(result))


# Two samples of three steps, through two layers: four rows.
COUNTERS = Counters(
    samples=2,
    steps=3,
    spikes=columns([0, 4, 2, 0], [0, 0, 2, 0]),
    synaptic_operations=MappingProxyType(
        {
            "dense": columns([20, 10, 0, 0], [0, 0, 0, 0]),
            "sparse": columns([0, 0, 0, 0], [0, 0, 0, 0]),
            "convolution": columns([0, 0, 0, 0], [0, 0, 30, 6]),
        }
    ),
    neuron_updates=np.asarray([3, 2]),
    packets_out=columns([0, 4, 2, 0], [0, 0, 0, 0]),
    packets_in=columns([4, 2, 0, 0], [0, 4, 2, 0]),
    memory_reads=columns([5, 3, 0, 0], [0, 0, 8, 2]),
    link_packets=np.asarray([[2, 0, 0], [4, 2, 0], [0, 2, 2], [0, 0, 0]]),
    links=(EAST, SOUTH, WEST),
    layer_spikes=MappingProxyType({"input": 6, "hidden": 6, "answer": 2}),
    layer_synaptic_operations=MappingProxyType({"hidden": 30, "answer": 36}),
    projection_synaptic_operations=MappingProxyType({"in": 30, "out": 36}),
    by_layer=LayerCounts((), {}, np.zeros((0, 3), dtype=np.int64)),
)
COUNTERS = changed(COUNTERS)


@cache
def chip(name: str) -> Target:
    return load_target(name)


def price(target: str, costs: str | None = None, counters: Counters = COUNTERS, period: int = 3) -> Estimate:
    return estimate(counters, MAPPING, chip(target), period=period, costs=costs)


def joules(picojoules: float) -> Any:
    return pytest.approx(picojoules * 1e-12, rel=1e-12, abs=0)


def seconds(nanoseconds: list[float]) -> Any:
    return pytest.approx(sum(nanoseconds) * 1e-9, rel=1e-12, abs=0)


def test_energy_of_loihi_1_fitted() -> None:
    result = price("loihi1", "fitted")
    assert {term.name: term.energy.nominal for term in result.energy_terms} == {
        "synaptic_operation_dense": joules(15 * 35.5),
        "synaptic_operation_sparse": joules(0),
        "synaptic_operation_convolution": joules(18 * 24.0),
        "neuron_access": joules(5 * 4 * 51.2),
        "neuron_update": joules(5 * 4 * 21.6),
        "spike": joules(4 * 69.3),
        "packet": joules(3 * 111),
        "hop_east_west": joules(4 * 3.0),
        "hop_north_south": joules(2 * 4.2),
    }
    assert result.dynamic.nominal == joules(3051.1)
    low = 15 * 31.2 + 18 * 21.1 + 20 * (45.1 + 19.0) + 4 * 61.0 + 3 * 97.7 + 4 * 3.0 + 2 * 3.7
    assert result.dynamic.low == joules(low)


def test_energy_of_loihi_1_as_its_designers_have_it() -> None:
    picojoules = 33 * 23.6 + 20 * 52 + 20 * 29 + 3 * 1.7 + 4 * 3.0 + 2 * 4.0
    assert price("loihi1", "davies").dynamic == (joules(picojoules),) * 3


def test_energy_of_loihi_2_lies_below_that_of_loihi_1() -> None:
    result = price("loihi2")
    assert result.cost_set == "interim"
    assert result.dynamic.nominal == joules(3051.1)
    low = 15 * 7.1 + 18 * 4.8 + 20 * (25.6 + 10.8) + 4 * 6.9 + 3 * 11.1
    assert result.dynamic.low == joules(low)


def test_packets_from_off_the_chip_take_no_energy_but_time() -> None:
    more = changed(COUNTERS, packets_in=COUNTERS.packets_in + 100)
    assert price("loihi1", counters=more).dynamic == price("loihi1").dynamic
    assert price("loihi1", counters=more).latency.nominal > price("loihi1").latency.nominal


def test_hops_are_split_by_the_direction_of_the_links() -> None:
    moved = changed(COUNTERS, link_packets=np.asarray([[0, 10, 0], [0, 4, 0], [0, 0, 0], [0, 0, 0]]))
    counts = {term.name: term.count_per_sample for term in price("loihi1", counters=moved).energy_terms}
    assert (counts["hop_east_west"], counts["hop_north_south"]) == (0, 7)


@pytest.mark.parametrize(("target", "costs"), ACCOUNTS)
def test_accounts_are_exactly_the_sums_of_their_terms(target: str, costs: str) -> None:
    result = price(target, costs)
    assert result.dynamic == total(term.energy for term in result.energy_terms)
    static = [term.energy for term in result.static_terms]
    assert result.chip_total == total([*(term.energy for term in result.energy_terms), *static])
    for term in result.energy_terms:
        assert term.energy == tuple(joules(end * term.count_per_sample) for end in term.constant)
        assert term.source


def test_chip_total_adds_the_power_over_the_latency_of_the_chips_in_use() -> None:
    one = price("loihi1")
    assert one.chip_total.nominal == joules(3051.1 + 0.169e12 * one.latency.nominal)
    apart = replace(MAPPING, places=(Place(0, 0, 0, 0), Place(1, 0, 0, 0)))
    two = estimate(COUNTERS, apart, chip("loihi1").with_chips(3), period=3)
    assert two.chip_total.nominal == joules(3051.1 + 2 * 0.169e12 * two.latency.nominal)


EVERY = [*ACCOUNTS, ("spinnaker1", "snabsuite"), ("spinnaker1", "spinnmachine"), ("spinnaker2", "low_voltage")]


@pytest.mark.parametrize(("target", "costs"), EVERY)
def test_terms_layers_and_cores_add_up_to_the_same(target: str, costs: str) -> None:
    result = price(target, costs)
    for account, static in ((result.dynamic, False), (result.chip_total, True)):
        layers = total(result.breakdown.of_layer(name, static=static) for name in LAYERS)
        cores = sum(part for name, part in result.breakdown.cores.items() if static or name != "static")
        for end in range(3):
            assert layers[end] == joules(account[end] * 1e12)
            assert cores[:, end].sum() == joules(account[end] * 1e12)
    assert all(set(parts) == set(CATEGORIES) for parts in result.breakdown.layers.values())
    assert total(result.layer_energy.values()) == tuple(joules(end * 1e12) for end in result.dynamic)
    off_chip = sum(part[-1, 1] for part in result.breakdown.cores.values())
    assert result.core_energy.sum() + off_chip == joules(result.dynamic.nominal * 1e12)


def test_energy_of_a_core_and_of_a_layer() -> None:
    result = price("loihi1")
    # Both rows in which the hidden layer sends: 4 packets over two links, and 2.
    hops = 3 * 3.0 + 2 * 4.2
    core_0 = 15 * 35.5 + 12 * (51.2 + 21.6) + 3 * 69.3 + 3 * 111 + hops
    assert result.core_energy[0] == joules(core_0)
    assert result.layer_energy["hidden"].nominal == joules(core_0)
    assert result.layer_energy["input"].nominal == joules(1 * 3.0)
    answer = 8 * (51.2 + 21.6) + 1 * 69.3 + 18 * 24.0
    assert result.layer_energy["answer"].nominal == joules(answer)
    low = 8 * (45.1 + 19.0) + 1 * 61.0 + 18 * 21.1
    assert result.layer_energy["answer"].low == joules(low)


def test_static_energy_is_shared_by_cores_and_on_a_core_by_its_neurons() -> None:
    result = price("loihi1")
    static = 0.169 * result.latency.nominal
    assert result.breakdown.cores["static"][:, 1] == pytest.approx([static / 2, static / 2, 0])
    together = replace(MAPPING, places=(Place(0, 0, 0, 0),), core_of={"hidden": np.zeros(3), "answer": np.zeros(2)})
    neurons = np.asarray([[0, 0], [3, 0], [2, 0]])
    one = {name: part[:, [0]] for name, part in vars(COUNTERS).items() if name in ("spikes", "packets_in")}
    narrow = replace(
        COUNTERS, **one, packets_out=COUNTERS.packets_out[:, [0]], memory_reads=COUNTERS.memory_reads[:, [0]],
        neuron_updates=np.asarray([5]), by_layer=LayerCounts(LAYERS, {}, neurons),
        synaptic_operations={kind: part[:, [0]] for kind, part in COUNTERS.synaptic_operations.items()},
    )  # fmt: skip
    shared = estimate(narrow, together, chip("loihi1"), period=3)
    whole = sum(term.energy.nominal for term in shared.static_terms)
    assert shared.breakdown.layers["hidden"]["static"].nominal == pytest.approx(0.6 * whole)
    assert shared.breakdown.layers["answer"]["static"].nominal == pytest.approx(0.4 * whole)


def test_the_system_is_priced_only_as_far_as_it_is_known() -> None:
    assert price("loihi1").system_total is None
    known = SystemCosts(host_power=10.0, transfer_energy=1000.0)
    result = estimate(COUNTERS, MAPPING, chip("loihi1"), period=3, system=known)
    entering = 3  # messages a sample that core 0 gets from off the chip
    host = result.chip_total.nominal + 10.0 * result.latency.nominal + entering * 1e-9
    assert result.system_total is not None and result.system_total.nominal == pytest.approx(host, rel=1e-12)
    # A board draws its power whichever of its chips are in use.
    board = price("spinn3")
    assert board.system_total is not None
    powers = board.dynamic.nominal + 2.671 * board.latency.nominal
    assert board.system_total.nominal == pytest.approx(powers, rel=1e-12)
    assert "system_total" in board.as_dict()["energy_accounts"]


def test_a_clock_is_slowed_down_for_the_busiest_step() -> None:
    result = price("spinn3")
    assert result.latency == (joules(4e9), joules(4e9), joules(4e9))  # four steps of a millisecond
    assert result.timing.slowdown == (1, 1, 1)
    busy = columns([0, 9000, 0, 0], [0, 0, 0, 0])  # for the mean of two samples 4500 events of 435 ns, or of 156 ns
    slow = price("spinn3", counters=changed(COUNTERS, synaptic_operations={"dense": busy}))
    assert slow.timing.slowdown == (1, 2, 2)
    assert slow.latency.nominal == seconds([4 * 2e6])


def test_a_processor_does_its_work_one_after_the_other() -> None:
    time = chip("spinnaker2").cost_set().time
    update, spike, packet = time.neuron_update.value, time.spike.value, time.packet_in.value
    event, barrier = time.synaptic_operation.dense.value, time.barrier.value
    rows = [  # core 0 but for the third, where core 1 has a packet and 15 events
        3 * update + 2 * packet + 10 * event,
        3 * update + 2 * spike + packet + 5 * event,
        2 * update + spike + packet + 15 * event,
        3 * update,
    ]
    assert price("spinnaker2").latency.nominal == seconds([*rows, 4 * barrier])


def test_words_of_memory_bind_where_reading_them_takes_time() -> None:
    data = chip("loihi2").model_dump()
    words = {"value": 1000, "low": 1000, "high": 1000, "unit": "ns", "kind": "assumed", "source": "a test"}
    data["costs"]["sets"]["interim"]["time"]["memory_read"] = words
    result = estimate(COUNTERS, MAPPING, Target.model_validate(data), period=3)
    assert result.latency.nominal == seconds([5 / 2 * 1000, 3 / 2 * 1000, 8 / 2 * 1000, 2 / 2 * 1000])
    assert (result.timing.bound_by.work, result.timing.bound_by.core) == ("memory", 1)


def test_time_of_loihi_1_fitted() -> None:
    result = price("loihi1", "fitted")
    receives = 2 * 16 + 10 * 3.8  # core 0, first row
    sends = [3 * 9.7 + 2 * 35.1, 3 * 9.7 + 1 * 35.1, 3 * 9.7]  # core 0, the other rows
    assert result.latency.nominal == seconds([receives, *sends, 4 * 1000])  # two tiles in use
    assert result.step_time.nominal == seconds([result.latency.nominal / 4 * 1e9])
    assert result.timing.bound_by.work == "barrier"
    assert result.timing.bound_by.share == pytest.approx(4000e-9 / result.latency.nominal)


def test_time_of_loihi_1_as_its_designers_have_it() -> None:
    rows = [10 * 3.5, 3 * 8.4 + 2 * 2.1, 15 * 3.5, 3 * 8.4]  # the third is core 1, which receives
    barrier = 113 + (465 - 113) / 31
    assert price("loihi1", "davies").latency.nominal == seconds([*rows, 4 * barrier])


def test_time_of_loihi_2_is_its_floor_where_there_is_little_to_do() -> None:
    result = price("loihi2")
    assert result.latency.nominal == seconds([4 * 200])
    assert (result.timing.bound_by.work, result.timing.bound_by.share) == ("barrier", 1.0)


def test_samples_back_to_back_share_steps() -> None:
    result = price("loihi1", period=3)
    # The fourth row falls on the next sample's first, where core 0 has more to do.
    period = [2 * 16 + 10 * 3.8, 3 * 9.7 + 2 * 35.1, 3 * 9.7 + 1 * 35.1, 3 * 1000]
    assert 1 / result.throughput.nominal == seconds(period)
    assert 1 / price("loihi1", period=5).throughput.nominal == seconds([*period, 2 * 3 * 9.7, 2 * 1000])
    assert price("loihi1", period=5).latency == result.latency


BUSY = 10**6


@pytest.mark.parametrize("target", ["loihi1", "loihi2"])
@pytest.mark.parametrize("core", [0, 1])
def test_bottleneck_is_the_work_of_the_busiest_core(target: str, core: int) -> None:
    one = columns([BUSY, 0, 0, 0], [0, 0, 0, 0]) if core == 0 else columns([0, 0, 0, 0], [0, 0, BUSY, 0])
    sender = price(target, counters=changed(COUNTERS, spikes=one)).timing.bound_by
    assert (sender.work, sender.core) == ("neurons", core)
    operations = {**COUNTERS.synaptic_operations, "sparse": one}
    receiver = price(target, counters=changed(COUNTERS, synaptic_operations=operations)).timing.bound_by
    assert (receiver.work, receiver.core) == ("synapses", core)
    assert receiver.share > 0.9


def test_bottleneck_may_be_a_link_on_loihi_2() -> None:
    counters = changed(COUNTERS, link_packets=np.asarray([[0, BUSY, BUSY], [0, 0, 0], [0, BUSY, 0], [0, 0, BUSY]]))
    result = price("loihi2", counters=counters)
    # South takes 6.5 ns, west 4.1 ns; each step waits for its own busiest link, for the mean of both samples.
    assert result.timing.bound_by.link == SOUTH
    assert result.latency.nominal == seconds([BUSY / 2 * 6.5, 200, BUSY / 2 * 6.5, BUSY / 2 * 4.1])
    assert price("loihi1", counters=counters).latency == price("loihi1").latency
    # Streamed, the last row falls on the first, and together they keep the western link busy the longest.
    streamed = price("loihi2", counters=counters, period=3).throughput.nominal
    assert 1 / streamed == seconds([BUSY / 2 * (4.1 + 4.1), 200, BUSY / 2 * 6.5])
    often = changed(COUNTERS, link_packets=np.asarray([[0, BUSY, 0], [0, 0, BUSY], [0, 0, BUSY], [0, 0, 0]]))
    assert price("loihi2", counters=often).timing.bound_by.link == WEST


def test_packets_in_bursts_take_longer_than_packets_spread_over_the_steps() -> None:
    burst = changed(COUNTERS, link_packets=np.asarray([[BUSY, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]))
    spread = changed(COUNTERS, link_packets=np.full((4, 3), BUSY // 4) * [1, 0, 0])
    many, few = (price("loihi2", counters=counters) for counters in (burst, spread))
    assert many.latency.nominal == seconds([BUSY / 2 * 4.1, 3 * 200])
    assert few.latency.nominal == seconds([4 * BUSY / 8 * 4.1])
    assert many.dynamic == few.dynamic


def test_a_mesh_of_one_tile_has_no_links() -> None:
    counters = changed(COUNTERS, link_packets=np.zeros((4, 0), int), links=())
    for target in ("loihi1", "loihi2"):
        counts = {term.name: term.count_per_sample for term in price(target, counters=counters).energy_terms}
        assert (counts["hop_east_west"], counts["hop_north_south"]) == (0, 0)


@pytest.mark.parametrize(("target", "costs"), ACCOUNTS)
def test_report_is_json_with_a_source_for_every_constant(target: str, costs: str) -> None:
    result = price(target, costs)
    report = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert report["energy_per_sample"] == result.dynamic._asdict()
    assert set(report["energy_accounts"]) == {"dynamic_neurocore", "chip_total"}
    assert all(account["meaning"].endswith(".") for account in report["energy_accounts"].values())
    for name in ("energy_terms", "static_terms", "time_constants"):
        assert all(entry["source"] and entry["kind"] and entry["term"] for entry in report[name])
    assert report["latency_per_sample"]["nominal"] == result.latency.nominal
    assert report["step_time"]["bound_by"]["work"] == "barrier"
    assert any("Not included: the host" in note for note in report["notes"])


@pytest.mark.parametrize("broken", [{"samples": 0}, {"spikes": np.zeros((4, 3), int)}])
def test_what_does_not_suit_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="fitted, davies"):
        price("loihi1", "guessed")
    with pytest.raises(ValueError, match="do not suit"):
        price("loihi1", counters=replace(COUNTERS, **broken))


def test_an_account_by_which_nothing_takes_time_is_refused() -> None:
    account = chip("loihi1").cost_set("fitted").scaled(1, 1, 0)
    target = chip("loihi1").model_copy(
        update={"costs": chip("loihi1").costs.model_copy(update={"sets": {"timeless": account}})}
    )
    with pytest.raises(UsageError, match="timeless of loihi1 a sample takes no time"):
        estimate(COUNTERS, MAPPING, target, period=3, costs="timeless")


COUNTS = st.lists(st.integers(0, 10**6), min_size=8, max_size=8).map(lambda counts: np.asarray(counts).reshape(4, 2))
LINKS = st.lists(st.integers(0, 10**6), min_size=12, max_size=12).map(lambda counts: np.asarray(counts).reshape(4, 3))


@st.composite
def counters(draw: st.DrawFn) -> Counters:
    return changed(
        COUNTERS,
        samples=draw(st.integers(1, 50)),
        spikes=draw(COUNTS),
        synaptic_operations={kind: draw(COUNTS) for kind in ("dense", "sparse", "convolution")},
        neuron_updates=draw(COUNTS)[0],
        packets_out=draw(COUNTS),
        packets_in=draw(COUNTS),
        link_packets=draw(LINKS),
    )


def figures(result: Estimate) -> list[Bounds]:
    return [result.dynamic, result.chip_total, result.latency, result.step_time]


@pytest.mark.parametrize(("target", "costs"), ACCOUNTS)
@given(drawn=counters(), period=st.integers(1, 6))
def test_bounds_are_in_order(target: str, costs: str, drawn: Counters, period: int) -> None:
    result = price(target, costs, drawn, period)
    static = [term.energy for term in result.static_terms]
    for bounds in (*figures(result), result.throughput, *static, *result.layer_energy.values()):
        assert 0 <= bounds.low <= bounds.nominal <= bounds.high


FIELDS = ["spikes", "packets_out", "packets_in", "link_packets", "neuron_updates", "dense", "sparse", "convolution"]


@pytest.mark.parametrize(("target", "costs"), ACCOUNTS)
@given(drawn=counters(), more=COUNTS, field=st.sampled_from(FIELDS))
def test_more_activity_is_never_cheaper(target: str, costs: str, drawn: Counters, more: Array, field: str) -> None:
    changes: dict[str, Any]
    if field in drawn.synaptic_operations:
        operations = dict(drawn.synaptic_operations)
        changes = {"synaptic_operations": {**operations, field: operations[field] + more}}
    else:
        old = getattr(drawn, field)
        changes = {field: old + np.resize(more, old.shape)}
    before, after = price(target, costs, drawn), price(target, costs, changed(drawn, **changes))
    for old, new in zip(figures(before), figures(after), strict=True):
        assert all(new_end >= old_end for new_end, old_end in zip(new, old, strict=True))
    assert after.throughput.nominal <= before.throughput.nominal
