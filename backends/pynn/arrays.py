"""The numbers that go beside a PyNN script: cells, synapses, inputs, and what the integer simulator made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Projection, Role
from .cells import ACTIVATION, Cells

Array = NDArray[Any]


def network_arrays(network: Network, cells: Mapping[str, Cells]) -> dict[str, Array]:
    """Parameters of every population of neurons, and each projection's synapses.

    Parameters
    ----------
    cells : of each population of neurons.

    Returns
    -------
    "cells/<population>/<attribute of Cells>" : () or (neurons,).
    "synapses/<projection>/source", ".../target" : (synapses,) numbers of neurons.
    "synapses/<projection>/weight" : (synapses,) nA, with a sign; of inputs, for an input of 1. Constant neurons have
        none, for they are part of the drive.
    """
    arrays = {f"cells/{name}/{key}": values for name, cell in cells.items() for key, values in cell.arrays().items()}
    for projection in listed(network):
        matrix = projection.connectivity.to_sparse().tocoo()
        target, source = matrix.coords
        key = f"synapses/{projection.name}"
        arrays[f"{key}/source"] = source.astype(np.int32)
        arrays[f"{key}/target"] = target.astype(np.int32)
        scale = ACTIVATION * 2**projection.exponent / cells[projection.target].unit
        arrays[f"{key}/weight"] = matrix.data.astype(np.int64) * scale
    return arrays


def listed(network: Network) -> tuple[Projection, ...]:
    """Projections that become PyNN's: all but those of constant neurons."""
    return tuple(item for item in network.projections if network.by_name[item.source].role is not Role.CONSTANT)


def smallest(values: Array) -> Array:
    """The same integers in the narrowest type that holds them all."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return values.astype(np.result_type(np.min_scalar_type(low), np.min_scalar_type(high)))


def input_bits(values: Array, declared: int) -> tuple[int, bool]:
    """Bits that input numbers take in two's complement, and whether the highest is a sign.

    Parameters
    ----------
    values : integers.
    declared : bits that the input code has for them, the sign included.
    """
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    signed = low < 0
    needed = max(high.bit_length(), (-low - 1).bit_length() if signed else 0) + signed
    return max(declared, needed, 1), signed
