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
SAME = 1e-5  # relative difference that the rounding of float32 makes


def trained_step(incoming: tuple[Projection, ...]) -> float | None:
    """The one step of which all trained weights that reach a layer are multiples; None where there is none.

    Projections without a step, as that of a bias, do not count: they may be rounded at any scale.
    """
    steps = [projection.trained_step.reshape(-1) for projection in incoming if projection.trained_step is not None]
    if not steps:
        return None
    values = np.concatenate(steps)
    return float(values.min()) if powers_of_two(values / values.min()) else None


def powers_of_two(ratios: Array) -> bool:
    """Whether all numbers, which are above 0, are powers of two."""
    return bool(np.allclose(ratios, 2.0 ** np.rint(np.log2(ratios)), rtol=SAME, atol=0))


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
    steps = [projection.trained_step for projection in incoming if projection.trained_step is not None]
    if not isinstance(neuron, LeakyIntegrateAndFire) or not neuron.spiking or not steps:
        return population, incoming
    if all(np.ptp(step) == 0 for step in steps):
        return population, incoming
    rows = np.stack([np.broadcast_to(step, (population.size,)) for step in steps])
    least = rows.min(axis=0)
    if not powers_of_two(rows / least):
        return population, incoming
    gain = least.max() / least
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
            trained_step=None if projection.trained_step is None else projection.trained_step * gain,
        )
        for projection in incoming
    )
