"""The training itself: batches, steps of the optimizer, and which state is kept (needs PyTorch)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.decision import Decision, decide
from ..quantization.quantize import Quantization
from .distillation import Distillation
from .integer_network import TrainableNetwork
from .layer_agreement import layer_agreements

Array = NDArray[Any]

BATCH = 16
HELD_OUT = 5  # every so-manieth sample judges and does not train
WEIGHT_RATE = 0.004  # of a weight's step, that an update moves a weight at most, or nearly
PARAMETER_RATE = 0.003  # of what makes a neuron spike
MEMORY = 0.9  # of the running mean of the latent numbers, which swing about the borders of rounding, it less
TOGETHER = 0.6  # of the epochs, in which weights move
STEEPEST = 1.0  # norm of the derivatives of a batch


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training came to.

    Attributes
    ----------
    quantization : the network that was best on the samples held out; the one that came in where none was better.
    improved : whether it is another one than came in.
    before, after : share of the samples held out on which it decides as the float network does.
    epoch : after which it was best; 0 for the one that came in.
    """

    quantization: Quantization
    improved: bool
    before: float
    after: float
    epoch: int


def train(
    quantization: Quantization,
    given: Array,
    wanted: Mapping[str, Array],
    decision: Decision,
    labels: Array | None,
    epochs: int,
    seed: int,
    keep_zeros: bool,
    advance: Callable[[int], None],
) -> Trained:
    """Train; see `fine_tune`."""
    network = TrainableNetwork(quantization, keep_zeros)
    distillation = Distillation(quantization.network, wanted, decision, labels)
    data = torch.from_numpy(np.ascontiguousarray(given.transpose(1, 0, 2), dtype=np.float64))
    random = np.random.default_rng(seed)
    order = random.permutation(given.shape[0])
    judging, training = np.sort(order[::HELD_OUT]), np.delete(order, np.s_[::HELD_OUT])
    first = _judged(network, distillation, decision, data, judging)
    if not any(network.latents()):
        return Trained(quantization, False, first[1], first[1], 0)
    best, best_state, best_epoch = first, network.state(), 0
    for phase in _phases(network, epochs):
        network.restore(best_state)
        optimizer = torch.optim.Adam([{"params": values, "lr": rate} for values, rate in phase.rates if values])
        updates = len(phase.epochs) * len(_batches(training))
        slowing = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, updates))
        mean = network.state()
        for epoch in phase.epochs:
            for chosen in _batches(random.permutation(training)):
                optimizer.zero_grad()
                loss = distillation.loss(network.run(data[:, chosen]), torch.from_numpy(chosen))
                loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
                torch.nn.utils.clip_grad_norm_([latent.value for latent in network.latents()], STEEPEST)
                optimizer.step()
                slowing.step()
                for latent, average in zip(network.latents(), mean, strict=True):
                    latent.keep_inside()
                    average.lerp_(latent.value.data, 1 - MEMORY)
            last = network.state()
            network.restore(mean)
            now = _judged(network, distillation, decision, data, judging)
            if now[0] < best[0]:
                best, best_state, best_epoch = now, network.state(), epoch
            network.restore(last)
            advance(1)
    if not best_epoch:
        return Trained(quantization, False, first[1], first[1], 0)
    network.restore(best_state)
    agreements = layer_agreements(network, data, wanted, _batches(order))
    tuned = network.quantized()
    layers = tuple(replace(layer, agreement=agreements[layer.layer]) for layer in tuned.layers)
    return Trained(replace(tuned, layers=layers), True, first[1], best[1], best_epoch)


@dataclass(frozen=True, eq=False)
class _Phase:
    """Some epochs, and what moves in them: latent numbers with their rates."""

    epochs: range
    rates: tuple[tuple[list[torch.nn.Parameter], float], ...]


def _phases(network: TrainableNetwork, epochs: int) -> Iterator[_Phase]:
    """First everything moves; then the best weights stand, and thresholds and biases make the most of them.

    Adam does not care for the size of derivatives, and so not for that of a neuron's integers.
    """
    weights = [latent.value for latent in network.weights.values()]
    parameters = [latent.value for latent in (*network.thresholds.values(), *network.biases.values())]
    together = round(epochs * TOGETHER) if parameters else epochs
    yield _Phase(range(1, together + 1), ((weights, WEIGHT_RATE), (parameters, PARAMETER_RATE)))
    if parameters:
        for value in weights:
            value.requires_grad_(False)
        yield _Phase(range(together + 1, epochs + 1), ((parameters, PARAMETER_RATE),))


def _judged(
    network: TrainableNetwork, distillation: Distillation, decision: Decision, data: torch.Tensor, samples: Array
) -> tuple[float, float]:
    """Mean doubt in the wanted classes, and share of samples on which the network decides as the float network does."""
    doubt, same = 0.0, 0
    with torch.no_grad():
        for chosen in _batches(samples):
            activity = network.run(data[:, chosen])
            doubt += float(distillation.doubt(activity, torch.from_numpy(chosen)).sum())
            answers = activity[network.network.output].numpy().transpose(1, 0, 2)
            same += int(np.count_nonzero(decide(answers, decision) == distillation.decisions[chosen]))
    return doubt / samples.size, same / samples.size


def _batches(samples: Array) -> list[Array]:
    return np.array_split(samples, max(1, math.ceil(samples.size / BATCH)))
