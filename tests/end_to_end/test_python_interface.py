"""The same pipeline from Python: `spikeloom.load`, `.check`, `.deploy`."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import spikeloom as package


def test_importing_it_loads_nothing():
    code = "import sys; before = set(sys.modules); import spikeloom; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert "spikeloom" in done.stdout.split()
    assert not {"numpy", "pydantic", "yaml", "typer", "spikeloom.deploy"} & set(done.stdout.split())


def test_load(tiny):
    graph = package.load(tiny / "tiny.nir", reset="subtract", dt=2e-4)
    assert graph.shapes["lif1"] == (6,)
    assert {"reset: subtract, as asked (--reset).", "dt: 0.0002 s a step, as asked (--dt)."} <= set(graph.assumptions)


def test_check(tiny):
    answer = package.check(str(tiny / "tiny.nir"), target="loihi2", data=tiny / "data.npz")
    assert (answer.fits, answer.cores, answer.problems) == (True, 1, ())


def test_deploy_is_a_verb_and_a_package(tiny, tmp_path):
    with np.load(tiny / "data.npz") as file:
        x, y = file["x"], file["y"]
    options = {"lava_samples": 0, "samples": 6}
    from_arrays = package.deploy(tiny / "tiny.nir", data=(x, y), **options)
    from_file = package.deploy(tiny / "tiny.nir", "loihi2", tiny / "data.npz", tmp_path / "out", **options)
    assert from_arrays["ledger"] == from_file["ledger"]
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == from_file
    assert package.deploy.artifact.artifact.read_report(tmp_path / "out") == from_file


def test_a_configuration_file_and_options(tiny, tmp_path):
    (tmp_path / "options.yaml").write_text("samples: 3\nlava_samples: 0\nseed: 5\n")
    report = package.deploy(tiny / "tiny.nir", data=tiny / "data.npz", config=tmp_path / "options.yaml", samples=4)
    assert (report["ledger"][0]["samples"], report["seed"]) == (4, 5)


def test_mistakes_are_errors_of_ours(tiny):
    with pytest.raises(package.SpikeloomError, match="'nonsense'"):
        package.load(tiny / "tiny.nir", nonsense=1)
    with pytest.raises(package.SpikeloomError, match="brings no data"):
        package.deploy(tiny / "tiny.nir")
    with pytest.raises(AttributeError, match="nonsense"):
        package.nonsense  # noqa: B018


def test_names():
    assert {"load", "check", "deploy", "SpikeloomError", "__version__"} <= set(dir(package))
    assert package.__version__[0].isdigit()
