"""Exported scripts run in a stand-in for PyNN give the integer simulator's spikes; what PyNN cannot say is refused."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spikeloom.backends.pynn.arrays import input_bits
from spikeloom.backends.pynn.script import refuse
from spikeloom.models.decision import Decision, decide
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.network import Network
from spikeloom.models.neurons import Reset

SIMULATORS = ("brian2", "nest", "spiNNaker")
PYTHON = os.environ.get("SPIKELOOM_PYNN", sys.executable)  # one that has PyNN and a simulator


def _beside(name: str) -> ModuleType:
    """A module in this folder, which pytest puts on no path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


networks, stand_in = _beside("pynn_networks"), _beside("pynn_stand_in")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", SIMULATORS)
def test_the_spikes_are_those_of_the_integer_simulator(name, seed, tmp_path, monkeypatch):
    random = np.random.default_rng(seed)
    network = networks.random_network(random, (2048, 4096), loop=False, integrator=False)
    inputs = random.integers(-2, 5, (networks.SAMPLES, networks.STEPS, 3))
    activity, written = networks.exported(network, inputs, tmp_path)
    assert any("numbers of 4 bits" in note for note in written.notes)
    found = stand_in.run_script(tmp_path, name, monkeypatch)
    networks.check(network, activity, found)
    np.testing.assert_array_equal(found["scores"], activity["out"].sum(axis=1))
    assert 0 < activity["second"].mean() < 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["brian2", "nest"])
def test_potentials_that_stay_and_loops_are_run_sample_by_sample(name, seed, tmp_path, monkeypatch):
    random = np.random.default_rng(seed)
    network = networks.random_network(random, (0, 4096), loop=True, integrator=True)
    inputs = random.integers(0, 2, (networks.SAMPLES, networks.STEPS, 3))
    activity, written = networks.exported(network, inputs, tmp_path, list(Decision)[seed % 3])
    assert any("keeps all of its potential" in note for note in written.notes)
    assert "GAP = None" in (tmp_path / "network.py").read_text()
    found = stand_in.run_script(tmp_path, name, monkeypatch)
    networks.check(network, activity, found)
    decision = list(Decision)[seed % 3]
    scores = {
        "sum": activity["out"].sum(axis=1),
        "last": activity["out"][:, -1],
        "maximum": activity["out"].max(axis=1),
    }
    np.testing.assert_allclose(found["scores"], scores[decision], rtol=1e-4)
    np.testing.assert_array_equal(found["classes"], decide(activity["out"], decision))
    assert activity["second"].any()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["nest", pytest.param("brian2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("reset", [False, True])
def test_real_simulators_do_what_the_stand_in_does(reset, name, seed, tmp_path):
    """With neurons that keep their potential and a loop, which need resets; and without, in one go."""
    (tmp_path / "brian_preferences").write_text("codegen.target = 'numpy'\n")
    imported = subprocess.run([PYTHON, "-c", f"import pyNN.{name}"], cwd=tmp_path, capture_output=True, check=False)
    if imported.returncode:
        pytest.skip(f"{PYTHON} does not import pyNN.{name}; the variable SPIKELOOM_PYNN names another Python")
    random = np.random.default_rng(seed)
    decays = (0, 4096) if reset else (2048, 4096)
    network = networks.random_network(random, decays, loop=reset, integrator=seed == 1)
    inputs = random.integers(-2, 5, (networks.SAMPLES, networks.STEPS, 3))
    activity, _ = networks.exported(network, inputs, tmp_path)
    line = [PYTHON, "network.py", name, "--out", "found.npz"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "found.npz") as found:
        networks.check(network, activity, found)
        np.testing.assert_allclose(found["scores"], activity["out"].sum(axis=1), rtol=1e-4)


def test_a_loop_of_one_step_is_left_to_simulators_that_can(tmp_path, monkeypatch):
    random = np.random.default_rng(1)
    network = networks.random_network(random, (2048, 4096), loop=True, integrator=False)
    loop = replace(network.projections[-1], delay=1)
    network = network.replace(projections=(*network.projections[:-1], loop))
    inputs = random.integers(0, 2, (networks.SAMPLES, networks.STEPS, 3))
    activity, written = networks.exported(network, inputs, tmp_path)
    assert any("too quick a loop for NEST" in note for note in written.notes)
    for name in ("brian2", "spiNNaker"):
        networks.check(network, activity, stand_in.run_script(tmp_path, name, monkeypatch))
    with pytest.raises(SystemExit, match=r"nest cannot run 'again'.* at least 1 ms"):
        stand_in.run_script(tmp_path, "nest", monkeypatch)


def test_decays_that_are_rounded_change_next_to_nothing(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    network = networks.random_network(random, (300, 900, 1500), loop=False, integrator=False)
    inputs = random.integers(0, 2, (20, 20, 3))
    activity, _ = networks.exported(network, inputs, tmp_path)
    found = stand_in.run_script(tmp_path, "nest", monkeypatch)
    for name in ("first / 1", "second", "out"):
        counts = activity[name].sum(axis=(1, 2))
        assert counts.sum() > 50
        assert np.abs(found[f"spikes/{name}"] - counts).sum() <= 0.02 * counts.sum()


def test_fewer_samples_and_what_is_printed(tmp_path, monkeypatch, capsys):
    random = np.random.default_rng(2)
    network = networks.random_network(random, (2048, 4096), loop=False, integrator=False)
    networks.exported(network, random.integers(0, 2, (networks.SAMPLES, networks.STEPS, 3)), tmp_path)
    found = stand_in.run_script(tmp_path, "nest", monkeypatch, "--samples", "2")
    assert found["classes"].shape == (2,)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["sample 0", "sample 1", *said[2:]]
    assert said[2:] == ["2 of 2 classes as the integer simulator says.", "2 of 2 classes right."]
    assert "first / 1 " in said[0]


def test_names_stay_data(tmp_path):
    """A name that would end a string, or a line, is still one name in the script."""
    random = np.random.default_rng(3)
    network = networks.random_network(random, (2048,), loop=False, integrator=False)
    wild = '\'"""\n{{ x }}; import os\\'
    renamed = {"second": wild}
    network = Network(
        tuple(replace(item, name=renamed.get(item.name, item.name)) for item in network.populations),
        tuple(
            replace(item, source=renamed.get(item.source, item.source), target=renamed.get(item.target, item.target))
            for item in network.projections
        ),
        network.output,
        integer=True,
    )
    networks.exported(network, random.integers(0, 2, (networks.SAMPLES, networks.STEPS, 3)), tmp_path)
    tree = ast.parse((tmp_path / "network.py").read_text())
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert constants.count(wild) >= 4
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"argparse", "importlib", "numpy", "brian2"}


def test_all_that_pynn_cannot_say_is_listed_at_once():
    random = np.random.default_rng(4)
    network = networks.random_network(random, (2048,), loop=False, integrator=False)
    leaky = {
        "first / 1": networks.neuron(random, 5, (2048,), reset=Reset.SUBTRACT),
        "second": networks.neuron(random, 4, (2048,), spiking=False),
        "out": networks.neuron(random, 3, (2048,), reset=Reset.NONE, initial_voltage=networks.whole(2**22)),
    }
    changed = tuple(replace(item, neuron=leaky.get(item.name, item.neuron)) for item in network.populations)
    inputs = np.zeros((1, networks.STEPS, 3), dtype=np.int64)
    with pytest.raises(UnsupportedModelError) as refused:
        refuse(networks.program_of(network.replace(populations=changed), inputs), "the folder")
    lines = str(refused.value).splitlines()
    assert lines[0] == "the folder: 4 nodes cannot be said in PyNN:"
    for line, said in zip(
        lines[1:],
        ["first / 1 (reset: by subtraction)", "second (integrator", "out (reset: none)", "out (initial"],
        strict=True,
    ):
        assert line.strip().startswith(said), line
    assert refused.value.exit_code == 3
    assert "--reset zero" in lines[1]


@pytest.mark.parametrize(
    ("values", "declared", "bits", "signed"),
    [([0, 1], 1, 1, False), ([0, 16], 5, 5, False), ([-1, 1], 1, 2, True), ([-8, 7], 1, 4, True), ([0], 3, 3, False)],
)
def test_inputs_take_as_many_bits_as_they_need(values, declared, bits, signed):
    assert input_bits(np.array(values), declared) == (bits, signed)
