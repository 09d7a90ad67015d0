"""The HDF5 side of a `.net` file: from bytes to one dictionary of arrays a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import UnsupportedModelError
from ..file_start import HDF5_MARK, file_start

LayerDict = dict[str, Any]


def read_layers(path: Path) -> list[LayerDict]:
    """The fields of every layer, in order; groups of fields are dictionaries of their own.

    Raises
    ------
    UnsupportedModelError : no file, a git-LFS pointer, no HDF5, truncated, no network of lava-dl, or a layer missing.
    """
    document = _load(path)
    layers = document.get("layer")
    if not isinstance(layers, dict):
        raise UnsupportedModelError(
            f"{path} is an HDF5 file, but holds no network of lava-dl: it has no group 'layer'."
        )
    if not layers:
        raise UnsupportedModelError(f"{path} holds a network of lava-dl without layers.")
    result: list[LayerDict] = []
    for number in range(len(layers)):
        layer = layers.get(str(number))
        if not isinstance(layer, dict):
            found = ", ".join(sorted(layers, key=lambda name: (len(name), name)))
            raise UnsupportedModelError(
                f"{path}: layers are numbered from 0 on without gaps, and layer {number} is missing; there are {found}."
            )
        result.append(layer)
    return result


def _load(path: Path) -> dict[str, Any]:
    start = file_start(path)
    if not start.startswith(HDF5_MARK):
        raise UnsupportedModelError(f"{path} is not a .net file of lava-dl: it does not begin as HDF5 does.")
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _content(file)
    except Exception as error:  # whatever HDF5 stumbles over, the user has a file that cannot be read
        reason = " ".join(str(error).strip("'\"").split()).rstrip(".")
        raise UnsupportedModelError(f"{path} is truncated or damaged: {reason}.") from None


def _content(group: Any) -> dict[str, Any]:
    import h5py

    return {name: _content(value) if isinstance(value, h5py.Group) else value[()] for name, value in group.items()}
