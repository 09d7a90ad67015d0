"""Files that the user brings: found, opened, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError

_LFS_MARK = b"version https://git-lfs"


def folder_with(folder: Path, dataset: str, wrappers: tuple[str, ...], *held: str) -> Path:
    """The folder that holds all of the names: the one given, or one of `wrappers` in it.

    Parameters
    ----------
    folder : that the user named.
    dataset : for messages.
    wrappers : folders that programs which fetch the data put around it.
    held : names of files or folders.

    Raises
    ------
    DataError : no such folder, or one that lacks something.
    """
    if not folder.is_dir():
        raise DataError(f"{dataset}: there is no folder {folder}.")
    for candidate in (folder, *(folder / wrapper for wrapper in wrappers)):
        if all((candidate / name).exists() for name in held):
            return candidate
    missing = [name for name in held if not (folder / name).exists()]
    raise DataError(
        f"{dataset}: {folder} has no {' and no '.join(missing)}; name the folder that holds the unpacked data."
    )


def content_of(path: Path, dataset: str) -> bytes:
    """All bytes of a file.

    Raises
    ------
    DataError : it cannot be read, or is a pointer of git-LFS.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{dataset}: {path} cannot be read: {error.strerror}.") from None
    refuse_pointer(content, path, dataset)
    return content


def refuse_pointer(start: bytes, path: Path, dataset: str) -> None:
    """Refuse a file that git-LFS left in place of the data.

    Parameters
    ----------
    start : its first bytes, 23 or more where it has them.

    Raises
    ------
    DataError : it is such a pointer.
    """
    if start.startswith(_LFS_MARK):
        raise DataError(f"{dataset}: {path} is a git-LFS pointer, not the data: run `git lfs pull` where it came from.")


def start_of(path: Path, dataset: str) -> bytes:
    """First bytes of a file, as many as tell what it is.

    Raises
    ------
    DataError : it cannot be read, or is a pointer of git-LFS.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_LFS_MARK))
    except OSError as error:
        raise DataError(f"{dataset}: {path} cannot be read: {error.strerror}.") from None
    refuse_pointer(start, path, dataset)
    return start
