"""A deployment leaves the old artifact or none, whatever happens: a full disk, a signal, a place that cannot be."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.deploy.artifact.folder_replacement import replace_folder
from spikeloom.deploy.artifact.writing import check_destination
from spikeloom.models.errors import UsageError

PATIENCE = 60


@pytest.fixture
def deploy(spikeloom, tiny):
    def command(out, *options):
        return spikeloom(
            "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--out", out, "--lava-samples", 0, "-q", *options
        )

    return command


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


# Places


def test_places_that_cannot_be_written_to_are_refused_before_any_work(deploy, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("spikeloom.deploy.deployment.load_graph", lambda *arguments: pytest.fail("it worked"))
    (tmp_path / "file").write_text("mine")
    for out, word in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "below", "is a file"),
        (tiny, "no deployment"),
        (Path("/proc/nowhere"), "cannot be written"),
        (Path("/"), "no deployment"),
        (tmp_path / ("long" * 100), "cannot be written"),
    ):
        done = deploy(out)
        assert (done.code, done.out) == (2, "")
        assert str(out) in done.err
        assert word in done.err
    assert (tmp_path / "file").read_text() == "mine"
    assert hidden(tmp_path) == []


def test_the_current_folder_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in (Path(), tmp_path, tmp_path / "a" / ".."):
        with pytest.raises(UsageError, match="choose one within it"):
            check_destination(out)
    check_destination(Path("a"))
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_and_its_folder_is_replaced(deploy, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for _ in range(2):
        assert deploy(tmp_path / "link").code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "manifest.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_deployment_again_replaces_all(deploy, tmp_path):
    out = tmp_path / "deep" / "down" / "out"
    assert deploy(out).code == 0
    (out / "stale").write_text("")
    assert deploy(out, "--samples", 3).code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "counters.npz", "lava", "ledger.json", "manifest.json", "program", "report.html", "report.json",
    ]  # fmt: skip
    assert hidden(out.parent) == []
    assert out.stat().st_mode & 0o777 == 0o755


# Trouble while writing


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("trouble", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_trouble_while_writing_leaves_the_old_or_nothing(tmp_path, trouble, old):
    out = tmp_path / "out"
    if old:
        out.mkdir()
        (out / "old").write_text("old")

    def fill(folder):
        (folder / "new").write_text("half")
        raise trouble

    with pytest.raises(UsageError if isinstance(trouble, OSError) else KeyboardInterrupt):
        replace_folder(out, fill)
    assert list(tmp_path.iterdir()) == ([out] if old else [])
    assert not old or [path.name for path in out.iterdir()] == ["old"]


@pytest.mark.parametrize("trouble", [OSError(errno.EIO, "broken"), SystemExit(143)])
def test_trouble_while_taking_the_place_brings_the_old_back(tmp_path, monkeypatch, trouble):
    out = tmp_path / "out"
    replace_folder(out, lambda folder: (folder / "old").touch())
    rename = Path.rename

    def failing(path, target):
        if Path(target) == out and not path.name.endswith(".old"):
            raise trouble
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((UsageError, SystemExit)):
        replace_folder(out, lambda folder: (folder / "new").touch())
    assert [path.name for path in out.iterdir()] == ["old"]
    assert hidden(tmp_path) == []


def test_a_full_disk_is_one_sentence(deploy, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert deploy(tmp_path / "out").code == 0
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    for place in ("spikeloom.models.network_file.write_arrays", "spikeloom.backends.lava.export.shutil.copyfile"):
        with monkeypatch.context() as patch:
            patch.setattr(place, full)
            done = deploy(tmp_path / "out")
        assert (done.code, done.out) == (2, "")
        assert done.err == f"Error: {tmp_path / 'out'} cannot be written: No space left on device.\n"
        assert (tmp_path / "out" / "manifest.json").read_bytes() == before
        assert hidden(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written_is_one_sentence(tiny_artifact):
    for options in ("", "--json"):
        command = f"{sys.executable} -P -m spikeloom.cli report {tiny_artifact} {options} > /dev/full"
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (2, "Error: Nothing more can be written: No space left on device.\n")


# Signals


@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),  # of `test_ctrl_c.py` there is one in every run
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
        (signal.SIGKILL, -9),
    ],
)
def test_a_signal_leaves_the_old_artifact_and_no_litter(tiny, tmp_path, number, code):
    """The deployment is caught while Lava runs, which holds most of what could stay behind."""
    litter = tmp_path / "temporary"
    litter.mkdir()
    out = tmp_path / "out"
    replace_folder(out, lambda folder: (folder / "manifest.json").touch())
    command = [
        sys.executable, "-P", "-m", "spikeloom.cli", "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz",
        "--out", out, "--lava-samples", "12",
    ]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(litter)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        wait_until(lambda: works_with_lava(litter) or running.poll() is not None)
        running.send_signal(number)
        printed, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == code
    assert printed == ""
    assert "Traceback" not in errors
    assert [path.name for path in out.iterdir()] == ["manifest.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "temporary"]
    # When the deployment is killed, what it started cleans up behind both.
    wait_until(lambda: number != signal.SIGKILL or not (list(litter.iterdir()) or works_with_lava(litter)))
    assert list(litter.iterdir()) == []
    assert not works_with_lava(litter)


def works_with_lava(folder):
    """Whether a process of Lava lives whose program lies in a folder."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"{folder}/" in (text := line.read_text(errors="replace")) and "worker.py" in text:
                return True
    return False


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


# Surroundings


def test_a_closed_pipe_is_no_error(tiny_artifact):
    command = f"{sys.executable} -P -m spikeloom.cli report {tiny_artifact} --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    "surroundings",
    [
        # Everything is compiled anew where nothing can be kept.
        pytest.param({"HOME": "/proc/nowhere", "XDG_CACHE_HOME": None}, marks=pytest.mark.slow),
        pytest.param({"HOME": None, "XDG_CACHE_HOME": ""}, marks=pytest.mark.slow),
        pytest.param({"XDG_CACHE_HOME": "/proc/nowhere"}, marks=pytest.mark.slow),
        {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"},
    ],
)
def test_unfriendly_surroundings(run_apart, tiny, tmp_path, surroundings):
    """No home, no cache, a current folder that cannot be written to, a terminal without dashes."""
    out = tmp_path / "out"
    done = run_apart(
        "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--out", out, "--lava-samples", 0,
        cwd="/proc", env=surroundings,
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "simulator" in done.out
    assert run_apart("report", out, cwd="/proc", env=surroundings).code == 0
    assert "·" in (out / "report.html").read_text(encoding="utf-8")


def test_compiled_code_finds_a_place_of_its_own(monkeypatch, tmp_path):
    from spikeloom.models.compiled_code import cache_folder

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.chdir(tmp_path)
    shared = tmp_path / f"spikeloom-cache-{os.getuid()}"
    assert cache_folder("code") == shared / "spikeloom" / "code"
    shared.chmod(0o777)  # others may have put something there
    alone = cache_folder("code")
    assert alone.parent == tmp_path
    assert alone.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder("code") == tmp_path / "cache" / "spikeloom" / "code"
    assert not (tmp_path / "here").exists()
