"""Tasks of a study on a Dask cluster, which sees to workers that come and go."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...models.errors import BackendFailedError, BackendMissingError
from .study import Outcome, Study, Task

PATIENCE = 20  # s for the scheduler to answer


class DaskCluster:
    """The workers of a scheduler that runs already; Spikeloom must be installed where they are.

    Parameters
    ----------
    scheduler : its address, such as tcp://host:8786, or the file that it was told to write (`--scheduler-file`).

    Raises
    ------
    BackendMissingError : Dask is not installed, or no scheduler answers there.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            if error.name not in ("distributed", "dask"):
                raise
            raise BackendMissingError("--scheduler needs Dask: pip install 'spikeloom[studies]'.") from None
        by_file = "://" not in scheduler
        if by_file and not Path(scheduler).is_file():  # Dask would wait for it for ever
            raise BackendMissingError(
                f"{scheduler} is neither the file of a Dask scheduler, which `dask scheduler --scheduler-file` writes, "
                "nor an address such as tcp://host:8786."
            )
        where = {"scheduler_file": scheduler} if by_file else {"address": scheduler}
        try:
            self._client = Client(**where, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BackendMissingError(
                f"No Dask scheduler answers at {scheduler} ({_words(error)}): start one with `dask scheduler`, and "
                "workers with `dask worker`."
            ) from None

    def outcomes(self, study: Study, prepared: Any, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        """See `Workers.outcomes`."""
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.client import ClosedClientError

        client = self._client
        try:
            try:
                client.wait_for_workers(1, timeout=PATIENCE)
            except TimeoutError:
                raise BackendMissingError(
                    f"The Dask scheduler has no workers, and none came within {PATIENCE} s: start some with "
                    "`dask worker`."
                ) from None
            # A task of its own, not scattered data: when the worker that holds it is lost, Dask makes it anew.
            shared = client.submit(bytes, pickle.dumps((study, prepared), protocol=pickle.HIGHEST_PROTOCOL), pure=False)
            pending = {client.submit(_perform, shared, task, pure=False): task.name for task in tasks}
            for done in as_completed(pending, loop=client.loop):
                yield pending[done], done.result()
        except KilledWorker as error:
            raise BackendFailedError(
                f"Workers of the cluster were lost again and again ({error}), which lack of memory may cause; what is "
                "done stays."
            ) from None
        except (CancelledError, ClosedClientError, OSError) as error:
            raise BackendFailedError(
                f"The Dask scheduler was lost ({_words(error)}); what is done stays, and the same command goes on from "
                "there with another one."
            ) from None
        finally:
            with suppress(TimeoutError, OSError):
                client.close()


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@lru_cache(maxsize=2)
def _unpacked(shared: bytes) -> tuple[Study, Any]:
    """Unpacked once by each process."""
    result: tuple[Study, Any] = pickle.loads(shared)
    return result


def _perform(shared: bytes, task: Task) -> Outcome:
    study, prepared = _unpacked(shared)
    return study.perform(prepared, task)
