"""The training itself, and what a trained network is worth in float (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..encoders import Encoder, encoder_named
from ..errors import DataError
from .deterministic import deterministic
from .distortion import distorted
from .presentation import drawn_anew, presented
from .recipe import Loss, Optimizer, Recipe
from .staged_network import TrainableNetwork
from .surrogate import SURROGATES

Array = NDArray[Any]
Progress = Callable[[int, int, float, float], None]
"""Called after each epoch: epochs done, epochs in all, mean loss, training accuracy."""

TEST_BATCH = 256


def train(
    network: TrainableNetwork, x: Array, y: Array, recipe: Recipe, progress: Progress | None = None
) -> tuple[float, ...]:
    """Train a network in place.

    The same recipe and network give the same weights on the same machine and versions; elsewhere PyTorch may add in
    another order, and the last bits then decide some spikes.

    Parameters
    ----------
    network : to train; the seed of its first weights is that of its builder.
    x : (samples, *shape) static, or (samples, steps, *shape) where the recipe has no encoder; any real dtype.
    y : (samples,) class numbers.
    recipe : see `Recipe`.
    progress : see `Progress`.

    Returns
    -------
    The mean loss of each epoch.

    Raises
    ------
    DataError : the data suits neither the network nor the recipe.
    """
    _check(network, x, y, recipe)
    kind = next(network.parameters()).dtype
    encoder = resolved(recipe.encoder, x, recipe.seed)
    labels = torch.from_numpy(np.array(y, dtype=np.int64))  # a copy, for data sets cannot be written to
    network.set_surrogate(SURROGATES[recipe.surrogate](recipe.surrogate_width))
    losses = []
    with deterministic():
        random = torch.Generator().manual_seed(recipe.seed)
        optimizer = _optimizer(network, recipe)
        network.train()
        for epoch in range(recipe.epochs):
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * recipe.schedule.share(epoch, recipe.epochs)
            loss_sum, correct = 0.0, 0
            shuffled = torch.randperm(len(labels), generator=random)
            for number, batch in enumerate(torch.split(shuffled, recipe.batch)):
                samples = x[batch.numpy()]
                if recipe.distortion is not None:
                    samples = distorted(samples, recipe.distortion, random)
                of_batch = drawn_anew(encoder, recipe.seed, epoch, number)
                data = presented(samples, of_batch, recipe.steps, kind)
                _check_shown(network, data)
                network.set_threshold_factor(_drawn_factor(recipe.threshold_factors, random))
                activity = network(data)
                scores, truth = _scores(network, activity, recipe.answer_from), labels[batch]
                _check_labels(scores, truth)
                loss = _loss(scores, truth, len(data) - recipe.answer_from, recipe) + _rate_loss(
                    network, activity, recipe
                )
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                if recipe.largest_gradient is not None:
                    nn.utils.clip_grad_norm_(network.parameters(), recipe.largest_gradient)
                optimizer.step()
                loss_sum += loss.item() * len(truth)
                correct += int((scores.detach().argmax(1) == truth).sum())
            losses.append(loss_sum / len(labels))
            if progress is not None:
                progress(epoch + 1, recipe.epochs, losses[-1], correct / len(labels))
        network.eval()
        network.set_threshold_factor(1.0)
    return tuple(losses)


def accuracy(
    network: TrainableNetwork,
    x: Array,
    y: Array,
    encoder: str | Encoder | None = "constant",
    steps: int | None = 16,
    seed: int = 0,
    answer_from: int = 0,
) -> tuple[float, dict[str, float]]:
    """How often a network decides right, and its activity.

    Parameters
    ----------
    network, x, y : as `train` gets them.
    encoder, steps : as in `Recipe`.
    seed : of an encoder that draws at random.
    answer_from : as in `Recipe`.

    Returns
    -------
    The accuracy, 0 to 1, and per layer that spikes the mean number of spikes a sample.
    """
    classes, spikes = classes_of(network, x, encoder, steps, seed, answer_from)
    return float(np.mean(classes == y)), spikes


def classes_of(
    network: TrainableNetwork,
    x: Array,
    encoder: str | Encoder | None,
    steps: int | None,
    seed: int = 0,
    answer_from: int = 0,
) -> tuple[Array, dict[str, float]]:
    """The class of each sample, (samples,) int64, and what `accuracy` says of spikes."""
    kind = next(network.parameters()).dtype
    found = resolved(encoder, x, seed)
    training = network.training
    network.eval()
    totals: dict[str, float] = {}
    classes = []
    with torch.no_grad(), deterministic():
        for number, start in enumerate(range(0, len(x), TEST_BATCH)):
            of_batch = drawn_anew(found, seed, number)
            data = presented(x[start : start + TEST_BATCH], of_batch, steps, kind)
            _check_shown(network, data)
            activity = network(data)
            # NumPy's argmax promises the lowest index where scores are equal; PyTorch's does not.
            classes.append(_scores(network, activity, answer_from).numpy().argmax(1))
            for name in network.spiking_layers:
                totals[name] = totals.get(name, 0.0) + float(activity[name].sum(dtype=torch.float64))
    network.train(training)
    return np.concatenate(classes), {name: total / len(x) for name, total in totals.items()}


def resolved(encoder: str | Encoder | None, x: Array, seed: int) -> Encoder | None:
    """An encoder that may have been named."""
    return encoder_named(encoder, x, seed) if isinstance(encoder, str) else encoder


def _scores(network: TrainableNetwork, activity: dict[str, Tensor], answer_from: int) -> Tensor:
    output = activity[network.output]
    if answer_from >= len(output):
        raise DataError(f"An answer from step {answer_from} on never comes: the data has {len(output)} steps.")
    return network.scores({**activity, network.output: output[answer_from:]})


def _check(network: TrainableNetwork, x: Array, y: Array, recipe: Recipe) -> None:
    if len(x) != len(y) or not len(x):
        raise DataError(f"Training takes a label for each sample; there are {len(x)} samples and {len(y)} labels.")
    if np.min(y) < 0:
        raise DataError(f"The labels hold {np.min(y)}, but class numbers begin at 0.")
    if recipe.encoder is None and x.ndim != len(network.shape) + 2:
        raise DataError(
            f"Data of shape {x.shape[1:]} a sample has no axis of steps before {network.shape}: give the recipe an "
            "encoder."
        )
    if recipe.distortion is not None and (len(network.shape) != 3 or x.ndim != 4):
        raise DataError(f"Only images without steps can be distorted; the data has shape {x.shape[1:]} a sample.")


def _check_shown(network: TrainableNetwork, data: Tensor) -> None:
    """What an encoder makes of samples may have another shape, so that is known only then."""
    if tuple(data.shape[2:]) != tuple(network.shape):
        raise DataError(f"The network takes shape {network.shape} a step; the data has shape {tuple(data.shape[2:])}.")


def _check_labels(scores: Tensor, truth: Tensor) -> None:
    if int(truth.max()) >= scores.shape[1]:
        raise DataError(
            f"The labels hold class {int(truth.max())}; the network has classes 0 to {scores.shape[1] - 1}."
        )


def _drawn_factor(factors: tuple[float, float], random: torch.Generator) -> float:
    low, high = factors
    return low if low == high else low * (high / low) ** float(torch.rand((), generator=random))


def _optimizer(network: TrainableNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if recipe.optimizer is Optimizer.ADAMW else torch.optim.Adam
    return kind(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def _loss(scores: Tensor, truth: Tensor, steps: int, recipe: Recipe) -> Tensor:
    if recipe.loss is Loss.CROSS_ENTROPY:
        return functional.cross_entropy(scores, truth, label_smoothing=recipe.label_smoothing)
    wanted = functional.one_hot(truth, scores.shape[1]).to(scores.dtype)
    return functional.mse_loss(scores / steps, wanted)


def _rate_loss(network: TrainableNetwork, activity: dict[str, Tensor], recipe: Recipe) -> Tensor | float:
    if not recipe.rate_penalty:
        return 0.0
    hidden = [name for name in network.spiking_layers if name != network.output]
    return recipe.rate_penalty * sum((activity[name].mean() - recipe.target_rate) ** 2 for name in hidden)
