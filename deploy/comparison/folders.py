"""Deployments that were written, to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...backends.program import CORES_NAME
from ...models.array_file import read_arrays
from ...models.errors import UnsupportedModelError, UsageError
from ..artifact.artifact import PROGRAM_FOLDER, checked_file, deployments_in, read_choices, read_report, refuse_within
from .comparison import FEWEST, CoresOf, Json, comparison_of
from .page import render_comparison


def compare_folders(folders: Sequence[Path], page: Path | None = None) -> Json:
    """Compare deployments that were written.

    Parameters
    ----------
    folders : what `deploy` wrote; one that holds deployments for several targets counts as all of them.
    page : the file to write the comparison to as a page, which may be there already; None for no page.

    Returns
    -------
    As `comparison_of`.

    Raises
    ------
    UsageError : there is one deployment only, a folder is named twice, or there is none of that name; or the page
        cannot be written, or would lie in a deployment.
    UnsupportedModelError : a folder holds no deployment, or a damaged one, or one of an older format.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} does not exist: name folders that spikeloom deploy wrote.")
        refuse_within(folder, page)
    found = [deployment for folder in folders for deployment in deployments_in(folder)]
    if len({folder.resolve() for folder in found}) < len(found):
        raise UsageError("A folder is named twice: name deployments that differ.")
    if len(found) < FEWEST:
        only = found[0] if found else folders[0]
        raise UsageError(f"There is nothing to compare {only} with: name two deployments or more.")
    reports = [read_report(folder) for folder in found]
    comparison = comparison_of(
        reports,
        labels=_labels(found),
        configurations=[read_choices(folder) for folder in found],
        cores_of=[_cores_of(folder, report["cores"]) for folder, report in zip(found, reports, strict=True)],
    )
    if page is not None:
        _write(page, render_comparison(comparison))
    return comparison


def _cores_of(folder: Path, cores: int) -> CoresOf:
    """Per layer, (neurons,) core numbers."""
    found = read_arrays(checked_file(folder, f"{PROGRAM_FOLDER}/{CORES_NAME}"))
    for array in found.values():
        numbers = array.ndim == 1 and np.issubdtype(array.dtype, np.integer)
        if not numbers or (array.size and not 0 <= int(array.min()) <= int(array.max()) < cores):
            raise UnsupportedModelError(f"{folder}: its program and its report do not belong together: deploy again.")
    return found


def _write(page: Path, text: str) -> None:
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{page} cannot be written: {error.strerror}.") from None


def _labels(folders: Sequence[Path]) -> list[str]:
    """Names of folders, with as much of their paths as tells them apart."""
    paths = [folder.resolve() for folder in folders]
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        labels = [str(Path(*path.parts[-parts:])) for path in paths]
        if len(set(labels)) == len(labels):
            break
    return labels
