"""Leaky neurons whose spikes carry their potential, and those that send several spikes at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.models.neurons import (
    Graded,
    IntegerGraded,
    IntegerLeakyIntegrateAndFire,
    IntegerMultipleSpikes,
    LeakyIntegrateAndFire,
    MultipleSpikes,
    Reset,
)

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
STEPS, NEURONS = 40, 6
ONE, ZERO = np.ones(()), np.zeros(())


def run(neuron: Any, arriving: Array) -> tuple[Array, Array, Array]:
    """Current, potential and output of every step, (steps, neurons)."""
    state, found = neuron.initial_state(1, arriving.shape[1]), []
    for values in arriving:
        state, output = neuron.step(state, values[np.newaxis])
        found.append((*state, output))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))  # type: ignore[return-value]


def registers(random: np.random.Generator) -> dict[str, Any]:
    """Of an integer leaky neuron, such that potentials neither wrap nor saturate."""
    return {
        "current_decay": random.integers(1, 4097, NEURONS),
        "voltage_decay": random.integers(0, 4097, NEURONS),
        "threshold": random.integers(1, 400, NEURONS),
        "bias_mantissa": random.integers(-300, 300, NEURONS),
        "bias_exponent": random.integers(0, 3, NEURONS),
        "reset": Reset(random.choice(list(Reset))),
        "reset_value": random.integers(-3000, 3000, NEURONS),
        "inclusive": bool(random.random() < 0.5),
        "initial_voltage": random.integers(-3000, 3000, NEURONS),
    }


def parameters(random: np.random.Generator) -> dict[str, Any]:
    """The same of a float one."""
    return {
        "current_retention": random.uniform(0, 0.9, NEURONS),
        "voltage_retention": random.uniform(0, 1, NEURONS),
        "threshold": random.uniform(0.5, 2, NEURONS),
        "input_gain": random.uniform(0.5, 2, NEURONS),
        "current_gain": random.uniform(0.5, 2, NEURONS),
        "bias": random.uniform(-0.2, 0.3, NEURONS),
        "reset": Reset(random.choice(list(Reset))),
        "reset_value": random.uniform(-0.5, 0.5, NEURONS),
        "inclusive": bool(random.random() < 0.5),
        "initial_voltage": random.uniform(-0.5, 0.5, NEURONS),
    }


@settings(deadline=None, max_examples=60)
@given(seed=seeds)
def test_a_graded_neuron_spikes_as_a_leaky_one_does(seed: int) -> None:
    """Same states, same spikes, in floats and in integers; the spike carries what the potential was."""
    random = np.random.default_rng(seed)
    fields, arriving = parameters(random), random.normal(0.2, 1, (STEPS, NEURONS))
    graded, leaky = run(Graded(**fields), arriving), run(LeakyIntegrateAndFire(**fields), arriving)
    integer, sums = registers(random), random.integers(-300, 500, (STEPS, NEURONS))
    models = IntegerGraded(**integer, output_shift=0), IntegerLeakyIntegrateAndFire(**integer)
    in_integers = run(models[0], sums), run(models[1], sums)
    for (*states, output), (*expected, spikes) in ((graded, leaky), in_integers):
        for values, wanted in zip(states, expected, strict=True):
            np.testing.assert_array_equal(values, wanted)
        np.testing.assert_array_equal(output != 0, spikes != 0)
    for unit, kept, (_, potential, output) in ((1, fields, graded), (64, integer, in_integers[0])):
        if kept["reset"] is Reset.NONE:
            np.testing.assert_array_equal(output, np.where(output != 0, potential, 0))
        if kept["reset"] is Reset.SUBTRACT:
            taken = np.where(output != 0, potential + kept["threshold"] * unit, 0)
            np.testing.assert_allclose(output, taken, rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(seed=seeds)
def test_with_both_signs_all_that_arrives_negated_is_sent_negated(seed: int) -> None:
    random = np.random.default_rng(seed)
    fields = parameters(random) | {"bias": ZERO, "reset_value": ZERO, "initial_voltage": ZERO}
    arriving = random.normal(0, 1, (STEPS, NEURONS))
    neuron = Graded(**fields, signed=True)
    there, back = run(neuron, arriving), run(neuron, -arriving)
    for values, negated in zip(there, back, strict=True):
        np.testing.assert_array_equal(values, -negated)
    assert np.any(there[2] > 0) or np.any(there[2] < 0) or fields["threshold"].min() > 0.5


def test_what_graded_spikes_carry_is_shifted() -> None:
    complete = np.asarray(4096)
    none = np.asarray(0)
    neuron = IntegerGraded(complete, complete, np.asarray(10), none, none, output_shift=4)
    assert run(neuron, np.array([[10], [11], [-50]]))[2].tolist() == [[0], [11 * 64 >> 4], [0]]
    assert run(replace(neuron, signed=True), np.array([[-11]]))[2].tolist() == [[-11 * 64 >> 4]]
    assert (neuron.output_bits, neuron.rule.largest_output(vars(neuron))) == (20, 2**19)


# Several spikes at once


@settings(deadline=None, max_examples=60)
@given(seed=seeds)
def test_with_one_spike_at_most_it_is_a_leaky_neuron(seed: int) -> None:
    random = np.random.default_rng(seed)
    fields, arriving = parameters(random), random.normal(0.2, 1, (STEPS, NEURONS))
    integer, sums = registers(random), random.integers(-300, 500, (STEPS, NEURONS))
    pairs = (
        (run(MultipleSpikes(**fields, most=1), arriving), run(LeakyIntegrateAndFire(**fields), arriving)),
        (run(IntegerMultipleSpikes(**integer, most=1), sums), run(IntegerLeakyIntegrateAndFire(**integer), sums)),
    )
    for found, expected in pairs:
        for values, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(values, wanted)


@settings(deadline=None, max_examples=60)
@given(seed=seeds, most=st.integers(1, 6))
def test_nothing_is_lost_when_thresholds_are_subtracted(seed: int, most: int) -> None:
    """Without leak, spikes times threshold and what is left are what arrived; and no more is left than must be."""
    random = np.random.default_rng(seed)
    thresholds, sums = random.integers(1, 200, NEURONS), random.integers(-100, 300, (STEPS, NEURONS))
    nothing, all_of_it = np.asarray(0), np.asarray(4096)
    neuron = IntegerMultipleSpikes(all_of_it, nothing, thresholds, nothing, nothing, most=most)
    _, potential, spikes = run(neuron, sums)
    np.testing.assert_array_equal(np.cumsum(sums, axis=0) * 64, np.cumsum(spikes, axis=0) * thresholds * 64 + potential)
    assert spikes.min() >= 0
    assert spikes.max() <= most
    assert np.all((potential < thresholds * 64) | (spikes == most))


@pytest.mark.parametrize(("inclusive", "expected"), [(True, [0, 1, 1, 2, 3, 3]), (False, [0, 0, 1, 1, 2, 3])])
def test_how_many_spikes(inclusive: bool, expected: list[int]) -> None:
    values = [0.99, 1.0, 1.5, 2.0, 3.0, 9.0]
    fields = (ZERO, ZERO, ONE, ONE, ONE, ZERO)
    model = MultipleSpikes(*fields, reset=Reset.NONE, inclusive=inclusive, most=3)
    assert run(model, np.array([values]))[2][0].tolist() == expected
    complete, nothing = np.asarray(4096), np.asarray(0)
    integer = IntegerMultipleSpikes(
        complete, complete, np.asarray(100), nothing, nothing, reset=Reset.NONE, inclusive=inclusive, most=3
    )
    assert run(integer, np.rint(np.array([values]) * 100))[2][0].tolist() == expected
    assert (integer.output_bits, integer.whole, integer.graded, integer.eventful) == (3, True, True, True)
