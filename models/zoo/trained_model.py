"""A model of the zoo, trained, tested in float, and written to a file (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..datasets import Dataset
from ..graph import Graph
from ..graph_file import write_graph
from ..training.recipe import Recipe
from ..training.to_graph import graph_of
from ..training.train import accuracy, train
from ..writers.nir import write_nir
from .catalogue import ZooModel, build, recipe
from .model_files import NIR

Watch = Callable[[int, float, float], None]
"""Called after each epoch: how many are done, mean loss, accuracy on what was trained with."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """What came out of a training.

    Attributes
    ----------
    graph : the network, ready for a file.
    recipe : by which it was trained.
    parameters : number of trained ones.
    losses, accuracies : of each epoch, on what was trained with as it was shown: distorted and drawn anew.
    test_accuracy : 0 to 1, in float.
    spikes_per_sample : mean number of spikes per layer that spikes, over the test samples.
    """

    graph: Graph
    recipe: Recipe
    parameters: int
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    test_accuracy: float
    spikes_per_sample: Mapping[str, float]

    def write(self, path: Path) -> None:
        """Write it, whole or not at all, as `.nir` or `.graph`, by the suffix.

        Raises
        ------
        UsageError : `path` cannot be written to.
        """
        if path.suffix == NIR:
            write_nir(self.graph, path)
        else:
            write_graph(self.graph, path)


def train_zoo_model(
    model: ZooModel, data: Dataset, *, seed: int = 0, epochs: int | None = None, width: float = 1.0, watch: Watch
) -> TrainedModel:
    """Build a model of the zoo for some data, train it and test it.

    Parameters
    ----------
    seed : of first weights, order of the samples, distortions and random encoders.
    epochs : instead of the recipe's.
    width : see `catalogue.build`.

    Raises
    ------
    UsageError : model and data do not suit one another.
    """
    network = build(model.name, shape=data.shape, classes=data.classes, seed=seed, width=width)
    plan = recipe(model.name, data, seed=seed)
    if epochs is not None:
        plan = replace(plan, epochs=epochs)
    accuracies: list[float] = []

    def progress(done: int, epochs: int, loss: float, right: float) -> None:
        accuracies.append(right)
        watch(done, loss, right)

    losses = train(network, data.train.x, data.train.y, plan, progress)
    right, spikes = accuracy(
        network, data.test.x, data.test.y, plan.encoder, plan.steps, seed=seed, answer_from=plan.answer_from
    )
    return TrainedModel(
        graph_of(network, model.name),
        plan,
        sum(parameter.numel() for parameter in network.parameters()),
        losses,
        tuple(accuracies),
        right,
        spikes,
    )
