"""Networks of every family of neurons from a graph to the end: quantized, mapped, simulated, and run by Lava."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeloom as package
from spikeloom.backends.lava.availability import lava_problem
from spikeloom.deploy.artifact.artifact import load_program
from spikeloom.models.graph import Graph
from spikeloom.models.neurons import Adaptive, FloatNeuron, Graded, Izhikevich, MultipleSpikes, Reset, ResonateAndFire
from spikeloom.models.operators import Input, Linear, Neurons, Output

INPUTS, SIZE, CLASSES, SAMPLES, STEPS = 12, 6, 4, 6, 60
LEAKY = {
    "current_retention": np.asarray(0.3),
    "voltage_retention": np.asarray(0.9),
    "threshold": np.asarray(0.7),
    "input_gain": np.asarray(0.8),
    "current_gain": np.asarray(1.0),
    "bias": np.asarray(0.02),
}
LAYERS: Mapping[str, FloatNeuron] = {
    "turning": ResonateAndFire(np.asarray(8.0), np.asarray(0.95), np.asarray(0.8), phase=np.asarray(0.5)),
    "turning back": ResonateAndFire(np.asarray(6.0), np.asarray(0.9), np.asarray(0.8), resets=True),
    "bursting": Izhikevich(*map(np.asarray, (0.02, 0.2, -50.0, 2.0)), input_gain=np.asarray(8.0), bias=np.asarray(4.0)),
    "adapting": Adaptive.of_paper(*map(np.asarray, (0.9, 0.99, 0.5, 1.0, 0.1))),
    "carrying": Graded(**LEAKY, reset=Reset.SUBTRACT),
    "carrying both": Graded(**LEAKY, signed=True),
    "several": MultipleSpikes(**LEAKY | {"threshold": np.asarray(0.3)}, most=3),
}


def side_by_side(random: np.random.Generator) -> Graph:
    """Layers of every family, all heard by neurons that send several spikes at once."""
    nodes: dict[str, Any] = {"input": Input((INPUTS,))}
    edges = []
    nodes["last"] = Neurons(MultipleSpikes(**LEAKY, most=3), (CLASSES,))
    for name, model in LAYERS.items():
        nodes[f"to {name}"] = Linear(random.normal(0.2, 0.6, (SIZE, INPUTS)), random.normal(0, 0.05, SIZE))
        nodes[name] = Neurons(model, (SIZE,))
        nodes[f"from {name}"] = Linear(random.normal(0, 0.2, (CLASSES, SIZE)))
        edges += [("input", f"to {name}"), (f"to {name}", name), (name, f"from {name}"), (f"from {name}", "last")]
    nodes["output"] = Output()
    return Graph.with_loops_closed(nodes, [*edges, ("last", "output")], (), "families")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    random = np.random.default_rng(0)
    x = (random.random((SAMPLES, STEPS, INPUTS)) < 0.2).astype(np.float64)
    y, out = np.arange(SAMPLES) % CLASSES, tmp_path_factory.mktemp("families") / "out"
    with_lava = 2 if lava_problem() is None else 0
    graph = side_by_side(random)
    return out, package.deploy(graph, "loihi2", data=(x, y), out=out, lava_samples=with_lava, max_loss=1.0)


@pytest.mark.slow
def test_every_stage_agrees_with_the_one_before(deployed: tuple[Path, Any]) -> None:
    _, report = deployed
    stages = {entry["stage"]: entry for entry in report["ledger"]}
    assert stages["network"]["mismatched_spikes"] == 0
    assert stages["integer"]["agreement"] > 0.8
    assert stages["simulator"]["mismatched_spikes"] == 0
    for name in (*LAYERS, "last"):
        assert 0.01 < stages["integer"]["by_layer"][name]["rate"] < 0.9, name
        assert stages["integer"]["by_layer"][name]["agreement"] > 0.75, name
        assert not any(stages["integer"]["by_layer"][name]["overflows"].values()), name


@pytest.mark.slow
@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
def test_lava_gives_the_same_integers(deployed: tuple[Path, Any]) -> None:
    _, report = deployed
    assert {entry["stage"]: entry for entry in report["ledger"]}["lava"]["mismatched_spikes"] == 0


@pytest.mark.slow
def test_the_artifact_says_the_same(deployed: tuple[Path, Any]) -> None:
    out, report = deployed
    assert json.loads((out / "report.json").read_text()) == report
    program = load_program(out)
    assert {name: type(program.network.by_name[name].neuron).__name__ for name in LAYERS} == {
        name: f"Integer{type(model).__name__}" for name, model in LAYERS.items()
    }


def test_a_chip_with_one_fixed_neuron_refuses_them() -> None:
    answer = package.check(side_by_side(np.random.default_rng(0)), target="loihi1")
    assert not answer.fits
    refused = {problem.layer: str(problem) for problem in answer.problems if "loihi1 does not compute" in str(problem)}
    assert set(refused) == {*LAYERS, "last"}
