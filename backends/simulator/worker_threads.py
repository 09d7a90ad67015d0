"""Threads that share the work of a run; the compiled loops let go of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any


class WorkerThreads:
    """The calling thread and some others, which last as long as the context."""

    def __init__(self, count: int) -> None:
        # Threads of the pool start at the first task.
        self._others = ThreadPoolExecutor(max_workers=max(1, count - 1), thread_name_prefix="simulator")

    def __enter__(self) -> WorkerThreads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._others.shutdown()

    def share(self, parts: int, work: Callable[..., object], *arguments: Any) -> None:
        """Call `work` with 0 .. parts - 1 and the arguments, this thread taking the first; return when all are done."""
        others = [self._others.submit(work, part, *arguments) for part in range(1, parts)]
        try:
            work(0, *arguments)
        finally:
            for other in others:
                other.result()
