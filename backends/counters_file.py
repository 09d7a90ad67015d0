"""The counters of a run on disk, so that it can be priced again without being run again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.array_file import read_arrays, write_arrays
from ..models.errors import UnsupportedModelError
from .run import Counters, LayerCounts

Array = NDArray[Any]
COUNTERS_NAME = "counters.npz"
STEP_BY_STEP = ("spikes", "packets_out", "packets_in", "memory_reads", "link_packets")
BY_NAME = ("layer_spikes", "layer_synaptic_operations", "projection_synaptic_operations")


def write_counters(counters: Counters, path: Path) -> None:
    """Write an `.npz` file; `read_counters` reads back what is equal."""
    arrays: dict[str, Array] = {name: getattr(counters, name) for name in (*STEP_BY_STEP, "neuron_updates")}
    arrays["samples"], arrays["steps"] = np.asarray(counters.samples), np.asarray(counters.steps)
    arrays["links"] = np.asarray(counters.links, dtype=np.int64).reshape(-1, 2, 3)
    for kind, operations in counters.synaptic_operations.items():
        arrays[f"synaptic_operations/{kind}"] = operations
    for name in BY_NAME:
        counts = getattr(counters, name)
        arrays[f"{name}/names"] = np.asarray(list(counts), dtype=np.str_)
        arrays[f"{name}/counts"] = np.asarray(list(counts.values()), dtype=np.int64)
    arrays["by_layer/names"] = np.asarray(counters.by_layer.layers, dtype=np.str_)
    arrays["by_layer/neurons"] = counters.by_layer.neurons
    if counters.active_neurons is not None:
        arrays["active_neurons"] = counters.active_neurons
    for operation, counts in counters.by_layer.counts.items():
        arrays[f"by_layer/counts/{operation}"] = counts
    write_arrays(path, arrays)


def read_counters(path: Path) -> Counters:
    """Read what `write_counters` wrote.

    Raises
    ------
    UnsupportedModelError : there is no such file, or it is damaged.
    """
    try:
        arrays = read_arrays(path)
        names = [str(name) for name in arrays["by_layer/names"]]
        return Counters(
            samples=int(arrays["samples"]),
            steps=int(arrays["steps"]),
            spikes=arrays["spikes"],
            packets_out=arrays["packets_out"],
            packets_in=arrays["packets_in"],
            memory_reads=arrays["memory_reads"],
            link_packets=arrays["link_packets"],
            synaptic_operations=_below(arrays, "synaptic_operations/"),
            neuron_updates=arrays["neuron_updates"],
            links=tuple((_tile(start), _tile(end)) for start, end in arrays["links"].tolist()),
            layer_spikes=_by_name(arrays, "layer_spikes"),
            layer_synaptic_operations=_by_name(arrays, "layer_synaptic_operations"),
            projection_synaptic_operations=_by_name(arrays, "projection_synaptic_operations"),
            by_layer=LayerCounts(tuple(names), _below(arrays, "by_layer/counts/"), arrays["by_layer/neurons"]),
            active_neurons=arrays.get("active_neurons"),
        )
    except FileNotFoundError:
        raise UnsupportedModelError(f"{path.parent} holds no counters ({path.name}): deploy again.") from None
    except (OSError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UnsupportedModelError(f"{path} holds no readable counters ({reason}): deploy again.") from error


def _below(arrays: Mapping[str, Array], beginning: str) -> Mapping[str, Array]:
    return MappingProxyType(
        {name.removeprefix(beginning): values for name, values in arrays.items() if name.startswith(beginning)}
    )


def _by_name(arrays: Mapping[str, Array], name: str) -> Mapping[str, int]:
    names, counts = arrays[f"{name}/names"].tolist(), arrays[f"{name}/counts"].tolist()
    return MappingProxyType(dict(zip(names, counts, strict=True)))


def _tile(place: list[int]) -> tuple[int, int, int]:
    chip, column, row = place
    return chip, column, row
