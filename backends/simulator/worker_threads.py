"""Threads that share the work of a run; the compiled loops let go of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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

    def share(
        self, parts: int, work: Callable[..., object], *arguments: Any, release: Callable[[], None] = lambda: None
    ) -> None:
        """Call `work` with 0 .. parts - 1 and the arguments, this thread taking the first; return when all are done.

        Parameters
        ----------
        release : called where a part fails, so that parts that wait for it do not wait forever.
        """

        def guarded(part: int) -> None:
            try:
                work(part, *arguments)
            except BaseException:
                release()
                raise

        others: list[Future[None]] = []
        try:
            others += (self._others.submit(guarded, part) for part in range(1, parts))
            guarded(0)
        except BaseException:
            release()  # an interruption may come between the two
            raise
        finally:
            for other in others:
                other.result()
