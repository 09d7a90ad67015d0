"""The HDF5 side of a `.net` file: from bytes to one dictionary of arrays a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import UnsupportedModelError
from ..hdf5_file import read_group

LayerDict = dict[str, Any]


def read_layers(path: Path) -> list[LayerDict]:
    """The fields of every layer, in order; groups of fields are dictionaries of their own.

    Raises
    ------
    UnsupportedModelError : no file, a git-LFS pointer, no HDF5, truncated, no network of lava-dl, or a layer missing.
    """
    layers = read_group(path, "layer", "a .net file of lava-dl")
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
