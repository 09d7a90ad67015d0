"""Ending soon after Ctrl-C, also while compiled code holds up the interpreter.

Python hears of a signal in its main thread, between two of its own steps. A search for a mapping or a compiled loop may
take many seconds until then, so another thread watches, and ends the program where nothing has happened for too long.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import threading
import time

TYPE_CHECKING = False  # as typing has it, which takes a while to import
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import FrameType
    from typing import Any, NoReturn

INTERRUPTED = "Error: Interrupted; nothing half-written stays behind."
LOST = 0.02  # seconds after which a signal that was lost comes again
HEARD = 0.5  # seconds within which the main thread usually hears of a signal
TIDIED = 10.0  # seconds that it may take from then on to write what is done and to end other processes
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHOW_CURSOR = "\x1b[?25h"  # bars of progress hide it


class Interruption:
    """The handler of Ctrl-C and of requests to end, and the thread that sees to it that they are followed."""

    raises_keyboard_interrupt = True
    """For who asks whether a Ctrl-C has its usual effect; see `backends.simulator.interruption`."""

    def __init__(self) -> None:
        self._asked_by = 0  # number of the signal that the main thread has heard of

    def install(self) -> None:
        """Take over signals that nobody has taken over or chosen to ignore, as `nohup` does."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)
        for request in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(request) is signal.SIG_DFL:
                signal.signal(request, self)
        if not any(signal.getsignal(number) is self for number in SIGNALS):
            return
        sys.unraisablehook = self._not_lost
        watched, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(watched,), name="interruption", daemon=True).start()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """End as at an error, so that temporary folders go and other processes end."""
        self._asked_by = number
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    def while_nobody_listens(self) -> AbstractContextManager[None]:
        """A context for a call into a library that holds the interpreter's lock; see `mapping.deaf_calls`."""
        from .machine_code_handler import ending_at_once

        return ending_at_once(INTERRUPTED)

    def finish(self) -> None:
        """From now on the program ends anyway, and is not to be disturbed with tracebacks while it does.

        After a signal it ends at once, threads that compute or not, with an exit code of its own: one in which `exec`
        was interrupted would be killed by Python itself.
        """
        mine = [number for number in SIGNALS if signal.getsignal(number) is self]
        for number in mine:
            signal.signal(number, lambda number, frame: None)
        if mine and self._asked_by:
            kind = sys.exc_info()[0]
            if self._asked_by == signal.SIGINT and kind is not None and not issubclass(kind, SystemExit):
                # Of compiled code, an interruption may come out as a SystemError.
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    print(INTERRUPTED, file=sys.stderr)
            with contextlib.suppress(Exception):
                atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(128 + self._asked_by)

    def _not_lost(self, unraisable: Any) -> None:
        """A Ctrl-C that comes while an object is taken apart is reported and forgotten by Python: ask once more."""
        if unraisable.exc_type is KeyboardInterrupt:
            # In a moment, for here it would be lost again; and as a signal, which wakes who waits.
            again = threading.Timer(LOST, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            sys.__unraisablehook__(unraisable)

    def _watch(self, watched: int) -> None:
        deadline, asked, number = None, 0, 0
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if select.select([watched], [], [], left)[0]:
                number = os.read(watched, 1)[0]
                asked += 1
                soon = time.monotonic() + HEARD
                deadline = soon if deadline is None else min(deadline, soon)
            elif asked == 1 and (self._asked_by or signal.getsignal(number) is not self):
                # It unwinds, or somebody else wants to hear of the signal and end in an orderly way.
                deadline, asked = time.monotonic() + TIDIED, asked + 1
            else:
                _end_now(number)


def _end_now(number: int) -> NoReturn:
    """End this process and those that work for it, whatever the main thread is at."""
    if "multiprocessing" in sys.modules:
        for process in sys.modules["multiprocessing"].active_children():
            process.terminate()
    with contextlib.suppress(OSError):
        text = f"{INTERRUPTED}\n" if number == signal.SIGINT else ""
        os.write(2, ((SHOW_CURSOR if os.isatty(2) else "") + text).encode())
    os._exit(128 + number)
