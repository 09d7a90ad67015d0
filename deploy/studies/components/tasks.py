"""What variants of neurons are trained on, and how: the same for all variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ....models.datasets import Dataset, Split, load_dataset
from ....models.training.components import Components, Leakage
from ....models.training.recipe import Recipe, Step

LEARNABLE = Components(leakage=Leakage.LEARNABLE, retention=0.95, threshold=0.5, detached_reset=False)
"""Of tasks in time: the publication lets the baseline learn its leakage there, and trains through the reset."""
NORMAL = Components(threshold=0.5, detached_reset=False)
"""Of images: a fixed leakage that keeps 0.3."""


@dataclass(frozen=True)
class Beginning:
    """How weights begin, in multiples of PyTorch's own.

    Attributes
    ----------
    hidden, output : gains of the maps to the hidden layers and to the output.
    biases : whether they begin as PyTorch's, or at 0.
    """

    hidden: float = 1.0
    output: float = 1.0
    biases: bool = True


@dataclass(frozen=True)
class ComponentTask:
    """A data set with the network and the recipe that all variants get.

    Attributes
    ----------
    dataset : name in the catalogue.
    hidden : neurons of the hidden layers; the output has as many as there are classes.
    baseline : components.
    recipe : see `Recipe`; its seed and the step from which answers count are set with the data.
    beginning : of the weights.
    options : of the data set.
    published : accuracies of the publication, by variant; empty where it has another task.
    learning_rates : among which samples that are held out choose; empty for that of the recipe.
    """

    dataset: str
    hidden: tuple[int, ...]
    baseline: Components
    recipe: Recipe
    beginning: Beginning = Beginning()
    options: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)
    learning_rates: tuple[float, ...] = ()

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The recipe with each learning rate."""
        return tuple(replace(self.recipe, learning_rate=rate) for rate in self.learning_rates) or (self.recipe,)

    def data(self, seed: int, training: int | None = None, test: int | None = None) -> Dataset:
        """Its data, of the first so many samples; generated data is that of the seed.

        Raises
        ------
        UsageError : more samples than there are.
        """
        if self.dataset in ("digits", "mnist"):
            whole = load_dataset(self.dataset)
            return replace(whole, train=_part(whole.train, training), test=_part(whole.test, test))
        options = dict(self.options)
        wanted = {"train_samples": training, "test_samples": test}
        options |= {name: samples for name, samples in wanted.items() if samples is not None}
        return load_dataset(self.dataset, seed=seed, **options)


def _part(split: Split, samples: int | None) -> Split:
    return split if samples is None else split.first(samples)


IN_TIME = Recipe(
    epochs=22, batch=100, learning_rate=4e-3, schedule=Step(10, 0.5), surrogate_width=2.0, largest_gradient=1.0,
    encoder=None, steps=None,
)  # fmt: skip

TASKS: Mapping[str, ComponentTask] = MappingProxyType(
    {
        "xor": ComponentTask(
            "delayed-xor",
            (32,),
            LEARNABLE,
            IN_TIME,
            Beginning(0.3, 0.2, biases=False),
            {"train_samples": 10_000, "test_samples": 1000, "delay_steps": 80},
            {
                "baseline": 0.775,
                "no-leakage": 0.503,
                "complete-leakage": 0.505,
                "no-reset": 0.961,
                "recurrence": 0.989,
            },
            learning_rates=(4e-3, 1e-2),
        ),
        "sequences": ComponentTask(
            "sequences", (32,), LEARNABLE, IN_TIME, Beginning(0.3, 0.2, biases=False), {"train_samples": 5000}
        ),
        "digits": ComponentTask("digits", (64,), NORMAL, Recipe(epochs=15, largest_gradient=1.0, steps=16)),
        "mnist": ComponentTask("mnist", (128,), NORMAL, Recipe(epochs=10, largest_gradient=1.0, steps=8)),
    }
)
