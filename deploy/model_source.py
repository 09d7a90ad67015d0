"""From what a user names to a graph: a file, or a built-in model with data of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.errors import DataError, UnsupportedModelError
from ..models.graph import Graph
from .configuration import Configuration
from .data import Data, load_data, prepare_data
from .lowering.lower import prepare

Array = NDArray[Any]
Recordings = Path | tuple[Array, Array | None] | None
"""An `.npz` file, or x and y themselves; None for those of a built-in model."""


@dataclass(frozen=True, eq=False)
class BuiltIn:
    """A trained model that comes along.

    Attributes
    ----------
    path : its `.nir` file.
    test_data : loads images (samples, *shape) and labels (samples,).
    options : configuration that it was trained with.
    """

    path: Path
    test_data: Callable[[], tuple[Array, Array]]
    options: dict[str, Any]


def built_in(name: str) -> BuiltIn | None:
    """The built-in model of a name, or None."""
    if name != "digits":
        return None
    from ..models.zoo import digits_data

    return BuiltIn(
        digits_data.NIR_FILE,
        lambda: digits_data.load("test"),
        {"steps": digits_data.STEPS, "reset": "zero", "encoder": "constant"},
    )


def load_graph(model: str, config: Configuration) -> Graph:
    """Read a model and make it ready to be lowered.

    Parameters
    ----------
    model : path of a `.nir` file, or the name of a built-in model.

    Raises
    ------
    UnsupportedModelError : it cannot be read, or holds what cannot be deployed.
    """
    from ..models.readers.nir import read_nir

    return prepare(read_nir(model_path(model), config.nir_options()))


def model_path(model: str) -> Path:
    """The file of a model."""
    known = built_in(model)
    path = known.path if known else Path(model)
    if known is None and not path.is_file():
        what = "is a folder, not a model file" if path.is_dir() else "does not exist"
        raise UnsupportedModelError(f"{model} {what}; a path to a .nir file is needed, or the built-in model 'digits'.")
    return path


def digest(model: str) -> str:
    """SHA-256 of a model's file."""
    return hashlib.sha256(model_path(model).read_bytes()).hexdigest()


def with_built_in_options(model: str, config: Configuration) -> Configuration:
    """A built-in model's own settings, where the user gave none."""
    known = built_in(model)
    if known is None:
        return config
    return Configuration(**(known.options | config.model_dump(exclude_unset=True)))


def open_data(model: str, recordings: Recordings, graph: Graph, config: Configuration) -> Data:
    """The data of a deployment: a file's, that of a built-in model, or what the caller holds.

    Raises
    ------
    DataError : there is none, or it does not suit the model.
    """
    shape = graph.shapes[graph.inputs[0]]
    classes = int(np.prod(graph.shapes[graph.outputs[0]]))
    if recordings is None:
        known = built_in(model)
        if known is None:
            raise DataError(f"{model} brings no data of its own: name an .npz with x (and y for the labels) by --data.")
        return prepare_data(*known.test_data(), shape, config, f"the test data of {model}", classes)
    if isinstance(recordings, Path):
        return prepare_data(*load_data(recordings), shape, config, str(recordings), classes)
    x, y = recordings
    return prepare_data(np.asarray(x), None if y is None else np.asarray(y), shape, config, "the data", classes)
