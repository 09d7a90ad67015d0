"""Training one variant of a network and deploying it, as `spikeloom deploy` would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.program import Program
from ....backends.simulator.simulate import Simulator
from ....mapping.target import Target
from ....models.datasets import Dataset
from ....models.decision import decide
from ....models.encoders import encoder_named
from ....models.training.components import Components
from ....models.training.recipe import Recipe
from ...compilation import compile_model
from ...configuration.configuration import Configuration
from ...data import Data
from ...lowering.lower import prepare
from ...progress.progress import Quiet
from .tasks import ComponentTask

Array = NDArray[Any]
CALIBRATION_SAMPLES = 256
BATCH = 256  # samples that run at a time
HELD_OUT = 0.1  # share of the samples to train with that choose among recipes


@dataclass(frozen=True, eq=False)
class TrainedVariant:
    """A network, in float and on the chip.

    Attributes
    ----------
    network : of PyTorch, trained.
    program : what is deployed; quantization saw samples to train with only.
    recipe : that it was trained by.
    loss : mean of the last epoch.
    held_out_accuracy : in float, on samples held out to choose among recipes; None where there was one recipe.
    retentions : share of the potential that each layer that spikes keeps, as trained.
    """

    network: Any
    program: Program
    recipe: Recipe
    loss: float
    held_out_accuracy: float | None
    retentions: tuple[float, ...]

    @property
    def parameters(self) -> int:
        """Numbers that training finds."""
        return sum(values.numel() for values in self.network.parameters())


def trained_variant(
    dataset: Dataset, task: ComponentTask, components: Components, recipes: Sequence[Recipe], target: Target
) -> TrainedVariant:
    """Train a fully connected network of these components, and deploy it.

    Parameters
    ----------
    dataset : of the task.
    recipes : of several, each is tried without the last tenth of the samples to train with, and the one that is the
        most accurate on those is taken. Their seeds are also those of the first weights.

    Raises
    ------
    DoesNotFitError : it is too large for the chip.
    """
    if len(recipes) == 1:
        trained = _trained(dataset, task, components, recipes[0])
    else:
        trained = _best(dataset, task, components, recipes)
    network: Any = trained.network
    layers = network.modules_by_name
    retentions = tuple(float(layers[name].retention.detach()) for name in network.spiking_layers)
    calibration = replace(dataset, train=dataset.train.first(CALIBRATION_SAMPLES))
    program = deployed(network, calibration, trained.recipe, target)
    return TrainedVariant(network, program, trained.recipe, trained.loss, trained.held_out_accuracy, retentions)


@dataclass(frozen=True, eq=False)
class _Trained:
    """A training; see `TrainedVariant`."""

    network: Any
    recipe: Recipe
    loss: float
    held_out_accuracy: float | None = None


def _best(dataset: Dataset, task: ComponentTask, components: Components, recipes: Sequence[Recipe]) -> _Trained:
    """The training by the recipe that answers samples best that none has seen; of equals the first."""
    from ....models.training.train import accuracy

    x, y = dataset.train.x, dataset.train.y
    kept = round(len(x) * (1 - HELD_OUT))
    part = replace(dataset, train=dataset.train.first(kept))
    best: _Trained | None = None
    for recipe in recipes:
        trained = _trained(part, task, components, recipe)
        share, _ = accuracy(
            trained.network, x[kept:], y[kept:], recipe.encoder, recipe.steps, recipe.seed, recipe.answer_from
        )
        if best is None or best.held_out_accuracy is None or share > best.held_out_accuracy:
            best = replace(trained, held_out_accuracy=share)
    assert best is not None
    return best


def _trained(dataset: Dataset, task: ComponentTask, components: Components, recipe: Recipe) -> _Trained:
    from ....models.training.build import fully_connected
    from ....models.training.train import train

    network = fully_connected(
        dataset.shape, task.hidden, dataset.classes, components, seed=recipe.seed,
        first_gain=task.beginning.hidden, output_gain=task.beginning.output, first_biases=task.beginning.biases,
    )  # fmt: skip
    return _Trained(network, recipe, train(network, dataset.train.x, dataset.train.y, recipe)[-1])


def deployed(network: Any, dataset: Dataset, recipe: Recipe, target: Target) -> Program:
    """The program of a trained network, quantized and mapped as `spikeloom deploy` does it by default.

    Parameters
    ----------
    dataset : whose samples to train with the quantization is calibrated on.

    Raises
    ------
    DoesNotFitError : it is too large for the chip.
    """
    from ....models.training.to_graph import graph_of

    data = Data(entered(dataset.train.x, dataset, recipe), dataset.train.y, (), dataset.name)
    config = Configuration(seed=recipe.seed)
    return compile_model(prepare(graph_of(network, dataset.name)), target, data, config, Quiet()).program


def deployed_classes(program: Program, x: Array, answer_from: int = 0) -> Array:
    """What a program decides, (samples,) int64.

    Parameters
    ----------
    x : (samples, steps, input neurons); the steps need not be those of the program.
    answer_from : first step whose output counts.
    """
    simulator = Simulator(program.network)
    simulator.workers = 1  # a study's tasks run side by side
    classes = []
    for start in range(0, len(x), BATCH):
        run = simulator.run(program.code.encode(x[start : start + BATCH]), "output")
        classes.append(decide(run.activity[program.network.output][:, answer_from:], program.decision))
    return np.concatenate(classes)


def entered(x: Array, dataset: Dataset, recipe: Recipe) -> Array:
    """Samples as they enter the network: (samples, steps, input neurons)."""
    if recipe.encoder is None or recipe.steps is None:
        return x.reshape(x.shape[0], x.shape[1], -1)
    encoder = recipe.encoder
    if isinstance(encoder, str):
        encoder = encoder_named(encoder, dataset.train.x, recipe.seed)
    encoded = encoder.encode(np.asarray(x), recipe.steps)
    return encoded.reshape(encoded.shape[0], encoded.shape[1], -1)


def training_seed(seed: int, repeat: int) -> int:
    """Of a repeat; no two seeds of a study have repeats in common."""
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0])
