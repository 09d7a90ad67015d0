"""A graph as a `.graph` file: all that Spikeloom's networks can be, for NIR has no rectifiers and not every neuron.

It is an `.npz` file, a zip of arrays without pickles. Its member `document` is the UTF-8 text of a JSON document with
the nodes and edges; where an array belongs it says {"array": member}.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import operators
from .array_file import read_arrays, write_arrays
from .errors import UnsupportedModelError, UsageError
from .graph import Edge, Graph, GraphError
from .neurons import FAMILIES, Reset
from .neurons.families import family_of
from .neurons.neuron_model import FloatNeuron
from .operators import Operator

Array = NDArray[Any]
FORMAT = 1
DOCUMENT = "document"
_OPERATORS: Mapping[str, type[Operator]] = {
    name: kind for name, kind in vars(operators).items() if isinstance(kind, type) and issubclass(kind, Operator)
}


def write_graph(graph: Graph, path: Path) -> None:
    """Write a float graph as a `.graph` file, whole or not at all; folders that are missing are made.

    Raises
    ------
    UsageError : `path` cannot be written to.
    """
    arrays: dict[str, Array] = {}
    document = {
        "format": FORMAT,
        "name": graph.name,
        "nodes": {
            name: {"operator": type(operator).__name__, **_fields_entry(operator, name, arrays)}
            for name, operator in graph.nodes.items()
        },
        "edges": [[edge.source, edge.target, edge.lag] for edge in graph.edges],
        "assumptions": list(graph.assumptions),
    }
    text = np.frombuffer(json.dumps(document, indent=1).encode(), np.uint8)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_arrays(temporary, {DOCUMENT: text, **arrays})
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def read_graph(path: Path) -> Graph:
    """Read what `write_graph` wrote; the result is verified and equal to the last bit.

    Raises
    ------
    UnsupportedModelError : the file is missing, broken or of another format.
    """
    try:
        arrays = read_arrays(path)
        document = json.loads(arrays.pop(DOCUMENT).tobytes())
        if document["format"] != FORMAT:
            raise UnsupportedModelError(
                f"{path} was written in format {document['format']}, this version reads {FORMAT}: train it again."
            )
        nodes = {name: _operator(entry, arrays) for name, entry in document["nodes"].items()}
        edges = tuple(Edge(source, target, lag) for source, target, lag in document["edges"])
        graph = Graph(nodes, edges, tuple(document["assumptions"]), path.stem)
        graph.verify()
        return graph
    except OSError as error:
        raise UnsupportedModelError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (KeyError, ValueError, TypeError, AttributeError, UsageError, GraphError) as error:
        raise UnsupportedModelError(
            f"{path} is damaged, or no graph that `spikeloom train` wrote ({error}): train it again."
        ) from error


def _fields_entry(thing: Any, prefix: str, arrays: dict[str, Array]) -> dict[str, Any]:
    return {
        field.name: _entry(getattr(thing, field.name), f"{prefix}/{field.name}", arrays)
        for field in fields(thing)
        if field.init
    }


def _entry(value: Any, key: str, arrays: dict[str, Array]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[key] = _compact(value)
        return {"array": key, "type": value.dtype.name}
    if isinstance(value, FloatNeuron):
        return {"neurons": family_of(value), "parameters": _fields_entry(value, key, arrays)}
    if isinstance(value, tuple):
        return [_entry(item, f"{key}/{number}", arrays) for number, item in enumerate(value)]
    if is_dataclass(value):
        raise TypeError(f"a {type(value).__name__} has no place in a .graph file")
    return value


def _compact(values: Array) -> Array:
    """In 32 bits where nothing is lost."""
    if values.dtype != np.float64:
        return values
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return single if np.array_equal(single, values) else values


def _operator(entry: dict[str, Any], arrays: Mapping[str, Array]) -> Operator:
    parameters = {name: _value(value, arrays) for name, value in entry.items() if name != "operator"}
    return _OPERATORS[entry["operator"]](**parameters)


def _value(entry: Any, arrays: Mapping[str, Array]) -> Any:
    if isinstance(entry, list):
        return tuple(_value(item, arrays) for item in entry)
    if isinstance(entry, dict) and "array" in entry:
        return arrays[entry["array"]].astype(entry["type"])
    if isinstance(entry, dict):
        parameters = {name: _value(value, arrays) for name, value in entry["parameters"].items()}
        if "reset" in parameters:
            parameters["reset"] = Reset(parameters["reset"])
        return FAMILIES[entry["neurons"]].float_model(**parameters)
    return entry
