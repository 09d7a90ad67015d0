"""The folder that a deployment leaves behind, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...backends.counters_file import COUNTERS_NAME, write_counters
from ...backends.program import Program
from ...backends.run import Counters
from ...models.errors import UsageError
from .artifact import LAVA_FOLDER, LEDGER_NAME, PROGRAM_FOLDER, REPORT_NAME
from .folder_replacement import check_replaceable, real_place, replace_folder
from .manifest import MANIFEST_NAME, PARTS, json_text, write_manifest


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


def check_destination(out: Path) -> None:
    """Refuse a place that an artifact cannot be written to, or whose contents it must not replace.

    Raises
    ------
    UsageError : `out` is a file, or a folder with something else than an artifact in it, or cannot be replaced.
    """
    place = real_place(out)
    try:
        if place.exists() and not place.is_dir():
            raise UsageError(f"{out} is a file; --out needs a folder.")
        if place.is_dir() and any(place.iterdir()) and not (place / MANIFEST_NAME).is_file():
            raise UsageError(f"{out} holds files that are no deployment; choose another folder with --out.")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from None
    check_replaceable(out)


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
        _write_texts(folder, {REPORT_NAME: json_text(report), **texts})
        write_manifest(folder, {PARTS: list(artifacts)})

    replace_folder(out, fill)


def _fill(folder: Path, artifact: Artifact) -> None:
    from ...backends.lava.export import write_standalone

    program, report = artifact.program, artifact.report
    (folder / PROGRAM_FOLDER).mkdir()
    program.save(folder / PROGRAM_FOLDER)
    write_counters(artifact.counters, folder / COUNTERS_NAME)
    write_standalone(program.network, folder / LAVA_FOLDER, program.mapping.core_of)
    artifact.write(folder)
    _write_texts(folder, {REPORT_NAME: json_text(report), LEDGER_NAME: json_text(report["ledger"]), **artifact.texts})
    write_manifest(folder, {"seed": report["seed"], "versions": report["versions"], "config": dict(artifact.config)})


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
