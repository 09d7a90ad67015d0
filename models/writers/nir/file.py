"""The HDF5 side of writing NIR: nodes in their order, whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UsageError
from ...readers.nir.file import NodeDict


def write_file(
    path: Path,
    nodes: Mapping[str, NodeDict],
    edges: list[tuple[str, str]],
    metadata: dict[str, Any],
    *,
    type_check: bool,
) -> None:
    """Write a file beside `path`, let NIR's own reader read it, and put it in the place of `path`.

    `nir.write` sorts nodes by their names; here they stay in their order, from which tools like NIRTorch learn which
    edges carry the previous step.

    Raises
    ------
    UsageError : `path` cannot be written to.
    """
    import h5py
    import nir

    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise UsageError(f"{path} is a folder; --out needs the name of a file.")
    if place.exists() and not place.is_file():
        raise UsageError(f"{path} is a device or a pipe, which a file cannot replace; --out needs the name of a file.")
    above = next(folder for folder in place.parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{path} cannot be written: {above} is a file.")
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    graph = {"type": "NIRGraph", "nodes": nodes, "edges": edges, "metadata": metadata}
    # HDF5's library crashes on a full disk, so it writes into memory, and Python writes that to the disk.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        _fill(file, {"version": nir.version, "node": graph})
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content.getbuffer())
        nir.read(temporary, type_check)
        temporary.replace(place)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _fill(group: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            if value or name != "metadata":
                _fill(group.create_group(name, track_order=True), value)
        elif isinstance(value, np.ndarray) and value.ndim:
            group.create_dataset(name, data=_compact(value), compression="gzip")
        else:
            group.create_dataset(name, data=value)


def _compact(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """In 32 bits where nothing is lost."""
    if values.dtype != np.float64:
        return values
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return single if np.array_equal(single, values) else values
