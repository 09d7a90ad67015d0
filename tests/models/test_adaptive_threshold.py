"""Adaptive thresholds as the papers write them, word by word, against the one equation here."""

import numpy as np
import pytest

from spikeloom.models.neurons import AdaptiveThreshold, Reset

STEPS, SIZE = 200, 6


def run(neuron, arriving):
    state, spikes = neuron.initial_state(1, SIZE), []
    for sums in arriving:
        state, output = neuron.step(state, sums[np.newaxis])
        spikes.append(output[0])
    return np.stack(spikes)


def arriving(seed=0):
    return np.random.default_rng(seed).normal(0.12, 0.2, (STEPS, SIZE))


@pytest.mark.parametrize("subtracts_baseline", [False, True])
def test_alif_of_bellec_and_others(subtracts_baseline):
    """B(t) = b0 + beta b(t);  b(t+1) = rho b(t) + (1 - rho) z(t);  V(t+1) = alpha V(t) + I - B(t) z(t).

    (2018; in 2020 it is v_th z(t).) A spike where V > B.
    """
    alpha, rho, beta, rest = 0.95, 0.97, 1.8, 0.6
    data = arriving()
    potential, adaptation, spikes = np.zeros(SIZE), np.zeros(SIZE), []
    taken = np.zeros(SIZE)
    for sums in data:
        potential = alpha * (potential - taken) + sums
        threshold = rest + beta * adaptation
        spike = (potential > threshold).astype(float)
        adaptation = rho * adaptation + (1 - rho) * spike
        taken = spike * (rest if subtracts_baseline else threshold)
        spikes.append(spike)
    one = np.ones(())
    ours = AdaptiveThreshold(
        np.zeros(()), one * alpha, one * rest, one, one, np.zeros(()), Reset.SUBTRACT, inclusive=False,
        threshold_retention=one * rho, threshold_step=one * beta * (1 - rho) / rho,
        subtracts_baseline=subtracts_baseline,
    )  # fmt: skip
    found = run(ours, data)
    assert 0.05 < found.mean() < 0.5
    np.testing.assert_array_equal(found, spikes)


def test_lsnn_of_norse():
    """b decays to v_th and jumps by beta; the potential is reset to a value; a spike where v > b.

    (Norse's potential sees the current of the step before, which its reader takes care of.)
    """
    lost, decay, beta, rest, reset = 0.1, 0.02, 0.5, 0.6, -0.1
    data = arriving(1)
    potential, threshold, spikes = np.zeros(SIZE), np.full(SIZE, rest), []
    for sums in data:
        potential = potential + lost * (0 - potential) + sums
        threshold = threshold + decay * (rest - threshold)
        spike = (potential - threshold > 0).astype(float)
        potential = (1 - spike) * potential + spike * reset
        threshold = threshold + spike * beta
        spikes.append(spike)
    one = np.ones(())
    ours = AdaptiveThreshold(
        np.zeros(()), one * (1 - lost), one * rest, one, one, np.zeros(()), Reset.VALUE, one * reset, False,
        threshold_retention=one * (1 - decay), threshold_step=one * beta,
    )  # fmt: skip
    found = run(ours, data)
    assert 0.02 < found.mean() < 0.5
    np.testing.assert_array_equal(found, spikes)


def test_atrlif_of_lava():
    """Without a reset: what a spike adds to the refractory state keeps the neuron still, twice its threshold."""
    data, one = arriving(2), np.ones(())
    lost = {"i": 0.5, "v": 0.1, "theta": 0.2, "r": 0.3}
    rest, step = 0.3, 0.25
    current, potential, threshold, refractoriness = (np.full(SIZE, value) for value in (0.0, 0.0, rest, 0.0))
    spikes = []
    for sums in data:
        current = (1 - lost["i"]) * current + sums
        potential = (1 - lost["v"]) * potential + current
        threshold = (1 - lost["theta"]) * (threshold - rest) + rest
        refractoriness = (1 - lost["r"]) * refractoriness
        spike = potential - refractoriness >= threshold
        refractoriness[spike] += 2 * threshold[spike]
        threshold[spike] += step
        spikes.append(spike)
    ours = AdaptiveThreshold(
        one * 0.5, one * 0.9, one * rest, one, one, np.zeros(()), threshold_retention=one * 0.8,
        threshold_step=one * step, refractory_retention=one * 0.7, refractory_gain=2 * one,
    )  # fmt: skip
    found = run(ours, data)
    assert 0.05 < found.mean() < 0.5
    np.testing.assert_array_equal(found, spikes)
