"""Many at once, and one very often: processes share compiled code, and a simulator does not grow."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.artifact.artifact import load_program, read_report

PROGRAM = Path(__file__).with_name("forked_deployments.py")
MANY = 50
PAGE = resource.getpagesize()
ROUNDS = 5
LEFT_BEHIND = 500  # bytes of a run, at most: less than a spike train


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_deployments_at_once_share_what_is_compiled(tiny, tmp_path):
    """Part of the cache is missing, so that all of them compile, write and read the same at the same time."""
    arguments = ["many", tiny / "tiny.nir", tiny / "data.npz", tmp_path / "out", MANY, 0]
    command = [sys.executable, "-P", str(PROGRAM), *map(str, arguments)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["found"]["many"]
    assert found["compiled"] > 10
    assert found["failed"] == 0, done.stderr
    # Not all of it: code that is part of other compiled code, too, is asked for only where that is compiled.
    assert 0 < found["compiled again"] <= found["lost"]
    expected = program_of(tmp_path / "out")
    assert all(program_of(tmp_path / f"out{number}") == expected for number in range(MANY))
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {".nbc"}  # nothing half-written


def program_of(folder: Path) -> tuple[bytes, object]:
    """What a wrong kernel would change: integers, and what the simulator made of them."""
    return (folder / "program" / "arrays.npz").read_bytes(), read_report(folder)["ledger"]


def memory() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("count", [50, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_memory_does_not_grow_with_the_number_of_runs(tiny_artifact, tiny, count):
    program = load_program(tiny_artifact)
    with np.load(tiny / "data.npz") as data:
        inputs = program.code.encode(data["x"])
    simulator = Simulator(program.network)
    after = []
    for _ in range(ROUNDS + 2):  # the first fill what is kept
        for _ in range(count // ROUNDS):
            simulator.run(inputs, "all")
            Simulator(program.network).run(inputs, "all")
        after.append(memory())
    growth = np.diff(after[1:])
    # What a run left behind would come in every round; the C library takes memory for its threads now and then.
    assert np.median(growth) < LEFT_BEHIND * count // ROUNDS, growth
