"""Killed at any moment, on a full disk, or two at once: a deployment leaves the artifact before it whole, or none."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.deploy.artifact import folder_replacement
from spikeloom.deploy.artifact.folder_replacement import clear_abandoned, replace_folder

PROGRAM = Path(__file__).with_name("forked_deployments.py")
FEW, MANY = 3, 200


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Killed


@pytest.fixture
def kill(tiny, tmp_path):
    """Run a task of `forked_deployments.py`."""

    def run(tasks, times, seed=0):
        out = tmp_path / "killed" / "out"
        out.parent.mkdir()
        arguments = [tasks, tiny / "tiny.nir", tiny / "data.npz", out, times, seed]
        command = [sys.executable, "-P", str(PROGRAM), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3000)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert all(set(found) <= {"1", "2"} for found in answer["found"].values()), answer  # whole, every time
        assert answer["whole"] == 1
        assert answer["at last"] == []  # the next deployment removes what the killed ones left
        assert answer["left"] <= 4  # and so did each of them: two processes leave two folders each at most
        assert names(out.parent) == ["out"]
        return answer["found"]

    return run


def test_deployments_that_are_killed_or_two_at_once_leave_a_whole_artifact(kill):
    found = kill("deploy,write,together", FEW)
    assert sum(found["deploy"].values()) == sum(found["write"].values()) == FEW
    assert len(found["together"]) == 2  # now of the one, now of the other, never of both


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("tasks", ["deploy", "write,together", "write,together-in-two-steps"])
def test_however_often_they_are_killed(kill, tasks):
    found = kill(tasks, MANY)
    for task, states in found.items():
        assert sum(states.values()) >= MANY
        assert len(states) == 2 or task == "deploy"  # killed before and after its own artifact was complete


def test_what_was_killed_between_two_steps_is_brought_back(tmp_path, monkeypatch, spikeloom, tiny_artifact):
    """Where the file system cannot exchange folders, there is a moment with nothing in the place."""

    class Killed(BaseException):
        """As by kill -9: nothing is tidied up."""

    out = tmp_path / "out"
    shutil.copytree(tiny_artifact, out)
    monkeypatch.setattr(folder_replacement, "exchange", lambda *folders: False)
    rename = Path.rename

    def killed(path, target):
        if Path(target) == out and out.parent.is_dir() and not out.exists():
            raise Killed
        return rename(path, target)

    for again in (lambda: spikeloom("report", out).code, lambda: replace_folder(out, lambda folder: None) or 0):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", killed)
            patch.setattr(folder_replacement.shutil, "rmtree", lambda *arguments, **options: None)
            with pytest.raises(Killed):
                replace_folder(out, lambda folder: (folder / "new").touch())
        assert not out.exists()
        assert any(name.endswith(".old") for name in names(tmp_path))
        assert again() == 0
    assert names(tmp_path) == ["out"]
    assert names(out) == []


def test_only_what_nobody_writes_to_any_more_is_removed(tmp_path):
    """Another deployment's folder, or one that a user named so, stays."""
    out = tmp_path / "out"
    kept = [".out.original", ".out.spikeloom-backup", "other", ".other.spikeloom-abcdefgh"]
    for name in (*kept, ".out.spikeloom-abcdefgh"):
        (tmp_path / name).mkdir()

    def fill(folder):
        clear_abandoned(out)  # as another deployment does that begins now
        assert folder.is_dir()
        (folder / "file").touch()

    replace_folder(out, fill)
    assert names(tmp_path) == sorted([*kept, "out"])
    assert names(out) == ["file"]


# No room, no permission


def mounted(folder):
    """Make a folder a disk without room; whether this user may."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", folder], capture_output=True, check=False)
    if done.returncode:
        return False
    with contextlib.suppress(OSError), (folder / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))
    return True


@pytest.fixture
def full(tmp_path):
    """A folder on a full disk; where none can be mounted, files cannot grow, which is much the same."""
    folder, (_, hard) = tmp_path / "small", resource.getrlimit(resource.RLIMIT_FSIZE)
    folder.mkdir()
    if mounted(folder):
        yield folder, "No space left on device"
        subprocess.run(["umount", "-l", folder], check=True)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
        yield folder, "File too large"
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def commands(tiny, artifact, folder):
    data = ("--data", tiny / "data.npz")
    yield "deploy", tiny / "tiny.nir", *data, "--lava-samples", 0, "--out", folder / "out"
    yield "export", tiny / "tiny.nir", "--out", folder / "out.nir"
    yield "export", artifact, "--to", "pynn", *data, "--out", folder / "out"
    yield "run", artifact, *data, "--record", "all", "--out", folder / "out.npz"
    yield "study", "noise", artifact, *data, "--out", folder / "out"


def is_one_sentence(done, *words):
    assert (done.code, done.out) == (2, ""), done.err
    assert done.err.startswith("Error: ") and done.err.count("\n") == 1, done.err
    assert all(word in done.err for word in words), done.err


def test_a_full_disk_is_one_sentence(spikeloom, tiny, tiny_artifact, full):
    folder, reason = full
    before = names(folder)
    for command in commands(tiny, tiny_artifact, folder):
        is_one_sentence(spikeloom(*command), reason)
        if command[0] == "study":
            shutil.rmtree(folder / "out", ignore_errors=True)  # what it did until then stays
        assert names(folder) == before, command


@pytest.mark.parametrize("place", ["/proc/self", "data.npz"])
def test_a_folder_that_cannot_be_written_to_is_one_sentence(spikeloom, tiny, tiny_artifact, place):
    folder = tiny / place
    for command in commands(tiny, tiny_artifact, folder):
        is_one_sentence(spikeloom(*command), str(folder / "out"))


def test_no_room_for_what_is_needed_for_a_while(spikeloom, tiny, tiny_artifact, full, tmp_path, monkeypatch):
    data = ("--data", tiny / "data.npz")
    study = ("study", "noise", tiny_artifact, *data, "--out", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(full[0]))
        is_one_sentence(spikeloom(*study), full[1])
        if not lava_problem():
            is_one_sentence(spikeloom("run", tiny_artifact, *data, "--backend", "lava"), full[1])
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", None)
        patch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/self", str(full[0])])
        is_one_sentence(spikeloom(*study), "temporary")


@pytest.mark.slow
def test_no_room_for_what_was_trained(spikeloom, full):
    pytest.importorskip("torch")
    for model in ("digits", "mlp-snn"):
        options = ("--samples", 20, "--epochs", 1, "--out", full[0] / "out.nir")
        is_one_sentence(spikeloom("train", model, *options), full[1])
