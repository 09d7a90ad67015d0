"""Izhikevich's neurons: the program of the paper, its kinds of neurons, and integers that spike when floats do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.deploy.quantization.izhikevich_neurons import IzhikevichFamily
from spikeloom.mapping.precision import Precision
from spikeloom.models.neurons import IntegerIzhikevich, Izhikevich
from spikeloom.models.neurons.izhikevich import KINDS

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
STEPS = 1000
SCALE = 1024.0


def spike_times(neuron: Any, arriving: Array) -> list[int]:
    """Steps at which a single neuron spikes, given (steps,) input."""
    state, times = neuron.initial_state(1, 1), []
    for step, value in enumerate(arriving):
        state, output = neuron.step(state, np.full((1, 1), value))
        if output[0, 0]:
            times.append(step)
    return times


def program_of_the_paper(
    a: Array, b: Array, c: Array, d: Array, v: Array, u: Array, current: Array
) -> tuple[Array, Array, Array]:
    """A millisecond as printed in the paper: v, u and which neurons fired before it."""
    fired = v >= 30
    v = np.where(fired, c, v)
    u = np.where(fired, u + d, u)
    v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + current)
    v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + current)
    return v, u + a * (b * v - u), fired


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_with_overshoots_it_is_the_papers_program(seed: int) -> None:
    """A step at a time, since what follows is chaotic; the program finds a spike at the beginning of the next step."""
    random, size = np.random.default_rng(seed), 20
    a, b, c, d = np.array(list(KINDS.values()))[random.integers(0, len(KINDS), size)].T
    neuron = Izhikevich(a, b, c, d, overshoots=True)
    v, u = random.uniform(-80, 29, size), random.uniform(-20, 5, size)
    current, later = random.normal(10, 10, (2, size))
    state, spikes = neuron.step((v[None], u[None]), current[None])
    state, _ = neuron.step(state, later[None])
    v, u, _ = program_of_the_paper(a, b, c, d, v, u, current)
    v, u, fired = program_of_the_paper(a, b, c, d, v, u, later)
    np.testing.assert_array_equal(spikes[0], fired)
    np.testing.assert_allclose(state[0][0], np.where(v >= 30, c, v), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(state[1][0], np.where(v >= 30, u + d, u), rtol=1e-9, atol=1e-9)


def test_kinds_differ_as_in_the_paper() -> None:
    times = {kind: np.array(spike_times(Izhikevich.of_kind(kind), np.full(STEPS, 10.0))) for kind in KINDS}
    settled = {kind: np.diff(values[values > 300]) for kind, values in times.items()}
    assert np.ptp(settled["regular spiking"]) <= 1
    assert np.diff(times["regular spiking"])[0] < 0.7 * settled["regular spiking"].mean()  # it adapts
    assert np.all(np.diff(times["intrinsically bursting"])[:2] < 10)  # a burst at first, single spikes later
    assert settled["intrinsically bursting"].min() > 20
    assert settled["fast spiking"].mean() < settled["regular spiking"].mean() / 3
    assert np.mean(settled["chattering"] < 6) > 0.5
    assert settled["chattering"].max() > 5 * np.median(settled["chattering"])


@pytest.mark.parametrize("bits", [24, 29])
@pytest.mark.parametrize("noise", [0.0, 5.0])
@pytest.mark.parametrize("kind", KINDS)
def test_integers_spike_when_floats_do(kind: str, noise: float, bits: int) -> None:
    """For a thousand steps, in registers of 24 bits, which leave 11 binary places of a millivolt, and of 29.

    Fast spiking neurons are chaotic with steps of a millisecond, in float too, where 1e-6 mV more in the beginning move
    single spikes later on: of those, no more than the beginning and the number of spikes can be the same.
    """
    model = Izhikevich.of_kind(kind, bias=10.0)
    integer = IzhikevichFamily(Precision(membrane_bits=bits)).quantized(model, np.asarray(SCALE))
    integer.verify()
    assert integer.fraction_bits == bits - 13
    arriving = np.rint(np.random.default_rng(0).normal(0, noise, STEPS) * SCALE)
    wanted, found = (
        np.array(times) for times in (spike_times(model, arriving / SCALE), spike_times(integer, arriving))
    )
    assert len(wanted) > 15
    assert abs(len(wanted) - len(found)) <= 0.02 * len(wanted)
    np.testing.assert_array_equal(wanted[wanted < 60], found[found < 60])
    if kind != "fast spiking":
        np.testing.assert_array_equal(wanted, found)


@pytest.mark.parametrize("time_step", [0.1, 0.5])
def test_smaller_steps(time_step: float) -> None:
    model = replace(Izhikevich.of_kind("regular spiking", bias=10.0), time_step=np.asarray(time_step))
    integer = IzhikevichFamily().quantized(model, np.asarray(SCALE))
    silence = np.zeros(int(STEPS / time_step))
    wanted, found = (np.array(spike_times(neuron, silence)) * time_step for neuron in (model, integer))
    assert 20 < len(wanted) < 30
    assert len(wanted) == len(found)
    np.testing.assert_allclose(wanted, found, atol=2 * time_step)


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=100)
@given(seed=seeds)
def test_no_product_leaves_64_bits(seed: int) -> None:
    """Numbers of NumPy warn where they overflow, which its arrays do not."""
    random = np.random.default_rng(seed)
    bits = int(random.integers(8, 17))
    end = (1 << (bits + 12)) - 1
    ranges = IntegerIzhikevich.ranges
    fields: dict[str, Any] = {name: random.choice([low, high]) for name, (low, high) in ranges.items()}
    names = ("reset_voltage", "recovery_jump", "peak", "bias", "initial_voltage", "initial_recovery")
    fields |= {name: random.choice([-end, end, int(random.integers(-end, end))]) for name in names}
    neuron = IntegerIzhikevich(**{name: np.asarray(value) for name, value in (fields | {"fraction_bits": 0}).items()})
    neuron = replace(neuron, fraction_bits=bits, overshoots=bool(random.random() < 0.5))
    neuron.verify()
    parameters = {name: np.int64(value) for name, value in neuron.rule_parameters.items()}
    state = [np.int64(random.choice([-end, end])) for _ in range(2)]
    for _ in range(5):
        activation = np.int64(random.choice([-(2**31), 2**31 - 1]))
        *state, output = neuron.rule.step(*state, activation, **parameters)
        assert all(abs(int(value)) <= end for value in state)
        assert output in (0, 1)


def test_a_register_beyond_the_range_is_refused() -> None:
    integer = IzhikevichFamily().quantized(Izhikevich.of_kind("fast spiking"), np.asarray(SCALE))
    with pytest.raises(ValueError, match="peak leaves \\+-4096 mV"):
        replace(integer, peak=np.asarray(1 << 23)).verify()
