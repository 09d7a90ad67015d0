"""Faults do what they are said to do, none does nothing, and what is mapped around dead cores is whole again."""

from __future__ import annotations

import csv
import pickle
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.commands.application import app
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.data import Data
from spikeloom.deploy.progress.progress import TerminalProgress
from spikeloom.deploy.studies.faults.cores import chosen_cores, neurons_at, places_of, remapped
from spikeloom.deploy.studies.faults.faults import Faults
from spikeloom.deploy.studies.faults.packets import PacketFaults, exposed_packets
from spikeloom.deploy.studies.faults.sending import SendingFaults, run_with_sending_faults
from spikeloom.deploy.studies.faults.summary import healthy_by_encoding, limits_of, summarized
from spikeloom.deploy.studies.faults.weights import WEIGHT_KINDS, with_damaged_weights
from spikeloom.deploy.studies.options import make_study
from spikeloom.deploy.studies.study import Conclusion, Outcome
from spikeloom.deploy.studies.subject import Subject
from spikeloom.mapping.mapper import explained_mapping
from spikeloom.mapping.search import Search
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.decision import Decision
from spikeloom.models.errors import DataError, UnsupportedModelError, UsageError
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 9, 18, 3, 12, 20
CORE = 7  # neurons of a core, so that each layer lies on several


def small_target(cores: int = 16) -> Target:
    """Loihi 2 with a single tile of few cores, which have few neurons."""
    data = load_target("loihi2").model_dump()
    for name, most in (("columns", 1), ("rows", 1), ("cores_per_tile", cores), ("usable_cores", cores)):
        data["topology"][name] |= {"value": most, "low": most, "high": most}
    data["limits"]["neurons"] |= {"value": CORE, "low": CORE, "high": CORE}
    return Target.model_validate(data)


def neurons(threshold: int) -> IntegerLeakyIntegrateAndFire:
    zero = np.zeros((), dtype=np.int64)
    return IntegerLeakyIntegrateAndFire(zero + 4096, zero + 500, zero + threshold, zero, zero)


def program(seed: int = 0, cores: int = 16) -> Program:
    """A convolution, a recurrent loop and a dense readout, all integers."""
    random = np.random.default_rng(seed)
    kernel = random.integers(-40, 120, (2, 1, 3, 3))
    loop, out = random.integers(-60, 60, (HIDDEN, HIDDEN)), random.integers(-100, 120, (CLASSES, HIDDEN))
    network = Network(
        (
            Population("input", (1, 3, 3), Role.INPUT, None, 0),
            Population("hidden", (2, 3, 3), Role.NEURON, neurons(200), 1),
            Population("out", (CLASSES,), Role.NEURON, neurons(150), 2),
        ),
        (
            Projection("conv", "input", "hidden", Convolution(kernel, (1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
            Projection("loop", "hidden", "hidden", Dense(loop)),
            Projection("read", "hidden", "out", Dense(out)),
        ),
        "out",
        integer=True,
    )
    target = small_target(cores)
    mapping, _ = explained_mapping(network, target, None, "auto", 1, Search("fast"))
    return Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)


def entering(seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((SAMPLES, STEPS, INPUTS)) < 0.4).astype(np.int32)


def healthy(one: Program, given: np.ndarray) -> dict[str, np.ndarray]:
    return dict(Simulator(one.network).run(given, "all").activity)


def draws() -> np.random.Generator:
    return np.random.default_rng(5)


@given(seed=st.integers(0, 1000))
@settings(max_examples=6, deadline=None)
def test_no_faults_are_exactly_the_healthy_network(seed: int) -> None:
    one, given = program(seed), entering(seed)
    packets = PacketFaults(0.0, 0.0, exposed_packets(one, "all"))
    silent = {"hidden": np.zeros(HIDDEN, dtype=bool)}
    run = run_with_sending_faults(one, given, SendingFaults(silent, packets), draws())
    for name, sent in healthy(one, given).items():
        np.testing.assert_array_equal(run.activity[name], sent)
    assert run.faulty == 0 < run.packets


@given(seed=st.integers(0, 1000), dead=st.integers(0, HIDDEN - 1))
@settings(max_examples=6, deadline=None)
def test_a_dead_neuron_never_spikes(seed: int, dead: int) -> None:
    one, given = program(seed), entering(seed)
    silent = np.arange(HIDDEN) == dead
    run = run_with_sending_faults(one, given, SendingFaults({"hidden": silent}), draws())
    assert not run.activity["hidden"][..., dead].any()
    # The same as a network in which nothing leaves that neuron.
    cut = {p.name: p.connectivity.weights.copy() for p in one.network.projections if p.source == "hidden"}
    for weights in cut.values():
        weights[:, dead] = 0
    changed = one.network.replace(
        projections=tuple(
            Projection(p.name, p.source, p.target, Dense(cut[p.name])) if p.name in cut else p
            for p in one.network.projections
        )
    )
    expected = Simulator(changed).run(given, "all").activity
    np.testing.assert_array_equal(run.activity["out"], expected["out"])
    np.testing.assert_array_equal(run.activity["hidden"][..., ~silent], expected["hidden"][..., ~silent])


def test_where_all_packets_are_dropped_nothing_comes_after() -> None:
    one, given = program(), entering()
    before = healthy(one, given)
    assert before["hidden"].any() and before["out"].any()
    faults = SendingFaults(packets=PacketFaults(1.0, 0.0, exposed_packets(one, "all", ["hidden"])))
    run = run_with_sending_faults(one, given, faults, draws())
    assert run.activity["hidden"].any()
    assert not run.activity["out"].any()
    assert run.faulty == run.packets
    every = SendingFaults(packets=PacketFaults(1.0, 0.0, exposed_packets(one, "all")))
    assert not run_with_sending_faults(one, given, every, draws()).activity["hidden"].any()


def test_packets_that_arrive_twice_are_weights_twice_as_large() -> None:
    one, given = program(), entering()
    faults = SendingFaults(packets=PacketFaults(0.0, 1.0, exposed_packets(one, "all")))
    run = run_with_sending_faults(one, given, faults, draws())
    doubled = one.network.replace(
        projections=tuple(
            Projection(p.name, p.source, p.target, p.connectivity, exponent=p.exponent + 1)
            for p in one.network.projections
        )
    )
    for name, sent in Simulator(doubled).run(given, "all").activity.items():
        np.testing.assert_array_equal(run.activity[name], sent)


def test_a_packet_is_a_spike_on_its_way_to_one_core_and_fails_by_itself() -> None:
    one, given = program(), entering()
    exposed = exposed_packets(one, "all", ["input"])
    run = run_with_sending_faults(one, given, SendingFaults(packets=PacketFaults(0.25, 0.0, exposed)), draws())
    (projection,) = one.network.incoming("hidden")[:1]
    heard = projection.connectivity.to_sparse().toarray() != 0
    cores = one.mapping.core_of["hidden"]
    reached = np.array([np.unique(cores[heard[:, source]]).size for source in range(INPUTS)])
    assert run.packets == int((given.sum(axis=(0, 1)) * reached).sum())
    assert np.unique(cores).size > 1
    assert stats.binomtest(run.faulty, run.packets, 0.25).pvalue > 1e-4


def test_packets_that_stay_on_their_core_are_spared_where_asked() -> None:
    one = program()
    between = exposed_packets(one, "between-cores", ["hidden"])["hidden"]
    cores = one.mapping.core_of["hidden"]
    assert between
    assert all(not exposed[cores == core].any() for core, exposed in between.items())


@pytest.mark.parametrize("kind", WEIGHT_KINDS)
def test_weights_without_faults_are_those_of_the_program(kind: str) -> None:
    one = program()
    damaged = with_damaged_weights(one, kind, 0.0, ("chip",))
    assert damaged.changed == 0 and damaged.places > 0
    for before, after in zip(one.network.projections, damaged.network.projections, strict=True):
        np.testing.assert_array_equal(before.connectivity.weights, after.connectivity.weights)


@pytest.mark.parametrize("kind", WEIGHT_KINDS)
def test_faulty_weights_follow_from_their_names(kind: str) -> None:
    one, given = program(), entering()
    first, again, other = (with_damaged_weights(one, kind, 0.3, ("chip", number)) for number in (0, 0, 1))
    runs = [Simulator(damaged.network).run(given, "all").activity["hidden"] for damaged in (first, again, other)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert first.changed == again.changed > 0
    assert any(
        (a.connectivity.to_sparse() != b.connectivity.to_sparse()).nnz
        for a, b in zip(first.network.projections, other.network.projections, strict=True)
    )


def test_a_kernel_is_faulty_for_all_neurons_of_a_core_alike() -> None:
    one = program()
    damaged = with_damaged_weights(one, "stuck-at-zero", 0.5, ("chip",), ["hidden"])
    before, after = one.network.projections[0], damaged.network.projections[0]
    whole, broken = before.connectivity.to_sparse().toarray(), after.connectivity.to_sparse().toarray()
    cores = one.mapping.core_of["hidden"]
    kernel = before.connectivity.weights
    channel = np.arange(HIDDEN) // 9
    for core in np.unique(cores):
        for number in range(2):
            rows = (cores == core) & (channel == number)
            for weight in np.unique(kernel[number]):
                if (kernel[number] == weight).sum() == 1 and weight:
                    kept = broken[rows][whole[rows] == weight]
                    assert np.unique(kept).size <= 1  # one cell: all of them, or none
    assert (broken != whole).any()


def test_mapped_again_around_dead_cores_the_network_is_whole_again() -> None:
    one, given = program(), entering()
    before = healthy(one, given)
    for dead in chosen_cores(one.mapping.cores, 2, 3, seed=1):
        places = places_of(one, dead)
        broken = run_with_sending_faults(one, given, SendingFaults(neurons_at(one, places)), draws())
        assert any((broken.activity[name] != sent).any() for name, sent in before.items())
        again = remapped(one, places, {}).program
        assert again is not None
        assert not set(again.mapping.places) & set(places)
        still = run_with_sending_faults(again, given, SendingFaults(neurons_at(again, places)), draws())
        for name, sent in before.items():
            np.testing.assert_array_equal(still.activity[name], sent)


def test_where_no_core_is_left_it_is_said_why() -> None:
    one = program(cores=4)
    assert one.mapping.cores > 2
    few = remapped(one, one.mapping.places[:2], {})
    assert few.program is None and "cores" in few.reason
    none = remapped(one, one.mapping.places, {})
    assert none.program is None and ("no core of loihi2 is left that works" in none.reason) == (one.mapping.cores == 4)


def test_dead_cores_are_drawn_without_repetition() -> None:
    drawn = chosen_cores(5, 2, 100, seed=0)
    assert len(drawn) == len(set(drawn)) == 10
    assert all(len(set(one)) == 2 and max(one) < 5 for one in drawn)
    assert chosen_cores(5, 2, 3, seed=0) == drawn[:3]


def subject(labelled: bool = True) -> Subject:
    one, given = program(), entering()
    y = np.random.default_rng(2).integers(0, CLASSES, SAMPLES) if labelled else None
    data = Data(given, y, (), "random spikes")
    return Subject("small", one, data, None, Configuration(), None, ())


def performed(study: Faults, of: Subject) -> tuple[Conclusion, dict[str, Outcome]]:
    prepared = study.prepare(of, TerminalProgress(hidden=True))
    prepared = pickle.loads(pickle.dumps(prepared))  # as it goes to workers
    outcomes = {task.name: study.perform(prepared, task) for task in study.tasks(prepared)}
    return study.conclude(prepared, outcomes), outcomes


SHORT = {"rates": "0.1,0.5", "deviations": "0.05,0.2", "dead_cores": "1,2", "repeats": 2}


def test_the_study_answers_for_every_kind_and_repeats_itself() -> None:
    study = make_study(Faults, SHORT)
    assert isinstance(study, Faults)
    of = subject(labelled=False)
    conclusion, outcomes = performed(study, of)
    _, again = performed(study, of)
    assert {name: outcome.rows for name, outcome in outcomes.items()} == {
        name: outcome.rows for name, outcome in again.items()
    }
    other, _ = performed(make_study(Faults, {**SHORT, "seed": 1}), of)
    assert other.tables["chips"] != conclusion.tables["chips"]
    rates = conclusion.tables["rates"]
    assert {row["kind"] for row in rates} == set(study.kinds)
    assert all(row["chips"] == 2 and row["faulty_share"] is not None for row in rates)
    assert all(row["same_spikes"] == row["mapped_again"] > 0 for row in conclusion.tables["recovery"])
    assert any("exactly the spikes of the healthy network" in sentence for sentence in conclusion.sentences)
    assert {figure.name for figure in conclusion.figures} == {"sending", "weights", "noisy", "cores"}


def test_faults_in_one_layer_spare_the_others_and_layers_can_be_compared() -> None:
    study = make_study(Faults, SHORT | {"kinds": "dead-neurons,dropped-packets", "per_layer": True})
    conclusion, _ = performed(study, subject(labelled=False))
    rows = conclusion.tables["rates"]
    assert {row["layer"] for row in rows if row["kind"] == "dead-neurons"} == {"", "hidden", "out"}
    assert {row["layer"] for row in rows if row["kind"] == "dropped-packets"} == {"", "input", "hidden"}
    assert conclusion.facts["without_faults"][0]["accuracy"] == 1  # agreement with itself
    assert any("cost most in" in sentence for sentence in conclusion.sentences)


def test_summaries_are_those_of_a_direct_computation() -> None:
    def row(kind: str, rate: float, repeat: int, accuracy: float) -> dict[str, object]:
        return {"kind": kind, "encoding": "as-deployed", "layer": "", "rate": rate, "repeat": repeat,
                "accuracy": accuracy, "spikes": 10 * accuracy, "faulty": 3, "places": 12}  # fmt: skip

    seen = {0.1: (0.9, 0.88), 0.2: (0.893, 0.9), 0.3: (0.6, 0.4), 0.4: (0.5, 0.3)}
    rows = [row("healthy", 0.0, 0, 0.9)]
    rows += [row("dead-neurons", rate, n, one) for rate, both in seen.items() for n, one in enumerate(both)]
    summary = summarized(rows)
    for found, both in zip(summary, seen.values(), strict=True):
        assert found["accuracy"] == pytest.approx(np.mean(both))
        assert found["accuracy_deviation"] == pytest.approx(np.std(both, ddof=1))
        assert (found["accuracy_lowest"], found["accuracy_highest"]) == (min(both), max(both))
        assert found["lost"] == pytest.approx(0.9 - fmean(both))
        assert found["faulty_share"] == 0.25
    (limit,) = limits_of(summary, healthy_by_encoding(rows), tolerance=0.01, chance=0.2)
    assert limit["withstood"] == 0.2  # 0.89 and 0.8965 are within a point of 0.9
    assert limit["broken_at"] == 0.3  # half way from 0.9 to 0.2 is 0.55
    (none,) = limits_of(summary, healthy_by_encoding(rows), tolerance=0.001, chance=0.2)
    assert none["withstood"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": "dead-cats"}, "there are dead-neurons"),
        ({"rates": "0.1,1.5"}, "above 0 and at most 1"),
        ({"deviations": "0"}, "above 0 and at most 10"),
        ({"dead_cores": "1.5"}, "cores are counted"),
        ({"encodings": "morse"}, "there are as-deployed, constant"),
    ],
)
def test_wrong_options_are_named(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_study(Faults, options)


def test_a_single_output_has_no_class_that_could_change() -> None:
    of = subject()
    populations = (*of.program.network.populations[:2], Population("out", (1,), Role.NEURON, neurons(150), 2))
    read = Projection("read", "hidden", "out", Dense(np.ones((1, HIDDEN), dtype=np.int64)))
    projections = (*of.program.network.projections[:2], read)
    single = Network(populations, projections, "out", integer=True)
    of = replace(of, program=replace(of.program, network=single))
    with pytest.raises(UnsupportedModelError, match="single output"):
        performed(make_study(Faults, {}), of)


def test_the_command_breaks_the_built_in_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "study faults digits --samples 20 --kinds dead-neurons,dead-cores --rates 0.5 --repeats 1 --processes 1"
    with pytest.raises(SystemExit) as end:
        app([*words.split(), "--out", str(tmp_path / "study")])
    assert end.value.code == 0
    assert "Mapped again around what is dead, it recovers" in capsys.readouterr().out
    with (tmp_path / "study" / "rates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["kind"], row["encoding"]) for row in rows} == {
        (kind, encoding) for kind in ("dead-neurons", "dead-cores") for encoding in ("as-deployed", "rate")
    }
    assert "Dead neurons, encoding by encoding" in (tmp_path / "study" / "study.html").read_text()


def test_a_layer_that_is_none_and_data_that_cannot_be_encoded_are_named() -> None:
    with pytest.raises(UsageError, match="no layer 'cat' that could have faults; there are input, hidden, out"):
        performed(make_study(Faults, {"layers": "cat"}), subject())
    with pytest.raises(DataError, match="needs static data under the encoder 'constant'"):
        performed(make_study(Faults, {"encodings": "rate"}), subject())
