"""Training itself: it learns, it says the same again, and it refuses what it cannot take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from spikeloom.models.encoders import ConstantCurrent, PoissonRate  # noqa: E402
from spikeloom.models.errors import DataError, UsageError  # noqa: E402
from spikeloom.models.training.build import adaptive, convolutional, fully_connected  # noqa: E402
from spikeloom.models.training.components import Components  # noqa: E402
from spikeloom.models.training.ordinary_networks import (  # noqa: E402
    Recurrence,
    RecurrentNetwork,
    ordinary_counterpart,
)
from spikeloom.models.training.presentation import drawn_anew, presented  # noqa: E402
from spikeloom.models.training.recipe import Constant, Distortion, Loss, Optimizer, Recipe, Step  # noqa: E402
from spikeloom.models.training.train import accuracy, classes_of, train  # noqa: E402
from spikeloom.models.zoo import digits_data  # noqa: E402

Array = NDArray[Any]

LEAKY = Components(retention=0.875)


def orders(samples: int, seed: int) -> tuple[Array, Array]:
    """Two halves of time, two groups of channels: the class is which group spikes first. Sums over time say nothing."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, samples)
    rates = np.full((samples, 12, 6), 0.05)
    for half in (0, 1):
        for sample, label in enumerate(y):
            group = label ^ half
            rates[sample, 6 * half : 6 * half + 6, 3 * group : 3 * group + 3] = 0.7
    return (random.random(rates.shape) < rates).astype(np.int8), y


def parameters(network: Any) -> list[Array]:
    return [values.detach().numpy().copy() for values in network.parameters()]


def test_a_fully_connected_network_reads_digits_and_says_the_same_again() -> None:
    x, y = digits_data.load("train")
    test_x, test_y = digits_data.load("test")
    recipe = Recipe(epochs=12)
    calls: list[tuple[int, int, float, float]] = []
    network = fully_connected((1, 8, 8), [128], 10, LEAKY)
    losses = train(network, x, y, recipe, lambda *done: calls.append(done))
    reached, spikes = accuracy(network, test_x, test_y)

    assert reached >= 0.95
    assert [done[:2] for done in calls] == [(epoch, 12) for epoch in range(1, 13)]
    assert tuple(done[2] for done in calls) == losses and losses[-1] < losses[0] / 10
    # Against a direct count.
    activity = network(torch.from_numpy(test_x).expand(16, *test_x.shape))
    assert spikes == {name: pytest.approx(float(values.detach().sum()) / 450) for name, values in activity.items()}
    assert np.mean(activity["neurons_out"].detach().sum(0).numpy().argmax(1) == test_y) == reached


def test_the_same_recipe_gives_the_same_weights_whatever_else_is_drawn() -> None:
    x, y = (part[:200] for part in digits_data.load("train"))
    recipe = Recipe(epochs=2, encoder="rate", steps=4, distortion=Distortion(), rate_penalty=1.0, seed=3)
    results = []
    for _ in range(2):
        network = convolutional((1, 8, 8), [4], [16], 10, LEAKY, seed=5)
        train(network, x, y, recipe)
        results.append(parameters(network))
        torch.rand(7)
    assert all(np.array_equal(first, second) for first, second in zip(*results, strict=True))
    other = convolutional((1, 8, 8), [4], [16], 10, LEAKY, seed=5)
    train(other, x, y, replace(recipe, seed=4))
    assert not np.array_equal(parameters(other)[0], results[0][0])
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    "options",
    [
        {"loss": Loss.SQUARED_ERROR, "encoder": "rate", "surrogate": "sigmoid"},
        {"optimizer": Optimizer.ADAMW, "weight_decay": 0.1, "schedule": Step(3, 0.5), "surrogate": "fast-sigmoid"},
        {"schedule": Constant(), "label_smoothing": 0.05, "largest_gradient": 1.0, "surrogate": "rectangular"}
        | {"surrogate_width": 2.0},
    ],
)
def test_every_choice_of_a_recipe_learns(options: dict[str, Any]) -> None:
    x, y = digits_data.load("train")
    network = fully_connected((1, 8, 8), [64], 10, LEAKY)
    recipe = Recipe(epochs=8, steps=8, **options)
    train(network, x, y, recipe)
    assert accuracy(network, *digits_data.load("test"), recipe.encoder, recipe.steps)[0] > 0.85


def test_rates_go_where_the_penalty_draws_them() -> None:
    x, y = digits_data.load("train")
    spikes = {}
    for target in (0.1, 0.3):
        network = fully_connected((1, 8, 8), [64], 10, LEAKY)
        train(network, x, y, Recipe(epochs=6, steps=8, rate_penalty=100.0, target_rate=target))
        spikes[target] = accuracy(network, x, y, "constant", 8)[1]["neurons1"] / 64 / 8
    assert spikes == {target: pytest.approx(target, abs=0.05) for target in spikes}


@pytest.mark.parametrize("kind", ["spiking", "adaptive", *Recurrence])
def test_networks_with_recurrence_learn_an_order(kind: str) -> None:
    x, y = orders(400, 1)
    if kind == "spiking":
        network: Any = fully_connected((6,), [32], 2, Components(recurrent=True, retention=0.8))
    elif kind == "adaptive":
        network = adaptive((6,), [32], 2, threshold=0.1)
    else:
        network = RecurrentNetwork(kind, (6,), [16], 2)
    train(network, x, y, Recipe(epochs=12, batch=50, learning_rate=1e-2, encoder=None, steps=None))
    assert accuracy(network, *orders(200, 2), None, None)[0] > 0.9


def test_a_network_without_memory_cannot_learn_an_order() -> None:
    x, y = orders(400, 1)
    network = fully_connected((6,), [32], 2, Components(leakage="complete"))  # type: ignore[arg-type]
    train(network, x, y, Recipe(epochs=12, batch=50, learning_rate=1e-2, encoder=None, steps=None))
    assert accuracy(network, *orders(200, 2), None, None)[0] < 0.65


def test_the_ordinary_counterpart_learns_the_same() -> None:
    network = ordinary_counterpart(fully_connected((1, 8, 8), [64], 10, LEAKY))
    x, y = digits_data.load("train")
    train(network, x, y, Recipe(epochs=20, steps=1))
    reached, spikes = accuracy(network, *digits_data.load("test"), "constant", 1)
    assert reached >= 0.95 and not spikes
    with pytest.raises(UsageError, match="'neurons1' has no rectifiers"):
        ordinary_counterpart(fully_connected((4,), [8], 2, Components(recurrent=True)))


def test_gradients_of_a_constant_current_are_those_of_the_same_at_every_step() -> None:
    network = fully_connected((1, 8, 8), [16], 10, LEAKY).double()
    image = torch.from_numpy(digits_data.load("test")[0][:5]).double()
    found = []
    for data in (image.expand(6, *image.shape), image.repeat(6, 1, 1, 1, 1)):
        network.zero_grad()
        torch.autograd.backward(network.scores(network(data))[:, 3].sum())
        found.append([values.grad.clone() for values in network.parameters()])
    for first, second in zip(*found, strict=True):
        torch.testing.assert_close(first, second)


def test_random_encoders_draw_anew_for_every_batch_and_others_stay() -> None:
    encoder = PoissonRate(1.0, 0)
    seeds = {drawn_anew(encoder, 0, epoch, batch).seed for epoch in range(3) for batch in range(3)}
    assert len(seeds) == 9 and drawn_anew(encoder, 0, 1, 2) == drawn_anew(encoder, 0, 1, 2)
    assert drawn_anew(ConstantCurrent(), 1) == ConstantCurrent() and drawn_anew(None, 1) is None
    shown = presented(np.full((2, 3), 0.5), encoder, 100, torch.float32)
    assert shown.shape == (100, 2, 3) and float(shown.mean()) == pytest.approx(0.5, abs=0.1)


def test_an_untrained_decision_between_equals_falls_on_the_first() -> None:
    network = fully_connected((3,), [4], 5, Components(threshold=1e6))
    classes, spikes = classes_of(network, np.ones((4, 3)), "constant", 2)
    assert classes.tolist() == [0] * 4 and spikes == {"neurons1": 0.0, "neurons_out": 0.0}


def test_data_that_does_not_suit_is_refused() -> None:
    network = fully_connected((3,), [4], 2, LEAKY)
    x, y = np.zeros((5, 3)), np.zeros(5, dtype=int)
    with pytest.raises(DataError, match="5 samples and 4 labels"):
        train(network, x, y[:4], Recipe())
    with pytest.raises(DataError, match="no axis of steps"):
        train(network, x, y, Recipe(encoder=None, steps=None))
    with pytest.raises(DataError, match="Only images"):
        train(network, x, y, Recipe(distortion=Distortion()))
    with pytest.raises(DataError, match="class 2"):
        train(network, x, y + 2, Recipe())
    with pytest.raises(DataError, match=r"shape \(4,\)"):
        train(network, np.zeros((5, 4)), y, Recipe())
