"""Puts a folder in the place of another, whole or not at all, even by a process that is killed, and by two at once.

What is written goes into a folder beside the place, `.NAME.spikeloom-xxxxxxxx`, that its process holds a lock on for as
long as it lives. So a folder of that name without a lock was left by a killed process, and the next one removes it.
When it is complete it takes the place of the old one in a single step of the file system, or, where there is no such
step, in two; then what a process leaves that is killed between them is brought back.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...models.errors import UsageError
from .folder_exchange import exchange

_MARK = "spikeloom-"
_OLD = ".old"
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


def replace_folder(out: Path, fill: Callable[[Path], None]) -> None:
    """Make `out` what `fill` writes; when it fails, is interrupted or killed, the old `out`, or none, stays.

    Of two processes that do so at once, the last one's folder stays.

    Raises
    ------
    UsageError : the folder cannot be written.
    """
    place = real_place(out)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(place)
        with _unfinished(place) as partial:
            partial.chmod(0o755)
            fill(partial)
            if place.exists():  # lest a loss of power loses both
                _put_on_disk(partial)
            _take(partial, place)
            with contextlib.suppress(PermissionError):  # a folder may be written to and not be read
                _synchronize(place.parent)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}.") from None


def check_replaceable(out: Path) -> None:
    """Refuse a place where no folder can be written, or that is in use.

    Raises
    ------
    UsageError : see above.
    """
    place = real_place(out)
    try:
        if Path.cwd().is_relative_to(place) or os.path.ismount(place):
            raise UsageError(f"{out} is in use as a folder and cannot be replaced; choose one within it with --out.")
        above = place.parent
        while not above.exists():
            above = above.parent
        if not above.is_dir():
            raise UsageError(f"{out} cannot be written: {above} is a file.")
        clear_abandoned(above / place.name)
        with _unfinished(above / place.name):
            pass
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from None


def bring_back(place: Path) -> bool:
    """Put a folder back that a process took away and was killed before it put the new one there; whether there was one.

    Where the file system exchanges two folders in one step, there never is.
    """
    for folder in _left_for(place):
        with _abandoned(folder) as abandoned:
            if abandoned and folder.name.endswith(_OLD) and not place.exists():
                with contextlib.suppress(OSError):
                    folder.rename(place)
                    return True
    return False


def clear_abandoned(place: Path) -> None:
    """Remove what killed processes left beside a place."""
    if not place.exists():
        bring_back(place)
    for folder in _left_for(place):
        with _abandoned(folder) as abandoned:
            if abandoned:
                shutil.rmtree(folder, ignore_errors=True)


def real_place(out: Path) -> Path:
    """Where a path leads, links resolved: a link to a folder stays, its folder is replaced."""
    return Path(os.path.realpath(out))


def _left_for(place: Path) -> list[Path]:
    """Folders beside a place that are, or were, to take it; those taken away from it first."""
    pattern = re.compile(rf"{re.escape(_prefix(place))}[a-z0-9_]{{8}}({re.escape(_OLD)})?")
    try:
        found = [folder for folder in place.parent.iterdir() if pattern.fullmatch(folder.name)]
    except OSError:  # beside what cannot be listed, nothing was left
        return []
    return sorted(found, key=lambda folder: (not folder.name.endswith(_OLD), folder.name))


def _prefix(place: Path) -> str:
    return f".{place.name}.{_MARK}"


@contextlib.contextmanager
def _abandoned(folder: Path) -> Iterator[bool]:
    """Whether the process that made a folder is gone; within the context, none takes it for its own.

    Where locks cannot be had, nobody knows, and nothing counts as abandoned.
    """
    try:
        opened = os.open(folder.with_name(folder.name.removesuffix(_OLD)), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        yield error.errno == errno.ENOENT
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except OSError:
        free = False
    try:
        yield free
    finally:
        os.close(opened)


@contextlib.contextmanager
def _unfinished(place: Path) -> Iterator[Path]:
    """A new folder beside a place, under a lock; whatever is at its path in the end is removed."""
    folder, lock = _locked_folder(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(place: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(place), dir=place.parent))
        try:
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # another process took it for abandoned before it was locked
            continue
        # Where there are no locks, as on some network file systems, nobody removes what may be another's.
        with contextlib.suppress(OSError):
            fcntl.flock(opened, fcntl.LOCK_EX)
        if folder.exists():
            return folder, opened
        os.close(opened)


def _take(partial: Path, place: Path) -> None:
    """Put a folder in a place; at its own path is afterwards nothing, or what was in the place."""
    while True:
        try:
            partial.rename(place)  # where nothing is, or an empty folder
            return
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        with contextlib.suppress(FileNotFoundError):  # the old one went away just now
            if not exchange(partial, place):
                _take_in_two_steps(partial, place)
            return


def _take_in_two_steps(partial: Path, place: Path) -> None:
    old = partial.with_name(partial.name + _OLD)
    try:
        while True:
            place.rename(old)
            try:
                partial.rename(place)
                return
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                shutil.rmtree(old, ignore_errors=True)  # another process was faster; its folder is the old one now
    finally:
        if old.exists() and not place.exists():
            old.rename(place)
        shutil.rmtree(old, ignore_errors=True)


def _put_on_disk(folder: Path) -> None:
    """Have the disk hold a folder and all in it."""
    paths = [path for path in folder.rglob("*") if stat.S_ISREG(mode := path.lstat().st_mode) or stat.S_ISDIR(mode)]
    with ThreadPoolExecutor(8) as threads:  # at once, for a file system then writes its journal once
        list(threads.map(_synchronize, [*paths, folder]))


def _synchronize(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot for folders
            raise
    finally:
        os.close(opened)
