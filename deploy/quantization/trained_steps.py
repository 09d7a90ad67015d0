"""Weights that were trained as integers stay these integers: the scales of which the trained step is a whole number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Population, Projection
from ...models.neurons import LeakyIntegrateAndFire

Array = NDArray[Any]

LARGEST_DOUBLING = 15


def trained_step(incoming: tuple[Projection, ...]) -> float | None:
    """The one step of which all weights that reach a layer are multiples, if they were trained so; else None."""
    steps = [projection.trained_step for projection in incoming]
    if not steps or any(step is None or np.ptp(step) > 0 for step in steps):
        return None
    values = np.array([float(step.reshape(-1)[0]) for step in steps if step is not None])
    ratios = values / values.min()
    return float(values.min()) if np.all(ratios == 2.0 ** np.rint(np.log2(ratios))) else None


def scales_of_step(step: float, ceiling: float) -> list[float]:
    """Scales at which weights that are multiples of a step are whole numbers, descending from a ceiling."""
    scales = 2.0 ** np.arange(LARGEST_DOUBLING, -1, -1) / step
    return [float(scale) for scale in scales if scale <= ceiling]


def with_one_step(
    population: Population, incoming: tuple[Projection, ...]
) -> tuple[Population, tuple[Projection, ...]]:
    """A layer whose neurons were trained with steps of their own, each in units of its own, so that all have one.

    A neuron's equation may be multiplied by any number, threshold, bias and all, without a change to its spikes; so
    that is done to spiking integrate-and-fire neurons alone. Anything else is given back as it is.
    """
    neuron = population.neuron
    steps = [projection.trained_step for projection in incoming]
    if not isinstance(neuron, LeakyIntegrateAndFire) or not neuron.spiking or not steps:
        return population, incoming
    if any(step is None for step in steps) or all(np.ptp(step) == 0 for step in steps):  # type: ignore[arg-type]
        return population, incoming
    first = np.broadcast_to(steps[0], (population.size,))  # type: ignore[arg-type]
    if any(np.any(np.broadcast_to(step, first.shape) != first) for step in steps[1:]):  # type: ignore[arg-type]
        return population, incoming
    gain = first.max() / first
    scaled = replace(
        neuron,
        threshold=neuron.threshold * gain,
        bias=neuron.bias * gain,
        reset_value=neuron.reset_value * gain,
        initial_voltage=neuron.initial_voltage * gain,
    )
    return replace(population, neuron=scaled), tuple(
        replace(
            projection,
            connectivity=projection.connectivity.scaled_by_target(gain),
            trained_step=np.asarray(first.max()),
        )
        for projection in incoming
    )
