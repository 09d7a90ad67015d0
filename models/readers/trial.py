"""Trying a library on a file in a process of its own first, since libraries crash and hang on files made to that end.

HDF5 is written in C and trusts the lengths and addresses in a file. What ends the trial would have ended Spikeloom.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import select
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from ..errors import UnsupportedModelError

SHORTEST_LIMIT = 5  # seconds of a processor, beside those that a file's size asks for
BYTES_PER_SECOND = 2**19  # that any reader is through with
PATIENCE = 20  # times the limit by the clock, for processors are shared
SPARE_ADDRESSES = 2**29  # bytes, beside twice what a file may take
ANSWER_BYTES = 2**16


def survived(path: Path, read: Callable[[], object], most_memory: int) -> None:
    """Read in a child process, and return where it came through; then the same may be done here.

    Parameters
    ----------
    read : raises UnsupportedModelError where the file is not to be read.
    most_memory : bytes that it may take.

    Raises
    ------
    UnsupportedModelError : what `read` raised, or that the library crashed, or took too long.
    RuntimeError : `read` raised anything else.
    """
    seconds = SHORTEST_LIMIT + path.stat().st_size // BYTES_PER_SECOND
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads, whose locks a child might wait for; it waits for the clock at most.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _try(read, sending, seconds, most_memory)
    os.close(sending)
    answer, status = _outcome(child, receiving, time.monotonic() + seconds * PATIENCE)
    if answer is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)):
        raise UnsupportedModelError(f"{path} is damaged: reading it does not come to an end within {seconds} s.")
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        raise UnsupportedModelError(f"{path} is damaged: the library that reads such files crashed on it ({name}).")
    told = answer.decode("utf8", "replace")
    if status:
        raise RuntimeError(f"reading {path} failed:\n{told}")
    if told:
        raise UnsupportedModelError(told)


def _outcome(child: int, receiving: int, deadline: float) -> tuple[bytes | None, int]:
    """What the child tells, None where it does not end in time, and its status; it is gone in any case."""
    answer = None
    try:
        answer = _answer(receiving, deadline)
    finally:
        os.close(receiving)
        if answer is None:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return answer, status


def _answer(receiving: int, deadline: float) -> bytes | None:
    """What the child tells until it ends; None where it does not in time."""
    answer = b""
    while True:
        ready, _, _ = select.select([receiving], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(receiving, ANSWER_BYTES)
        if not part:
            return answer
        answer += part


def _try(read: Callable[[], object], sending: int, seconds: int, most_memory: int) -> None:
    """Read in the child, tell what stands against the file, and end without whatever Python would do at its end."""
    code = 1
    try:
        faulthandler.disable()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # a library that crashes says so
            os.dup2(nowhere, stream)
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds)
        with contextlib.suppress(OSError):  # where there is no /proc, memory has no limit
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + 2 * most_memory + SPARE_ADDRESSES)
        try:
            read()
        except UnsupportedModelError as error:
            os.write(sending, str(error).encode("utf8", "replace")[:ANSWER_BYTES])
        code = 0
    except BaseException:  # a bug of ours, which is told where it can be seen
        os.write(sending, traceback.format_exc().encode("utf8", "replace")[:ANSWER_BYTES])
    finally:
        os._exit(code)


def _limit(kind: int, most: int) -> None:
    """Lower a limit of this process, but for what it may not be above already."""
    _, highest = resource.getrlimit(kind)
    resource.setrlimit(kind, (most if highest == resource.RLIM_INFINITY else min(most, highest), highest))
