"""Training a network anew at a point of its operating space, and deploying it from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....mapping.target import Target
from ....models.encoders import ConstantCurrent
from ....models.errors import DataError, DoesNotFitError, UsageError
from ....models.graph import Graph
from ....models.neurons import LeakyIntegrateAndFire
from ....models.operators import Input, Neurons
from ...compilation import compile_model
from ...configuration.configuration import Configuration
from ...data import Data
from ...progress.progress import Quiet
from ..measurement import Instrument, Measurement
from ..subject import Subject
from .retuning import wanted_layers

LEARNING_RATE, BATCH = 5e-3, 64


@dataclass(frozen=True, eq=False)
class Retraining:
    """What training anew needs.

    Attributes
    ----------
    graph : whose structure is trained.
    layers : whose neurons get the time constant and threshold of a point.
    training, test : recordings, all with labels; no sample is in both.
    target, config : of the deployment.
    epochs : of training.
    note : where the recordings are from, a sentence.
    """

    graph: Graph
    layers: tuple[str, ...]
    training: Data
    test: Data
    target: Target
    config: Configuration
    epochs: int
    note: str


def retraining_of(subject: Subject, layers: tuple[str, ...], epochs: int) -> Retraining:
    """What training a subject anew takes.

    Parameters
    ----------
    subject : a model that was read from its file, with labelled data.
    layers : names of those whose neurons change; none for all that spike.

    Raises
    ------
    UsageError : there is no graph, or no such layer.
    DataError : there are no labels.
    UnsupportedModelError : the network holds what cannot be trained.
    """
    from ....models.training.requirement import require_torch

    require_torch()
    from ....models.training.from_graph import untrained_network

    graph = subject.graph
    if graph is None:
        raise UsageError(f"{subject.name} holds integers only: to train anew, name the model that it was made from.")
    if subject.data.y is None:
        raise DataError(f"{subject.data.name} has no labels, without which nothing can be trained anew.")
    untrained_network(graph, {})  # refuses what cannot be trained, before anything is
    able = [name for name in graph.layers if _spikes(graph, name)]
    training = subject.open_training() if subject.open_training else None
    test = subject.data
    note = "training data: what the built-in model was trained with; the points are measured on its test data."
    if training is None:
        training, test = test.every_second(1), test.every_second()
        note = "training data: every second sample, from the second on; the points are measured on the others."
    return Retraining(
        graph, wanted_layers(able, layers), training, test, subject.program.target, subject.config, epochs, note
    )


def retrained(retraining: Retraining, time_constant: float, threshold: float, seed: int) -> Measurement | None:
    """Train at a point from the beginning, deploy, and measure.

    Parameters
    ----------
    time_constant : of the membrane, in steps, at least 1: v + (x - v) / time_constant.
    threshold : above 0, in units of the potential.
    seed : of the first weights and the order of the samples.

    Returns
    -------
    None where the network that comes out does not fit the chip.
    """
    from ....models.training.components import Components
    from ....models.training.from_graph import components_of, untrained_network
    from ....models.training.recipe import Recipe
    from ....models.training.to_graph import graph_of
    from ....models.training.train import train

    graph, data = retraining.graph, retraining.training
    components = {}
    for name in retraining.layers:
        operator = graph.nodes[name]
        assert isinstance(operator, Neurons)
        reset = components_of(operator.model).reset
        components[name] = Components.from_time_constant(time_constant, threshold=threshold, reset=reset)
    network = untrained_network(graph, components, seed=seed)
    entry = graph.nodes[graph.inputs[0]]
    assert isinstance(entry, Input)
    constant = isinstance(data.encoder, ConstantCurrent)
    x = (data.x[:, 0] if constant else data.x).astype(np.float32)
    x = x.reshape(*x.shape[:-1], *entry.shape)
    recipe = Recipe(
        epochs=retraining.epochs, batch=BATCH, learning_rate=LEARNING_RATE, largest_gradient=1.0, seed=seed,
        encoder=data.encoder if constant else None, steps=data.steps if constant else None,
    )  # fmt: skip
    assert data.y is not None
    train(network, x, data.y, recipe)
    test = retraining.test
    try:
        compiled = compile_model(graph_of(network, graph.name), retraining.target, test, retraining.config, Quiet())
    except DoesNotFitError:
        return None
    return Instrument(compiled.program, test.x, test.y, retraining.config.costs).measure()


def _spikes(graph: Graph, name: str) -> bool:
    operator = graph.nodes[name]
    if not isinstance(operator, Neurons) or not isinstance(operator.model, LeakyIntegrateAndFire):
        return False
    return operator.model.spiking
