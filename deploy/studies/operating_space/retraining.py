"""Training a network anew at a point of its operating space, and deploying it from there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....mapping.target import Target
from ....models.encoders import ConstantCurrent
from ....models.errors import DataError, DoesNotFitError, UsageError
from ....models.graph import Graph
from ....models.neurons import LeakyIntegrateAndFire
from ....models.operators import Input, Neurons
from ....models.training.recipe import Recipe
from ...compilation import compile_model
from ...configuration.configuration import Configuration
from ...data import Data
from ...progress.progress import Quiet
from ..measurement import Instrument, Measurement
from ..subject import Subject
from .retuning import wanted_layers

Array = NDArray[Any]
Training = tuple[Recipe, Array, Array, Data, str]
"""Recipe, samples and labels as `train` gets them, recordings to measure with, and a sentence on all that."""
GENERAL = Recipe(batch=64, learning_rate=5e-3, largest_gradient=1.0)
"""How a network is trained of which nobody knows how it was."""
RATE_PENALTY = 30.0
"""At least, where a rate is asked for; recipes of the zoo have 10 to 100."""
SHORT = 0.25
"""Share of the epochs of a model's own recipe below which samples are not distorted, as that pays in long ones only."""


@dataclass(frozen=True, eq=False)
class Retraining:
    """What training anew needs.

    Attributes
    ----------
    graph : whose structure is trained.
    layers : whose neurons get the time constant and threshold of a point.
    x, y, recipe : as `train` gets them; no sample is among those to test with.
    test : recordings to measure with.
    target, config : of the deployment.
    notes : where the samples are from and how they are trained with, sentences.
    """

    graph: Graph
    layers: tuple[str, ...]
    x: Array
    y: Array
    recipe: Recipe
    test: Data
    target: Target
    config: Configuration
    notes: tuple[str, ...]


def retraining_of(subject: Subject, layers: tuple[str, ...], epochs: int, target_rate: float | None) -> Retraining:
    """What training a subject anew takes.

    Parameters
    ----------
    subject : a model that was read from its file, with labelled data.
    layers : names of those whose neurons change; none for all that spike.
    epochs : of training, at least 1.
    target_rate : spikes a neuron and step that hidden layers are drawn to; None leaves that to the recipe.

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
    recipe, x, y, test, origin = _own_training(subject, graph, epochs) or _training_with_half(subject, graph)
    recipe = replace(recipe, epochs=epochs)
    rate = "spikes cost nothing in training (--target-rate)"
    if target_rate is not None:
        recipe = replace(recipe, target_rate=target_rate, rate_penalty=max(recipe.rate_penalty, RATE_PENALTY))
    if recipe.rate_penalty:
        rate = f"hidden layers are drawn to {recipe.target_rate:g} spikes a neuron and step"
    how = (
        f"retraining: weights drawn anew and trained for {epochs} epochs at every point, then deployed as the model "
        f"was; {rate}."
    )
    wanted = wanted_layers(able, layers)
    return Retraining(graph, wanted, x, y, recipe, test, subject.program.target, subject.config, (how, origin))


def _own_training(subject: Subject, graph: Graph, epochs: int) -> Training | None:
    """That of a built-in model."""
    known, test = subject.built_in, subject.data
    if known is None or test.encoder is None:
        return None
    x, y = known.training_data()
    recipe, but = replace(known.recipe, encoder=test.encoder, steps=test.steps), ""
    if recipe.distortion is not None and epochs < SHORT * recipe.epochs:
        but = f", but for its distortions, which are for its {recipe.epochs} epochs"
        recipe = replace(recipe, distortion=None)
    note = (
        f"training data: what the built-in model was trained with, by its own recipe{but}; points are measured on its "
        "test data."
    )
    return recipe, x.reshape(len(x), *_input_shape(graph)), y, test, note


def _training_with_half(subject: Subject, graph: Graph) -> Training:
    """One that holds for every model, with every second sample of the data."""
    data, test = subject.data.every_second(1), subject.data.every_second()
    constant = isinstance(data.encoder, ConstantCurrent)
    x = (data.x[:, 0] if constant else data.x).astype(np.float32)
    recipe = replace(GENERAL, encoder=data.encoder if constant else None, steps=data.steps if constant else None)
    assert data.y is not None
    note = (
        "training data: every second sample, from the second on, by a recipe that knows nothing of the model; points "
        "are measured on the others."
    )
    return recipe, x.reshape(*x.shape[:-1], *_input_shape(graph)), data.y, test, note


def _input_shape(graph: Graph) -> tuple[int, ...]:
    entry = graph.nodes[graph.inputs[0]]
    assert isinstance(entry, Input)
    return entry.shape


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
    from ....models.training.to_graph import graph_of
    from ....models.training.train import train

    graph = retraining.graph
    components = {}
    for name in retraining.layers:
        operator = graph.nodes[name]
        assert isinstance(operator, Neurons)
        reset = components_of(operator.model).reset
        components[name] = Components.from_time_constant(time_constant, threshold=threshold, reset=reset)
    network = untrained_network(graph, components, seed=seed)
    train(network, retraining.x, retraining.y, replace(retraining.recipe, seed=seed))
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
