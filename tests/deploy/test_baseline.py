"""The section that holds a deployed network against the same without spikes, and what it says of who wins."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.report.baseline import baseline_section, whole_matrices
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire
from spikeloom.models.readers.dataflow import Dataflow

INPUTS, HIDDEN, CLASSES = 40, 30, 10


def whole(value: Any) -> Any:
    return np.asarray(value, dtype=np.int64)


def neuron(decay: int = 512) -> IntegerLeakyIntegrateAndFire:
    return IntegerLeakyIntegrateAndFire(whole(4096), whole(decay), whole(2), whole(0), whole(0))


def two_layers(decay: int = 512) -> Network:
    populations = (
        Population("input", (INPUTS,), Role.INPUT, None, 0),
        Population("hidden", (HIDDEN,), Role.NEURON, neuron(decay), 1),
        Population("answer", (CLASSES,), Role.NEURON, neuron(decay), 2),
    )
    projections = (
        Projection("in", "input", "hidden", Dense(np.full((HIDDEN, INPUTS), 4, dtype=np.int16))),
        Projection("out", "hidden", "answer", Dense(np.full((CLASSES, HIDDEN), 4, dtype=np.int16))),
    )
    return Network(populations, projections, "answer", integer=True)


def run(network: Network, x: Any) -> tuple[Program, Counters]:
    target = load_target("loihi2")
    code = InputCode(1.0, True, 1, False)
    program = Program(network, map_network(network, target), target, code, Decision.SUM, x.shape[1])
    counting = CoreCounting(program)
    return program, counting.counters(Simulator(network).run(x, groups=counting.groups).group_spikes, x.shape[0])


def test_the_version_that_loses_is_said_to_lose() -> None:
    busy = np.ones((3, 4, INPUTS), dtype=np.int64)  # everything spikes at every step
    section = baseline_section(*run(two_layers(), busy))
    assert section["outcome"] == "loses"
    assert section["verdict"].startswith("The spiking version loses: ")
    headline = section["cases"]["int8"]
    # 4 accumulates and weights for each multiply-accumulate and its weight, and the states besides.
    assert 3 < headline["ratio"]["low"] <= headline["ratio"]["high"] < 5
    assert f"{headline['ratio']['nominal']:.2g} times" in section["verdict"]
    assert headline["equivalent_rate"] == pytest.approx(1)
    assert 0 < headline["break_even_rate"]["nominal"] < 0.1
    assert "at a rate of 1 a step, where the break-even is 0.0" in section["verdict"]
    assert "adding weights where spikes arrive" in section["verdict"]
    assert "weights in 8 KB SRAM" in section["verdict"]


def test_a_silent_network_loses_by_its_states_alone_in_many_steps() -> None:
    section = baseline_section(*run(two_layers(), np.zeros((1, 200, INPUTS), dtype=np.int64)))
    assert section["mean_rate"] == 0
    assert "would lose without a single spike" in section["verdict"]
    assert "of its energy, go to reading and writing the states of all neurons at every step." in section["verdict"]
    assert section["cases"]["int8"]["break_even_rate"]["high"] < 0
    assert section["cases"]["int8_every_step"]["outcome"] == "wins"  # against a network that runs 200 times


def test_a_sparse_network_of_few_steps_wins() -> None:
    x = np.zeros((4, 2, INPUTS), dtype=np.int64)
    x[:, 0, 0] = 1  # one spike, which makes the hidden neurons spike once
    section = baseline_section(*run(two_layers(4096), x))
    assert section["outcome"] == "wins"
    headline = section["cases"]["int8"]
    assert headline["ratio"]["high"] < 1
    assert headline["equivalent_rate"] < headline["break_even_rate"]["low"]
    assert section["verdict"].startswith("The spiking version wins: ")


def test_terms_add_up_and_have_sources() -> None:
    x = (np.random.default_rng(0).random((3, 6, INPUTS)) < 0.1).astype(np.int64)
    section = json.loads(json.dumps(baseline_section(*run(two_layers(), x)), allow_nan=False))
    assert set(section["cases"]) == {"int8", "fp32", "int8_without_reuse", "int8_every_step"}
    for case in section["cases"].values():
        for side in ("ordinary", "spiking"):
            for end in ("low", "nominal", "high"):
                terms = [term[end] for term in case[side]["terms"]]
                assert case[side][end] == pytest.approx(sum(terms), rel=1e-12, abs=0)
                layers = [layer[side][end] for layer in case["layers"].values()]
                assert case[side][end] == pytest.approx(sum(layers), rel=1e-9, abs=0)
            assert all(term["source"] and term["kind"] for term in case[side]["terms"])
        parts = sum(part["nominal"] for part in case["spiking_parts"].values())
        assert case["spiking"]["nominal"] == pytest.approx(parts, rel=1e-9, abs=0)
        assert case["ratio"]["nominal"] == pytest.approx(case["spiking"]["nominal"] / case["ordinary"]["nominal"])
    assert "6.3 mJ" in section["notes"][0] and "Lower bounds only" in section["notes"][0]
    assert "7,900 times" in section["notes"][0]


def test_the_trained_network_is_what_counts_where_it_is_known() -> None:
    flow = Dataflow()
    signal = flow.input("input", (INPUTS,))
    hidden = flow.rectify("hidden", flow.linear("first", signal, np.ones((HIDDEN, INPUTS)), None))
    flow.output("output", flow.rectify("answer", flow.linear("last", hidden, np.ones((2, HIDDEN)), None)))
    program, counters = run(two_layers(), np.ones((1, 3, INPUTS), dtype=np.int64))
    deployed, trained = baseline_section(program, counters), baseline_section(program, counters, flow.graph("trained"))
    assert deployed["counts"]["ordinary"]["multiply_accumulates"] == HIDDEN * INPUTS + CLASSES * HIDDEN
    assert trained["counts"]["ordinary"]["multiply_accumulates"] == HIDDEN * INPUTS + 2 * HIDDEN
    assert any("deployed synapses" in note for note in deployed["notes"])
    assert not any("deployed synapses" in note for note in trained["notes"])


def test_a_network_without_weights_has_nothing_to_be_held_against() -> None:
    flow = Dataflow()
    flow.output("output", flow.rectify("answer", flow.input("input", (INPUTS,))))
    program, counters = run(two_layers(), np.ones((1, 3, INPUTS), dtype=np.int64))
    section = json.loads(json.dumps(baseline_section(program, counters, flow.graph("bare")), allow_nan=False))
    assert section["outcome"] == "loses" and "nothing to compute" in section["verdict"]
    assert section["cases"]["int8"]["ratio"] is None


def test_a_split_matrix_is_one() -> None:
    network = two_layers()
    coarse, fine = np.zeros((2, CLASSES, HIDDEN), dtype=np.int16)
    coarse[0, :4], fine[0, 2:5] = 4, 2
    parts = (
        replace(network.projections[1], connectivity=Dense(coarse)),
        replace(network.projections[1], name="out, fine", connectivity=Dense(fine)),
    )
    split = network.replace(projections=(network.projections[0], *parts))
    assert [projection.name for projection in whole_matrices(split)] == ["in", "out"]
    section = baseline_section(*run(split, np.ones((1, 3, INPUTS), dtype=np.int64)))
    assert section["counts"]["ordinary"]["multiply_accumulates"] == HIDDEN * INPUTS + 5
    # With spikes both parts are added.
    assert section["counts"]["spiking"]["stored_weights"] == HIDDEN * INPUTS + 2 * HIDDEN * CLASSES
