"""HDF5 files from strangers, as dictionaries of arrays: NIR and lava-dl's `.net` are such files.

HDF5 can do more than hold arrays: it follows links into other files, makes up data that are stored nowhere, and unpacks
whatever it is told to. So everything is looked at before it is read, and only what a model needs is read at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UnsupportedModelError
from ..size_limits import DEEPEST_NESTING, FREE_BYTES, MOST_DEFLATED, MOST_NODES, in_bytes, is_showable, most_bytes
from .file_start import HDF5_MARK, file_start
from .trial import survived

MOST_OBJECTS = 4 * MOST_NODES
"""Groups and datasets of a file: HDF5 takes some seconds for as many."""
MOST_CHUNKS = 2**16
"""Chunks of a dataset; writers make them of 16 KiB at least."""
CHECKSUM = 4  # bytes
LENGTH_BYTES, INDEX_BYTES = 4, 4  # of a reference to a text, before and behind the address of a heap
NUMBERS = "biuf"


class _HostileError(Exception):
    """Why a file is not read further."""


def read_group(path: Path, name: str, kind: str) -> dict[str, Any] | None:
    """A group of a file's root as nested dictionaries; None where there is none of that name.

    Single texts are strings; what is neither numbers nor text is None.

    Parameters
    ----------
    kind : of the file, for messages.

    Raises
    ------
    UnsupportedModelError : no file, a git-LFS pointer, no HDF5, truncated, with links to elsewhere, or too large.
    """
    if not file_start(path).startswith(HDF5_MARK):
        raise UnsupportedModelError(f"{path} is not {kind}: it does not begin as HDF5 does.")
    import h5py

    def read() -> dict[str, Any] | None:
        try:
            with _damage_told(path), h5py.File(path, "r") as file:
                return _Content(path, path.stat().st_size).below(file, name)
        except _HostileError as error:
            raise UnsupportedModelError(f"{path} {error}.") from None

    survived(path, read, most_bytes(path.stat().st_size))
    return read()


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """What HDF5 and its wrapper raise where a file is not as it should be, as one sentence."""
    try:
        yield
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError, MemoryError) as error:
        words = " ".join(str(error).strip("'\"").split()).rstrip(".")
        reason = "".join(letter if letter.isprintable() else "?" for letter in words) or type(error).__name__
        raise UnsupportedModelError(f"{path} is truncated or damaged: {reason}.") from None


@dataclass
class _Content:
    """Reads groups, and counts what it reads.

    Attributes
    ----------
    path : of the file.
    file_size : its bytes.
    taken : bytes that were read so far.
    objects : groups and datasets that were met.
    groups : addresses of groups that were met.
    address_bytes : that an address within the file takes.
    """

    path: Path
    file_size: int
    taken: int = 0
    objects: int = 0
    groups: set[int] = field(default_factory=set)
    address_bytes: int = 8

    def below(self, file: Any, name: str) -> dict[str, Any] | None:
        """The group of a name in the file's root."""
        if name not in self._names(file, "the file"):
            return None
        self.address_bytes, _ = file.id.get_create_plist().get_sizes()
        return self._group(self._opened(file, name, name), name, 1)

    def _group(self, group: Any, place: str, depth: int) -> dict[str, Any] | None:
        import h5py

        if not isinstance(group, h5py.Group):
            return None
        if depth > DEEPEST_NESTING:
            raise _HostileError(f"nests groups deeper than {DEEPEST_NESTING}")
        address = h5py.h5o.get_info(group.id).addr
        if address in self.groups:
            raise _HostileError(f"has the group {place!r} in two places, or within itself")
        self.groups.add(address)
        content: dict[str, Any] = {}
        for name in self._names(group, place):
            inner = f"{place}/{name}"
            thing = self._opened(group, name, inner)
            if isinstance(thing, h5py.Group):
                content[name] = self._group(thing, inner, depth + 1)
            elif isinstance(thing, h5py.Dataset):
                content[name] = self._value(thing, inner)
        return content

    def _names(self, group: Any, place: str) -> list[str]:
        """Names of what a group holds."""
        self.objects += len(group)
        if self.objects > MOST_OBJECTS:
            raise _HostileError(f"holds {self.objects} groups and datasets or more; {MOST_OBJECTS} are read at most")
        names = list(group)
        for name in names:
            if not isinstance(name, str) or not is_showable(name) or "/" in name:  # bytes are no UTF-8
                raise _HostileError(f"has a name in {place!r} that is no plain text, {name[:40]!a}")
        return names

    def _opened(self, group: Any, name: str, place: str) -> Any:
        """A member that lies in the file itself; links, which may lead to other files, are not followed."""
        import h5py

        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _HostileError(f"holds a link in place of {place!r}, and links are not followed: save the data itself")
        return group[name]

    def _value(self, dataset: Any, place: str) -> Any:
        """What a dataset holds: an array, a number or a text."""
        import h5py

        shape, dtype = dataset.shape, dataset.dtype
        if shape is None:
            return None
        texts = h5py.check_string_dtype(dtype)
        if dtype.kind not in NUMBERS and texts is None:
            return None
        properties = dataset.id.get_create_plist()
        layout = properties.get_layout()
        if layout == h5py.h5d.VIRTUAL or properties.get_external_count():
            raise _HostileError(f"keeps the data of {place!r} in other files, which are not read: save all in one file")
        self._take(prod(shape) * dtype.itemsize, place)
        if layout == h5py.h5d.CHUNKED:
            self._require_honest_chunks(dataset, properties, place)
        if texts is not None and texts.length is None:
            if not prod(shape):
                return np.zeros(shape, dtype=object)
            if layout == h5py.h5d.CHUNKED:
                references = self._packed_references(dataset, properties, place)
            elif layout == h5py.h5d.CONTIGUOUS:
                if prod(shape) > MOST_OBJECTS:
                    raise _HostileError(f"holds {prod(shape)} texts in {place!r}; {MOST_OBJECTS} are read at most")
                references = self._references(dataset, prod(shape), place)
            else:
                raise _HostileError(f"keeps the texts of {place!r} in its header: save them in a dataset of their own")
            self._require_honest_texts(references, place)
        value = dataset[()]
        return value.decode("utf8") if isinstance(value, bytes) else value

    def _take(self, size: int, place: str) -> None:
        self.taken += size
        most = most_bytes(self.file_size)
        if self.taken > most:
            raise _HostileError(
                f"declares {in_bytes(self.taken)} of data up to {place!r}, of which a file of "
                f"{in_bytes(self.file_size)} may hold {in_bytes(most)}"
            )

    def _require_honest_chunks(self, dataset: Any, properties: Any, place: str) -> None:
        """Chunks take no more memory than they declare, and there are not more than anybody writes."""
        from h5py import h5z

        chunks = properties.get_chunk()
        chunk = prod(chunks) * dataset.dtype.itemsize
        count = prod(-(-size // step) for size, step in zip(dataset.shape, chunks, strict=True))
        if chunk > most_bytes(self.file_size) or count > MOST_CHUNKS:
            raise _HostileError(
                f"stores {place!r} in {count} chunks of {in_bytes(chunk)}; {MOST_CHUNKS} of "
                f"{in_bytes(most_bytes(self.file_size))} are read at most"
            )
        filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
        known = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
        if set(filters) - known or len(set(filters)) < len(filters):
            raise _HostileError(f"packs {place!r} in a way that is not read: save it with gzip, or unpacked")
        if h5z.FILTER_DEFLATE in filters:
            self._require_no_bomb(dataset, place, chunk + CHECKSUM)

    def _require_no_bomb(self, dataset: Any, place: str, most: int) -> None:
        """HDF5 unpacks a chunk to its end, however long it is; a small one cannot become large.

        Parameters
        ----------
        most : bytes of a chunk when it is unpacked, perhaps with a checksum.
        """
        suspects: list[tuple[int, ...]] = []

        def look(stored: Any) -> None:
            if stored.size * MOST_DEFLATED > FREE_BYTES:
                suspects.append(stored.chunk_offset)

        dataset.id.chunk_iter(look)
        for offset in suspects:
            _, packed = dataset.id.read_direct_chunk(offset)
            try:
                unpacked = zlib.decompressobj().decompress(packed, most + 1)
            except zlib.error:  # HDF5 will not unpack it either
                continue
            if len(unpacked) > most:
                raise _HostileError(f"packs more into a chunk of {place!r} than the {in_bytes(most)} that it declares")

    def _references(self, dataset: Any, count: int, place: str) -> bytes:
        """What is stored for texts of any length: for each a length and where it lies."""
        offset = dataset.id.get_offset()
        if offset is None:
            raise _HostileError(f"has nothing where the texts of {place!r} should be")
        size = count * self._reference_bytes
        with self.path.open("rb") as file:
            file.seek(offset)
            references = file.read(size)
        if len(references) < size:
            raise _HostileError(f"ends before the texts of {place!r}")
        return references

    def _packed_references(self, dataset: Any, properties: Any, place: str) -> bytes:
        """The same of chunks, unpacked here: HDF5 would follow the references at once."""
        from h5py import h5z

        filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
        if set(filters) - {h5z.FILTER_DEFLATE}:
            raise _HostileError(
                f"packs the texts of {place!r} in a way that is not read: save them with gzip, or unpacked"
            )
        most = prod(properties.get_chunk()) * self._reference_bytes
        stored: list[tuple[int, ...]] = []
        dataset.id.chunk_iter(lambda chunk: stored.append(chunk.chunk_offset))
        parts = []
        for offset in stored:
            skipped, packed = dataset.id.read_direct_chunk(offset)
            try:
                part = zlib.decompressobj().decompress(packed, most + 1) if filters and not skipped else packed
            except zlib.error:
                raise _HostileError(f"packs the texts of {place!r} in a way that cannot be unpacked") from None
            if len(part) != most:
                raise _HostileError(f"packs {len(part)} bytes where the texts of {place!r} take {most}")
            parts.append(part)
        return b"".join(parts)

    @property
    def _reference_bytes(self) -> int:
        return LENGTH_BYTES + self.address_bytes + INDEX_BYTES

    def _require_honest_texts(self, references: bytes, place: str) -> None:
        """Texts of any length are references; HDF5 takes memory for the length that they say before it looks there."""
        count = len(references) // self._reference_bytes
        if count > MOST_OBJECTS:
            raise _HostileError(f"holds {count} texts in {place!r}; {MOST_OBJECTS} are read at most")
        if not count:
            return
        rows = np.frombuffer(references, np.uint8).reshape(count, self._reference_bytes)[:, :LENGTH_BYTES]
        lengths = rows.copy().view("<u4")
        if int(lengths.max()) > self.file_size:
            raise _HostileError(f"has a text in {place!r} that is said to be longer than the file itself")
        self._take(int(lengths.sum(dtype=np.int64)), place)
