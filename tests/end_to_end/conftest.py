"""The command line, a network small enough to be deployed in a second, and deployments that several tests look at."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from spikeloom.backends.lava.availability import lava_problem

SAMPLES, STEPS, INPUTS, CLASSES = 12, 20, 4, 3


STAGE = re.compile(r"^\[\d+/\d+\] .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Done:
    """How a command ended; `err` is without the lines of progress, which are in `stages`."""

    code: int
    out: str
    err: str
    stages: tuple[str, ...] = ()

    @classmethod
    def of(cls, code: int, out: str, err: str) -> Done:
        """Take the lines of progress out of what was written to standard error."""
        return cls(code, out, STAGE.sub("", err), tuple(line.rstrip("\n") for line in STAGE.findall(err)))

    @property
    def json(self) -> Any:
        """Standard output as strict JSON, without NaN and infinity."""
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


Command = Callable[..., Done]


@pytest.fixture
def spikeloom(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command within this process: `spikeloom("check", model)`; a traceback fails the test."""
    from spikeloom import cli

    monkeypatch.setattr(signal, "signal", lambda *arguments: None)  # pytest keeps its own handlers
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["spikeloom", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Done.of(code, *capfd.readouterr())

    return command


@pytest.fixture(scope="session")
def run_apart() -> Command:
    """Run a command in a process of its own, with `subprocess.run`'s further options."""

    def command(*arguments: object, **options: Any) -> Done:
        line = [sys.executable, "-P", "-m", "spikeloom.cli", *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": "200", **options.pop("env", {})}
        kept = {name: value for name, value in environment.items() if value is not None}
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=280, env=kept, **options)
        return Done.of(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Make a folder that all processes of this run of tests look at, and that no test changes.

    `made_once(name, make)` calls `make(folder)` unless another process has done so.
    """
    own = tmp_path_factory.getbasetemp()
    root = own.parent if hasattr(request.config, "workerinput") else own

    def folder_of(name: str, make: Callable[[Path], object]) -> Path:
        folder = root / "made-once" / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "whole").exists():
                make(folder)
                (folder / "whole").touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def deployed_once(run_apart: Command, made_once: Callable[..., Path]) -> Callable[..., Path]:
    """`deployed_once(name, *arguments)`: the artifact that all processes of this run of tests look at."""

    def deployed(name: str, *arguments: object) -> Path:
        return made_once(name, lambda folder: deploy_into(folder / "artifact", run_apart, *arguments)) / "artifact"

    return deployed


def deploy_into(out: Path, command: Command, *arguments: object) -> None:
    """Run `spikeloom deploy`, which is to work."""
    done = command("deploy", *arguments, "--out", out)
    assert done.code == 0, done.err


@pytest.fixture(scope="session")
def tiny(made_once: Callable[..., Path]) -> Path:
    """Folder of `tiny.nir`, two layers of neurons on 4 inputs, and `data.npz` for it."""
    return made_once("tiny", _write_tiny)


def _write_tiny(folder: Path) -> None:
    random = np.random.default_rng(0)
    hidden, out = np.ones(6), np.ones(CLASSES)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Affine(weight=random.normal(0.3, 0.6, (6, INPUTS)), bias=0.05 * hidden),
        "lif1": nir.CubaLIF(
            tau_syn=2e-4 * hidden, tau_mem=1e-3 * hidden, r=10 * hidden, v_leak=0 * hidden, v_threshold=hidden,
            v_reset=0 * hidden,
        ),
        "fc2": nir.Linear(weight=random.normal(0.3, 0.6, (CLASSES, 6))),
        "lif2": nir.LIF(tau=1e-3 * out, r=10 * out, v_leak=0 * out, v_threshold=out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }  # fmt: skip
    chain = list(nodes)
    nir.write(folder / "tiny.nir", nir.NIRGraph(nodes, list(pairwise(chain))))
    x = (random.random((SAMPLES, STEPS, INPUTS)) < 0.3).astype(np.uint8)
    np.savez(folder / "data.npz", x=x, y=random.integers(0, CLASSES, SAMPLES))


@pytest.fixture(scope="session")
def hash_anew() -> Callable[[Path], None]:
    """Give an artifact that was changed by hand the hashes of what is in it now."""
    from spikeloom.deploy.artifact.manifest import MANIFEST_NAME, write_manifest

    def write(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        content = {key: value for key, value in manifest.items() if key not in ("format", "files", "hash")}
        (folder / MANIFEST_NAME).unlink()
        write_manifest(folder, content)

    return write


def in_lava(samples: int) -> int:
    """None where Lava is missing: all else is tested there, too."""
    return 0 if lava_problem() else samples


@pytest.fixture(scope="session")
def tiny_artifact(tiny: Path, deployed_once: Callable[..., Path]) -> Path:
    """`tiny.nir` on Loihi 2, two samples of it in Lava."""
    data = ("--data", tiny / "data.npz", "--lava-samples", in_lava(2), "--json")
    return deployed_once("tiny-deployed", tiny / "tiny.nir", *data)


@pytest.fixture(scope="session")
def braille_artifact(shared_data: Path, deployed_once: Callable[..., Path]) -> Path:
    """The Braille network on Loihi 2, with 200 of the 579 recordings."""
    model, data = shared_data / "nir" / "braille.nir", shared_data / "braille" / "braille.npz"
    options = ("--target", "loihi2", "--data", data, "--samples", 200, "--lava-samples", in_lava(3))
    return deployed_once("braille-deployed", model, *options)


@pytest.fixture(scope="session")
def digits_artifact(deployed_once: Callable[..., Path]) -> Path:
    """The built-in network on Loihi 2, as `make demo` deploys it, with fewer samples."""
    return deployed_once("digits-deployed", "digits", "--samples", 100, "--lava-samples", in_lava(1))


@pytest.fixture(scope="session")
def targets_artifact(tiny: Path, run_apart: Command, made_once: Callable[..., Path]) -> Path:
    """`tiny.nir` on four chips in one command; on a fifth, which has room for two neurons, it does not fit.

    That one is `small.yaml`, beside the artifact.
    """
    given = {"kind": "assumed", "source": "a test"}
    small = {
        "extends": "loihi2",
        "name": "small",
        "topology": {"usable_cores": {"value": 1, "unit": "cores", **given}},
        "limits": {"neurons": {"value": 2, "unit": "neurons", **given}},
    }

    def make(folder: Path) -> None:
        (folder / "small.yaml").write_text(json.dumps(small))
        targets = f"loihi1,loihi2,{folder / 'small.yaml'},spinn3,spinnaker2"
        options = ("--target", targets, "--data", tiny / "data.npz", "--lava-samples", 0)
        deploy_into(folder / "artifact", run_apart, tiny / "tiny.nir", *options)

    return made_once("targets-deployed", make) / "artifact"
