"""The command line, a network small enough to be deployed in a second, and deployments that several tests look at."""

from __future__ import annotations

import json
import os
import re
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

    monkeypatch.setattr(cli.signal, "signal", lambda *arguments: None)  # pytest keeps its own handlers
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
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of `tiny.nir`, two layers of neurons on 4 inputs, and `data.npz` for it."""
    folder = tmp_path_factory.mktemp("tiny")
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
    return folder


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


def _deployed(command: Command, folder: Path, *arguments: object) -> Path:
    done = command("deploy", *arguments, "--out", folder)
    assert done.code == 0, done.err
    return folder


@pytest.fixture(scope="session")
def tiny_artifact(tiny: Path, run_apart: Command) -> Path:
    """`tiny.nir` on Loihi 2, two samples of it in Lava."""
    return _deployed(
        run_apart,
        tiny / "artifact",
        tiny / "tiny.nir",
        "--data",
        tiny / "data.npz",
        "--lava-samples",
        in_lava(2),
        "--json",
    )


@pytest.fixture(scope="session")
def braille_artifact(shared_data: Path, run_apart: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Braille network on Loihi 2, all 579 recordings."""
    data = shared_data / "braille" / "braille.npz"
    return _deployed(
        run_apart, tmp_path_factory.mktemp("braille") / "artifact", shared_data / "nir" / "braille.nir",
        "--target", "loihi2", "--data", data, "--lava-samples", in_lava(3),
    )  # fmt: skip


@pytest.fixture(scope="session")
def digits_artifact(run_apart: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in network on Loihi 2, as `make demo` deploys it, with fewer samples."""
    out = tmp_path_factory.mktemp("digits") / "artifact"
    return _deployed(run_apart, out, "digits", "--samples", 100, "--lava-samples", in_lava(1))


@pytest.fixture(scope="session")
def targets_artifact(tiny: Path, run_apart: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny.nir` on four chips in one command; on a fifth, which has room for two neurons, it does not fit."""
    folder = tmp_path_factory.mktemp("targets")
    given = {"kind": "assumed", "source": "a test"}
    small = {
        "extends": "loihi2",
        "name": "small",
        "topology": {"usable_cores": {"value": 1, "unit": "cores", **given}},
        "limits": {"neurons": {"value": 2, "unit": "neurons", **given}},
    }
    (folder / "small.yaml").write_text(json.dumps(small))
    targets = f"loihi1,loihi2,{folder / 'small.yaml'},spinn3,spinnaker2"
    options = ("--target", targets, "--data", tiny / "data.npz", "--lava-samples", 0)
    return _deployed(run_apart, folder / "all", tiny / "tiny.nir", *options)
