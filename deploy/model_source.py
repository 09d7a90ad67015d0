"""From what a user names to a graph: a file, or a built-in model with data of its own."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.errors import DataError, UnsupportedModelError, UsageError
from ..models.graph import Graph
from ..models.operators import Input
from ..models.training.recipe import Recipe
from .configuration.configuration import Configuration
from .data import Data, load_data, prepare_data
from .lowering.lower import prepare

Array = NDArray[Any]
Recordings = Path | tuple[Array, Array | None] | None
"""An `.npz` file, or x and y themselves; None for those of a built-in model."""
Model = str | Graph
"""A path or the name of a built-in model, or a graph that was read before."""
CHECKPOINTS = (".pt", ".pth", ".ckpt")
MODEL_FILES = (".nir", ".onnx", ".net", ".pt2", *CHECKPOINTS, ".graph")


@dataclass(frozen=True, eq=False)
class BuiltIn:
    """A trained model that comes along.

    Attributes
    ----------
    path : its `.nir` file.
    test_data : loads images (samples, *shape) and labels (samples,).
    training_data : loads those that it was trained with, none of them in the test data.
    options : configuration that it was trained with.
    recipe : how it was trained.
    """

    path: Path
    test_data: Callable[[], tuple[Array, Array]]
    training_data: Callable[[], tuple[Array, Array]]
    options: dict[str, Any]
    recipe: Recipe


def built_in(name: str) -> BuiltIn | None:
    """The built-in model of a name, or None."""
    from ..models.zoo.catalogue import COMMITTED, zoo_model

    if name not in COMMITTED:
        return None
    known = zoo_model(name)

    def part(which: str) -> tuple[Array, Array]:
        from ..models.datasets import load_dataset

        split = getattr(load_dataset(known.dataset), which)
        return split.x, split.y

    return BuiltIn(known.nir_file, lambda: part("test"), lambda: part("train"), known.deployment_options, known.recipe)


def load_graph(model: Model, config: Configuration) -> Graph:
    """Read a model and, unless it is an ordinary network, make it ready to be lowered.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or a graph, which is taken as it is.

    Raises
    ------
    UnsupportedModelError : it cannot be read, or holds what cannot be deployed.
    """
    graph = model if isinstance(model, Graph) else read_model(model_path(model), config)
    return graph if is_ordinary(graph) else prepare(graph)


def load_module(module: Any, example_input: Any, config: Configuration) -> Graph:
    """Read a module of PyTorch, as `load_graph` reads a file.

    Raises
    ------
    UsageError : it is no module, or there is no example input.
    UnsupportedModelError : it holds what cannot be deployed.
    """
    if not any(f"{kind.__module__}.{kind.__qualname__}".startswith("torch.nn.") for kind in type(module).__mro__):
        raise UsageError(f"A {type(module).__name__} is neither a path nor a module of PyTorch.")
    if example_input is None:
        raise UsageError("A module needs an example input beside it: load(module, example_input).")
    from ..models.readers.torch import read_module

    return load_graph(read_module(module, example_input, config.torch_options()), config)


def is_ordinary(graph: Graph) -> bool:
    """Whether a graph has rectifiers and no neurons, so that it must be converted."""
    return bool(graph.rectifiers) and not graph.layers


def read_model(path: Path, config: Configuration) -> Graph:
    """Read a model file by its kind, as it was trained."""
    kind = path.suffix.lower()
    if config.layout is not None and kind not in (".onnx", ".net"):
        raise UsageError(f"--layout is for .onnx and .net files; {path} says itself what the axes of its input are.")
    if kind == ".onnx":
        from ..models.readers.onnx import read_onnx

        return read_onnx(path, config.onnx_options())
    if kind == ".net":
        from ..models.readers.netx import read_net

        return read_net(path, config.netx_options())
    if kind == ".graph":
        from ..models.graph_file import read_graph

        return read_graph(path)
    if kind == ".pt2":
        from ..models.readers.torch import read_exported

        return read_exported(path, config.torch_options())
    if kind in CHECKPOINTS:
        from ..models.readers.torch import read_checkpoint

        shape = None if config.input_shape is None else (1, *config.input_shape)
        return read_checkpoint(path, config.architecture, shape, config.torch_options())
    from ..models.readers.nir import read_nir

    return read_nir(path, config.nir_options())


def model_path(model: str) -> Path:
    """The file of a model."""
    from ..models.zoo.catalogue import COMMITTED, MODELS

    known = built_in(model)
    path = known.path if known else Path(model)
    if known is None and not _is_file(path):
        if model in MODELS:
            raise UnsupportedModelError(
                f"{model} is a model of the zoo that does not come trained: `spikeloom train {model}` trains it and "
                "writes a file, to be named here."
            )
        what = "does not exist"
        with contextlib.suppress(OSError):
            what = "is a folder, not a model file" if path.is_dir() else what
        raise UnsupportedModelError(
            f"{model} {what}; a model file is needed ({', '.join(MODEL_FILES)}), or a built-in model: "
            f"{', '.join(map(repr, COMMITTED))}."
        )
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def model_name(model: Model) -> str:
    """What to call a model in a report."""
    return model.name if isinstance(model, Graph) else model


def digest(model: Model) -> str | None:
    """SHA-256 of a model's file; None for a graph."""
    if isinstance(model, Graph):
        return None
    with model_path(model).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def with_built_in_options(model: Model, config: Configuration) -> Configuration:
    """A built-in model's own settings, where the user gave none."""
    known = None if isinstance(model, Graph) else built_in(model)
    if known is None:
        return config
    return Configuration(**(known.options | config.model_dump(exclude_unset=True)))


def open_data(model: Model, recordings: Recordings, graph: Graph, config: Configuration) -> Data:
    """The data of a deployment: a file's, that of a built-in model, or what the caller holds.

    Raises
    ------
    DataError : there is none, or it does not suit the model.
    """
    entry = graph.nodes[graph.inputs[0]]
    assert isinstance(entry, Input)
    classes = int(np.prod(graph.shapes[graph.outputs[0]]))
    if recordings is None:
        known = None if isinstance(model, Graph) else built_in(model)
        name = model_name(model)
        if known is None:
            raise DataError(f"{name} brings no data of its own: name an .npz with x (and y for the labels) by --data.")
        return prepare_data(*known.test_data(), entry, config, f"the test data of {name}", classes)
    if isinstance(recordings, Path):
        return prepare_data(*load_data(recordings), entry, config, str(recordings), classes)
    x, y = recordings
    return prepare_data(np.asarray(x), None if y is None else np.asarray(y), entry, config, "the data", classes)
