"""Training one variant of a network and deploying it, as `spikeloom deploy` would."""

from __future__ import annotations

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


@dataclass(frozen=True, eq=False)
class TrainedVariant:
    """A network, in float and on the chip.

    Attributes
    ----------
    network : of PyTorch, trained.
    program : what is deployed; quantization saw samples to train with only.
    loss : mean of the last epoch.
    retentions : share of the potential that each layer that spikes keeps, as trained.
    """

    network: Any
    program: Program
    loss: float
    retentions: tuple[float, ...]

    @property
    def parameters(self) -> int:
        """Numbers that training finds."""
        return sum(values.numel() for values in self.network.parameters())


def trained_variant(
    dataset: Dataset, task: ComponentTask, components: Components, recipe: Recipe, target: Target
) -> TrainedVariant:
    """Train a fully connected network of these components, and deploy it.

    Parameters
    ----------
    dataset : of the task.
    recipe : its seed is also that of the first weights.

    Raises
    ------
    DoesNotFitError : it is too large for the chip.
    """
    from ....models.training.build import fully_connected
    from ....models.training.train import train

    network = fully_connected(
        dataset.shape, task.hidden, dataset.classes, components, seed=recipe.seed,
        first_gain=task.beginning.hidden, output_gain=task.beginning.output, first_biases=task.beginning.biases,
    )  # fmt: skip
    losses = train(network, dataset.train.x, dataset.train.y, recipe)
    layers: Any = network.modules_by_name
    retentions = tuple(float(layers[name].retention.detach()) for name in network.spiking_layers)
    calibration = replace(dataset, train=dataset.train.first(CALIBRATION_SAMPLES))
    return TrainedVariant(network, deployed(network, calibration, recipe, target), losses[-1], retentions)


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
