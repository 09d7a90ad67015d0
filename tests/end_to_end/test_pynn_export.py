"""Deployments exported to PyNN: by the command line, and run there where a simulator is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.artifact.artifact import load_program

PYTHON = os.environ.get("SPIKELOOM_PYNN", sys.executable)  # one that has PyNN and a simulator


@pytest.fixture(scope="session")
def exported_digits(digits_artifact: Path, run_apart, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("pynn") / "script"
    done = run_apart("export", digits_artifact, "--to", "pynn", "--out", out)
    assert done.code == 0, done.err
    assert "50 samples" in done.out and "5 spike sources each" in done.out
    return out


def run_in(name: str, script: Path, folder: Path) -> dict[str, np.ndarray]:
    (folder / "brian_preferences").write_text("codegen.target = 'numpy'\n")
    imported = subprocess.run([PYTHON, "-c", f"import pyNN.{name}"], cwd=folder, capture_output=True, check=False)
    if imported.returncode:
        pytest.skip(f"{PYTHON} does not import pyNN.{name}; the variable SPIKELOOM_PYNN names another Python")
    line = [PYTHON, str(script / "network.py"), name, "--out", "found.npz"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "found.npz", allow_pickle=False) as found:
        return dict(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nest", "brian2"])
def test_digits_have_the_same_class_in_a_pynn_simulator(name, exported_digits, digits_artifact, tmp_path):
    found = run_in(name, exported_digits, tmp_path)
    with np.load(exported_digits / "network.npz", allow_pickle=False) as given:
        assert len(found["classes"]) == 50
        assert np.mean(found["classes"] == given["expected"]) >= 0.95
        assert len(np.unique(given["expected"])) == 10
        inputs = given["inputs"].astype(np.int64)
    activity = Simulator(load_program(digits_artifact).network).run(inputs, "all").activity
    for name, spikes in activity.items():
        assert abs(found[f"spikes/{name}"].sum() / spikes.sum() - 1) < 1e-3


@pytest.mark.slow
def test_a_recurrent_network_has_the_same_classes_in_brian(braille_artifact, shared_data, spikeloom, tmp_path):
    data = shared_data / "braille" / "braille.npz"
    done = spikeloom("export", braille_artifact, "--to", "pynn", "--out", tmp_path / "script", "--data", data)
    assert done.code == 0, done.err
    assert "too quick a loop for NEST" in done.out
    found = run_in("brian2", tmp_path / "script", tmp_path)
    with np.load(tmp_path / "script" / "network.npz", allow_pickle=False) as given:
        assert np.mean(found["classes"] == given["expected"]) >= 0.95


def test_the_samples_that_go_along_are_chosen(tiny_artifact, tiny, spikeloom, tmp_path):
    out = tmp_path / "script"
    for samples in (3, 5):  # the second replaces the first
        done = spikeloom(
            "export", tiny_artifact, "--to", "pynn", "--out", out, "--data", tiny / "data.npz", "--samples", samples
        )
        assert done.code == 0, done.err
        assert sorted(path.name for path in out.iterdir()) == ["network.npz", "network.py"]
        with np.load(out / "network.npz", allow_pickle=False) as arrays:
            np.testing.assert_array_equal(arrays["inputs"], np.load(tiny / "data.npz")["x"][:samples])
            assert arrays["expected"].shape == arrays["labels"].shape == (samples,)


def test_what_cannot_be_exported_is_said(tiny, tiny_artifact, spikeloom, tmp_path):
    artifact, out = tmp_path / "artifact", tmp_path / "script"
    deployed = spikeloom(
        "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--out", artifact, "--reset", "subtract",
        "--lava-samples", 0, "--quiet",
    )  # fmt: skip
    assert deployed.code == 0, deployed.err
    refused = spikeloom("export", artifact, "--to", "pynn", "--out", out, "--data", tiny / "data.npz")
    assert refused.code == 3
    assert "2 nodes cannot be said in PyNN" in refused.err
    assert refused.err.count("reset: by subtraction") == 2
    for arguments, code, sentence in [
        ((tiny / "tiny.nir", "--to", "pynn"), 2, "deploy the model first"),
        ((tiny_artifact, "--to", "pynn", "--reset", "zero"), 2, "leave out --reset"),
        ((tiny / "tiny.nir", "--to", "nir", "--samples", 3), 2, "--samples is for --to pynn"),
        ((tmp_path, "--to", "pynn"), 3, "is no deployment"),
    ]:
        refused = spikeloom("export", *arguments, "--out", out)
        assert refused.code == code, refused.err
        assert sentence in refused.err
    assert not out.exists()
    refused = spikeloom("export", tiny_artifact, "--to", "pynn", "--out", artifact, "--data", tiny / "data.npz")
    assert refused.code == 2 and "no export" in refused.err
