"""Studies that are spread over processes, interrupted and bereft of workers come to the same as undisturbed ones."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spikeloom.deploy.studies import dask_cluster

Command = Callable[..., Any]

PATIENCE = 120  # s
TABLES = ("points.csv", "front.csv", "boundary.csv")
CONSTANTS, THRESHOLDS = "1:5:10", "0.05:3:12"
TASKS = 11  # one for each time constant, and the network as it was


def study_of(tiny: Path, out: Path, *options: object) -> list[str]:
    words = ["study", "operating-space", tiny / "tiny.nir", "--data", tiny / "data.npz"]
    words += ["--time-constants", CONSTANTS, "--thresholds", THRESHOLDS, "--out", out, "--quiet", *options]
    return [sys.executable, "-P", "-m", "spikeloom.cli", *map(str, words)]


@pytest.fixture(scope="module")
def undisturbed(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, done task by task in one process."""
    out = tmp_path_factory.mktemp("undisturbed") / "study"
    subprocess.run(study_of(tiny, out, "--processes", 1), check=True, timeout=PATIENCE)
    return out


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait, but not for a process that has ended."""
    until = time.monotonic() + PATIENCE
    while not reached():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.01)


def done_in(out: Path) -> int:
    return len(list((out / "tasks").glob("[!.]*.json")))


def children_of(parent: int) -> list[int]:
    """Processes that a process began, other than Python's own for shared resources."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8")
    found = [int(word) for word in text.split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def assert_same(out: Path, undisturbed: Path) -> None:
    for name in TABLES:
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes()
    facts = [json.loads((folder / "study.json").read_text(encoding="utf-8"))["facts"] for folder in (out, undisturbed)]
    assert facts[0] == facts[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_process_and_a_ctrl_c_change_nothing(tiny: Path, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    command = study_of(tiny, out, "--processes", 2)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as study:
        wait_until(lambda: done_in(out) >= 1, study)
        first = children_of(study.pid)
        os.kill(first[0], signal.SIGKILL)
        wait_until(lambda: bool(set(children_of(study.pid)) - set(first)), study)  # others have taken over
        done = done_in(out)
        wait_until(lambda: done_in(out) > done, study)
        study.send_signal(signal.SIGINT)
        errors = study.communicate(timeout=PATIENCE)[1]
    assert study.returncode == 130
    assert "tasks are done and stay in" in errors
    assert "Traceback" not in errors
    assert not (out / "study.json").exists()
    kept = {file.name: file.stat().st_mtime_ns for file in (out / "tasks").iterdir()}
    assert 0 < done_in(out) < TASKS
    subprocess.run(command, check=True, timeout=PATIENCE)
    assert_same(out, undisturbed)
    assert all((out / "tasks" / name).stat().st_mtime_ns == changed for name, changed in kept.items())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Path, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler, by its file, and two worker processes that nobody begins anew."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    worker = ["worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", *local]
    commands = [["scheduler", "--scheduler-file", str(file), "--port", "0", *local], worker, worker]
    with (tmp_path / "dask.log").open("wb") as log:
        begun = [subprocess.Popen([*dask, *words], stdout=log, stderr=log, cwd=tmp_path) for words in commands]
        try:
            yield file, begun[1:]
        finally:
            for process in begun:
                process.kill()
                process.wait()


def test_a_dask_cluster_that_loses_a_worker_midway_finds_the_same(
    tiny: Path, undisturbed: Path, tmp_path: Path, cluster: tuple[Path, list[subprocess.Popen[bytes]]]
) -> None:
    out, (scheduler, workers) = tmp_path / "study", cluster
    until = time.monotonic() + PATIENCE
    while not scheduler.exists():
        assert time.monotonic() < until, (tmp_path / "dask.log").read_text()
        time.sleep(0.05)
    with subprocess.Popen(study_of(tiny, out, "--scheduler", scheduler), stderr=subprocess.PIPE, text=True) as study:
        wait_until(lambda: done_in(out) >= 2, study)
        workers[0].kill()
        left = TASKS - done_in(out)
        errors = study.communicate(timeout=PATIENCE)[1]
    assert study.returncode == 0, errors
    assert left > 0
    assert_same(out, undisturbed)


def test_schedulers_that_do_not_answer_are_named(
    spikeloom: Command, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
    words = study_of(tiny, tmp_path / "study")[4:]
    done = spikeloom(*words, "--scheduler", address, "--processes", 2)
    assert done.code == 2
    assert "--processes is for this machine" in done.err
    done = spikeloom(*words, "--scheduler", tmp_path / "none.json")
    assert done.code == 6
    assert "is neither the file of a Dask scheduler" in done.err
    (tmp_path / "old.json").write_text(json.dumps({"address": address}), encoding="utf-8")
    monkeypatch.setattr(dask_cluster, "PATIENCE", 1)
    for scheduler in (address, tmp_path / "old.json"):
        done = spikeloom(*words, "--scheduler", scheduler)
        assert done.code == 6
        assert "No Dask scheduler answers at" in done.err
