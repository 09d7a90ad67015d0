"""What an artifact consists of: its manifest lists every file with its hash, and is itself hashed.

So a changed byte is found wherever it is, and a file that was added or is missing. A manifest may come from a stranger:
the names in it lead nowhere, they are only compared with the names of the files that are there, and a link is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...models.errors import UnsupportedModelError
from .folder_replacement import bring_back, real_place

FORMAT = 2
MANIFEST_NAME = "manifest.json"
PARTS = "comparison"
"""Key of the names of folders in it that are artifacts of their own; there is none in the artifact of one target."""
_OWN_HASH = "hash"
_MOST_BYTES = 1 << 26
"""Of a manifest: enough for some 500,000 files."""


def json_text(document: Any) -> str:
    """A document as all JSON files of an artifact have it."""
    return json.dumps(document, indent=1) + "\n"


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest of all that is in a folder, last of all.

    Parameters
    ----------
    content : what else it says, as JSON can hold it.
    """
    files = {name: _digest(path) for name, path in sorted(_files(folder))}
    document = {"format": FORMAT, **content, "files": files}
    (folder / MANIFEST_NAME).write_text(json_text(_hashed(document)), encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an artifact every file of which is as the deployment wrote it.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or anything in it was changed, added, removed, or is a link.
    """
    while True:
        before = _number(folder)
        try:
            manifest = _checked(folder)
        except UnsupportedModelError:
            if _number(folder) == before:
                raise
        else:
            if _number(folder) == before:
                return manifest
        # Another deployment took its place meanwhile: what was read is of both.


def _number(folder: Path) -> int | None:
    """What tells a folder from another in its place; None where there is none."""
    with contextlib.suppress(OSError):
        return folder.stat().st_ino
    return None


def _checked(folder: Path) -> dict[str, Any]:
    manifest = _checked_text(folder, _text(folder))
    expected: dict[str, str] = manifest["files"]
    found = set()
    try:
        for name, path in _files(folder):
            if name == MANIFEST_NAME:
                continue
            if name not in expected:
                raise UnsupportedModelError(
                    f"{folder}: {name} is not part of what the deployment wrote: remove it, or deploy again."
                )
            if _digest(path) != expected[name]:
                raise UnsupportedModelError(
                    f"{folder}: {name} is not what the deployment wrote (its hash differs from the one in "
                    f"{MANIFEST_NAME}): deploy again."
                )
            found.add(name)
    except OSError as error:
        place = Path(error.filename).relative_to(folder).as_posix() if error.filename else "a file"
        raise UnsupportedModelError(f"{folder}: {place} cannot be read: {error.strerror}.") from None
    missing = sorted(set(expected) - found)
    if missing:
        raise UnsupportedModelError(f"{folder}: {missing[0]} is missing, which the deployment wrote: deploy again.")
    return manifest


def _text(folder: Path) -> str:
    path = folder / MANIFEST_NAME
    try:
        if not folder.exists():
            bring_back(real_place(folder))
        kind = path.lstat()
        if not stat.S_ISREG(kind.st_mode) or kind.st_size > _MOST_BYTES:
            raise UnsupportedModelError(f"{folder}: {MANIFEST_NAME} is no file that a deployment wrote: deploy again.")
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise UnsupportedModelError(f"{folder} is no deployment: it has no {MANIFEST_NAME}.") from None
    except UnicodeDecodeError:
        raise _damaged(folder) from None
    except OSError as error:
        raise UnsupportedModelError(f"{folder} cannot be read: {error.strerror}.") from None


def _checked_text(folder: Path, text: str) -> dict[str, Any]:
    """The manifest that a text says, if it is the text that was written."""
    try:
        manifest = json.loads(text)
        version = manifest["format"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(folder) from None
    if version != FORMAT:
        raise UnsupportedModelError(
            f"{folder} was written in format {version!r}, this version reads {FORMAT}: deploy again."
        )
    rest = {key: value for key, value in manifest.items() if key != _OWN_HASH}
    files, parts = rest.get("files"), rest.get(PARTS, [])
    sound = isinstance(files, dict) and isinstance(rest.get("config", {}), dict) and _are_names(parts)
    if not sound or text != json_text(_hashed(rest)):
        raise _damaged(folder)
    if any(f"{part}/{MANIFEST_NAME}" not in rest["files"] for part in parts):
        raise _damaged(folder)
    return rest


def _are_names(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _damaged(folder: Path) -> UnsupportedModelError:
    return UnsupportedModelError(f"{folder}: {MANIFEST_NAME} is damaged: deploy again.")


def _hashed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with its own hash as the last key."""
    return {**document, _OWN_HASH: hashlib.sha256(json_text(document).encode()).hexdigest()}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file in a folder and below, as its name from there, "/" between folders, and its path.

    Raises
    ------
    UnsupportedModelError : something is neither file nor folder, such as a link.
    OSError : it cannot be read.
    """
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                name = path.relative_to(folder).as_posix()
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield name, path
                else:
                    raise UnsupportedModelError(
                        f"{folder}: {name} is a link or a device, not a file that a deployment wrote: deploy again."
                    )


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
