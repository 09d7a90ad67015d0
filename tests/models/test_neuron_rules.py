"""The integer rule of every family: the same compiled for single neurons as on arrays, and within its widths."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.neurons import FAMILIES, IntegerNeuron, family_of

SIZE, STEPS = 5, 12
seeds = st.integers(0, 2**32 - 1)


@cache
def compiled(family: str) -> Callable[..., Any]:
    """The step of a rule as the simulator has it, for single neurons."""
    step = numba.njit(inline="always")(FAMILIES[family].integer_model.rule.step)
    return numba.njit(_caller(step, family))


def _caller(step: Callable[..., Any], family: str) -> Callable[..., Any]:
    rule = FAMILIES[family].integer_model.rule
    names = ", ".join((*rule.states, "activation", *rule.parameters))
    namespace: dict[str, Any] = {"step": step}
    exec(f"def call({names}):\n    return step({names})", namespace)
    return namespace["call"]  # type: ignore[no-any-return]


def arriving(random: np.random.Generator) -> Any:
    """(steps, neurons) sums, of all magnitudes up to those of graded spikes, with silence between them."""
    sums = 2.0 ** random.uniform(0, random.choice([10, 16, 31]), (STEPS, SIZE)) * random.choice([-1, 1], (STEPS, SIZE))
    whole = np.rint(sums * (random.random((STEPS, SIZE)) < random.choice([0.3, 1.0]))).astype(np.int64)
    return np.clip(whole, -(2**31), 2**31 - 1)


def example(examples: ModuleType, family: str, random: np.random.Generator) -> IntegerNeuron:
    neuron: IntegerNeuron = examples.EXAMPLES[family](random, SIZE)[1]
    neuron.verify()
    return neuron


def test_every_family_has_examples(neuron_examples: ModuleType) -> None:
    assert set(neuron_examples.EXAMPLES) == set(FAMILIES)
    for name, make in neuron_examples.EXAMPLES.items():
        model, integer = make(np.random.default_rng(0), SIZE)
        assert family_of(integer) == name
        assert model is None or family_of(model) == name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", sorted(FAMILIES))
@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_compiled_for_single_neurons_it_gives_the_same(neuron_examples: ModuleType, family: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    neuron = example(neuron_examples, family, random)
    step, rule = compiled(family), neuron.rule
    parameters = [np.broadcast_to(neuron.rule_parameters[name], SIZE) for name in rule.parameters]
    assert set(neuron.rule_parameters) == set(rule.parameters)
    state = neuron.initial_state(1, SIZE)
    for sums in arriving(random):
        expected, output = neuron.step(state, sums[np.newaxis])
        for place in range(SIZE):
            before = [values[0, place] for values in state]
            after = step(*before, sums[place], *(values[place] for values in parameters))
            assert list(after) == [*(values[0, place] for values in expected), output[0, place]]
        state = expected


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", sorted(FAMILIES))
@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_states_parameters_and_output_fit_32_bits(neuron_examples: ModuleType, family: str, seed: int) -> None:
    """And no output is larger than `largest_output` says, nor is it a number where neurons are said to spike."""
    random = np.random.default_rng(seed)
    neuron = example(neuron_examples, family, random)
    state = neuron.initial_state(1, SIZE)
    for values in neuron.rule_parameters.values():
        assert values.dtype == np.int64
    largest = neuron.rule.largest_output(vars(neuron))
    for sums in arriving(random):
        state, output = neuron.step(state, sums[np.newaxis])
        assert len(state) == len(neuron.rule.states) == len(neuron.rule.state_bits)
        for values in state:
            assert values.dtype == np.int64
            assert -(2**31) <= values.min() <= values.max() < 2**31
        assert np.abs(output).max() <= largest
        assert neuron.graded or set(np.unique(output)) <= {0, 1}


@pytest.mark.parametrize("family", sorted(FAMILIES))
@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_nothing_overflows_within_wider_registers(neuron_examples: ModuleType, family: str, seed: int) -> None:
    """What is told of a narrow register contains what is told of a wide one."""
    random = np.random.default_rng(seed)
    neuron = example(neuron_examples, family, random)
    narrow = {name: max(8, bits - int(random.integers(1, 8))) for name, bits in neuron.rule.state_bits.items()}
    state = neuron.initial_state(1, SIZE)
    for sums in arriving(random):
        wide, found = (neuron.overflows(state, sums[np.newaxis], bits) for bits in ({}, narrow))
        assert set(wide) == {"input", *neuron.rule.overflow_names}
        any_of_wide = np.any([values for name, values in wide.items() if name != "input"], axis=0)
        any_of_found = np.any([values for name, values in found.items() if name != "input"], axis=0)
        assert np.all(any_of_found | ~any_of_wide)
        state, _ = neuron.step(state, sums[np.newaxis])
