"""Arrays on disk: `.npz` files without pickles, under any names."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can hold


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an `.npz` file; unlike `numpy.savez` it allows every name a population may have, "file" too.

    The same arrays give the same bytes: no time is written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", EARLIEST)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, member.getvalue(), zipfile.ZIP_DEFLATED)


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of an `.npz` file.

    Raises
    ------
    OSError : it cannot be read.
    ValueError : it is damaged, no `.npz` file, or holds pickles.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
