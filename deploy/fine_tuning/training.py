"""The training itself: batches, steps of the optimizer, and which state is kept (needs PyTorch)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...backends.simulator.simulate import Simulator
from ...models.decision import Decision, decide
from ...models.network import Network
from ..quantization.layer_quantization import Quantization
from .distillation import Distillation
from .integer_network import TrainableNetwork
from .judgement import Judgement
from .latent import INSIDE
from .layer_agreement import layer_agreements

Array = NDArray[Any]

BATCH = 16
HELD_OUT = 5  # every so-manieth sample judges and does not train
TRAVEL = 0.5  # of a weight's step, that all updates together move a weight at most, or nearly
WEIGHT_RATES = 0.002, 0.012  # of a weight's step, that an update moves it at most
PARAMETER_RATE = 0.003  # of what makes a neuron spike
MEMORY = 0.9  # of the running mean of the latent numbers, which swing about the borders of rounding, it less
TOGETHER = 0.6  # of the epochs, in which weights move
NEAR = 0.3  # of a step, that a weight begins at most from the middle of its own: the first updates are half chance
STEEPEST = 1.0  # norm of the derivatives of a batch


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training came to.

    Attributes
    ----------
    quantization : the network that was best on the samples held out; the one that came in where none was surely better.
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
    distillation = Distillation(quantization.network, wanted, decision, labels)
    before = _right(quantization.network, given, distillation.classes, decision)
    astray = 1 - float(before.mean())
    # What is nearly right is easily spoilt; where half of the decisions are wrong, there is little to spoil.
    network = TrainableNetwork(quantization, keep_zeros, NEAR + (INSIDE - NEAR) * min(1.0, 2 * astray))
    data = torch.from_numpy(np.ascontiguousarray(given.transpose(1, 0, 2), dtype=np.float64))
    random = np.random.default_rng(seed)
    order = random.permutation(given.shape[0])
    judging, training = np.sort(order[::HELD_OUT]), np.delete(order, np.s_[::HELD_OUT])
    first = _judged(network, distillation, decision, data, judging)
    if not any(network.latents()):
        return Trained(quantization, False, first.agreeing, first.agreeing, 0)
    best, best_state, best_epoch = first, network.state(), 0
    for phase in _phases(network, epochs, len(_batches(training))):
        network.restore(best_state)
        optimizer = torch.optim.Adam([{"params": values, "lr": rate} for values, rate in phase.rates if values])
        updates = len(phase.epochs) * len(_batches(training))
        slowing = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, updates))
        mean = network.state()
        for epoch in phase.epochs:
            for chosen in _batches(random.permutation(training)):
                optimizer.zero_grad()
                loss = distillation.loss(network.run(data[:, chosen]), torch.from_numpy(chosen), astray)
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
            if now.surely_closer(first) and now.distance < best.distance:
                best, best_state, best_epoch = now, network.state(), epoch
            network.restore(last)
            advance(1)
    network.restore(best_state)
    tuned = network.quantized()
    after = _right(tuned.network, given, distillation.classes, decision)
    if not best_epoch or np.count_nonzero(after) < np.count_nonzero(before):
        return Trained(quantization, False, first.agreeing, first.agreeing, 0)
    agreements = layer_agreements(network, data, wanted, _batches(order))
    layers = tuple(replace(layer, agreement=agreements[layer.layer]) for layer in tuned.layers)
    return Trained(replace(tuned, layers=layers), True, first.agreeing, best.agreeing, best_epoch)


@dataclass(frozen=True, eq=False)
class _Phase:
    """Some epochs, and what moves in them: latent numbers with their rates."""

    epochs: range
    rates: tuple[tuple[list[torch.nn.Parameter], float], ...]


def _phases(network: TrainableNetwork, epochs: int, batches: int) -> Iterator[_Phase]:
    """First everything moves; then the best weights stand, and thresholds and biases make the most of them.

    Adam does not care for the size of derivatives, and so not for that of a neuron's integers.
    """
    weights = [latent.value for latent in network.weights.values()]
    parameters = [latent.value for latent in (*network.thresholds.values(), *network.biases.values())]
    together = round(epochs * TOGETHER) if parameters else epochs
    mean_rate = TRAVEL / max(1, together * batches)
    rate = float(np.clip(2 * mean_rate, *WEIGHT_RATES))  # which falls to nothing in half a cosine
    yield _Phase(range(1, together + 1), ((weights, rate), (parameters, PARAMETER_RATE)))
    if parameters:
        for value in weights:
            value.requires_grad_(False)
        yield _Phase(range(together + 1, epochs + 1), ((parameters, PARAMETER_RATE),))


def _judged(
    network: TrainableNetwork, distillation: Distillation, decision: Decision, data: torch.Tensor, samples: Array
) -> Judgement:
    distances, decisions = [], []
    with torch.no_grad():
        for chosen in _batches(samples):
            activity = network.run(data[:, chosen])
            distances.append(distillation.distances(activity, torch.from_numpy(chosen)).numpy())
            decisions.append(decide(activity[network.network.output].numpy().transpose(1, 0, 2), decision))
    decided = np.concatenate(decisions)
    agreeing, right = (
        float(np.mean(decided == classes[samples])) for classes in (distillation.decisions, distillation.classes)
    )
    return Judgement(np.concatenate(distances), agreeing, right)


def _right(network: Network, given: Array, classes: Array, decision: Decision) -> Array:
    """(samples,) bool: what the simulator, which shares nothing with the training, decides as wanted."""
    return np.asarray(decide(Simulator(network).run(given).activity[network.output], decision) == classes)


def _batches(samples: Array) -> list[Array]:
    return np.array_split(samples, max(1, math.ceil(samples.size / BATCH)))
