"""Who does the tasks of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from ...backends.simulator.simulate import processors
from ...models.errors import UsageError
from .study import Outcome, Study, Task


class Workers(Protocol):
    """Processes, here or elsewhere."""

    def outcomes(self, study: Study, prepared: Any, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        """Do all tasks; yields the name of each with what it found, in the order in which they end.

        Raises
        ------
        BackendFailedError : workers end again and again.
        SpikeloomError : of a task.
        """


class ThisProcess:
    """One task after the other, without further processes."""

    def outcomes(self, study: Study, prepared: Any, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        """See `Workers.outcomes`."""
        for task in tasks:
            yield task.name, study.perform(prepared, task)


def workers_for(processes: int | None, scheduler: str | None) -> Workers:
    """What the user asked for; as many processes here as there are processors, where nothing was.

    Raises
    ------
    UsageError : both were asked for.
    BackendMissingError : see `DaskCluster`.
    """
    if scheduler is not None:
        if processes is not None:
            raise UsageError("--processes is for this machine; with --scheduler the cluster has workers of its own.")
        from .dask_cluster import DaskCluster

        return DaskCluster(scheduler)
    count = processors() if processes is None else processes
    if count == 1:
        return ThisProcess()
    from .local_processes import LocalProcesses

    return LocalProcesses(count)
