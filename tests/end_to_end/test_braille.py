"""A recurrent network that nobody here made, from its file to Lava: accuracy, agreement, report and artifact."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.program import Program
from spikeloom.deploy.artifact.artifact import load_program, read_report
from spikeloom.deploy.data import load_data
from spikeloom.deploy.evaluation import simulate

needs_lava = pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
STAGES = ["graph", "network", "integer", "simulator"]
SAMPLES = 200


@pytest.fixture
def report(braille_artifact):
    return read_report(braille_artifact)


@pytest.fixture
def recordings(shared_data):
    return shared_data / "braille" / "braille.npz"


def test_accuracy_of_every_stage(report):
    rows = {row["stage"]: row for row in report["ledger"]}
    assert list(rows)[:4] == STAGES
    assert all(rows[stage]["samples"] == SAMPLES for stage in STAGES)
    assert rows["graph"]["accuracy"] >= 0.975
    assert rows["network"]["accuracy"] == rows["graph"]["accuracy"]
    assert rows["network"]["agreement"] == 1
    assert rows["integer"]["accuracy"] >= 0.95
    assert rows["simulator"]["accuracy"] >= 0.95
    assert (rows["simulator"]["agreement"], rows["simulator"]["mismatched_spikes"]) == (1, 0)
    if lava_problem() is None:
        assert (rows["lava"]["samples"], rows["lava"]["agreement"], rows["lava"]["mismatched_spikes"]) == (3, 1, 0)


@pytest.mark.slow
def test_accuracy_on_all_recordings(spikeloom, shared_data, recordings, tmp_path):
    options = ("--target", "loihi2", "--data", recordings, "--lava-samples", 0, "--out", tmp_path / "out", "--json")
    rows = spikeloom("deploy", shared_data / "nir" / "braille.nir", *options).json["ledger"]
    assert [row["samples"] for row in rows] == [579] * len(STAGES)
    assert rows[0]["accuracy"] >= 0.975
    assert all(row["accuracy"] >= 0.95 for row in rows)


def test_keys_of_the_report(report):
    assert {"name", "path", "sha256"} <= set(report["model"])
    assert report["target"]["name"] == "loihi2"
    assert report["cores"] == len(report["mapping"]["places"]) >= 1
    for row in report["ledger"]:
        assert {"stage", "accuracy", "samples", "spikes_per_sample", "agreement"} <= set(row)
        assert 0 <= row["accuracy"] <= 1
        assert row["spikes_per_sample"] > 0
        assert (row["agreement"] is None) == (row["stage"] == "graph")
    counts = report["counts"]
    assert set(counts) == {"spikes", "synaptic_operations", "neuron_updates", "memory_reads", "packets", "hops"}
    assert all(count >= 0 for count in counts.values())
    for cost in (report["energy_per_sample"], report["latency_per_sample"]):
        assert 0 < cost["low"] <= cost["nominal"] <= cost["high"] < 1
    assert {use["core"] for use in report["utilisation"]} == set(range(report["cores"]))
    for use in report["utilisation"]:
        assert {"core", "resource", "used", "limit"} == set(use)
        assert use["limit"] is None or 0 <= use["used"] <= use["limit"]
    assert report["assumptions"]
    assert all(isinstance(assumption, str) for assumption in report["assumptions"])
    assert {"python", "spikeloom", "numpy"} <= set(report["versions"])
    assert report["seed"] == 0


def test_the_counts_are_those_of_the_run(braille_artifact, report, recordings):
    program = load_program(braille_artifact)
    x, _ = load_data(recordings)
    run = simulate(program, x[:SAMPLES].reshape(SAMPLES, x.shape[1], -1))
    assert run.counters is not None
    assert run.counters.per_sample() == pytest.approx(report["counts"])
    assert sum(run.counters.layer_spikes.values()) / SAMPLES >= report["ledger"][3]["spikes_per_sample"]


def test_the_files_of_the_artifact(braille_artifact, report):
    manifest = json.loads((braille_artifact / "manifest.json").read_text())
    present = {path.relative_to(braille_artifact).as_posix() for path in braille_artifact.rglob("*") if path.is_file()}
    assert present == {*manifest["files"], "manifest.json"}
    assert {"report.json", "report.html", "ledger.json", "lava/run.py", "program/program.json"} <= present
    assert json.loads((braille_artifact / "ledger.json").read_text()) == report["ledger"]
    assert manifest["config"]["seed"] == 0
    for path in braille_artifact.rglob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays.files)


def test_the_program_runs_the_same_after_saving_again(braille_artifact, recordings, tmp_path):
    program = load_program(braille_artifact)
    program.save(tmp_path)
    again = Program.load(tmp_path)
    for path in (braille_artifact / "program").iterdir():
        if path.suffix != ".npz":
            assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    x = load_data(recordings)[0][:20]
    np.testing.assert_array_equal(simulate(again, x).answer, simulate(program, x).answer)


@pytest.mark.slow
@needs_lava
def test_run_in_lava(spikeloom, braille_artifact, recordings):
    done = spikeloom("run", braille_artifact, "--backend", "lava", "--data", recordings, "--samples", 3, "--json")
    assert done.err == ""
    assert done.json["compared_samples"] == done.json["samples"] == 3
    assert done.json["mismatched_spikes"] == 0
    assert 0 <= done.json["accuracy"] <= 1


@needs_lava
@pytest.mark.slow
@pytest.mark.parametrize("processes", ["layer", "core"])
def test_twenty_samples_in_lava(spikeloom, braille_artifact, recordings, processes):
    options = ("--backend", "lava", "--processes", processes, "--data", recordings, "--samples", 20, "--json")
    done = spikeloom("run", braille_artifact, *options)
    assert (done.json["compared_samples"], done.json["mismatched_spikes"]) == (20, 0)
    assert done.json["accuracy"] >= 0.8


@pytest.mark.slow
@needs_lava
def test_the_program_of_the_artifact_gives_the_same_spikes(braille_artifact, recordings, tmp_path):
    program = load_program(braille_artifact)
    x = load_data(recordings)[0][100:102]
    np.savez(tmp_path / "spikes.npz", x=x.astype(np.int8))
    files = ["--input", tmp_path / "spikes.npz", "--output", tmp_path / "activity.npz"]
    command = [sys.executable, braille_artifact / "lava" / "run.py", *files]
    subprocess.run(list(map(str, command)), cwd=tmp_path, check=True, capture_output=True, timeout=120)
    expected = simulate(program, x).activity
    with np.load(tmp_path / "activity.npz") as activity:
        assert set(expected) <= set(activity.files)
        for name, spikes in expected.items():
            np.testing.assert_array_equal(activity[name], spikes, err_msg=name)


@needs_lava
def test_lava_that_is_not_done_in_time(spikeloom, braille_artifact, recordings):
    options = ("--backend", "lava", "--data", recordings, "--timeout", 1)
    done = spikeloom("run", braille_artifact, *options)
    assert (done.code, done.out) == (8, "")
    assert done.err == "Error: The run in Lava was not done after 1 seconds and was ended.\n"
