"""How well each layer alone follows the float network, given what that sends (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.network import Network, Role
from .distillation import output_unit
from .integer_network import TrainableNetwork

Array = NDArray[Any]


def layer_agreements(
    network: TrainableNetwork, given: torch.Tensor, wanted: Mapping[str, Array], batches: list[Array]
) -> dict[str, float]:
    """Per population: spikes in common / spikes of either, or for graded outputs 1 - relative error.

    Parameters
    ----------
    given : (steps, samples, input neurons) float64 that holds integers.
    wanted : per population (samples, steps, neurons), of the float network.
    batches : numbers of the samples to look at, as many at a time as may be.
    """
    tallies = {p.name: np.zeros(3) for p in network.network.populations if p.role is Role.NEURON}
    for chosen in batches:
        sent = {name: _integers(network.network, name, wanted[name][chosen]) for name in tallies}
        with torch.no_grad():
            activity = network.run(given[:, chosen], sent)
        for name, tally in tallies.items():
            tally += _tally(network.network, name, activity[name].numpy(), wanted[name][chosen].transpose(1, 0, 2))
    return {name: _share(network.network, name, tally) for name, tally in tallies.items()}


def _integers(network: Network, name: str, activity: Array) -> torch.Tensor:
    by_steps = torch.from_numpy(np.ascontiguousarray(activity.transpose(1, 0, 2), dtype=np.float64))
    return torch.round(by_steps / output_unit(network, network.by_name[name]))


def _tally(network: Network, name: str, got: Array, wanted: Array) -> Array:
    if not network.by_name[name].graded:
        spikes, others = got != 0, wanted != 0
        return np.array([np.count_nonzero(spikes & others), np.count_nonzero(spikes | others), 0], dtype=np.float64)
    return np.array([np.vdot(got, got), np.vdot(got, wanted), np.vdot(wanted, wanted)])


def _share(network: Network, name: str, tally: Array) -> float:
    population = network.by_name[name]
    if not population.graded:
        return float(tally[0] / tally[1]) if tally[1] else 1.0
    squares, product, wanted = tally
    # What is only read out may count in any unit; what others receive has its own.
    factor = float(output_unit(network, population)) if network.outgoing(name) else product / max(squares, 1e-30)
    error = max(0.0, factor * factor * squares - 2 * factor * product + wanted)
    return float(1 - np.sqrt(error / max(wanted, 1e-30)))
