"""Resonate-and-fire neurons: a rotation of complex numbers, which answers to its own rhythm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.models.neurons import IntegerResonateAndFire, ResonateAndFire

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
STEPS, NEURONS = 60, 7


def run(neuron: Any, arriving: Array) -> tuple[Array, Array, Array]:
    """Both parts and the spikes of every step, (steps, neurons)."""
    state, found = neuron.initial_state(1, arriving.shape[1]), []
    for values in arriving:
        state, output = neuron.step(state, values[np.newaxis])
        found.append((*state, output))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))  # type: ignore[return-value]


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_it_turns_as_complex_numbers_do(seed: int) -> None:
    random = np.random.default_rng(seed)
    period, retention = random.uniform(2, 20, NEURONS) * random.choice([-1, 1]), random.uniform(0.5, 1, NEURONS)
    gain, phase = random.uniform(0.5, 2), random.uniform(0, 2 * np.pi, NEURONS)
    neuron = ResonateAndFire(period, retention, np.asarray(1.0), np.asarray(gain), phase)
    arriving = random.normal(0, 1, (STEPS, NEURONS))
    real, imaginary, spikes = run(neuron, arriving)
    z, before = np.zeros(NEURONS, complex), np.zeros(NEURONS)
    for step in range(STEPS):
        z = z * retention * np.exp(2j * np.pi / period) + gain * np.exp(1j * phase) * arriving[step]
        np.testing.assert_allclose(real[step] + 1j * imaginary[step], z, atol=1e-9)
        np.testing.assert_array_equal(spikes[step], (z.real >= 1) & (z.imag >= 0) & (before < 0))
        before = z.imag


@pytest.mark.parametrize("resets", [False, True])
def test_pulses_in_its_rhythm_make_it_spike_and_others_do_not(resets: bool) -> None:
    neuron = ResonateAndFire(np.asarray(10.0), np.asarray(0.95), np.asarray(2.0), resets=resets)

    def spikes(interval: int) -> int:
        arriving = np.zeros((200, 1))
        arriving[::interval] = 1.0
        return int(run(neuron, arriving)[2].sum())

    assert spikes(10) > 5
    assert spikes(15) == spikes(6) == 0


@pytest.mark.parametrize("resets", [False, True])
def test_a_spike_is_reset_or_not(resets: bool) -> None:
    neuron = ResonateAndFire(np.asarray(8.0), np.asarray(1.0), np.asarray(2.0), phase=np.asarray(-0.3), resets=resets)
    arriving = np.zeros((30, 1))
    arriving[0] = 3.0
    real, imaginary, spikes = run(neuron, arriving)
    assert spikes.sum() > 0
    if resets:
        np.testing.assert_array_equal(real[spikes > 0], 0)
        assert np.all(imaginary[spikes > 0] < 2)
        assert np.all(imaginary[spikes > 0] > 2 - 1e-12)
    else:
        np.testing.assert_allclose(np.hypot(real, imaginary), 3.0)


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_integers_stay_beside_floats(seed: int) -> None:
    """Each step loses less than two units of the state in each part, and those shrink with all else."""
    random = np.random.default_rng(seed)
    period, retention = random.uniform(3, 20, NEURONS), random.uniform(0.5, 0.95, NEURONS)
    model = ResonateAndFire(period, retention, np.asarray(1e9))
    integer = IntegerResonateAndFire(
        np.rint(model.cosine * 4096), np.rint(model.sine * 4096), np.asarray(2**23 - 1), input_shift=6
    )
    arriving = random.integers(-1000, 1000, (STEPS, NEURONS))
    angle, length = np.arctan2(integer.sine, integer.cosine), np.hypot(integer.sine, integer.cosine) / 4096
    exact = ResonateAndFire(2 * np.pi / angle, length, np.asarray(1e9))
    bound = 2 * np.sqrt(2) / (1 - exact.retention)
    for wanted, got in zip(run(exact, arriving * 64.0)[:2], run(integer, arriving)[:2], strict=True):
        assert np.all(np.abs(got - wanted).max(axis=0) < bound)
