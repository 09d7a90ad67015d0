"""When neurons spike: the spikes of each layer over the steps, and a raster of a single sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Role

Array = NDArray[Any]
SHOWN_NEURONS = 48  # of a layer in the raster: as many lines as can be told apart
MOST_SPIKES = 40_000  # in the raster, so that the report stays small


def spikes_by_step(network: Network, group_spikes: Mapping[str, Array], samples: int) -> dict[str, list[float]]:
    """Per layer that spikes, the spikes of a mean sample at each of its steps, in its own window.

    Parameters
    ----------
    group_spikes : per population, (steps, groups) over all samples; see `CoreCounting`.
    """
    return {name: (group_spikes[name].sum(axis=1) / samples).tolist() for name in _spiking(network)}


def raster_section(network: Network, activity: Mapping[str, Array], steps: int) -> dict[str, Any] | None:
    """The spikes of the first sample; None where the network learns.

    Of each layer, neurons at equal distances are shown, and of them so many that the report stays small.

    Parameters
    ----------
    activity : per population, (samples, steps, neurons) of the first samples.
    """
    if network.plastic:
        return None
    spiking = _spiking(network)
    most = MOST_SPIKES // max(1, len(spiking))
    return {"sample": 0, "steps": steps, "layers": {name: _shown(activity[name][0], most) for name in spiking}}


def _spiking(network: Network) -> list[str]:
    return [part.name for part in network.populations if part.role is Role.NEURON and part.eventful]


def _shown(spikes: Array, most: int) -> dict[str, Any]:
    """Of (steps, neurons) some neurons, and the steps at which each spikes: at most so many spikes, but one neuron."""
    size = spikes.shape[1]
    count = min(size, SHOWN_NEURONS)
    neurons = _apart(size, count)
    while count > 1 and np.count_nonzero(spikes[:, neurons]) > most:
        count //= 2
        neurons = _apart(size, count)
    return {
        "neurons": neurons.tolist(),
        "spikes": [np.flatnonzero(spikes[:, neuron]).tolist() for neuron in neurons],
        "shown_of": size,
    }


def _apart(size: int, count: int) -> Array:
    """Numbers of neurons at equal distances, the first among them."""
    return np.unique(np.linspace(0, size - 1, count).round().astype(np.int64))
