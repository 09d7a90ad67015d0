"""Layers over all steps at once against the same recorded step by step, and surrogates against their formulas."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from spikeloom.models.neurons import Reset  # noqa: E402
from spikeloom.models.training.adaptive_steps import adaptive_steps  # noqa: E402
from spikeloom.models.training.components import Components  # noqa: E402
from spikeloom.models.training.layers import Integrator, LeakyLayer  # noqa: E402
from spikeloom.models.training.leaky_steps import SpikeRule, leaky_steps  # noqa: E402
from spikeloom.models.training.recipe import SurrogateName  # noqa: E402
from spikeloom.models.training.surrogate import SURROGATES, Arctan, Sigmoid, Surrogate  # noqa: E402

Tensor = Any
STEPS, SAMPLES, NEURONS = 7, 3, 5


def random_numbers(*shape: int, seed: int, low: float = -1.0, high: float = 1.0) -> Tensor:
    values = np.random.default_rng(seed).uniform(low, high, shape)
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def after_spikes(voltage: Tensor, spike: Tensor, rule: SpikeRule) -> Tensor:
    fixed = spike.detach() if rule.detached else spike
    if rule.reset is Reset.VALUE:
        return voltage * (1 - fixed)
    return voltage - rule.threshold * fixed if rule.reset is Reset.SUBTRACT else voltage


def leaky_step_by_step(arriving: Tensor, retention: Tensor, recurrent: Tensor | None, rule: SpikeRule) -> Tensor:
    after = spike = torch.zeros_like(arriving[0])
    spikes = []
    for current in arriving:
        if recurrent is not None:
            current = current + spike @ recurrent.T
        voltage = retention * after + current
        spike = rule.surrogate(voltage - rule.threshold)
        after = after_spikes(voltage, spike, rule)
        spikes.append(spike)
    return torch.stack(spikes)


def adaptive_step_by_step(
    arriving: Tensor, parameters: tuple[Tensor, ...], recurrent: Tensor | None, rule: SpikeRule
) -> Tensor:
    voltage_share, adaptation_share, coupling, feedback, jump = parameters
    after = spike = adaptation = torch.zeros_like(arriving[0])
    spikes = []
    for current in arriving:
        if recurrent is not None:
            current = current + spike @ recurrent.T
        voltage = voltage_share * after + current - coupling * adaptation
        spike = rule.surrogate(voltage - rule.threshold)
        after = after_spikes(voltage, spike, rule)
        adaptation = adaptation_share * adaptation + feedback * after + jump * spike
        spikes.append(spike)
    return torch.stack(spikes)


def gradients(spikes: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    weights = random_numbers(*spikes.shape, seed=9).detach()
    found = torch.autograd.grad((weights * spikes).sum(), inputs, allow_unused=True)
    return [value for value in found if value is not None]


@pytest.mark.parametrize(
    ("reset", "recurrent", "detached"), list(itertools.product(Reset, (False, True), (False, True)))
)
def test_leaky_steps_at_once_are_those_one_by_one(reset: Reset, recurrent: bool, detached: bool) -> None:
    rule = SpikeRule(0.4, reset, Sigmoid(0.7), detached)
    arriving = random_numbers(STEPS, SAMPLES, NEURONS, seed=1)
    retention = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    weights = random_numbers(NEURONS, NEURONS, seed=2) if recurrent else None
    inputs = [part for part in (arriving, retention, weights) if part is not None]

    at_once = leaky_steps(arriving, retention, weights, rule)
    one_by_one = leaky_step_by_step(arriving, retention, weights, rule)
    assert torch.equal(at_once, one_by_one) and 0 < at_once.mean() < 1
    for found, expected in zip(gradients(at_once, inputs), gradients(one_by_one, inputs), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("reset", "recurrent"), list(itertools.product(Reset, (False, True))))
def test_adaptive_steps_at_once_are_those_one_by_one(reset: Reset, recurrent: bool) -> None:
    rule = SpikeRule(0.3, reset, Arctan(), detached=reset is not Reset.SUBTRACT)
    arriving = random_numbers(STEPS, SAMPLES, NEURONS, seed=3)
    parameters = tuple(random_numbers(NEURONS, seed=number, low=0.1, high=0.9) for number in range(4, 9))
    weights = random_numbers(NEURONS, NEURONS, seed=2) if recurrent else None
    inputs = [part for part in (arriving, weights, *parameters) if part is not None]

    at_once = adaptive_steps(arriving, parameters, weights, rule)
    one_by_one = adaptive_step_by_step(arriving, parameters, weights, rule)
    assert torch.equal(at_once, one_by_one) and 0 < at_once.mean() < 1
    for found, expected in zip(gradients(at_once, inputs), gradients(one_by_one, inputs), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_a_neuron_spikes_strictly_above_its_threshold_and_resets_to_zero() -> None:
    # Potentials with a retention of 1/2: 1.0 (no spike: not above), 0.5 + 0.75 = 1.25 (spike), 0 + 0.75, ...
    arriving = torch.tensor([[[1.0]], [[0.75]], [[0.75]], [[0.75]]])
    assert LeakyLayer(Components(retention=0.5))(arriving).flatten().tolist() == [0, 1, 0, 1]


def test_learnable_leakage_begins_where_it_is_told_and_learns() -> None:
    layer = LeakyLayer(Components(leakage="learnable", retention=0.6)).double()  # type: ignore[arg-type]
    assert float(layer.retention.detach()) == pytest.approx(0.6)
    torch.autograd.backward(layer(random_numbers(STEPS, SAMPLES, NEURONS, seed=1, high=2.0)).sum())
    assert layer.logit is not None and float(layer.logit.grad) != 0


def test_an_integrator_puts_out_its_potential() -> None:
    arriving = torch.tensor([[1.0], [2.0], [4.0]])
    assert Integrator()(arriving).flatten().tolist() == [1, 3, 7]
    assert Integrator(0.5)(arriving).flatten().tolist() == [1, 2.5, 5.25]


FORMULAS = {
    SurrogateName.ARCTAN: lambda x, w: 1 / (w * (1 + (math.pi * x / w) ** 2)),
    SurrogateName.SIGMOID: lambda x, w: 4 / w * math.exp(-4 * x / w) / (1 + math.exp(-4 * x / w)) ** 2,
    SurrogateName.FAST_SIGMOID: lambda x, w: 1 / (w * (1 + 2 * abs(x) / w) ** 2),
    SurrogateName.RECTANGULAR: lambda x, w: 1 / w if abs(x) < w / 2 else 0.0,
}


@pytest.mark.parametrize("name", SurrogateName)
@pytest.mark.parametrize("width", [1.0, 0.25])
def test_surrogates_are_a_step_forward_and_their_formula_backward(name: SurrogateName, width: float) -> None:
    surrogate: Surrogate = SURROGATES[name](width)
    places = [-1.0, -0.1, 0.0, 0.05, 0.5]
    distance = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    spikes = surrogate(distance)
    torch.autograd.backward((3 * spikes).sum())
    assert spikes.tolist() == [0, 0, 0, 1, 1]
    assert distance.grad.tolist() == pytest.approx([3 * FORMULAS[name](x, width) for x in places])


@pytest.mark.parametrize("name", SurrogateName)
def test_surrogates_have_an_area_of_one_and_are_as_high_as_their_width_is_small(name: SurrogateName) -> None:
    x = torch.linspace(-2000, 2000, 4_000_001, dtype=torch.float64)
    slope = SURROGATES[name](0.5).times_slope(torch.ones_like(x), x)
    assert float(slope.max()) == pytest.approx(2.0)
    assert float(torch.trapezoid(slope, x)) == pytest.approx(1.0, abs=0.01)
