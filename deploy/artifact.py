"""The folder that a deployment leaves behind, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..backends.program import Program
from ..models.errors import UnsupportedModelError, UsageError

FORMAT = 1
MANIFEST_NAME = "manifest.json"
REPORT_NAME = "report.json"
LEDGER_NAME = "ledger.json"
PAGE_NAME = "report.html"
PROGRAM_FOLDER = "program"
LAVA_FOLDER = "lava"


def check_destination(out: Path) -> None:
    """Refuse a place whose contents an artifact must not replace.

    Raises
    ------
    UsageError : `out` is a file, or a folder with something else than an artifact in it.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out needs a folder.")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST_NAME).is_file():
        raise UsageError(f"{out} holds files that are no deployment; choose another folder with --out.")


def write_artifact(
    out: Path, program: Program, report: Mapping[str, Any], config: Mapping[str, Any], pages: Mapping[str, str]
) -> None:
    """Write everything into a folder beside `out` and then put it in the place of `out`.

    Parameters
    ----------
    pages : further text files by name, such as "report.html".
    """

    def fill(folder: Path) -> None:
        from ..backends.lava.export import write_standalone

        (folder / PROGRAM_FOLDER).mkdir()
        program.save(folder / PROGRAM_FOLDER)
        write_standalone(program.network, folder / LAVA_FOLDER, program.mapping.core_of)
        (folder / REPORT_NAME).write_text(json.dumps(report, indent=1) + "\n")
        (folder / LEDGER_NAME).write_text(json.dumps(report["ledger"], indent=1) + "\n")
        for name, text in pages.items():
            (folder / name).write_text(text)
        manifest = {
            "format": FORMAT,
            "seed": report["seed"],
            "versions": report["versions"],
            "config": config,
            "files": {
                str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            },
        }
        (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1) + "\n")

    replace_folder(out, fill)


def replace_folder(out: Path, fill: Callable[[Path], None]) -> None:
    """Make `out` what `fill` writes; when it fails, the old `out`, or none, stays."""
    parent = out.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=parent))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from None
    try:
        partial.chmod(0o755)
        fill(partial)
        if out.exists():
            old = partial.with_name(f"{partial.name}.old")
            out.rename(old)
            partial.rename(out)
            shutil.rmtree(old)
        else:
            partial.rename(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_report(folder: Path) -> dict[str, Any]:
    """The report of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact.
    """
    try:
        report: dict[str, Any] = json.loads((folder / REPORT_NAME).read_text())
        return report
    except (OSError, ValueError) as error:
        raise UnsupportedModelError(f"{folder} is no deployment: its {REPORT_NAME} cannot be read ({error}).") from None


def load_program(folder: Path) -> Program:
    """The program of an artifact; raises UnsupportedModelError where there is none."""
    if not (folder / PROGRAM_FOLDER).is_dir():
        raise UnsupportedModelError(f"{folder} is no deployment: it has no folder {PROGRAM_FOLDER}.")
    return Program.load(folder / PROGRAM_FOLDER)
