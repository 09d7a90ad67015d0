"""The shared memory of a run carries the name of its temporary folder, so that what killed processes leave is removed.

Python's keeper of shared memory frees it when the others have gone, but not when it is killed itself, as it is when
somebody kills all processes of a run.
"""

from __future__ import annotations

import contextlib
from multiprocessing import shared_memory
from pathlib import Path

_FOLDER = Path("/dev/shm")  # of Linux; macOS has none that could be looked at
_LONGEST = 30  # characters of a name, of which macOS takes no more


def name_memory(temporary: str) -> None:
    """Let all shared memory that this process and its children make begin with the name of a folder."""
    shared_memory._SHM_NAME_PREFIX = f"/{_name(temporary)}-"
    shared_memory._SHM_SAFE_NAME_LENGTH = _LONGEST


def remove_memory(temporary: str) -> None:
    """Remove the shared memory that is named after a folder."""
    for left in _FOLDER.glob(f"{_name(temporary)}-*"):
        with contextlib.suppress(OSError):
            left.unlink()


def _name(temporary: str) -> str:
    return Path(temporary).name
