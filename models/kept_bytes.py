"""Bytes in the cache that many processes read and write at once: whole or not at all, each file with its hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

_DIGEST_BYTES = hashlib.sha256().digest_size


def read_kept(file: Path) -> bytes | None:
    """What was kept; None where nothing was, or the file is damaged."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return body if hashlib.sha256(body).digest() == digest else None


def keep(file: Path, body: bytes) -> None:
    """Put bytes in their place, which nobody sees before all of them are there.

    Raises
    ------
    OSError : there is no room.
    """
    handle, partial = tempfile.mkstemp(prefix=f".{file.name[:64]}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(hashlib.sha256(body).digest() + body)
        Path(partial).replace(file)
    except BaseException:
        Path(partial).unlink()
        raise
