"""Arrays on disk: `.npz` files without pickles, under any names, and single ones as `.npy`.

Files may come from strangers: what a member declares is looked at before it is read.
"""

from __future__ import annotations

import io
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .size_limits import MOST_DEFLATED, in_bytes, machine_memory

Array = NDArray[Any]
EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can hold
ENDING = ".npy"
MOST_MEMBERS = 2**16  # of an archive; a zip file without extensions holds no more
NUMBERS = "biufc"
TEXTS = "SU"
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that NumPy writes
ENCRYPTED = 1  # a flag of a member
LENGTH_BYTES = {b"\1\0": 2, b"\2\0": 4}  # of a header's length, by the version of the format
LONGEST_HEADER = 2**14  # bytes; NumPy's own limit is below
BLOCK = 2**20  # bytes
HEADER_ERRORS = (
    SyntaxError, RecursionError, OverflowError, TypeError, LookupError, AttributeError, MemoryError,
    tokenize.TokenError, struct.error,
)  # fmt: skip


class NoArrayError(ValueError):
    """A member of an archive that is no array of numbers; the message says what it is instead, behind its name."""


class ArrayFile:
    """An open `.npz` file.

    Attributes
    ----------
    names : of its arrays.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in archive.infolist():
            name = member.filename.removesuffix(ENDING)
            if name in self._members or not name.isprintable():
                raise ValueError(f"it holds the array {name!a} twice, or its name is no plain text")
            self._members[name] = member
        if len(self._members) > MOST_MEMBERS:
            raise ValueError(f"it holds {len(self._members)} arrays; {MOST_MEMBERS} are read at most")
        self.names = tuple(self._members)

    def read(self, name: str, most: int) -> Array:
        """An array of at most so many bytes.

        Raises
        ------
        KeyError : there is none of the name.
        NoArrayError : it is no array of numbers or texts.
        ValueError : it is damaged, or larger.
        """
        member = self._members[name]
        if member.compress_type not in PACKINGS or member.flag_bits & ENCRYPTED:
            raise ValueError(f"{name} is encrypted, or packed in a way that NumPy does not write")
        there = min(member.file_size, member.compress_size * MOST_DEFLATED)
        with self._archive.open(member) as content:
            return _array(content, name, there, most)


def _array(content: IO[bytes], name: str, there: int, most: int) -> Array:
    """An array that takes at most as many bytes as are `there`, and at most as many as are allowed."""
    shape, in_columns, dtype = _header(content, name)
    size = prod(shape) * dtype.itemsize
    if size > there:
        raise ValueError(f"{name} of shape {shape} takes {in_bytes(size)}; the file holds {in_bytes(there)} at most")
    if size > most:
        raise ValueError(f"{name} of shape {shape} takes {in_bytes(size)}; {in_bytes(most)} can be read")
    flat = np.empty(prod(shape), dtype)
    _fill(flat.view(np.uint8), content, name)
    return flat.reshape(shape[::-1]).transpose() if in_columns else flat.reshape(shape)


def _header(content: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape of an array, whether it is stored column by column, and its type."""
    magic = np.lib.format.MAGIC_PREFIX
    start = content.read(len(magic) + 2)
    if not start.startswith(magic):
        raise NoArrayError("is no NumPy array")
    if start[len(magic) :] not in LENGTH_BYTES:
        raise ValueError(f"{name} is in a version of NumPy's format that plain numbers do not need")
    length = content.read(LENGTH_BYTES[start[len(magic) :]])
    header = io.BytesIO(length + content.read(min(int.from_bytes(length, "little"), LONGEST_HEADER)))
    read = np.lib.format.read_array_header_1_0 if len(length) == 2 else np.lib.format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files of Python 2
            shape, in_columns, dtype = read(header)
    except HEADER_ERRORS as error:  # NumPy has Python parse the header, which stumbles in its own ways
        raise ValueError(f"the header of {name} makes no sense") from error
    if dtype.hasobject:
        raise NoArrayError("holds Python objects")
    if dtype.kind not in NUMBERS + TEXTS or not dtype.itemsize:
        raise NoArrayError(f"has the type {dtype}")
    if any(size < 0 for size in shape):
        raise ValueError(f"{name} has a size below 0 in its shape {shape}")
    return shape, in_columns, dtype


def _fill(target: NDArray[np.uint8], content: IO[bytes], name: str) -> None:
    """Read as many bytes as an array takes, block by block, and check that no more follow."""
    for first in range(0, target.size, BLOCK):
        part = target[first : first + BLOCK]
        block = content.read(part.size)
        if len(block) < part.size:
            raise ValueError(f"{name} ends after {first + len(block)} of {target.size} bytes")
        part[:] = np.frombuffer(block, np.uint8)
    if content.read(1):
        raise ValueError(f"{name} has more bytes than its shape takes, {target.size}")


@contextmanager
def open_arrays(path: Path) -> Iterator[ArrayFile]:
    """Open an `.npz` file.

    Raises
    ------
    OSError : it cannot be read.
    ValueError : it is damaged, or no `.npz` file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield ArrayFile(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error


def read_arrays(path: Path, most: int | None = None) -> dict[str, Array]:
    """All arrays of an `.npz` file.

    Parameters
    ----------
    most : bytes that they may take together; None for as many as the machine has.

    Raises
    ------
    OSError : it cannot be read.
    ValueError : it is damaged, no `.npz` file, too large, or holds pickles.
    """
    rest = machine_memory() if most is None else most
    arrays: dict[str, Array] = {}
    with open_arrays(path) as file:
        for name in file.names:
            arrays[name] = file.read(name, rest)
            rest -= arrays[name].nbytes
    return arrays


def read_array(path: Path) -> Array:
    """The array of an `.npy` file.

    Raises
    ------
    OSError : it cannot be read.
    ValueError : it is damaged, no array of numbers or texts, or larger than the machine's memory.
    """
    with path.open("rb") as content:
        return _array(content, path.name, path.stat().st_size, machine_memory())


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an `.npz` file; unlike `numpy.savez` it allows every name a population may have, "file" too.

    The same arrays give the same bytes: no time is written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}{ENDING}", EARLIEST)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, member.getvalue(), zipfile.ZIP_DEFLATED)
