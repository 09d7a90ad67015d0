"""Ending a long run early without losing what is done."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from .simulation import Simulation


class SimulationInterrupted(KeyboardInterrupt):
    """A run that was interrupted.

    Attributes
    ----------
    partial : what was done: all samples that were complete; or, if none was, the steps that all of the first samples
        have gone through.
    """

    def __init__(self, partial: Simulation) -> None:
        super().__init__("the run was interrupted")
        self.partial = partial


def raises_keyboard_interrupt(handler: Any) -> bool:
    """Whether a handler of Ctrl-C does what Python's own does; another one says so by an attribute of this name."""
    return handler is signal.default_int_handler or bool(getattr(handler, "raises_keyboard_interrupt", False))


class InterruptionRequest:
    """Within this context, a first Ctrl-C is a request, to be asked for; a second one interrupts as usual."""

    def __init__(self) -> None:
        self.pending = False
        self._before: Any = None

    def __enter__(self) -> InterruptionRequest:
        # Signals reach the main thread alone; and who has a handler of their own keeps it.
        self._installed = threading.current_thread() is threading.main_thread() and raises_keyboard_interrupt(
            signal.getsignal(signal.SIGINT)
        )
        if self._installed:
            self._before = signal.getsignal(signal.SIGINT)
            signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.pending = True
        signal.signal(signal.SIGINT, self._before)
