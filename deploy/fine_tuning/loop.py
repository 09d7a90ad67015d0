"""All steps of populations that reach each other, as one operation of PyTorch (needs PyTorch).

Step by step is needed only for what runs in circles. So each step makes a product for each projection of the circle
and one compiled loop over the neurons; the derivatives by weights follow for all steps at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from ...models.connectivity import Dense
from ...models.network import Projection
from ...models.neurons import IntegerLeakyIntegrateAndFire, Reset
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT, PARAMETERS
from .neuron_kernel import advance, retreat
from .synapses import weighted_sums

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Circle:
    """What does not change while a component is trained.

    Attributes
    ----------
    names : of its populations, in their order.
    neurons : models of the populations, as they were before training.
    sizes : numbers of neurons.
    widths : per population (neurons,) float64: potential over which the stand-in for a spike's derivative rises.
    inner : projections among the populations.
    lags : steps that each of them looks back.
    """

    names: tuple[str, ...]
    neurons: tuple[IntegerLeakyIntegrateAndFire, ...]
    sizes: tuple[int, ...]
    widths: tuple[Array, ...]
    inner: tuple[Projection, ...]
    lags: tuple[int, ...]

    def ends(self, projection: Projection) -> tuple[int, int]:
        """Numbers of the populations where a projection begins and ends."""
        return self.names.index(projection.source), self.names.index(projection.target)


class IntegerSteps(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """From what arrives from outside a component to what its populations send.

    Arguments: the circle; then for each population what arrives, (steps, samples, neurons); for each its thresholds
    and for each its bias mantissas, (neurons,); and for each inner projection its weights. All float64 that hold
    integers. Returns one (steps, samples, neurons) a population.
    """

    @staticmethod
    def forward(ctx: Any, circle: Circle, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        count = len(circle.names)
        arriving = [part.detach().numpy() for part in tensors[:count]]
        weights = tensors[3 * count :]
        tables = [
            _table(neuron, size, threshold, bias)
            for neuron, size, threshold, bias in zip(
                circle.neurons, circle.sizes, tensors[count : 2 * count], tensors[2 * count : 3 * count], strict=True
            )
        ]
        matrices = [_Matrix(projection, part) for projection, part in zip(circle.inner, weights, strict=True)]
        outputs = [np.empty(part.shape) for part in arriving]
        potentials = [np.empty(part.shape, dtype=np.int64) for part in arriving]
        steps, samples = arriving[0].shape[:2]
        states = [
            neuron.initial_state(samples, size) for neuron, size in zip(circle.neurons, circle.sizes, strict=True)
        ]
        ends = [circle.ends(projection) for projection in circle.inner]
        for first, stop in _stretches(circle, steps):
            for index, part in enumerate(arriving):
                total = part[first:stop]
                for (source, target), lag, matrix in zip(ends, circle.lags, matrices, strict=True):
                    if target == index and first >= lag:
                        total = total + matrix.forward(outputs[source][first - lag])
                current, voltage = states[index]
                advance(
                    np.ascontiguousarray(total),
                    current,
                    voltage,
                    tables[index],
                    outputs[index][first:stop],
                    potentials[index][first:stop],
                )
        ctx.circle, ctx.tables, ctx.matrices, ctx.potentials = circle, tables, matrices, potentials
        results = tuple(torch.from_numpy(part) for part in outputs)
        ctx.save_for_backward(*weights, *results)
        return results

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        circle: Circle = ctx.circle
        weights, outputs = ctx.saved_tensors[: len(circle.inner)], ctx.saved_tensors[len(circle.inner) :]
        wanted = [part.numpy() for part in gradients]
        by_arriving = [np.empty(part.shape) for part in wanted]
        by_level = [np.zeros(size) for size in circle.sizes]
        by_bias = [np.zeros(size) for size in circle.sizes]
        steps, samples = wanted[0].shape[:2]
        states = [(np.zeros((samples, size)), np.zeros((samples, size))) for size in circle.sizes]
        ends = [circle.ends(projection) for projection in circle.inner]
        for first, stop in reversed(_stretches(circle, steps)):
            for index in reversed(range(len(wanted))):
                total = wanted[index][first:stop]
                for (source, target), lag, matrix in zip(ends, circle.lags, ctx.matrices, strict=True):
                    if source == index and first + lag < steps:
                        total = total + matrix.backward(by_arriving[target][first + lag])
                neuron = circle.neurons[index]
                retreat(
                    np.ascontiguousarray(total), ctx.potentials[index][first:stop], ctx.tables[index],
                    circle.widths[index], neuron.spiking and neuron.reset is Reset.SUBTRACT, *states[index],
                    by_arriving[index][first:stop], by_level[index], by_bias[index],
                )  # fmt: skip
        sums = [torch.from_numpy(part) for part in by_arriving]
        by_weights = [
            _by_weights(projection, weight, delayed(outputs[source], lag), sums[target])
            for projection, weight, lag, (source, target) in zip(circle.inner, weights, circle.lags, ends, strict=True)
        ]
        unit = float(1 << ACTIVATION_SHIFT)
        by_threshold = [torch.from_numpy(unit * part) for part in by_level]
        by_mantissa = [
            torch.from_numpy(part * 2.0**neuron.bias_exponent)
            for part, neuron in zip(by_bias, circle.neurons, strict=True)
        ]
        return None, *sums, *by_threshold, *by_mantissa, *by_weights


def delayed(activity: torch.Tensor, lag: int) -> torch.Tensor:
    """What was sent `lag` steps before, (steps, samples, neurons); nothing before the first."""
    if not lag:
        return activity
    steps = activity.shape[0]
    before = activity.new_zeros((min(lag, steps), *activity.shape[1:]))
    return torch.cat([before, activity[: max(0, steps - lag)]])


def _stretches(circle: Circle, steps: int) -> list[tuple[int, int]]:
    """Steps that may be done at once: all of them where nothing runs in circles."""
    if not circle.inner:
        return [(0, steps)]
    return [(step, step + 1) for step in range(steps)]


def _table(neuron: IntegerLeakyIntegrateAndFire, size: int, threshold: torch.Tensor, bias: torch.Tensor) -> Array:
    """(8, neurons) int64 for the kernel."""
    fields = vars(neuron) | {
        "threshold": _whole(threshold),
        "bias_mantissa": _whole(bias),
    }
    parameters: Mapping[str, Array] = neuron.rule.parameters_of(fields)
    return np.stack([np.broadcast_to(parameters[name], (size,)) for name in PARAMETERS]).astype(np.int64)


def _whole(values: torch.Tensor) -> Array:
    return np.asarray(np.rint(values.detach().numpy()), dtype=np.int64)


def _by_weights(
    projection: Projection, weights: torch.Tensor, sent: torch.Tensor, gradient: torch.Tensor
) -> torch.Tensor:
    rows = sent.reshape(-1, sent.shape[2])
    by_sums = gradient.reshape(rows.shape[0], -1) * 2.0**projection.exponent
    if isinstance(projection.connectivity, Dense):
        return by_sums.T @ rows
    with torch.enable_grad():
        free = weights.detach().requires_grad_()
        (result,) = torch.autograd.grad(weighted_sums(projection.connectivity, free, rows), free, by_sums)
    return result


class _Matrix:
    """A projection at one step: products with a matrix and its transpose."""

    def __init__(self, projection: Projection, weights: torch.Tensor) -> None:
        values = weights.detach().numpy() * 2.0**projection.exponent
        connectivity = projection.connectivity.with_weights(values)
        matrix = values if isinstance(connectivity, Dense) else connectivity.to_sparse()
        self._forward = matrix.T if isinstance(matrix, np.ndarray) else sparse.csr_array(matrix)
        self._backward = matrix if isinstance(matrix, np.ndarray) else sparse.csr_array(matrix.T)

    def forward(self, activity: Array) -> Array:
        return _product(self._forward, activity)

    def backward(self, gradient: Array) -> Array:
        return _product(self._backward, gradient)


def _product(matrix: Array | sparse.csr_array, rows: Array) -> Array:
    if isinstance(matrix, np.ndarray):
        product: Array = rows @ matrix
    else:
        product = (matrix @ rows.T).T
    return product[np.newaxis]
