"""Leaky neurons with adaptation: symplectic Euler, and what the paper shows it is good for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.deploy.quantization.adaptive_neurons import AdaptiveFamily
from spikeloom.models.neurons import Adaptive, Reset

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)


def run(neuron: Any, arriving: Array) -> tuple[Array, Array, Array]:
    """Potential, adaptation and spikes of every step, (steps, neurons)."""
    state, found = neuron.initial_state(1, arriving.shape[1]), []
    for values in arriving:
        state, output = neuron.step(state, values[np.newaxis])
        found.append((*state, output))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))  # type: ignore[return-value]


def drawn(random: np.random.Generator, size: int) -> dict[str, Array]:
    """Parameters as the paper draws them: time constants in ms at steps of 1 ms."""
    return {
        "alpha": np.exp(-1 / random.uniform(5, 25, size)),
        "beta": np.exp(-1 / random.uniform(60, 300, size)),
        "a": random.uniform(0, 1, size),
        "b": random.uniform(0, 2, size),
    }


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_the_adaptation_sees_the_potential_of_the_same_step(seed: int) -> None:
    """The paper's equations with their own names, step by step."""
    random, q, threshold = np.random.default_rng(seed), 120.0, 1.0
    p = drawn(random, 5)
    arriving = random.normal(0.5, 3, (80, 5))
    voltage, adaptation, spikes = run(Adaptive.of_paper(**p, threshold=np.asarray(threshold), q=q), arriving)
    u, w = np.zeros(5), np.zeros(5)
    for step in range(80):
        u = p["alpha"] * u + (1 - p["alpha"]) * (arriving[step] - w)
        s = u > threshold
        u = u * (1 - s)
        w = p["beta"] * w + (1 - p["beta"]) * q * (p["a"] * u + p["b"] * s)
        np.testing.assert_allclose(voltage[step], u, atol=1e-9)
        np.testing.assert_allclose(adaptation[step], w, atol=1e-9)
        np.testing.assert_array_equal(spikes[step], s)


def decay_of(amplitudes: Array) -> float:
    """By what an oscillation shrinks a step, from its largest magnitudes early and late."""
    early, late = np.abs(amplitudes[20:120]).max(), np.abs(amplitudes[220:320]).max()
    return float((late / early) ** (1 / 200))


@pytest.mark.parametrize("a", [0.25, 1.0, 3.0])
def test_oscillations_shrink_alike_at_every_frequency(a: float) -> None:
    """By sqrt(alpha * beta), as symplectic Euler has it; Euler's forward method lets the fast ones grow."""
    alpha, beta, q = np.exp(-1 / 25), np.exp(-1 / 60), 120.0
    neuron = Adaptive.of_paper(*map(np.asarray, (alpha, beta, a, 0.0, 1e9)), q=q)
    pulse = np.zeros((400, 1))
    pulse[0] = 1.0
    voltage, _, _ = run(neuron, pulse)
    assert decay_of(voltage) == pytest.approx(np.sqrt(alpha * beta), abs=1e-3)
    forward = np.sqrt(alpha * beta + (1 - alpha) * (1 - beta) * a * q)
    u, w, trace = 0.0, 0.0, []
    for value in pulse[:, 0]:
        u, w = alpha * u + (1 - alpha) * (value - w), beta * w + (1 - beta) * q * a * u
        trace.append(u)
    assert decay_of(np.array(trace)) == pytest.approx(forward, abs=1e-3)
    assert forward > np.sqrt(alpha * beta) + 0.005


@pytest.mark.parametrize("reset", list(Reset))
def test_resets(reset: Reset) -> None:
    one = np.ones(())
    neuron = Adaptive(
        one, one, np.full((), 1.0), 0 * one, 0 * one, np.full((), 0.5), reset=reset, reset_value=np.full((), -0.25)
    )
    voltage, adaptation, spikes = run(neuron, np.array([[1.75], [0.0]]))
    assert spikes[0] == 1
    assert voltage[0] == {Reset.VALUE: -0.25, Reset.SUBTRACT: 0.75, Reset.NONE: 1.75}[reset]
    assert adaptation[0] == 0.5
    inclusive = replace(neuron, inclusive=True)
    assert [run(model, np.array([[1.0]]))[2][0] for model in (neuron, inclusive)] == [0, 1]


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_integers_stay_beside_floats_below_the_threshold(seed: int) -> None:
    """Truncation loses a few units of 2**-6 a step, of which no oscillation makes many."""
    random, scale = np.random.default_rng(seed), 1000.0
    model = replace(Adaptive.of_paper(**drawn(random, 5), threshold=np.asarray(1e2)), input_gain=np.ones(()))
    integer = AdaptiveFamily().quantized(model, np.asarray(scale))
    arriving = np.rint(random.normal(0, 0.2, (300, 5)) * scale)
    wanted, found = run(model, arriving / scale), run(integer, arriving)
    for of_float, of_integer in zip(wanted[:2], found[:2], strict=True):
        error = np.abs(of_integer / (64 * scale) - of_float).max(axis=0)
        assert np.all(error < 0.02 * np.abs(of_float).max(axis=0) + 0.01)
