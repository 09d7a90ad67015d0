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


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an `.npz` file; unlike `numpy.savez` it allows every name a population may have, "file" too."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getvalue())


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
