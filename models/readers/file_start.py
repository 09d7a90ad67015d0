"""What every model file is looked at for first: whether it can be read, is the model itself, and holds anything."""

from __future__ import annotations

from pathlib import Path

from ..errors import UnsupportedModelError

HDF5_MARK = b"\x89HDF\r\n\x1a\n"
LFS_MARK = b"version https://git-lfs"


def file_start(path: Path) -> bytes:
    """The first bytes of a file, at most as many as git-LFS marks a pointer with.

    Raises
    ------
    UnsupportedModelError : it cannot be read, is a git-LFS pointer, or is empty.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(LFS_MARK))
    except OSError as error:
        raise UnsupportedModelError(f"{path} cannot be read: {error.strerror}.") from None
    if start == LFS_MARK:
        raise UnsupportedModelError(
            f"{path} is a git-LFS pointer, not the model itself: run `git lfs pull` where it came from."
        )
    if not start:
        raise UnsupportedModelError(f"{path} is empty.")
    return start
