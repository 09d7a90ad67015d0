"""Machine code on disk that many processes read and write at once: each compiled function has a file of its own.

Numba keeps a list of a function's files, one for each type of its arguments, and two processes that add to the list at
the same time may come to give one file's name to the code of both: later runs would then take the wrong code, without
a word. Here a file is named after what is in it, and is put in its place whole, so that processes never meet. It says
itself what it is of, and its hash, so that damaged code is compiled anew instead of run.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from pathlib import Path
from typing import Any

import numba
from numba.core import dispatcher
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from .kept_bytes import keep, read_kept


class CompiledCodeFiles:
    """The files of one function; takes the place of Numba's `IndexDataCacheFile`.

    Parameters
    ----------
    folder : where they lie.
    function : beginning of their names.
    source : what changes with the text of the function.
    """

    def __init__(self, folder: Path, function: str, source: Any) -> None:
        self._folder, self._function, self._source = folder, function, source

    def load(self, key: Any) -> Any:
        """What was compiled for a key; None where nothing was, or its file is damaged."""
        body = read_kept(self._file(key))
        if body is None:
            return None
        found, data = pickle.loads(body)
        return data if found == (self._source, key) else None

    def save(self, key: Any, data: Any) -> None:
        """Keep what was compiled for a key.

        Raises
        ------
        OSError : there is no room.
        """
        body: bytes = dumps(((self._source, key), data))  # type: ignore[no-untyped-call]
        keep(self._file(key), body)

    def _file(self, key: Any) -> Path:
        name = hashlib.sha256(repr((numba.__version__, key)).encode()).hexdigest()[:24]
        return self._folder / f"{self._function}.{name}.nbc"


class SharedFunctionCache(FunctionCache):
    """Numba's cache of a function, on files that processes can share."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        source = self._impl.locator.get_source_stamp()
        files = CompiledCodeFiles(Path(self.cache_path), self._impl.filename_base, source)
        self._cache_file = files  # type: ignore[assignment]

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled if there is room; it is compiled anew otherwise."""
        with contextlib.suppress(OSError):
            super().save_overload(signature, compiled)  # type: ignore[no-untyped-call]


def share_compiled_code() -> None:
    """Let every function that Numba shall keep from now on be kept so."""
    dispatcher.FunctionCache = SharedFunctionCache  # type: ignore[attr-defined]
