"""Reads a quantized network from `network.json` and `arrays.npz`, and cores from `cores.npz`; needs only NumPy."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from user_mistake import UserMistake

FORMAT = 2
NETWORK_NAME = "network.json"
ARRAYS_NAME = "arrays.npz"
CORES_NAME = "cores.npz"


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one model.

    Attributes
    ----------
    name : unique in its network.
    role : "input", "constant" (one neuron that spikes at every step) or "neuron".
    shape : (channels, *size) or (neurons,).
    depth : steps by which it lags behind the input.
    neuron : the fields of the neuron model, numbers or arrays of one value a neuron; None for inputs and constants.
    graded : whether its output is numbers instead of spikes of 1; of an input, that is for its data to say.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    depth: int
    neuron: dict[str, Any] | None
    graded: bool

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population to another.

    Attributes
    ----------
    name, source, target : its own name and those of the populations.
    delay : steps from a spike to its arrival, at least 1.
    exponent : arriving sums are weight * 2**exponent.
    connectivity : "kind" and the fields of that kind; "weights" is an int64 array.
    learning : the fields of the rule by which its weights change; None where they stay.
    """

    name: str
    source: str
    target: str
    delay: int
    exponent: int
    connectivity: dict[str, Any]
    learning: dict[str, Any] | None


@dataclass(frozen=True, eq=False)
class Network:
    """A quantized network.

    Attributes
    ----------
    populations, projections : by name.
    output : name of the population that is read out.
    gap : steps without activity between two samples.
    """

    populations: dict[str, Population]
    projections: dict[str, Projection]
    output: str
    gap: int

    @property
    def input(self) -> Population:
        """The population that the data drives."""
        return next(population for population in self.populations.values() if population.role == "input")

    @property
    def depth(self) -> int:
        """Largest depth of a population: the steps for which the chip goes on after the last sample's input."""
        return max(population.depth for population in self.populations.values())


def read_network(folder: Path) -> Network:
    """Read a network that Spikeloom wrote.

    Raises
    ------
    UserMistake : files are missing, of another format, or hold a network that was not quantized.
    """
    try:
        document = json.loads((folder / NETWORK_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserMistake(f"{folder} does not hold a readable network: {error}.") from error
    if document.get("format") != FORMAT:
        raise UserMistake(f"{folder} is of format {document.get('format')}, this program reads format {FORMAT}.")
    arrays = read_arrays(folder / ARRAYS_NAME)
    if not document["integer"]:
        raise UserMistake(f"the network in {folder} was never quantized, and Lava runs integers.")
    populations = (_population(entry, arrays) for entry in document["populations"])
    projections = (_projection(entry, arrays) for entry in document["projections"])
    return Network(
        {population.name: population for population in populations},
        {projection.name: projection for projection in projections},
        document["output"],
        int(document["gap"]),
    )


def read_cores(folder: Path, network: Network) -> dict[str, np.ndarray]:
    """Read the core number of every neuron: per population name, (neurons,) int."""
    path = folder / CORES_NAME
    if not path.exists():
        raise UserMistake(f"'--processes core' needs {path}, which says on which core each neuron sits.")
    cores = read_arrays(path)
    for name, numbers in cores.items():
        size = network.populations[name].size if name in network.populations else None
        if numbers.shape != (size,):
            raise UserMistake(f"{path} does not suit the network: {name!r} has shape {numbers.shape}.")
    return cores


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    # An AttributeError or TypeError: it is a single array, an .npy file.
    except (OSError, ValueError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise UserMistake(f"{path} cannot be read as an .npz file: {error}.") from error


def _value(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        return arrays[value["array"]].astype(np.int64)
    return value


def _population(entry: dict[str, Any], arrays: dict[str, np.ndarray]) -> Population:
    neuron = entry["neuron"] and {name: _value(value, arrays) for name, value in entry["neuron"].items()}
    shape, depth = tuple(entry["shape"]), int(entry["depth"])
    return Population(entry["name"], entry["role"], shape, depth, neuron, bool(entry["graded"]))


def _projection(entry: dict[str, Any], arrays: dict[str, np.ndarray]) -> Projection:
    connectivity = {name: _value(value, arrays) for name, value in entry["connectivity"].items()}
    connectivity["weights"] = np.asarray(connectivity["weights"], dtype=np.int64)
    return Projection(
        entry["name"], entry["source"], entry["target"], int(entry["delay"]), int(entry["exponent"]), connectivity,
        entry.get("learning"),
    )  # fmt: skip
