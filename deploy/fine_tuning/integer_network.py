"""An integer network whose every step can be derived (needs PyTorch)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.network import Network, Population, Projection, Role
from ...models.neurons import IntegerLeakyIntegrateAndFire
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT
from ..quantization.layer_quantization import Quantization
from ..quantization.weights import QuantizedWeights
from .components import Component, components, singles
from .latent import INSIDE, LatentParameter, LatentWeights, bias_of, threshold_of
from .loop import Circle, IntegerSteps, delayed
from .synapses import weighted_sums

Array = NDArray[Any]

BREADTH = 1.0  # of the smooth step in place of a spike, in thresholds


class TrainableNetwork:
    """The network of a quantization, run in PyTorch with the integers of the chip.

    What rounding took nothing from is left alone: weights that their synapses hold exactly, and the neurons of layers
    where all of them are so, such as relays.

    Parameters
    ----------
    keep_zeros, near : see `LatentWeights`.

    Attributes
    ----------
    weights : per projection that is trained.
    thresholds, biases : per population whose are trained.
    """

    def __init__(self, quantization: Quantization, keep_zeros: bool = False, near: float = INSIDE) -> None:
        self.quantization = quantization
        self.network = quantization.network
        rounded = {name: part for layer in quantization.layers for name, part in layer.projections.items()}
        self.weights = {
            name: LatentWeights(part, keep_zeros, near) for name, part in rounded.items() if not _exact(part)
        }
        self.thresholds: dict[str, LatentParameter] = {}
        self.biases: dict[str, LatentParameter] = {}
        self._units = {p.name: spiking_input(self.network, p) for p in self.network.populations if p.neuron is not None}
        for population in self.network.populations:
            if not any(projection.name in self.weights for projection in self.network.incoming(population.name)):
                continue
            unit = self._units[population.name]
            for kept, latent in ((self.thresholds, threshold_of), (self.biases, bias_of)):
                parameter = latent(population, unit)
                if parameter is not None:
                    kept[population.name] = parameter
        self._components = [(part, self._circle(part)) for part in components(self.network)]
        self._singles = [(part, self._circle(part)) for part in singles(self.network)]

    def latents(self) -> Iterator[LatentWeights | LatentParameter]:
        """All that is trained."""
        yield from self.weights.values()
        yield from self.thresholds.values()
        yield from self.biases.values()

    def state(self) -> list[torch.Tensor]:
        """A copy of all that is trained."""
        return [latent.value.detach().clone() for latent in self.latents()]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Go back to a copy."""
        for latent, value in zip(self.latents(), state, strict=True):
            latent.value.data.copy_(value)

    def run(self, given: torch.Tensor, sent: Mapping[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
        """Activity of every population with neurons, the integers of `run_network`.

        Parameters
        ----------
        given : (steps, samples, input neurons) float64 that holds integers.
        sent : what the populations shall have sent, whatever they do send, so that each works by itself; per
            population (steps, samples, neurons) float64 that holds integers.

        Returns
        -------
        per population (steps, samples, neurons) float64.
        """
        activity = {self.network.input.name: given}
        sources = activity if sent is None else {self.network.input.name: given, **sent}
        for part, circle in self._components if sent is None else self._singles:
            sums = []
            for population in part.populations:
                arriving = [self._arriving(p, sources) for p in part.outer if p.target == population.name]
                total = functools.reduce(torch.add, arriving) if arriving else given.new_zeros((1, 1, 1))
                sums.append(total.expand(*given.shape[:2], population.size))
            tensors = (
                *sums,
                *(self._parameter(self.thresholds, population, "threshold") for population in part.populations),
                *(self._parameter(self.biases, population, "bias_mantissa") for population in part.populations),
                *(self._weights(projection) for projection in part.inner),
            )
            outputs = IntegerSteps.apply(circle, *tensors)  # type: ignore[no-untyped-call,unused-ignore]
            activity.update(zip(circle.names, outputs, strict=True))
        return {name: sent for name, sent in activity.items() if name != self.network.input.name}

    def quantized(self) -> Quantization:
        """The integer network as it is now, verified, and the weights of its layers."""
        weights = {name: latent.quantized() for name, latent in self.weights.items()}
        network = self.network.replace(
            populations=tuple(self._population(population) for population in self.network.populations),
            projections=tuple(
                replace(p, connectivity=p.connectivity.with_weights(weights[p.name].weights))
                if p.name in weights
                else p
                for p in self.network.projections
            ),
        )
        layers = tuple(
            replace(layer, projections={name: weights.get(name, part) for name, part in layer.projections.items()})
            for layer in self.quantization.layers
        )
        return replace(self.quantization, network=network, layers=layers)

    def _population(self, population: Population) -> Population:
        changes = {}
        if population.name in self.thresholds:
            changes["threshold"] = self.thresholds[population.name].quantized()
        if population.name in self.biases:
            changes["bias_mantissa"] = self.biases[population.name].quantized()
        if not changes:
            return population
        return replace(population, neuron=replace(_leaky(population), **changes))  # type: ignore[arg-type]

    def _circle(self, part: Component) -> Circle:
        return Circle(
            tuple(population.name for population in part.populations),
            tuple(_leaky(population) for population in part.populations),
            tuple(population.size for population in part.populations),
            tuple(
                BREADTH * self._units[population.name] * float(1 << ACTIVATION_SHIFT) for population in part.populations
            ),
            part.inner,
            tuple(self.network.lag(projection) for projection in part.inner),
        )

    def _arriving(self, projection: Projection, activity: dict[str, torch.Tensor]) -> torch.Tensor:
        weights = self._weights(projection) * 2.0**projection.exponent
        if self.network.by_name[projection.source].role is Role.CONSTANT:
            return weighted_sums(projection.connectivity, weights, weights.new_ones((1, 1))).unsqueeze(0)
        sent = activity[projection.source]
        steps, samples, sources = sent.shape
        sums = weighted_sums(projection.connectivity, weights, sent.reshape(-1, sources))
        return delayed(sums.reshape(steps, samples, -1), self.network.lag(projection))

    def _weights(self, projection: Projection) -> torch.Tensor:
        if projection.name in self.weights:
            return self.weights[projection.name].integers()
        return torch.from_numpy(projection.connectivity.weights.astype(np.float64))

    def _parameter(self, trained: dict[str, LatentParameter], population: Population, name: str) -> torch.Tensor:
        if population.name in trained:
            return trained[population.name].integers()
        fixed = np.broadcast_to(getattr(population.neuron, name), (population.size,))
        return torch.from_numpy(fixed.astype(np.float64))


def spiking_input(network: Network, population: Population) -> Array:
    """The sum of weights that makes a neuron spike, or where there is no such, the largest that arrives; (neurons,)."""
    neuron = _leaky(population)
    weights = [
        float(np.max(np.abs(p.connectivity.weights), initial=0)) * 2.0**p.exponent
        for p in network.incoming(population.name)
    ]
    largest = max(weights, default=0.0) or 1.0
    threshold = np.broadcast_to(neuron.threshold, (population.size,)).astype(np.float64)
    return np.where(threshold > 0, threshold, largest) if neuron.spiking else np.full(population.size, largest)


def _exact(quantized: QuantizedWeights) -> bool:
    return bool(np.all(quantized.ideal == quantized.weights))


def _leaky(population: Population) -> IntegerLeakyIntegrateAndFire:
    assert isinstance(population.neuron, IntegerLeakyIntegrateAndFire)
    return population.neuron
