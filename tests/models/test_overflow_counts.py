"""No state leaves its width without being counted: against the equations in integers of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.connectivity import Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.execution.overflow_counts import count_overflows, losses
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerSigmaDelta, Reset

POTENTIAL, WORD = 2**23, 2**31


def truncated(value: int, retained: int) -> int:
    """value * retained / 4096, towards zero."""
    product = value * retained
    return product // 4096 if product >= 0 else -(-product // 4096)


def wrapped(value: int) -> int:
    return (value + WORD) % (2 * WORD) - WORD


@st.composite
def leaky_steps(draw):
    """A neuron, the state it is in and what arrives; often near the ends of the widths."""
    near = st.sampled_from([0, POTENTIAL - 2, POTENTIAL - 1, 1 - POTENTIAL, POTENTIAL // 2])
    state = st.one_of(st.integers(1 - POTENTIAL, POTENTIAL - 1), near)
    neuron = IntegerLeakyIntegrateAndFire(
        current_decay=np.int64(draw(st.sampled_from([1, 2, 2048, 4096]))),
        voltage_decay=np.int64(draw(st.sampled_from([0, 1, 2048, 4096]))),
        threshold=np.int64(draw(st.sampled_from([0, 1000, 131071]))),
        bias_mantissa=np.int64(draw(st.sampled_from([-4096, 0, 5, 4095]))),
        bias_exponent=np.int64(draw(st.sampled_from([0, 7]))),
        reset=draw(st.sampled_from(list(Reset))),
        spiking=draw(st.booleans()),
    )
    arriving = st.one_of(st.integers(-(2**17), 2**17), st.integers(-(2**34), 2**34), st.just(POTENTIAL >> 6))
    return neuron, draw(state), draw(state), draw(arriving)


@settings(max_examples=15 * settings().max_examples, deadline=None)
@given(leaky_steps())
def test_every_current_that_wraps_and_every_potential_that_saturates_is_counted(case):
    neuron, current, voltage, arriving = case
    inside = wrapped(arriving)
    exact = truncated(current, 4096 - int(neuron.current_decay)) + inside * 64
    wraps = not -POTENTIAL < exact <= POTENTIAL
    summed = wrapped(exact)  # in 32 bits, as Lava does, before it comes back once by 24
    after = summed + (2 * POTENTIAL if summed <= -POTENTIAL else -2 * POTENTIAL if summed > POTENTIAL else 0)
    bias = int(neuron.bias_mantissa) << int(neuron.bias_exponent)
    potential = truncated(voltage, 4096 - int(neuron.voltage_decay)) + after + bias
    saturates = not -POTENTIAL < potential < POTENTIAL
    at_reset = saturates and potential > 0 and neuron.spiking and neuron.reset is Reset.VALUE

    at_floor = saturates and potential < 0 and neuron.spiking
    state = (np.full((1, 1), current), np.full((1, 1), voltage))
    found = {name: bool(where.all()) for name, where in neuron.overflows(state, np.full((1, 1), arriving)).items()}
    assert found == {
        "input": inside != arriving,
        "current": wraps,
        "voltage": saturates and not at_reset and not at_floor,
        "voltage_at_reset": at_reset,
        "voltage_floor": at_floor,
    }
    (new_current, new_voltage), _ = neuron.step(state, np.full((1, 1), arriving))
    assert new_current.item() == after
    if not any(found.values()) and not (neuron.spiking and potential > int(neuron.threshold) * 64):
        assert new_voltage.item() == potential


@st.composite
def sigma_delta_steps(draw):
    state = st.one_of(st.integers(-WORD, WORD - 1), st.sampled_from([WORD - 1, -WORD, 0]), st.integers(-(2**24), 2**24))
    neuron = IntegerSigmaDelta(
        threshold=np.int64(draw(st.sampled_from([0, 1, 2**20, WORD - 1]))),
        bias=np.int64(draw(st.sampled_from([0, 7, WORD - 1, 1 - WORD]))),
        ceiling=np.int64(draw(st.sampled_from([1000, WORD - 1]))),
        rectifies=draw(st.booleans()),
        integrates=draw(st.booleans()),
        delta=draw(st.booleans()),
        input_shift=draw(st.sampled_from([0, 6])),
        output_shift=draw(st.sampled_from([0, 6])),
    )
    sent = draw(state) if neuron.delta else 0
    return neuron, draw(state), sent, draw(st.one_of(st.integers(-(2**20), 2**20), st.integers(-(2**34), 2**34)))


@settings(max_examples=15 * settings().max_examples, deadline=None)
@given(sigma_delta_steps())
def test_every_sum_of_changes_that_wraps_is_counted(case):
    neuron, sigma, sent, arriving = case
    inside = wrapped(arriving)
    exact_sigma = sigma * neuron.integrates + (inside << neuron.input_shift)
    exact_value = wrapped(exact_sigma) + int(neuron.bias)
    value = min(max(wrapped(exact_value), 0 if neuron.rectifies else -WORD), int(neuron.ceiling))
    exact_change = value - sent
    change = wrapped(exact_change)
    if neuron.delta and wrapped(abs(change)) < int(neuron.threshold):  # as in Lava, -2**31 is its own magnitude
        change = 0
    exact_sent = sent + change * neuron.delta

    state = (np.full((1, 1), sigma), np.full((1, 1), sent))
    found = {name: bool(where.all()) for name, where in neuron.overflows(state, np.full((1, 1), arriving)).items()}
    assert found == {
        "input": inside != arriving,
        "sigma": wrapped(exact_sigma) != exact_sigma or wrapped(exact_value) != exact_value,
        "sent": wrapped(exact_change) != exact_change or wrapped(exact_sent) != exact_sent,
        "output": not -POTENTIAL <= change < POTENTIAL,
    }
    (new_sigma, new_sent), output = neuron.step(state, np.full((1, 1), arriving))
    assert (new_sigma.item(), new_sent.item()) == (wrapped(exact_sigma), wrapped(exact_sent))
    assert output.item() == change >> neuron.output_shift


def integrators(bias: int, weights: list[int]) -> Network:
    """Integrators without a leak that are driven one to one."""
    neuron = IntegerLeakyIntegrateAndFire(
        current_decay=np.int64(4096),
        voltage_decay=np.int64(0),
        threshold=np.int64(0),
        bias_mantissa=np.int64(bias),
        bias_exponent=np.int64(7),
        spiking=False,
    )
    size = (len(weights),)
    return Network(
        (Population("in", size, Role.INPUT, None, 0), Population("out", size, Role.NEURON, neuron, 1)),
        (Projection("a", "in", "out", Dense(np.diag(np.array(weights, dtype=np.int16))), exponent=7),),
        "out",
        True,
    )


NOTHING = {"voltage_at_reset": 0, "voltage_floor": 0, "voltage_after_floor": 0}


def test_a_run_counts_neurons_steps_and_samples():
    # 128 * 2**7 * 64 is 2**20: the eighth step brings 2**23, one more than a potential holds.
    network = integrators(0, [128, 128, 0, -128])
    counts = count_overflows(network, np.ones((3, 10, 4), dtype=np.int64))
    assert counts == {"out": {"input": 0, "current": 0, "voltage": 3 * 3 * 3, **NOTHING}}
    few = count_overflows(network, np.ones((3, 7, 4), dtype=np.int64))
    assert losses(few["out"]) == 0


def test_what_is_counted_is_what_the_run_does():
    network = integrators(0, [128, 100])
    potentials = run_network(network, np.ones((1, 20, 2), dtype=np.int64))["out"]
    at_the_end = int(np.count_nonzero(np.abs(potentials) == POTENTIAL - 1))
    assert count_overflows(network, np.ones((1, 20, 2), dtype=np.int64))["out"]["voltage"] == at_the_end > 0


def test_a_reset_that_forgets_the_potential_loses_nothing():
    assert losses({"current": 2, "voltage": 3, "voltage_at_reset": 50, "input": 1}) == 6
    neuron = IntegerLeakyIntegrateAndFire(*(np.int64(value) for value in (4096, 0, 1000, 0, 0)), reset=Reset.VALUE)
    state = (np.zeros((1, 1), dtype=np.int64), np.full((1, 1), 5_000_000))
    ends = []
    for arriving in (10, 2**16):
        found = neuron.overflows(state, np.full((1, 1), arriving))
        assert {name for name, where in found.items() if where.any()} == (
            set() if arriving == 10 else {"voltage_at_reset"}
        )
        (_, voltage), output = neuron.step(state, np.full((1, 1), arriving))
        ends.append((voltage.item(), output.item()))
    assert ends == [(0, 1), (0, 1)]


def unlimited_spikes(neuron, arriving):
    """Of one neuron whose potential has no lowest value."""
    current = voltage = 0
    spikes = []
    for each in arriving:
        current = truncated(current, 4096 - int(neuron.current_decay)) + int(each) * 64
        voltage = truncated(voltage, 4096 - int(neuron.voltage_decay)) + current
        spikes.append(voltage > int(neuron.threshold) * 64)
        voltage = 0 if spikes[-1] else voltage
    return spikes


@given(st.integers(0, 2**32 - 1))
def test_a_potential_at_its_lowest_value_loses_nothing_until_the_neuron_spikes(seed):
    """Deep inhibition, then excitation: what is not counted as a loss has the spikes of unlimited widths."""
    random = np.random.default_rng(seed)
    neuron = IntegerLeakyIntegrateAndFire(
        *(np.int64(value) for value in (random.choice([2048, 4096]), random.choice([0, 1, 64]), 1000, 0, 0)),
        reset=Reset.VALUE,
    )
    network = Network(
        (Population("in", (1,), Role.INPUT, None, 0), Population("out", (1,), Role.NEURON, neuron, 1)),
        (Projection("a", "in", "out", Dense(np.full((1, 1), 100, dtype=np.int16)), exponent=0),),
        "out",
        True,
    )
    drive = np.concatenate([random.integers(-600, -100, 6), random.integers(-50, int(random.choice([40, 900])), 14)])
    counts = count_overflows(network, drive.reshape(1, -1, 1))["out"]
    spikes = run_network(network, drive.reshape(1, -1, 1))["out"].reshape(-1) != 0
    same = spikes.tolist() == unlimited_spikes(neuron, drive * 100)
    assert same or losses(counts) > 0
    if not spikes.any():
        assert losses(counts) == 0


def test_a_chip_may_be_narrower_than_the_rules():
    network = integrators(0, [128])  # 2**20 a step
    data = np.ones((1, 10, 1), dtype=np.int64)
    assert count_overflows(network, data, {"voltage": 23})["out"]["voltage"] == 10 - 3  # 2**22 at the fourth step
    assert count_overflows(network, data, {"current": 21})["out"]["current"] == 0  # 2**20 is the last that it holds
    assert count_overflows(network, data, {"current": 20})["out"]["current"] == 10
    neuron = IntegerSigmaDelta(np.int64(0), np.int64(0), rectifies=False)
    state = (np.array([[2**23 - 1]]), np.array([[2**23 - 1]]))
    for bits, left in (({}, set()), ({"sigma": 24, "sent": 24}, {"sigma", "sent"})):
        found = neuron.overflows(state, np.ones((1, 1)), bits)
        assert {name for name, where in found.items() if where.any()} == left


def test_float_neurons_are_refused():
    from spikeloom.models.neurons import LeakyIntegrateAndFire

    one = np.ones(())
    neuron = LeakyIntegrateAndFire(one, one, one, one, one, one)
    network = Network(
        (Population("in", (1,), Role.INPUT, None, 0), Population("out", (1,), Role.NEURON, neuron, 1)),
        (Projection("a", "in", "out", Dense(np.ones((1, 1)))),),
        "out",
    )
    with pytest.raises(ValueError, match="'out' has no integers"):
        count_overflows(network, np.ones((1, 2, 1)))
