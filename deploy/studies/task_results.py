"""Results of a study's tasks on disk, each written whole, so that an interrupted study goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...models.array_file import read_arrays, write_arrays
from ...models.errors import UsageError
from .study import Outcome, Row

FORMAT = 1
PLAN_NAME = "study-plan.json"
TASKS_FOLDER = "tasks"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def folder_for(folder: Path, plan: Mapping[str, Any]) -> Path:
    """The folder, or where something else is in it, the first of NAME-2, NAME-3 and so on that has room for a study.

    Parameters
    ----------
    folder : that is wanted.
    plan : as `TaskResults` gets it; a study of the same plan is gone on with.
    """
    text = _plan_text(plan)
    for number in itertools.count(1):
        place = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        if not os.path.lexists(place):  # or nobody may see; writing there then says why not
            return place
        with contextlib.suppress(OSError):  # a file of this name, or a folder that is none of ours
            if not any(place.iterdir()) or (place / PLAN_NAME).read_bytes() == text:
                return place
    raise AssertionError  # numbers do not end


class TaskResults:
    """The results in the folder of a study.

    Parameters
    ----------
    folder : of the study; made where there is none.
    plan : all that results depend on, as JSON can hold it.

    Attributes
    ----------
    out : that folder.

    Raises
    ------
    UsageError : the folder cannot be written, or holds something else, or another study.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self.out = folder
        self._folder = folder / TASKS_FOLDER
        text = _plan_text(plan)
        file = folder / PLAN_NAME
        try:
            if folder.is_dir() and any(folder.iterdir()):
                self._check_same(folder, file, text)
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(file, text)
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}.") from None

    @staticmethod
    def _check_same(folder: Path, file: Path, text: bytes) -> None:
        if not file.is_file():
            raise UsageError(f"{folder} holds files that are no study; choose another folder with --out.")
        if file.read_bytes() != text:
            raise UsageError(
                f"{folder} holds another study (other options, model, data or version; see {PLAN_NAME} there): choose "
                "another folder with --out, or remove that one."
            )

    def read(self, name: str) -> Outcome | None:
        """What a task found; None where it was not done, or its file is damaged."""
        try:
            document = json.loads(self._file(name, ".json").read_text(encoding="utf-8"))
            arrays = {}
            if document["arrays"] is not None:
                file = self._file(name, ".npz")
                if hashlib.sha256(file.read_bytes()).hexdigest() != document["arrays"]:
                    return None
                arrays = read_arrays(file)
            return Outcome(tuple(document["rows"]), arrays)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def write(self, name: str, outcome: Outcome) -> None:
        """Keep what a task found.

        Raises
        ------
        UsageError : the disk is full or gone.
        """
        try:
            digest = None
            if outcome.arrays:
                with tempfile.TemporaryDirectory(dir=self._folder) as place:
                    partial = Path(place) / "arrays.npz"
                    write_arrays(partial, outcome.arrays)
                    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
                    partial.replace(self._file(name, ".npz"))
            document = {"rows": [_finite(row) for row in outcome.rows], "arrays": digest}
            _write(self._file(name, ".json"), json.dumps(document, allow_nan=False).encode())
        except OSError as error:
            raise UsageError(f"{self._folder} cannot be written: {error.strerror}; what is done stays.") from None

    def _file(self, name: str, ending: str) -> Path:
        if not SAFE.fullmatch(name):
            raise ValueError(f"a task cannot be named {name!r}")
        return self._folder / (name + ending)


def _plan_text(plan: Mapping[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, **plan}, indent=1, sort_keys=True).encode()


def _finite(row: Row) -> dict[str, Any]:
    """A row as JSON can hold it: what is infinite or no number is not known."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()
    }


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    handle, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        Path(partial).chmod(0o644)
        Path(partial).replace(file)
    finally:
        Path(partial).unlink(missing_ok=True)
