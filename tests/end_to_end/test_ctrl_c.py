"""Ctrl-C: within a second, whatever goes on, with a sentence, and with nothing left behind.

A terminal sends the signal to all processes of a command; here a session of its own stands for it. On a machine with
nothing else to do commands end in less than a second; the tests allow for one that is busy.
"""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spikeloom.backends.lava.availability import lava_problem

PATIENCE = 8.0  # seconds; in native code that does not listen it would be far more
SENTENCE = "Error: Interrupted; nothing half-written stays behind.\n"


@contextlib.contextmanager
def running(*words: object, code: str = "") -> Iterator[subprocess.Popen[str]]:
    """A command, or a program, in a session of its own, none of whose processes outlives the test."""
    what = ["-c", code] if code else ["-m", "spikeloom.cli", *map(str, words)]
    command = [sys.executable, "-P", *what]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Send a Ctrl-C and return the exit code and what was said from then on."""
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert time.monotonic() - began < PATIENCE
    assert out == ""
    assert "Traceback" not in errors, errors
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:  # what it had begun ends with it
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.02)
    else:
        pytest.fail("a process is left")
    return process.returncode, errors


def wait_for_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    pytest.fail(f"it never said {word!r}")


@pytest.mark.parametrize(
    "stage",
    [
        "quantizing",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("reading", "mapping", "every stage", "layer by")),
    ],
)
def test_a_deployment_ends_at_any_stage(stage: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with running("deploy", "digits", "--lava-samples", 0, "--out", out) as process:
        wait_for_line(process, stage)
        code, errors = interrupted(process)
    assert code == 130
    assert errors.endswith(SENTENCE)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_typed_at_a_terminal_ends_the_bars_and_shows_the_cursor() -> None:
    process, terminal = pty.fork()  # a terminal of its own, all of it: what is typed there becomes the signal
    if not process:
        os.execv(sys.executable, [sys.executable, "-P", "-m", "spikeloom.cli", "check", "digits", "--effort", "best"])
    seen = ""
    end = time.monotonic() + 120
    typed = None
    while time.monotonic() < end:
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:  # it has ended
            break
        if typed is None and "[1/2] reading" in seen:
            os.write(terminal, b"\x03")
            typed = time.monotonic()
    assert typed is not None and time.monotonic() - typed < PATIENCE
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130
    assert "Traceback" not in seen
    assert SENTENCE.strip() in seen
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l") > -1


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.3, 0.6, 1.0, 1.5, 2.5, 4.0, 6.0])
def test_a_check_ends_at_any_moment_while_kernels_are_compiled(
    delay: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with running("check", "digits") as process:
        wait_for_line(process, "reading")
        time.sleep(delay)
        assert interrupted(process) == (130, SENTENCE) or process.poll() == 130


def test_a_study_ends_with_its_processes(tiny: Path, tmp_path: Path) -> None:
    """While they import, which takes longer than it is waited for here."""
    subject = (tiny / "tiny.nir", "--data", tiny / "data.npz", "--out", tmp_path / "study")
    with running("study", "decision-time", *subject, "--processes", 2) as process:
        wait_for_line(process, "tasks")
        time.sleep(0.3)
        code, errors = interrupted(process)
    assert code == 130
    assert "tasks are done and stay in" in errors


@pytest.mark.slow
@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
@pytest.mark.parametrize("delay", [0.2, 1.0, 3.0])
def test_a_run_in_lava_ends_with_its_processes(delay: float, tmp_path: Path) -> None:
    with running("deploy", "digits", "--samples", 20, "--lava-samples", 20, "--out", tmp_path / "out") as process:
        wait_for_line(process, "in Lava")
        time.sleep(delay)
        assert interrupted(process) == (130, SENTENCE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.2, 2.0, 5.0])
def test_a_training_ends(delay: float, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with running("train", "mlp-snn", "--dataset", "digits", "--out", tmp_path / "model.nir") as process:
        wait_for_line(process, "training")
        time.sleep(delay)
        code, errors = interrupted(process)
    assert (code, errors.endswith(SENTENCE)) == (130, True)
    assert not (tmp_path / "model.nir").exists()


EARLY = """
import sys
from spikeloom.cli import main
class Interrupting:
    def find_spec(self, name, *rest):
        if name == {module!r}:
            sys.meta_path.remove(self)
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
main()
"""


@pytest.mark.parametrize("module", ["spikeloom.commands.interruption", "threading", "spikeloom.commands.application"])
def test_a_ctrl_c_before_anything_else_is_told_as_any_other(module: str) -> None:
    code = f"import sys; sys.modules.pop('threading', None)\n{EARLY.format(module=module)}"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", SENTENCE)


BEGIN = """
import hashlib, sys, time
from spikeloom.commands.interruption import Interruption
interruption = Interruption()
interruption.install()
print("begins", file=sys.stderr, flush=True)
try:
    {work}
finally:
    interruption.finish()
"""


def test_compiled_code_that_does_not_listen_is_ended() -> None:
    with running(code=BEGIN.format(work="hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)")) as process:
        wait_for_line(process, "begins")
        time.sleep(0.2)
        assert interrupted(process) == (130, SENTENCE)


def test_a_request_to_end_is_followed_in_compiled_code_too() -> None:
    with running(code=BEGIN.format(work="hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)")) as process:
        wait_for_line(process, "begins")
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 143


LOSING = """
    class Loses:
        def __del__(self):
            time.sleep(2)
    try:
        Loses()
        time.sleep(60)
    except KeyboardInterrupt:
        print("heard", file=sys.stderr)
        raise SystemExit(130)
"""


def test_an_interruption_that_python_forgets_comes_again() -> None:
    with running(code=BEGIN.format(work=LOSING.strip())) as process:
        wait_for_line(process, "begins")
        time.sleep(0.3)
        assert interrupted(process) == (130, "heard\n")


def test_an_interruption_within_exec_ends_with_the_same_code() -> None:
    """Python would remember it, and kill itself with the signal in the end."""
    work = "exec('time.sleep(60)')\nexcept KeyboardInterrupt:\n    raise SystemExit(130)"
    with running(code=BEGIN.format(work=work)) as process:
        wait_for_line(process, "begins")
        time.sleep(0.2)
        assert interrupted(process) == (130, "")


def test_who_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    """As a command in the background of a shell script does."""
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)" + BEGIN.format(work="time.sleep(1)")
    with running(code=code) as process:
        wait_for_line(process, "begins")
        assert interrupted(process) == (0, "")


def test_a_library_that_lets_no_python_run_is_ended_with_the_same_words() -> None:
    """Nothing is interrupted in this loop, which keeps the interpreter's lock, as Mt-KaHyPar does."""
    work = "with interruptible():\n        deque(repeat(None), maxlen=0)"
    imports = "from collections import deque\nfrom itertools import repeat\n"
    imports += "from spikeloom.mapping.deaf_calls import interruptible\n"
    with running(code=imports + BEGIN.format(work=work)) as process:
        wait_for_line(process, "begins")
        time.sleep(1.5)
        assert interrupted(process) == (130, SENTENCE)


def test_python_listens_again_after_such_a_call() -> None:
    work = "with interruptible(): pass\n    print('listens', file=sys.stderr, flush=True); time.sleep(60)"
    with running(code="from spikeloom.mapping.deaf_calls import interruptible\n" + BEGIN.format(work=work)) as process:
        wait_for_line(process, "listens")
        assert interrupted(process) == (130, SENTENCE)


def test_an_interruption_that_becomes_another_error_is_one_still() -> None:
    """As where Numba's dispatcher loads machine code: Python makes a SystemError of it."""
    work = "time.sleep(60)\nexcept KeyboardInterrupt as error:\n    raise SystemError('of a call') from error"
    with running(code=BEGIN.format(work=work)) as process:
        wait_for_line(process, "begins")
        time.sleep(0.2)
        assert interrupted(process) == (130, SENTENCE)
