"""Runs a program that must not outlive its time: starts it, watches it, and ends it with all its children.

Lava starts one process of the operating system for each of its processes. When one of them fails, the others wait for
its messages for ever, and when their parent is killed, they stay behind. So the program that works with Lava is itself
a child, in a session of its own, and what is left of that session is ended by the one that started it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import NoReturn

from run_memory import remove_memory

TIMEOUT_EXIT_CODE = 4
TEMPORARY_VARIABLE = "SPIKELOOM_LAVA_TEMPORARY"
OWNER_VARIABLE = "SPIKELOOM_LAVA_OWNED"
PATIENCE = 3.0  # seconds from asking processes to end to ending them


def supervise(command: list[str], timeout: float) -> int:
    """Run a command to its end, or to the end of its time.

    Parameters
    ----------
    command : program and arguments; the program calls `end_with_supervisor`.
    timeout : seconds.

    Returns
    -------
    Exit code of the command, or 4 when its time was up.
    """
    if OWNER_VARIABLE in os.environ:
        _end_with_owner(os.environ[OWNER_VARIABLE])
    # Being asked to end means ending the children too.
    signal.signal(signal.SIGTERM, _exit_on_signal)
    # NumPy's threads would only fight for the processors: there are more Lava processes than those already.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # the folder of the program stays as it was written
    with tempfile.TemporaryDirectory(prefix="lava-", dir=_short_folder(), ignore_cleanup_errors=True) as temporary:
        # Every temporary file of the run goes in here, so that nothing of a killed one stays behind.
        environment["TMPDIR"] = environment[TEMPORARY_VARIABLE] = temporary
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment)
        try:
            return worker.wait(timeout)
        except subprocess.TimeoutExpired:
            print(f"The run in Lava was not done after {timeout:g} seconds and was ended.", file=sys.stderr)
            return TIMEOUT_EXIT_CODE
        finally:
            _end_session(worker)
            remove_memory(temporary)


def end_with_supervisor() -> None:
    """Called by the worker: when the supervisor disappears, even killed, the whole session ends itself.

    The supervisor holds the other end of the worker's standard input and never writes to it.
    """

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(0, 1)
        if TEMPORARY_VARIABLE in os.environ:
            remove_memory(os.environ[TEMPORARY_VARIABLE])
            shutil.rmtree(os.environ[TEMPORARY_VARIABLE], ignore_errors=True)
        os.killpg(0, signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _end_with_owner(folder: str) -> None:
    """When the program that started this one disappears, even killed, end as if it had asked, and remove its folder.

    It holds the other end of this one's standard input and never writes to it.
    """

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(0, 1)
        shutil.rmtree(folder, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _short_folder() -> str | None:
    # Lava's shared memory is managed through a socket inside this folder, and a socket's path has 104 characters at
    # most, of which 45 are taken by names.
    too_long = len(tempfile.gettempdir()) > 55
    return "/tmp" if too_long else None


def _end_session(worker: subprocess.Popen[bytes]) -> None:
    # First politely: Python's keeper of shared memory ignores SIGTERM, sees the others go, and frees their memory.
    deadline = time.monotonic() + PATIENCE
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            worker.poll()  # a dead child counts as alive until it is asked after
            os.killpg(worker.pid, 0)
            time.sleep(0.02)
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def _exit_on_signal(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)
