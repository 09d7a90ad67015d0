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
from .graph import Edge, Graph
from .neurons import FAMILIES, Reset
from .neurons.families import family_of
from .neurons.neuron_model import FloatNeuron
from .operator_check import require_parameters, require_possible
from .operators import Neurons, Operator
from .size_limits import in_bytes, is_showable, most_bytes

Array = NDArray[Any]
FORMAT = 1
DOCUMENT = "document"
LARGEST_DOCUMENT = 2**23  # bytes; that of a thousand nodes has some hundred thousand
LONGEST_REASON = 1000  # characters
TYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
)  # fmt: skip
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
        arrays = read_arrays(path, most_bytes(path.stat().st_size))
        text = arrays.pop(DOCUMENT)
        if text.nbytes > LARGEST_DOCUMENT:
            raise ValueError(f"its document has {in_bytes(text.nbytes)}, more than {in_bytes(LARGEST_DOCUMENT)}")
        document = json.loads(text.tobytes())
        if document["format"] != FORMAT:
            raise UnsupportedModelError(
                f"{path} was written in format {document['format']}, this version reads {FORMAT}: train it again."
            )
        nodes = {_name(name): _operator(entry, arrays) for name, entry in document["nodes"].items()}
        edges = tuple(_edge(*entry) for entry in document["edges"])
        graph = Graph(nodes, edges, tuple(map(str, document["assumptions"])), path.stem)
        graph.verify()
        for name in graph.layers:
            neurons = nodes[name]
            assert isinstance(neurons, Neurons)
            require_parameters(neurons, graph.shapes[name])
        return graph
    except OSError as error:
        raise UnsupportedModelError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, UsageError) as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise UnsupportedModelError(
            f"{path} is damaged, or no graph that `spikeloom train` wrote ({reason}): train it again."
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


def _name(name: str) -> str:
    if not is_showable(name):
        raise ValueError(f"the name {name[:40]!a} is no plain text")
    return name


def _edge(source: str, target: str, lag: int) -> Edge:
    if not isinstance(source, str) or not isinstance(target, str) or lag not in (0, 1):
        raise ValueError(f"an edge from {source!r} to {target!r} cannot be {lag!r} steps late")
    return Edge(source, target, int(lag))


def _operator(entry: dict[str, Any], arrays: dict[str, Array]) -> Operator:
    parameters = {name: _value(value, arrays) for name, value in entry.items() if name != "operator"}
    operator = _OPERATORS[entry["operator"]](**parameters)
    require_possible(operator)
    return operator


def _value(entry: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(entry, list):
        return tuple(_value(item, arrays) for item in entry)
    if isinstance(entry, dict) and "array" in entry:
        if entry["type"] not in TYPES:
            raise ValueError(f"there is no type {entry['type']!r} of numbers")
        # Each array belongs to one place, so that a file cannot have many made of one.
        array = arrays.pop(entry["array"])
        if array.dtype.name not in TYPES:
            raise ValueError(f"the array {entry['array']!r} is of {array.dtype}, which is no type of numbers")
        return array.astype(entry["type"], copy=False)
    if isinstance(entry, dict):
        parameters = {name: _value(value, arrays) for name, value in entry["parameters"].items()}
        if "reset" in parameters:
            parameters["reset"] = Reset(parameters["reset"])
        model = FAMILIES[entry["neurons"]].float_model(**parameters)
        require_possible(model)
        return model
    return entry
