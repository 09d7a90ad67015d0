"""Training at thresholds that are drawn anew for every batch, so that a network stands being retuned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from spikeloom.models.errors import UsageError  # noqa: E402
from spikeloom.models.training.build import adaptive, fully_connected  # noqa: E402
from spikeloom.models.training.components import Components  # noqa: E402
from spikeloom.models.training.recipe import Recipe  # noqa: E402
from spikeloom.models.training.train import train  # noqa: E402

PARTS = Components(retention=0.75, threshold=0.4)


def spikes_of(network: Any, data: Any) -> dict[str, Any]:
    with torch.no_grad():
        return {name: values.numpy() for name, values in network(data).items()}


def test_a_factor_is_another_threshold() -> None:
    data = torch.rand(6, 5, 8, generator=torch.Generator().manual_seed(0))
    scaled, other = (fully_connected((8,), [12], 3, parts) for parts in (PARTS, replace(PARTS, threshold=0.8)))
    as_it_was = spikes_of(scaled, data)
    scaled.set_threshold_factor(2.0)
    found, expected = spikes_of(scaled, data), spikes_of(other, data)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert expected["neurons1"].any() and not np.array_equal(found["neurons1"], as_it_was["neurons1"])
    scaled.set_threshold_factor(1.0)
    assert np.array_equal(spikes_of(scaled, data)["neurons1"], as_it_was["neurons1"])


def test_a_factor_is_another_threshold_of_adaptive_neurons() -> None:
    data = 5 * torch.rand(9, 4, 8, generator=torch.Generator().manual_seed(0))
    scaled, other = (adaptive((8,), [12], 3, threshold=threshold, first_gain=8.0) for threshold in (0.5, 1.0))
    scaled.set_threshold_factor(2.0)
    found, expected = spikes_of(scaled, data), spikes_of(other, data)
    assert np.array_equal(found["neurons1"], expected["neurons1"]) and expected["neurons1"].any()


def test_training_draws_factors_between_the_two_and_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    x, y = random.random((64, 8), dtype=np.float32), random.integers(0, 3, 64)
    network = fully_connected((8,), [12], 3, PARTS)
    drawn: list[float] = []
    own = type(network).set_threshold_factor

    def noted(self: Any, factor: float) -> None:
        drawn.append(factor)
        own(self, factor)

    monkeypatch.setattr(type(network), "set_threshold_factor", noted)
    recipe = Recipe(epochs=20, batch=16, steps=4, threshold_factors=(0.5, 2.0))
    train(network, x, y, recipe)
    *during, after = drawn
    assert after == 1.0 and all(network.modules_by_name[name].threshold_factor == 1 for name in network.layers)
    assert len(during) == 80 and 0.5 <= min(during) < 0.6 and 1.8 < max(during) <= 2.0
    assert abs(np.mean(np.log(during))) < 0.2, "even on a logarithmic scale"
    again = fully_connected((8,), [12], 3, PARTS)
    train(again, x, y, recipe)
    assert all(bool((a == b).all()) for a, b in zip(network.parameters(), again.parameters(), strict=True))


@pytest.mark.parametrize("factors", [(0.0, 1.0), (2.0, 1.0), (1.0, float("inf"))])
def test_factors_that_cannot_be(factors: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="above 0, low to high"):
        Recipe(threshold_factors=factors)
