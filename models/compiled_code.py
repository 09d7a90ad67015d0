"""Where compiled machine code is kept from run to run."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

LOG = logging.getLogger(__name__)


def keep_compiled_code(*texts: Path, also: str = "") -> None:
    """Let Numba keep what is compiled from now on, in a folder named after all that goes into it.

    Numba itself looks at the file of a function alone, and would answer a changed neuron rule with old machine code.

    Parameters
    ----------
    texts : files.
    also : whatever else the machine code depends on.
    """
    import numba

    from .compiled_code_files import share_compiled_code

    share_compiled_code()
    numba.config.CACHE_DIR = str(_folder_of(texts, also))  # type: ignore[attr-defined]


@functools.cache
def _folder_of(texts: tuple[Path, ...], also: str) -> Path:
    content = b"".join(path.read_bytes() for path in texts) + also.encode()
    return cache_folder(hashlib.sha256(content).hexdigest()[:16])


def cache_folder(name: str) -> Path:
    """A folder of this user's own that can be written to, and that is the same the next time, wherever there is one.

    Numba itself would fall back to the folder of the source, and fail where that cannot be written to either.

    Parameters
    ----------
    name : of the folder to make in the cache.
    """
    for place in _places():
        folder = place / "spikeloom" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                LOG.debug("machine code is kept in %s", folder)
                return folder
        except OSError:
            continue
    once = Path(tempfile.mkdtemp(prefix="spikeloom-"))
    LOG.info("machine code is kept in %s, for this command alone", once)
    atexit.register(shutil.rmtree, once, ignore_errors=True)
    return once


def _places() -> Iterator[Path]:
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():  # others are to be ignored, says the XDG specification
        yield named
    with contextlib.suppress(RuntimeError):  # there is no home
        yield Path.home() / ".cache"
    shared = Path(tempfile.gettempdir()) / f"spikeloom-cache-{os.getuid()}"
    try:
        shared.mkdir(mode=0o700, exist_ok=True)
        found = shared.lstat()
    except OSError:
        return
    # Machine code is run as it lies there, so nobody else may have put it there.
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        yield shared
