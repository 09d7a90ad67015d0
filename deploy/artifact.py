"""The folder that a deployment leaves behind, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..backends.counters_file import COUNTERS_NAME, read_counters, write_counters
from ..backends.program import Program
from ..backends.run import Counters
from ..models.errors import UnsupportedModelError, UsageError

FORMAT = 1
MANIFEST_NAME = "manifest.json"
REPORT_NAME = "report.json"
LEDGER_NAME = "ledger.json"
PAGE_NAME = "report.html"
PROGRAM_FOLDER = "program"
LAVA_FOLDER = "lava"


def check_destination(out: Path) -> None:
    """Refuse a place that an artifact cannot be written to, or whose contents it must not replace.

    Raises
    ------
    UsageError : `out` is a file, or a folder with something else than an artifact in it, or cannot be replaced.
    """
    place = _real(out)
    try:
        if place.exists() and not place.is_dir():
            raise UsageError(f"{out} is a file; --out needs a folder.")
        if place.is_dir() and any(place.iterdir()) and not (place / MANIFEST_NAME).is_file():
            raise UsageError(f"{out} holds files that are no deployment; choose another folder with --out.")
        if Path.cwd().is_relative_to(place) or os.path.ismount(place):
            raise UsageError(f"{out} is in use as a folder and cannot be replaced; choose one within it with --out.")
        above = place.parent
        while not above.exists():
            above = above.parent
        if not above.is_dir():
            raise UsageError(f"{out} cannot be written: {above} is a file.")
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=above):
            pass
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from None


@dataclass(frozen=True, eq=False)
class Artifact:
    """What a deployment leaves behind.

    Attributes
    ----------
    program : what backends run.
    counters : of the run on all samples.
    report, config : as JSON can hold them.
    texts : further text files by name, such as "report.html".
    write : writes what else belongs to it, such as routing tables, into its folder.
    """

    program: Program
    counters: Counters
    report: Mapping[str, Any]
    config: Mapping[str, Any]
    texts: Mapping[str, str]
    write: Callable[[Path], None]


def write_artifact(out: Path, artifact: Artifact) -> None:
    """Write everything into a folder beside `out` and then put it in the place of `out`."""
    replace_folder(out, lambda folder: _fill(folder, artifact))


def write_comparison(
    out: Path, artifacts: Mapping[str, Artifact], report: Mapping[str, Any], texts: Mapping[str, str]
) -> None:
    """Write several deployments of a model, each into a folder of its own within `out`, and what compares them.

    Parameters
    ----------
    artifacts : by the name of their folder.
    report : the comparison, as JSON can hold it.
    texts : further text files beside it by name.
    """

    def fill(folder: Path) -> None:
        for name, artifact in artifacts.items():
            (folder / name).mkdir()
            _fill(folder / name, artifact)
        for name, text in {REPORT_NAME: _json(report), **texts}.items():
            (folder / name).write_text(text, encoding="utf-8")
        _write_manifest(folder, {"comparison": list(artifacts)})

    replace_folder(out, fill)


def _fill(folder: Path, artifact: Artifact) -> None:
    from ..backends.lava.export import write_standalone

    program, report = artifact.program, artifact.report
    (folder / PROGRAM_FOLDER).mkdir()
    program.save(folder / PROGRAM_FOLDER)
    write_counters(artifact.counters, folder / COUNTERS_NAME)
    write_standalone(program.network, folder / LAVA_FOLDER, program.mapping.core_of)
    artifact.write(folder)
    texts = {REPORT_NAME: _json(report), LEDGER_NAME: _json(report["ledger"]), **artifact.texts}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _write_manifest(folder, {"seed": report["seed"], "versions": report["versions"], "config": dict(artifact.config)})


def _write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    files = {path.relative_to(folder).as_posix(): _digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    (folder / MANIFEST_NAME).write_text(_json({"format": FORMAT, **content, "files": files}), encoding="utf-8")


def replace_folder(out: Path, fill: Callable[[Path], None]) -> None:
    """Make `out` what `fill` writes; when it fails or is interrupted, the old `out`, or none, stays."""
    place = _real(out)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from None
    old = partial.with_name(f"{partial.name}.old")
    try:
        partial.chmod(0o755)
        fill(partial)
        if place.exists():
            place.rename(old)
        partial.rename(place)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}.") from None
    finally:
        if old.exists() and not place.exists():
            old.rename(place)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def read_report(folder: Path) -> dict[str, Any]:
    """The report of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or its report is not what was written.
    """
    _verify(folder, REPORT_NAME)
    report: dict[str, Any] = json.loads((folder / REPORT_NAME).read_text(encoding="utf-8"))
    return report


def load_counters(folder: Path) -> Counters:
    """The counters of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, has no counters, or they are not what was written.
    """
    _verify(folder, COUNTERS_NAME)
    return read_counters(folder / COUNTERS_NAME)


def checked_file(folder: Path, name: str) -> Path:
    """Where a file of an artifact lies.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, has no such file, or it is not what was written.
    """
    _verify(folder, name)
    return folder / name


def read_choices(folder: Path) -> dict[str, Any]:
    """The configuration that an artifact was deployed with, as JSON has it.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact.
    """
    manifest, _ = _manifest(folder)
    return dict(manifest.get("config") or {})


def load_program(folder: Path) -> Program:
    """The program of an artifact.

    Raises
    ------
    UnsupportedModelError : the folder is no artifact, or its program is not what was written.
    UsageError : it holds deployments for several targets.
    """
    _verify(folder, f"{PROGRAM_FOLDER}/")
    return Program.load(folder / PROGRAM_FOLDER)


def _manifest(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The manifest, and the hash of each file by its name."""
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        version, files = manifest["format"], dict(manifest["files"])
    except (FileNotFoundError, NotADirectoryError):
        raise UnsupportedModelError(f"{folder} is no deployment: it has no {MANIFEST_NAME}.") from None
    except OSError as error:
        raise UnsupportedModelError(f"{folder} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError):
        raise UnsupportedModelError(f"{folder}: {MANIFEST_NAME} is damaged: deploy again.") from None
    if version != FORMAT:
        raise UnsupportedModelError(
            f"{folder} was written in format {version}, this version reads {FORMAT}: deploy again."
        )
    return manifest, files


def _verify(folder: Path, beginning: str) -> None:
    """Compare the files whose names begin so with their hashes in the manifest."""
    manifest, files = _manifest(folder)
    listed = [name for name in files if name.startswith(beginning)]
    several = manifest.get("comparison")
    if not listed and several:
        raise UsageError(
            f"{folder} holds deployments for several targets: name one of them, such as {folder / several[0]}."
        )
    if not listed:
        raise UnsupportedModelError(f"{folder}: {MANIFEST_NAME} lists no {beginning}: deploy again.")
    for name in listed:
        try:
            found = _digest(folder / name)
        except OSError as error:
            raise UnsupportedModelError(f"{folder}: {name} cannot be read: {error.strerror}.") from None
        if found != files[name]:
            raise UnsupportedModelError(
                f"{folder}: {name} is not what the deployment wrote (its hash differs from the one in "
                f"{MANIFEST_NAME}): deploy again."
            )


def _json(document: Any) -> str:
    return json.dumps(document, indent=1) + "\n"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _real(out: Path) -> Path:
    """Where a path leads, links resolved: a link to a folder stays, its folder is replaced."""
    return Path(os.path.realpath(out))
