"""Writing a model in the format of another tool."""

from __future__ import annotations

from pathlib import Path

from ..models.errors import UsageError
from ..models.graph import Graph
from .configuration.configuration import Configuration
from .conversion.calibrated import convert_graph
from .model_source import Model, Recordings, model_path, open_data, read_model, with_built_in_options

FORMATS = ("nir",)
DEFAULT_STEP = 1e-4  # seconds, where neither the model nor the user says it


def export_model(model: Model, to: str, out: Path, config: Configuration, data: Recordings = None) -> tuple[str, ...]:
    """Read a model and write it in another format, whole or not at all.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or a graph that was read before.
    to : one of `FORMATS`.
    out : the file to write; one that is there is replaced.
    config : what the model leaves open; `dt` is the time step that is written, too. With `convert`, an ordinary network
        is converted first.
    data : to calibrate a conversion on, as for a deployment.

    Returns
    -------
    What was assumed to read the model, and then what the format cannot say or says in another way, a sentence each.

    Raises
    ------
    UnsupportedModelError : the model cannot be read, or holds what the format has no node for; lists all of it.
    UsageError : there is no such format, or `out` cannot be written to.
    """
    if to not in FORMATS:
        raise UsageError(f"There is no format {to!r} to export to, only {', '.join(FORMATS)}.")
    from ..models.writers.nir import write_nir

    config = with_built_in_options(model, config)
    graph, step = _read(model, config)
    if config.convert is not None:
        graph = convert_graph(graph, None if data is None else open_data(model, data, graph, config), config)
    plastic = [name for name, layer in config.layers.items() if layer.learning is not None]
    unsaid = [f"learning: NIR has no node that says how {', '.join(map(repr, plastic))} learns (learning)."]
    return (*graph.assumptions, *write_nir(graph, out, dt=step), *(unsaid if plastic else ()))


def _read(model: Model, config: Configuration) -> tuple[Graph, float]:
    """The graph as it was trained, without the passes that prepare it for a chip, and its time step in seconds."""
    from ..models.readers.nir import time_step

    if isinstance(model, Graph):
        return model, config.dt or DEFAULT_STEP
    path = model_path(model)
    step = time_step(path, config.nir_options()) if path.suffix == ".nir" else config.dt or DEFAULT_STEP
    return read_model(path, config), step
