"""`spikeloom run` in the simulator: what it records, and what a Ctrl-C leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from spikeloom.deploy.artifact.artifact import load_program
from spikeloom.deploy.progress.progress import TerminalProgress
from spikeloom.models.execution.network_run import run_network


@pytest.fixture(scope="module")
def artifact(run_apart: Any, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "artifact"
    done = run_apart("deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--lava-samples", "0", "--out", folder)
    assert done.code == 0, done.err
    return folder


def test_activity_and_states_of_layers_are_recorded(spikeloom: Any, tiny: Path, tmp_path: Path, artifact: Path) -> None:
    out = tmp_path / "result.npz"
    done = spikeloom(
        "run", artifact, "--data", tiny / "data.npz", "--record", "all", "--states", "lif2", "--out", out, "--json"
    )
    assert done.code == 0, done.err
    program = load_program(artifact)
    with np.load(tiny / "data.npz") as file:
        x = file["x"]
    x = x.reshape(x.shape[0], program.steps, -1)
    states: list[Any] = []

    def probe(population: Any, step: int, state: Any, arriving: Any, output: Any) -> None:
        if population.name == "lif2":
            states.append(population.neuron.step(state, arriving)[0])

    expected = run_network(program.network, program.code.encode(x), probe)
    with np.load(out) as file:
        found = dict(file)
    assert found["samples"] == x.shape[0] == done.json["samples"]
    assert found["steps"] == program.steps
    for name, activity in expected.items():
        np.testing.assert_array_equal(found[f"activity/{name}"], activity)
    for number, state in enumerate(("current", "voltage")):
        after = np.stack([parts[number] for parts in states], axis=1)
        np.testing.assert_array_equal(found[f"states/lif2/{state}"], after)
        assert np.any(after)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--states", "nonsense", "--out", "x.npz"], "no such layer; there are lif1, lif2"),
        (["--record", "all"], "add --out"),
        (["--out", "missing/x.npz"], "cannot be written"),
        (["--out", "x.npz", "--backend", "lava"], "are for the simulator"),
    ],
)
def test_what_cannot_be_recorded_is_said(
    spikeloom: Any, tiny: Path, artifact: Path, options: list[str], reason: str
) -> None:
    done = spikeloom("run", artifact, "--data", tiny / "data.npz", *options)
    assert done.code == 2
    assert reason in " ".join(done.err.split())


def test_a_ctrl_c_leaves_what_is_done(
    monkeypatch: pytest.MonkeyPatch, tiny: Path, tmp_path: Path, artifact: Path
) -> None:
    from spikeloom.commands.application import app

    def stage(self: Any, name: str, total: int | None = None) -> Callable[[float], None]:
        return lambda done: os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TerminalProgress, "stage", stage)
    monkeypatch.setattr("spikeloom.backends.simulator.sample_run.EVENT_BYTES", 1)
    monkeypatch.setattr("spikeloom.backends.simulator.simulate.processors", lambda: 1)  # else what is done is chance
    full, part = tmp_path / "full.npz", tmp_path / "part.npz"
    arguments = ["run", str(artifact), "--data", str(tiny / "data.npz"), "--out"]
    done = CliRunner().invoke(app, [*arguments, str(part)])
    assert done.exit_code == 130, done.output
    assert "Interrupted: this is" in done.output and f"1 of {load_program(artifact).steps} steps" in done.output
    monkeypatch.setattr(TerminalProgress, "stage", lambda *arguments: lambda done: None)
    assert CliRunner().invoke(app, [*arguments, str(full)]).exit_code == 0
    with np.load(part) as interrupted, np.load(full) as complete:
        samples, steps = int(interrupted["samples"]), int(interrupted["steps"])
        assert steps == 1 and 0 < samples <= complete["samples"] and complete["steps"] == complete["asked"][1]
        np.testing.assert_array_equal(interrupted["asked"], complete["asked"])
        name = next(name for name in complete if name.startswith("activity/"))
        np.testing.assert_array_equal(interrupted[name], complete[name][:samples, :steps])
