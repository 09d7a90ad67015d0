"""Counting the neurons that have something to update: all others are at rest, and stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import Population
from ..neurons import Neuron
from ..neurons.neuron_model import State

Array = NDArray[Any]


class ActiveNeurons:
    """A probe of `run_network` that counts, core by core and step by step, and adds up over all its runs.

    A neuron is at rest in a step if nothing arrives, and the step does what it would do from states of zero: lead to
    states of zero, without an output. All others are active; a bias keeps them so. A state that is left over but decays
    as a whole, such as the current of a neuron that does not filter it, keeps no neuron active. Weights that arrive
    together and add up to zero count as nothing.

    Attributes
    ----------
    counts : per population, (steps, cores) int64.
    """

    def __init__(self, core_of: Mapping[str, Array], cores: int, steps: int) -> None:
        """Begin at zero.

        Parameters
        ----------
        core_of : per population with neurons, (neurons,) the core of each.
        cores, steps : how many there are.
        """
        self._core_of, self._cores = core_of, cores
        self._driven: dict[str, Array] = {}
        self.counts = {name: np.zeros((steps, cores), dtype=np.int64) for name in core_of}

    def __call__(self, population: Population, step: int, state: State, arriving: Array, output: Array) -> None:
        """Count a step."""
        name, neuron = population.name, population.neuron
        assert neuron is not None
        if name not in self._driven:
            self._driven[name] = _driven_from_rest(neuron, population.size)
        active = (arriving != 0) | self._driven[name] | _moved(*neuron.step(state, np.zeros_like(arriving)))
        samples = np.count_nonzero(active, axis=0)
        self.counts[name][step] += np.bincount(self._core_of[name], samples, self._cores).astype(np.int64)


def _driven_from_rest(neuron: Neuron, size: int) -> Array:
    """(neurons,) bool: whether a neuron at rest, that nothing reaches, does not stay there."""
    rest = tuple(np.zeros_like(np.broadcast_to(values, (1, size))) for values in neuron.initial_state(1, size))
    return np.asarray(_moved(*neuron.step(rest, np.zeros((1, size))))[0])


def _moved(after: State, output: Array) -> Array:
    """Where a step leads to anything but states and an output of zero."""
    moved = np.asarray(output != 0)
    for values in after:
        moved = moved | (np.broadcast_to(values, moved.shape) != 0)
    return moved
