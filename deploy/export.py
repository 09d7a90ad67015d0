"""Writing a model in the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..models.errors import UsageError
from .configuration import Configuration
from .model_source import model_path, with_built_in_options

if TYPE_CHECKING:
    from ..models.graph import Graph

FORMATS = ("nir",)


def export_model(model: str, to: str, out: Path, config: Configuration) -> tuple[str, ...]:
    """Read a model and write it in another format, whole or not at all.

    Parameters
    ----------
    model : path of a model file, or the name of a built-in model.
    to : one of `FORMATS`.
    out : the file to write; one that is there is replaced.
    config : what the model leaves open; `dt` is the time step that is written, too.

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

    graph, step = _read(model, with_built_in_options(model, config))
    return (*graph.assumptions, *write_nir(graph, out, dt=step))


def _read(model: str, config: Configuration) -> tuple[Graph, float]:
    """The graph as it was trained, without the passes that prepare it for a chip, and its time step in seconds."""
    from ..models.readers.nir import read_nir, time_step

    path, options = model_path(model), config.nir_options()
    return read_nir(path, options), time_step(path, options)
