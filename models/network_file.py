"""A network on disk: `network.json` for people, `arrays.npz` for numbers; no pickles.

The JSON says everything but arrays; where an array belongs it says {"array": key}. A generated Lava program reads the
same two files.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .array_file import read_arrays, write_arrays
from .connectivity import Connectivity, Convolution, Dense, OneToOne, Pool, Sparse
from .errors import UnsupportedModelError, UsageError
from .learning import LearningRule
from .network import Network, Population, Projection, Role
from .neurons import FAMILIES, IntegerNeuron, Neuron, Reset

FORMAT = 2
NETWORK_NAME = "network.json"
ARRAYS_NAME = "arrays.npz"

_KINDS: dict[str, type[Connectivity]] = {
    "dense": Dense,
    "convolution": Convolution,
    "pool": Pool,
    "one_to_one": OneToOne,
    "sparse": Sparse,
}
_KIND_OF = {kind: name for name, kind in _KINDS.items()}
_MODEL_OF: dict[type[Neuron], str] = {
    model: name for name, family in FAMILIES.items() for model in (family.float_model, family.integer_model)
}


def write_network(network: Network, folder: Path) -> None:
    """Write `network.json` and `arrays.npz` into an existing folder."""
    arrays: dict[str, NDArray[Any]] = {}
    document = {
        "format": FORMAT,
        "integer": network.integer,
        "output": network.output,
        "gap": network.gap,
        "scales": {name: np.asarray(scale).tolist() for name, scale in network.scales.items()},
        "populations": [_population_entry(population, arrays) for population in network.populations],
        "projections": [_projection_entry(projection, arrays) for projection in network.projections],
    }
    (folder / NETWORK_NAME).write_text(json.dumps(document, indent=1) + "\n")
    write_arrays(folder / ARRAYS_NAME, arrays)


def read_network(folder: Path) -> Network:
    """Read what `write_network` wrote; the result is verified and equal to the last bit.

    Raises
    ------
    UnsupportedModelError : the files are missing, broken or of another format.
    """
    try:
        document = json.loads((folder / NETWORK_NAME).read_text())
        arrays = read_arrays(folder / ARRAYS_NAME)
        if document["format"] != FORMAT:
            raise UnsupportedModelError(
                f"{folder} was written in format {document['format']}, this version reads {FORMAT}: deploy again."
            )
        return Network(
            tuple(_population(entry, arrays, document["integer"]) for entry in document["populations"]),
            tuple(_projection(entry, arrays) for entry in document["projections"]),
            document["output"],
            document["integer"],
            MappingProxyType({name: np.asarray(scale) for name, scale in document["scales"].items()}),
        )
    except (OSError, KeyError, ValueError, TypeError, UsageError) as error:
        raise UnsupportedModelError(f"{folder} does not hold a readable network ({error}): deploy again.") from error


def _fields_entry(thing: Any, prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for field in fields(thing):
        if field.name.startswith("_"):
            continue
        value = getattr(thing, field.name)
        if isinstance(value, np.ndarray) and value.ndim == 0:
            entry[field.name] = value.item()
        elif isinstance(value, np.ndarray):
            key = f"{prefix}/{field.name}"
            arrays[key] = value
            entry[field.name] = {"array": key}
        else:
            entry[field.name] = value
    return entry


def _population_entry(population: Population, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        "name": population.name,
        "role": population.role,
        "shape": population.shape,
        "depth": population.depth,
        "graded": population.graded,
        "neuron": population.neuron and _neuron_entry(population.neuron, f"populations/{population.name}", arrays),
    }


def _neuron_entry(neuron: Neuron, prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {"model": _MODEL_OF[type(neuron)], **_fields_entry(neuron, prefix, arrays)}


def _projection_entry(projection: Projection, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    connectivity = _fields_entry(projection.connectivity, f"projections/{projection.name}", arrays)
    entry = {
        "name": projection.name,
        "source": projection.source,
        "target": projection.target,
        "delay": projection.delay,
        "exponent": projection.exponent,
        "connectivity": {"kind": _KIND_OF[type(projection.connectivity)], **connectivity},
    }
    return entry if projection.learning is None else {**entry, "learning": projection.learning.as_dict()}


def _value(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, dict):
        return arrays[value["array"]]
    if isinstance(value, list):
        return tuple(_value(item, arrays) for item in value)
    return value


def _population(entry: dict[str, Any], arrays: dict[str, NDArray[Any]], integer: bool) -> Population:
    neuron: Neuron | None = None
    if entry["neuron"]:
        parameters = {name: _value(value, arrays) for name, value in entry["neuron"].items() if name != "model"}
        family = FAMILIES[entry["neuron"]["model"]]
        model: type[Neuron] = family.integer_model if integer else family.float_model
        dtype = np.int64 if issubclass(model, IntegerNeuron) else np.float64
        for field in fields(model):  # type: ignore[arg-type]  # arrays of one number are written as numbers
            if field.type == "Array" and field.name in parameters:
                parameters[field.name] = np.asarray(parameters[field.name], dtype)
        if "reset" in parameters:
            parameters["reset"] = Reset(parameters["reset"])
        neuron = model(**parameters)
    return Population(entry["name"], tuple(entry["shape"]), Role(entry["role"]), neuron, entry["depth"])


def _projection(entry: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Projection:
    parameters = {name: _value(value, arrays) for name, value in entry["connectivity"].items() if name != "kind"}
    connectivity = _KINDS[entry["connectivity"]["kind"]](**parameters)
    learning = LearningRule.from_dict(entry["learning"]) if "learning" in entry else None
    return Projection(
        entry["name"], entry["source"], entry["target"], connectivity, entry["delay"], entry["exponent"],
        learning=learning,
    )  # fmt: skip
