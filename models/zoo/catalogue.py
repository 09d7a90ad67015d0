"""The models of the zoo by name: what each is, what it is trained on and how, and which come trained.

No PyTorch here; it is imported where a network is built.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..training.components import Components
from ..training.recipe import Distortion, Optimizer, Recipe

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..training.staged_network import StagedNetwork

FOLDER = Path(__file__).parent
STEPS_OF_IMAGES = 16  # for which images are shown to a network whose own data has steps


@dataclass(frozen=True)
class ZooModel:
    """A model of the zoo.

    Attributes
    ----------
    name : of the model.
    summary : what it is, in a few words.
    builder : module of this folder and its function.
    dataset, shape, classes : what it is trained on unless told otherwise; the shape of a step of a sample.
    components : of its leaky layers; None where it has neurons of another kind.
    recipe : how it is trained.
    ordinary : whether rectifiers stand where the builder's neurons are.
    conversion : how it is deployed where it is ordinary, "rate" or "sigma-delta".
    committed : whether it comes trained.
    dataset_options : with which its data set is loaded.
    """

    name: str
    summary: str
    builder: tuple[str, str]
    dataset: str
    shape: tuple[int, ...]
    classes: int
    components: Components | None
    recipe: Recipe
    ordinary: bool = False
    conversion: str | None = None
    committed: bool = False
    dataset_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def nir_file(self) -> Path:
        """Where the trained network lies, if it is committed."""
        return FOLDER / f"{self.name}.nir"

    @property
    def card_file(self) -> Path:
        """What is known about it, beside it."""
        return FOLDER / f"{self.name}.json"

    @property
    def deployment_options(self) -> dict[str, Any]:
        """The configuration that it is deployed with, unless told otherwise."""
        return deployment_options(self.recipe, self)


_FRAMES: Mapping[str, Any] = {"integration": 10_000}  # microseconds
_MNIST, _CIFAR, _SPEECH = ("mnist", (1, 28, 28), 10), ("cifar-10", (3, 32, 32), 10), ("shd", (700,), 20)
_LEAKY = Components.from_time_constant(2.0, threshold=0.5)
_HAND = Distortion(turn=0.2, scale=0.12, shift=0.12)
_PHOTOGRAPH = Distortion(turn=0.1, scale=0.1, shift=0.15)

_OF_MLP = Recipe(
    epochs=50,
    learning_rate=2e-3,
    optimizer=Optimizer.ADAMW,
    weight_decay=0.01,
    label_smoothing=0.02,
    rate_penalty=10.0,
    target_rate=0.1,
    encoder="rate",
    steps=16,
    distortion=_HAND,
)
_OF_CNN = replace(
    _OF_MLP,
    epochs=30,
    learning_rate=3e-3,
    rate_penalty=30.0,
    target_rate=0.08,
    encoder="constant",
    steps=8,
)
_OF_DIGITS = replace(
    _OF_MLP,
    epochs=80,
    learning_rate=5e-3,
    weight_decay=0.1,
    rate_penalty=100.0,
    encoder="constant",
    distortion=Distortion(),
)
_OF_DEEP = Recipe(
    epochs=100,
    learning_rate=1e-3,
    optimizer=Optimizer.ADAMW,
    weight_decay=0.01,
    encoder="constant",
    steps=4,
    distortion=_PHOTOGRAPH,
)
_OF_SPEECH = Recipe(epochs=50, batch=128, learning_rate=2e-3, largest_gradient=1.0, encoder=None, steps=None)


def _without_spikes(recipe: Recipe) -> Recipe:
    return replace(recipe, learning_rate=1e-3, rate_penalty=0.0, encoder="constant", steps=1)


_ALL = (
    ZooModel(
        "digits", "2 convolutions and a linear layer, for 8 x 8 pixels", ("small_networks", "digits"),
        "digits", (1, 8, 8), 10, Components(retention=0.875), _OF_DIGITS, committed=True,
    ),
    ZooModel(
        "mlp-snn", "3 fully connected layers, fed with Poisson spikes", ("small_networks", "mlp"),
        *_MNIST, _LEAKY, _OF_MLP, committed=True,
    ),
    ZooModel(
        "cnn-snn", "3 convolutions and 2 linear layers", ("small_networks", "cnn"),
        *_MNIST, _LEAKY, _OF_CNN, committed=True,
    ),
    ZooModel(
        "sew-resnet18", "residual network that adds spikes", ("sew_resnet", "sew_resnet18"), *_CIFAR, _LEAKY, _OF_DEEP
    ),
    ZooModel("spiking-vgg11", "8 convolutions and 3 linear layers", ("vgg", "vgg11"), *_CIFAR, _LEAKY, _OF_DEEP),
    ZooModel(
        "vgg7-sigma-delta", "6 convolutions and a linear layer, converted to sigma-delta", ("vgg", "vgg7"),
        *_CIFAR, _LEAKY, _without_spikes(_OF_DEEP), ordinary=True, conversion="sigma-delta",
    ),
    ZooModel(
        "recurrent-lif", "700-64-20, the hidden neurons reach each other", ("small_networks", "recurrent"),
        *_SPEECH, Components(retention=0.9), _OF_SPEECH, dataset_options=_FRAMES,
    ),
    ZooModel(
        "adlif", "700-128-20, the same with adaptive neurons", ("small_networks", "adaptive_recurrent"),
        *_SPEECH, None, _OF_SPEECH, dataset_options=_FRAMES,
    ),
    ZooModel(
        "mlp-ann", "as mlp-snn, without spikes", ("small_networks", "mlp"),
        *_MNIST, _LEAKY, _without_spikes(_OF_MLP), ordinary=True, conversion="rate",
    ),
    ZooModel(
        "cnn-ann", "as cnn-snn, without spikes", ("small_networks", "cnn"),
        *_MNIST, _LEAKY, _without_spikes(_OF_CNN), ordinary=True, conversion="rate",
    ),
    ZooModel(
        "sew-resnet18-ann", "as sew-resnet18, without spikes", ("sew_resnet", "sew_resnet18"),
        *_CIFAR, _LEAKY, _without_spikes(_OF_DEEP), ordinary=True, conversion="rate",
    ),
    ZooModel(
        "vgg11-ann", "as spiking-vgg11, without spikes", ("vgg", "vgg11"),
        *_CIFAR, _LEAKY, _without_spikes(_OF_DEEP), ordinary=True, conversion="rate",
    ),
)  # fmt: skip
MODELS: Mapping[str, ZooModel] = {model.name: model for model in _ALL}
"""By name."""

COMMITTED: tuple[str, ...] = tuple(model.name for model in _ALL if model.committed)
"""Names of those that come trained, so that they can be deployed by name."""


def deployment_options(recipe: Recipe, model: ZooModel) -> dict[str, Any]:
    """The configuration that a model which was trained by a recipe is deployed with."""
    if model.conversion is not None:  # whose steps are those of the conversion
        return {"convert": model.conversion} | ({} if recipe.encoder is None else {"encoder": "constant"})
    options: dict[str, Any] = {} if recipe.encoder is None else {"steps": recipe.steps, "encoder": recipe.encoder}
    return options if model.components is None else {**options, "reset": model.components.reset.value}


def zoo_model(name: str) -> ZooModel:
    """The model of a name.

    Raises
    ------
    UsageError : there is none.
    """
    if name not in MODELS:
        asked = name.lower().replace("_", "-")
        near = [known for known in MODELS if asked and asked in known]
        near = near or difflib.get_close_matches(asked, MODELS, 3, 0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(MODELS)}."
        raise UsageError(f"The zoo has no model {name!r}: {hint}")
    return MODELS[name]


def build(
    name: str,
    *,
    shape: tuple[int, ...] | None = None,
    classes: int | None = None,
    components: Components | None = None,
    seed: int = 0,
    width: float = 1.0,
) -> StagedNetwork:
    """A network of the zoo, untrained (needs PyTorch).

    Parameters
    ----------
    name : of the model.
    shape, classes : of a step of a sample, and of the data; those of the data that it is usually trained on where None.
    components : of its leaky layers, instead of its own.
    seed : of the first weights.
    width : factor to the numbers of hidden neurons or channels, above 0.

    Raises
    ------
    UsageError : there is no such model, or it cannot be so.
    BackendMissingError : PyTorch is not installed.
    """
    model = zoo_model(name)
    if components is not None and (model.components is None or model.ordinary):
        raise UsageError(f"The model {name} has no leaky layers, so that it has no components to choose.")
    from ..training.requirement import require_torch

    require_torch()
    module, function = model.builder
    builder = getattr(importlib.import_module(f".{module}", __package__), function)
    network: StagedNetwork = builder(
        model.shape if shape is None else shape,
        model.classes if classes is None else classes,
        model.components if components is None else components,
        seed,
        width,
    )
    if model.ordinary:
        from ..training.ordinary_networks import ordinary_counterpart
        from ..training.spiking_network import SpikingNetwork

        assert isinstance(network, SpikingNetwork)
        return ordinary_counterpart(network, seed)
    return network


def recipe(name: str, data: Dataset | None = None, *, seed: int = 0) -> Recipe:
    """How a model is trained.

    Parameters
    ----------
    name : of the model.
    data : that it is trained on; where it has steps and the model's own has none, or the other way round, encoder and
        steps are changed to suit. None for its own.
    seed : of the order of the samples, of distortions and of random encoders.

    Raises
    ------
    UsageError : there is no such model.
    """
    model = zoo_model(name)
    own = replace(model.recipe, seed=seed)
    if data is None:
        return own
    if data.steps is not None:
        return replace(own, encoder=None, steps=None, distortion=None, answer_from=data.answer_from)
    if own.encoder is None:
        return replace(own, encoder="rate", steps=STEPS_OF_IMAGES)
    return own if len(data.shape) == 3 else replace(own, distortion=None)
