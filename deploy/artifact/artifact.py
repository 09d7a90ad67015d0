"""The folder that a deployment leaves behind, read: nothing of it is given out that is not as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...backends.counters_file import COUNTERS_NAME, read_counters
from ...backends.program import Program
from ...backends.run import Counters
from ...models.errors import UnsupportedModelError, UsageError
from .manifest import MANIFEST_NAME, PARTS, read_manifest

REPORT_NAME = "report.json"
LEDGER_NAME = "ledger.json"
PAGE_NAME = "report.html"
PROGRAM_FOLDER = "program"
LAVA_FOLDER = "lava"


def read_report(folder: Path) -> dict[str, Any]:
    """The report of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or anything in it is not what was written.
    """
    from ..report_schema.reading import read_document

    return read_document(checked_file(folder, REPORT_NAME))  # whoever changed it may have made new hashes as well


def load_counters(folder: Path) -> Counters:
    """The counters of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, has no counters, or anything in it is not what was written.
    """
    return read_counters(checked_file(folder, COUNTERS_NAME))


def checked_file(folder: Path, name: str) -> Path:
    """Where a file of an artifact lies.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, has no such file, or anything in it is not what was written.
    """
    _checked(folder, name)
    return folder / name


def read_choices(folder: Path) -> dict[str, Any]:
    """The configuration that an artifact was deployed with, as JSON has it.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or anything in it is not what was written.
    """
    return dict(read_manifest(folder).get("config", {}))


def deployments_in(folder: Path) -> list[Path]:
    """The folder itself, or those of the targets that it was deployed for.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or anything in it is not what was written.
    """
    parts = read_manifest(folder).get(PARTS)
    return [folder] if parts is None else [folder / name for name in parts]


def load_program(folder: Path) -> Program:
    """The program of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or anything in it is not what was written.
    UsageError : it holds deployments for several targets.
    """
    _checked(folder, f"{PROGRAM_FOLDER}/")
    return Program.load(folder / PROGRAM_FOLDER)


def refuse_within(folder: Path, out: Path | None) -> None:
    """Refuse to write into an artifact, which would no longer be what the deployment wrote.

    Raises
    ------
    UsageError : `out` lies in it.
    """
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies in the deployment, which stays as it was written: choose another place.")


def _checked(folder: Path, beginning: str) -> None:
    """Check an artifact, and that it has files whose names begin so."""
    manifest = read_manifest(folder)
    if any(name.startswith(beginning) for name in manifest["files"]):
        return
    parts = manifest.get(PARTS)
    if parts:
        raise UsageError(
            f"{folder} holds deployments for several targets: name one of them, such as {folder / parts[0]}."
        )
    raise UnsupportedModelError(f"{folder}: {MANIFEST_NAME} lists no {beginning}: deploy again.")
