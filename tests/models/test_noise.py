"""The noise of stochastic neurons: what numbers there are, how often, and that none goes with another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spikeloom.models.connectivity import Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerNoisy, Noisy, Reset, seeds_of
from spikeloom.models.neurons.rules import noisy_rule

UNREACHABLE = 131071


def whole(value):
    return np.asarray(value, dtype=np.int64)


def recorder(neurons, seed=0, exponent=7, offset=0, at_current=False, enabled=1):
    """Neurons without memory, of which the potential (or current) is the noise itself."""
    return IntegerNoisy(
        whole(4096), whole(4096), whole(UNREACHABLE), whole(0), whole(0), Reset.NONE, noise_exponent=whole(exponent),
        noise_offset=whole(offset), noise_enabled=whole(enabled), noise_at_current=at_current,
        seeds=seeds_of(seed, neurons),
    )  # fmt: skip


def noise_of(neuron, samples, steps, first=0, state=1):
    """(samples, steps, neurons)"""
    size = neuron.seeds.size
    now, record = neuron.initial_state(samples, size, first), []
    for _ in range(steps):
        now, _ = neuron.step(now, np.zeros((samples, size)))
        record.append(now[state])
    return np.stack(record, axis=1)


def test_every_mantissa_is_as_likely():
    values = noise_of(recorder(50), 20, 200).reshape(-1)
    assert (values.min(), values.max()) == (-128, 127)
    counts = np.bincount(values + 128, minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-3
    # The mean of -128..127, and its variance, each within four of its own standard errors.
    assert values.mean() == pytest.approx(-0.5, abs=4 * 73.9 / np.sqrt(values.size))
    assert values.var() == pytest.approx((256**2 - 1) / 12, rel=4 * np.sqrt(0.8 / values.size))


@pytest.mark.parametrize(("exponent", "offset"), [(0, 0), (4, 3), (7, -2), (12, 1), (14, -31)])
def test_offset_and_exponent(exponent, offset):
    mantissa = noise_of(recorder(20), 3, 50)
    expected = np.trunc((mantissa + 64 * offset) * 2.0 ** (exponent - 7)).clip(1 - 2**23, 2**23 - 1)
    for at_current, state in ((False, 1), (True, 0), (True, 1)):
        found = noise_of(recorder(20, 0, exponent, offset, at_current), 3, 50, state=state)
        np.testing.assert_array_equal(found, expected)
    assert not np.any(noise_of(recorder(20, 0, exponent, offset, enabled=0), 3, 50))


def assert_unrelated(rows):
    """The correlations of all pairs of rows are spread as those of independent numbers: normally, with 1 / sqrt(n)."""
    found = np.corrcoef(rows)
    scores = found[np.triu_indices_from(found, 1)] * np.sqrt(rows.shape[1])
    assert scores.std() == pytest.approx(1, abs=4 / np.sqrt(2 * scores.size))
    assert np.abs(scores).max() < stats.norm.isf(0.5e-4 / scores.size)


@pytest.mark.parametrize("seed", range(4))
def test_neurons_samples_and_steps_have_nothing_to_do_with_each_other(seed):
    values = noise_of(recorder(60, seed), 60, 400).astype(float)
    assert_unrelated(values[0].T)  # neurons of one sample
    assert_unrelated(values[:, :, 0])  # samples of one neuron
    assert_unrelated(values.reshape(60, -1))
    for lag in range(1, 20):
        product = (values[:, lag:] + 0.5) * (values[:, :-lag] + 0.5)
        deviation = product.mean() / (product.std() / np.sqrt(product.size))
        assert abs(deviation) < 4.5, lag


def test_neighbours_have_no_bit_in_common():
    """Of neurons whose seeds count up, samples that do, and steps, every bit differs half of the time."""
    values = noise_of(recorder(100), 40, 100) + 128
    for axis in range(3):
        differing = np.diff(values, axis=axis).size
        different = np.bitwise_xor(*(np.take(values, range(a, values.shape[axis] - 1 + a), axis) for a in (0, 1)))
        for bit in range(8):
            share = np.mean(different >> bit & 1)
            assert share == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(differing)), (axis, bit)


def test_no_number_comes_twice_before_all_have_come():
    """The generator counts by an odd increment: 2**32 numbers until it is back."""
    increments = noisy_rule.increments_of(seeds_of(1, 5000))
    assert np.all(increments & 1)
    assert np.unique(increments).size > 4990
    generator, increment = whole(5), increments[0]
    seen = [int(generator)]
    for _ in range(5000):
        generator, _ = noisy_rule.drawn(generator, increment)
        seen.append(int(generator))
    assert np.unique(seen).size == 5001


def test_seeds():
    found = seeds_of(7, 100_000)
    assert np.unique(found).size == 100_000
    assert (found.min() >= 0) and (found.max() < 2**32)
    np.testing.assert_array_equal(found[:10], seeds_of(7, 10))
    assert not np.any(seeds_of(7, 1000) == seeds_of(8, 1000))
    for wrong in (-1, 2**32):
        with pytest.raises(ValueError, match="a seed is in 0"):
            seeds_of(wrong, 2)
    other = noise_of(recorder(50, 8), 1, 100)
    assert np.mean(noise_of(recorder(50, 7), 1, 100) == other) < 0.02


def test_a_sample_has_its_own_noise_wherever_it_stands():
    neuron = recorder(6)
    together = noise_of(neuron, 5, 30)
    for sample in range(5):
        np.testing.assert_array_equal(noise_of(neuron, 1, 30, first=sample)[0], together[sample])
    np.testing.assert_array_equal(noise_of(neuron, 5, 30), together)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_float_neurons_draw_the_same_numbers(seed, at_current):
    """With parameters that floats and integers both hold, and no decay, they differ by nothing at all."""
    random = np.random.default_rng(seed)
    size, scale = 7, 64.0
    seeds = seeds_of(int(random.integers(2**32)), size)
    exponent, offset = int(random.integers(7, 12)), int(random.integers(-2, 3))
    threshold = int(random.integers(1, 60))
    parameters = {"noise_offset": whole(offset), "noise_at_current": at_current, "seeds": seeds}
    ours = IntegerNoisy(
        whole(4096), whole(0), whole(threshold), whole(0), whole(0), noise_exponent=whole(exponent), **parameters
    )
    zero, one = np.zeros(()), np.ones(())
    model = Noisy(zero, one, whole(threshold), one, one, zero, noise_amplitude=2**exponent / scale, **parameters)
    states = [neuron.initial_state(3, size, 4) for neuron in (ours, model)]
    for sums in random.integers(-20, 40, (40, 3, size)):
        spikes = []
        for number, neuron in enumerate((ours, model)):
            states[number], output = neuron.step(states[number], sums)
            spikes.append(output)
        np.testing.assert_array_equal(*spikes)
        np.testing.assert_array_equal(states[0][1] / scale, states[1][1])
        np.testing.assert_array_equal(states[0][2], states[1][2])


def test_a_gain_of_the_current_is_one_of_its_noise():
    """Once the gains are in the weights, the current counts in units of the potential."""
    zero, one = np.zeros(()), np.ones(())
    for at_current in (False, True):
        model = Noisy(
            one / 2, one / 2, 3 * one, 2 * one, 5 * one, zero, noise_amplitude=one, noise_at_current=at_current,
            seeds=seeds_of(0, 4),
        )  # fmt: skip
        folded, spikes = model.with_unit_gain(), []
        for neuron, gain in ((model, 1.0), (folded, model.gain)):
            state, train = neuron.initial_state(2, 4), []
            for sums in np.random.default_rng(0).random((50, 2, 4)) / 5:
                state, output = neuron.step(state, sums * gain)
                train.append(output)
            spikes.append(np.stack(train))
        assert 0.05 < spikes[0].mean() < 0.95
        np.testing.assert_array_equal(*spikes)


def test_a_network_runs_from_any_sample_on():
    """Samples in several batches have the noise that they have in one."""
    lively = IntegerNoisy(**{**vars(recorder(5)), "threshold": whole(0)})
    populations = (
        Population("input", (3,), Role.INPUT, None, 0),
        Population("noisy", (5,), Role.NEURON, lively, 1),
    )
    weights = np.zeros((5, 3), dtype=np.int16)
    network = Network(populations, (Projection("synapses", "input", "noisy", Dense(weights)),), "noisy", True)
    data = np.zeros((6, 20, 3), dtype=np.int64)
    whole_run = run_network(network, data)["noisy"]
    assert 0.3 < whole_run.mean() < 0.7
    for sample in range(6):
        part = run_network(network, data[:1], first_sample=sample)["noisy"][0]
        np.testing.assert_array_equal(part, whole_run[sample])
