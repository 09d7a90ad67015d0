"""The program that goes along with a deployment: from any folder, in any trouble, and it never hangs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.lava.backend import run_lava
from spikeloom.backends.lava.export import write_arrays, write_standalone
from spikeloom.models.connectivity import Dense
from spikeloom.models.errors import BackendFailedError, BackendMissingError
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, Reset

pytestmark = [
    pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem())),
    pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for left processes in /proc"),
]
PATIENCE = 60


def relay_network(name: str = "out", integer: bool = True) -> Network:
    """Three neurons, each of which repeats its input one step later."""
    number = np.int64 if integer else np.float64
    neuron = IntegerLeakyIntegrateAndFire(
        *(np.asarray(value, dtype=number) for value in (4096, 4096, 50, 0, 0)), reset=Reset.SUBTRACT
    )
    return Network(
        (Population("in", (1, 3), Role.INPUT, None, 0), Population(name, (3,), Role.NEURON, neuron, 1)),
        (Projection("relay", "in", name, Dense(np.eye(3, dtype=np.int64) * 100)),),
        name,
        integer,
    )


def spikes(samples: int = 2, steps: int = 5) -> np.ndarray:
    return (np.random.default_rng(3).random((samples, steps, 1, 3)) < 0.5).astype(np.uint8)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Folder of an exported program, with `spikes.npz` in it."""
    folder = tmp_path / "deployment" / "lava"
    write_standalone(relay_network(), folder)
    np.savez(folder / "spikes.npz", x=spikes())
    return folder


def run(folder: Path, *options: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program with its standard input and output files; further options win."""
    files = ["--input", str(folder / "spikes.npz"), "--output", str(folder / "activity.npz")]
    command = [sys.executable, str(folder / "run.py"), *files, *options]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)


def processes_of(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No shared memory of a run stays that is over, whose temporary folder, which it is named after, is gone."""
    yield
    wait_until(lambda: all(Path(tempfile.gettempdir(), name[:13]).exists() for name in shared_memory()))


def shared_memory() -> list[str]:
    return [path.name for path in Path("/dev/shm").glob("lava-*")]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_runs_from_another_folder_and_says_what_it_did(program: Path, tmp_path: Path) -> None:
    done = run(program, "--record", "output", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("11 steps in ")
    assert done.stdout.count("\n") == 1
    with np.load(program / "activity.npz") as activity:
        assert activity.files == ["out"]
        assert activity["out"].dtype == np.int8
        np.testing.assert_array_equal(activity["out"], spikes().reshape(2, 5, 3))
    assert not processes_of(program)


@pytest.mark.parametrize(
    ("array", "data", "message"),
    [
        ("y", spikes(), "no array 'x'"),
        ("x", spikes()[..., :2], "has shape (2, 5, 1, 2), the network wants (samples, steps, 1, 3)"),
        pytest.param("x", spikes() * 0.5, "must hold integers, not float64", marks=pytest.mark.slow),
        pytest.param("x", spikes() * np.int64(2**40), "24 bits", marks=pytest.mark.slow),
    ],
)
def test_a_wrong_input_is_one_sentence(program: Path, array: str, data: np.ndarray, message: str) -> None:
    np.savez(program / "spikes.npz", **{array: data})
    done = run(program)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_no_npz_file_is_one_sentence(program: Path) -> None:
    (program / "spikes.npz").write_text("no zip archive at all")
    done = run(program)
    assert done.returncode == 2
    assert "cannot be read as an .npz file" in done.stderr
    assert done.stderr.count("\n") == 1


def test_missing_software_is_one_sentence_with_the_command_that_helps(program: Path) -> None:
    (program / "lava").mkdir()
    (program / "lava" / "__init__.py").write_text("")
    done = run(program)
    assert done.returncode == 6
    assert "pip install --no-deps --ignore-requires-python lava-nc==0.10.0" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_failing_process_ends_the_run_at_once_and_is_shown(program: Path) -> None:
    with (program / "leaky_rule.py").open("a") as rule:
        rule.write("\n\ndef step(*state, **parameters):\n    raise FloatingPointError('a rule broke')\n")
    start = time.monotonic()
    done = run(program)
    assert done.returncode == 3
    assert "FloatingPointError: a rule broke" in done.stderr
    assert time.monotonic() - start < 20
    assert not processes_of(program)


def test_a_killed_process_ends_the_run_at_once(program: Path) -> None:
    with (program / "leaky_rule.py").open("a") as rule:
        rule.write("\n\ndef step(*state, **parameters):\n    import os\n\n    os.kill(os.getpid(), 9)\n")
    done = run(program)
    assert done.returncode == 3
    assert "died" in done.stderr
    assert not processes_of(program)


def test_the_time_is_kept_and_nothing_stays_behind(program: Path) -> None:
    with (program / "leaky_rule.py").open("a") as rule:
        rule.write("\n\ndef step(*state, **parameters):\n    import time\n\n    time.sleep(1000)\n")
    start = time.monotonic()
    done = run(program, "--timeout", "4")
    assert done.returncode == 4
    assert "not done after 4 seconds" in done.stderr
    assert time.monotonic() - start < 20
    assert not processes_of(program)


def test_killing_the_program_kills_its_children(program: Path) -> None:
    with (program / "leaky_rule.py").open("a") as rule:
        rule.write("\n\ndef step(*state, **parameters):\n    import time\n\n    time.sleep(1000)\n")
    command = [sys.executable, program / "run.py", "--input", program / "spikes.npz", "--output", program / "out.npz"]
    with subprocess.Popen(command) as running:
        wait_until(lambda: len(processes_of(program)) > 4)
        assert shared_memory()
        running.kill()
    wait_until(lambda: not processes_of(program))
    assert not (program / "out.npz").exists()


@pytest.mark.slow
def test_killing_all_children_at_once_ends_the_program(program: Path) -> None:
    """Even Python's keeper of shared memory, so that nobody but the supervisor is left to free it."""
    with (program / "leaky_rule.py").open("a") as rule:
        rule.write("\n\ndef step(*state, **parameters):\n    import time\n\n    time.sleep(1000)\n")
    command = [sys.executable, program / "run.py", "--input", program / "spikes.npz", "--output", program / "out.npz"]
    with subprocess.Popen(command) as running:
        wait_until(lambda: len(processes_of(program)) > 4 and bool(shared_memory()))
        [worker] = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        os.killpg(int(worker), signal.SIGKILL)
        assert running.wait(PATIENCE) != 0
    wait_until(lambda: not processes_of(program))


def test_the_backend_says_when_time_is_up() -> None:
    with pytest.raises(BackendFailedError, match=r"not done after 0\.2 seconds"):
        run_lava(relay_network(), spikes(), timeout=0.2)


def test_the_backend_says_when_lava_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spikeloom.backends.lava.backend.lava_problem", lambda: "Lava is not installed: pip ...")
    with pytest.raises(BackendMissingError, match="pip"):
        run_lava(relay_network(), spikes())


@pytest.mark.slow
def test_any_name_is_a_name(tmp_path: Path) -> None:
    found = run_lava(relay_network("file"), spikes())
    np.testing.assert_array_equal(found["file"], spikes().reshape(2, 5, 3))
    assert found.keys() == {"in", "file"}


def test_exporting_twice_replaces_and_float_networks_are_refused(program: Path, tmp_path: Path) -> None:
    write_arrays(tmp_path / "cores.npz", {"file": np.zeros(3)})
    assert np.load(tmp_path / "cores.npz").files == ["file"]
    write_standalone(relay_network(), program, {"out": np.zeros(3, dtype=np.int64)})
    assert (program / "cores.npz").exists()
    shutil.rmtree(program)
    with pytest.raises(ValueError, match="quantized"):
        write_standalone(Network(relay_network().populations[:1], (), "in"), program)
