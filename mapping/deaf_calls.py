"""Calls into libraries that hold the interpreter's lock, so that nobody hears of a Ctrl-C until they return."""

from __future__ import annotations

import contextlib
import signal
import threading
from contextlib import AbstractContextManager


def interruptible() -> AbstractContextManager[None]:
    """A context for such a call; it does nothing but in a program whose handler of Ctrl-C has a way to end it then.

    That is the command line's. Whoever uses Spikeloom as a library does not want to be ended.
    """
    if threading.current_thread() is threading.main_thread():
        end_at_once = getattr(signal.getsignal(signal.SIGINT), "while_nobody_listens", None)
        if end_at_once is not None:
            context: AbstractContextManager[None] = end_at_once()
            return context
    return contextlib.nullcontext()
