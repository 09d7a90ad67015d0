"""Time constants and thresholds moved in the registers do what the same change in the trained network does."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.configuration.configuration import configuration
from spikeloom.deploy.progress.progress import Quiet
from spikeloom.deploy.studies.measurement import Instrument
from spikeloom.deploy.studies.operating_space.operating_space import OperatingSpace
from spikeloom.deploy.studies.operating_space.retuning import (
    Move,
    retuned,
    retuned_graph,
    trained_threshold,
    tunable_layers,
)
from spikeloom.deploy.studies.options import make_study
from spikeloom.deploy.studies.subject import Subject, open_subject
from spikeloom.mapping.precision import Precision
from spikeloom.models.errors import UnsupportedModelError, UsageError

INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 5, 8, 3, 16, 10
MOST = (1 << 17) - 1  # that a threshold's register holds


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Two layers of leaky neurons, deployed on Loihi 2."""
    folder, random = tmp_path_factory.mktemp("retuning"), np.random.default_rng(3)
    hidden, out = np.ones(HIDDEN), np.ones(CLASSES)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Affine(weight=random.normal(0.3, 0.6, (HIDDEN, INPUTS)), bias=0.05 * hidden),
        "lif1": nir.LIF(tau=1e-3 * hidden, r=10 * hidden, v_leak=0 * hidden, v_threshold=hidden, v_reset=0 * hidden),
        "fc2": nir.Linear(weight=random.normal(0.3, 0.6, (CLASSES, HIDDEN))),
        "lif2": nir.LIF(tau=1e-3 * out, r=10 * out, v_leak=0 * out, v_threshold=2 * out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }
    nir.write(folder / "small.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    x = (random.random((SAMPLES, STEPS, INPUTS)) < 0.3).astype(np.uint8)
    np.savez(folder / "data.npz", x=x, y=random.integers(0, CLASSES, SAMPLES))
    settings = configuration(None)
    return open_subject(str(folder / "small.nir"), "loihi2", folder / "data.npz", settings, Quiet())


def moved(subject: Subject, factor: float, constant: float, relative: bool = False) -> Any:
    network = subject.program.network
    move = Move(factor, constant, relative)
    return retuned(network, dict.fromkeys(tunable_layers(network), move), Precision.of(subject.program.target))


def spikes_of(subject: Subject, network: Any) -> dict[str, Any]:
    given_integers = subject.program.code.encode(subject.data.x)
    return dict(Simulator(network).run(given_integers).spikes)


def test_thresholds_are_told_in_units_of_the_trained_network(subject: Subject) -> None:
    network = subject.program.network
    assert tunable_layers(network) == ("lif1", "lif2")
    assert trained_threshold(network, "lif1") == pytest.approx(1, rel=0.01)
    assert trained_threshold(network, "lif2") == pytest.approx(2, rel=0.01)


@given(st.floats(0.2, 4), st.floats(1, 20))
def test_only_registers_of_neurons_change(subject: Subject, factor: float, constant: float) -> None:
    network, result = subject.program.network, moved(subject, factor, constant)
    largest = max(network.by_name[name].neuron.threshold.max() for name in ("lif1", "lif2"))
    if round(largest * factor) > MOST:
        assert result is None
        return
    assert result.projections == network.projections
    for before, after in zip(network.populations, result.populations, strict=True):
        if before.name not in ("lif1", "lif2"):
            assert after is before
            continue
        np.testing.assert_array_equal(after.neuron.threshold, np.rint(before.neuron.threshold * factor))
        assert abs(1 / constant - float(after.neuron.voltage_decay) / 4096) <= 0.5 / 4096
        assert after.neuron.reset == before.neuron.reset
        rest = [field.name for field in fields(before.neuron) if field.name not in ("threshold", "voltage_decay")]
        for name in rest:
            np.testing.assert_array_equal(getattr(after.neuron, name), getattr(before.neuron, name))


@given(st.floats(0.01, 10))
def test_multiples_move_every_neuron_from_its_own(subject: Subject, factor: float) -> None:
    network, result = subject.program.network, moved(subject, 1, factor, relative=True)
    for name in ("lif1", "lif2"):
        before, after = (of.by_name[name].neuron.voltage_decay for of in (network, result))
        np.testing.assert_array_equal(after, np.rint(np.minimum(4096, before / factor)))


def test_higher_thresholds_let_the_first_layer_spike_less(subject: Subject) -> None:
    totals = [spikes_of(subject, moved(subject, factor, 1))["lif1"].sum() for factor in (0.1, 0.3, 0.5, 0.8, 1)]
    # Without memory, every neuron by itself: whoever passes a high threshold passes a lower one at the same step.
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[-1]


def test_registers_have_their_limits(subject: Subject) -> None:
    assert moved(subject, 1e6, 2) is None
    assert moved(subject, 1e-6, 2) is None  # a threshold of 0 would mean any potential at all


def test_the_graph_moves_as_the_registers_do(subject: Subject) -> None:
    assert subject.graph is not None
    graph = retuned_graph(subject.graph, {"lif1": Move(0.5, 4), "lif2": Move(3, 0.5, relative=True)})
    models = {name: graph.nodes[name].model for name in ("lif1", "lif2")}
    assert float(np.median(models["lif1"].threshold)) == 0.5
    assert float(np.median(models["lif2"].threshold)) == 6
    assert float(models["lif1"].voltage_retention) == 0.75
    assert float(models["lif2"].voltage_retention) == pytest.approx(0.8)  # of 10 steps, and then of 5


def test_a_measurement_counts_what_the_simulator_counts(subject: Subject) -> None:
    changed = moved(subject, 0.7, 3)
    data, program = subject.data, subject.program
    measured = Instrument(program, data.x, data.y).measure(changed)
    spikes = spikes_of(subject, changed)
    for name in ("lif1", "lif2"):
        assert measured.layer_spikes[name] == pytest.approx(spikes[name].sum() / SAMPLES)
    assert measured.accuracy == np.mean(measured.classes == data.y)
    assert set(measured.silent) == {name for name in ("lif1", "lif2") if not spikes[name].any()}


def test_every_point_of_the_study_is_a_measurement(subject: Subject) -> None:
    study = OperatingSpace(time_constants="1,3", thresholds="0.5,1,1e6")
    prepared = study.prepare(subject, Quiet())
    outcomes = {task.name: study.perform(prepared, task) for task in study.tasks(prepared)}
    conclusion = study.conclude(prepared, outcomes)
    rows = conclusion.tables["points"]
    assert [(row["time_constant"], row["threshold"]) for row in rows] == [
        (constant, threshold) for constant in (1, 3) for threshold in (0.5, 1, 1e6)
    ]
    data, program = subject.data, subject.program
    for row in rows:
        shares = {"lif1": row["threshold"], "lif2": row["threshold"] / 2}  # which were trained with 1 and 2
        moves = {name: Move(share, row["time_constant"]) for name, share in shares.items()}
        network = retuned(program.network, moves, Precision.of(program.target))
        if network is None:
            assert row["accuracy"] is None
            assert row["threshold"] == 1e6
            continue
        measured = Instrument(program, data.x, data.y).measure(network)
        assert row["accuracy"] == measured.accuracy
        assert row["spikes"] == pytest.approx(measured.spikes, rel=0.05)  # thresholds trained are told after rounding
        assert row["energy"] == pytest.approx(measured.energy.nominal, rel=0.05)
    assert conclusion.facts["points"] == 6
    assert {figure.name for figure in conclusion.figures} >= {"accuracy-map", "spikes-map", "front"}


def test_mistakes_are_named(subject: Subject) -> None:
    with pytest.raises(UsageError, match=r"There is no layer 'lif3' to be tuned; there are lif1, lif2"):
        OperatingSpace(layers="lif3").prepare(subject, Quiet())
    for options, message in {
        "A time constant of 0.5 steps": {"time_constants": "0.5"},
        "--thresholds cannot be '0:1:3'": {"thresholds": "0:1:3"},
        "--thresholds cannot be '1:2'": {"thresholds": "1:2"},
        "leave out --relative": {"mode": "retrain", "relative": True},
    }.items():
        with pytest.raises(UsageError, match=options):
            make_study(OperatingSpace, message)


def test_networks_without_thresholds_are_refused(tmp_path: Path) -> None:
    nodes = {
        "input": nir.Input(input_type={"input": np.array([2])}),
        "fc": nir.Linear(weight=np.eye(2)),
        "li": nir.LI(tau=np.full(2, 1e-3), r=np.ones(2), v_leak=np.zeros(2)),
        "output": nir.Output(output_type={"output": np.array([2])}),
    }
    nir.write(tmp_path / "readout.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    np.savez(tmp_path / "data.npz", x=np.ones((3, 4, 2), dtype=np.uint8))
    subject = open_subject(str(tmp_path / "readout.nir"), "loihi2", tmp_path / "data.npz", configuration(None), Quiet())
    with pytest.raises(UnsupportedModelError, match="no time constants and thresholds to change"):
        OperatingSpace().prepare(subject, Quiet())
