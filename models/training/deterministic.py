"""Making PyTorch repeatable (needs PyTorch)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_ONE_AT_A_TIME = threading.RLock()


class _Strictness:
    """PyTorch's setting for the whole process, which several threads may want at once, as in a worker of a cluster."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = False

    def enter(self) -> None:
        """For one more."""
        with self._lock:
            if not self._inside:
                self._before = torch.are_deterministic_algorithms_enabled()
            self._inside += 1
            torch.use_deterministic_algorithms(True)

    def leave(self) -> None:
        """As it was before the first came, once the last has left."""
        with self._lock:
            self._inside -= 1
            if not self._inside:
                torch.use_deterministic_algorithms(self._before)


_STRICTNESS = _Strictness()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw PyTorch's global random numbers from a seed inside, and leave its state as it was.

    Another thread that draws from them waits, as it would change what is drawn here.
    """
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def deterministic() -> Iterator[None]:
    """Let PyTorch add in the same order every time inside, and leave its settings as they were."""
    # Threads divide a sum among them, so their number changes its last bits; each thread that calls has its own.
    threads = torch.get_num_threads()
    _STRICTNESS.enter()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _STRICTNESS.leave()
