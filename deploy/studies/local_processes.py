"""Tasks of a study in processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from ...models.errors import BackendFailedError
from .study import Outcome, Study, Task

FRUITLESS = 3  # pools in a row that may break before any task is done in them

_here: tuple[Study, Any] | None = None  # of this worker


class LocalProcesses:
    """A pool of processes, begun anew where one of them is killed.

    Parameters
    ----------
    count : of processes.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def outcomes(self, study: Study, prepared: Any, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        """See `Workers.outcomes`."""
        with tempfile.TemporaryDirectory(prefix="spikeloom-study-") as folder:
            # By a file: what is given to a process that dies as it begins is never read, and a pipe of it never ends.
            shared = Path(folder) / "prepared"
            shared.write_bytes(pickle.dumps((study, prepared), protocol=pickle.HIGHEST_PROTOCOL))
            yield from self._all(shared, tasks)

    def _all(self, shared: Path, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        waiting = {task.name: task for task in tasks}
        fruitless = 0
        while waiting:
            before = len(waiting)
            try:
                for name, outcome in self._pool(shared, list(waiting.values())):
                    del waiting[name]
                    yield name, outcome
            except BrokenProcessPool:
                fruitless = fruitless + 1 if len(waiting) == before else 0
                if fruitless == FRUITLESS:
                    raise BackendFailedError(
                        f"Processes of the study ended {FRUITLESS} times in a row before they did anything: of lack of "
                        "memory (use fewer --processes or --samples), or because a script that runs a study does so "
                        'outside of `if __name__ == "__main__":`. What is done stays.'
                    ) from None

    def _pool(self, shared: Path, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        others = set(multiprocessing.active_children())
        # Spawned, for a copy of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(
            min(self._count, len(tasks)), mp_context=context, initializer=_begin, initargs=(shared,)
        )
        try:
            with _no_interruption():
                pending: dict[Future[Outcome], str] = {pool.submit(_perform, task): task.name for task in tasks}
            for done in as_completed(pending):
                yield pending[done], done.result()
        finally:
            # An interrupted study does not wait for tasks whose results nobody takes.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
                process.join()


@contextlib.contextmanager
def _no_interruption() -> Iterator[None]:
    """Let Ctrl-C wait, also in processes that begin here: it is for this one, which ends the others.

    A terminal tells all of them, and one that is still importing would answer with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(shared: Path) -> None:
    """Make a process ready."""
    global _here  # noqa: PLW0603 - a worker has no other place that outlives a task
    _here = pickle.loads(shared.read_bytes())


def _perform(task: Task) -> Outcome:
    assert _here is not None
    study, prepared = _here
    return study.perform(prepared, task)
