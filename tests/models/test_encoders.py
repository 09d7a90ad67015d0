"""Encoders for static data: currents, rates, and what all of them have in common."""

import dataclasses
import json
import typing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spikeloom.commands.reading_options import READING
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.models.encoders import (
    ENCODERS,
    BurstCode,
    ConstantCurrent,
    FirstSpike,
    GaussianCurves,
    IntegrateAndFire,
    InvertibleEncoder,
    PhaseCode,
    PoissonRate,
    PopulationCode,
    RankOrder,
    SpikeInterval,
    encoder_named,
    largest_value,
)
from spikeloom.models.errors import UsageError

STATIC = [name for name in ENCODERS if name != "population"]
SPIKING = [name for name in STATIC if name != "constant"]
values = st.integers(0, 64).map(lambda number: number / 64) | st.floats(0, 1, width=32)
samples = arrays(np.float64, array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4), elements=values)
many_steps = st.integers(9, 40)  # as many as the longest burst takes


def test_constant_current_repeats():
    data = np.arange(6, dtype=np.uint8).reshape(2, 3)
    encoded = ConstantCurrent().encode(data, 4)
    assert (encoded.shape, encoded.dtype) == ((2, 4, 3), np.uint8)
    assert all((encoded[:, step] == data).all() for step in range(4))
    np.testing.assert_array_equal(ConstantCurrent().decode(encoded), data)


def test_rates_are_probabilities():
    data = np.array([[0.0, 1.0, 2.0, 4.0]])
    encoder = encoder_named("rate", data, seed=1)
    assert encoder.largest == 4
    encoded = encoder.encode(data, 4000)
    rates = encoded.mean(axis=1)[0]
    assert rates[0] == 0
    assert rates[3] == 1
    np.testing.assert_allclose(rates, data[0] / 4, atol=0.03)
    error = 4 * np.sqrt(rates * (1 - rates) / 4000)
    assert (np.abs(encoder.decode(encoded)[0] - data[0]) <= 4 * error).all()


def test_rates_are_drawn_with_the_seed_and_the_same_for_fewer_samples():
    data = np.random.default_rng(0).random((5, 2, 3))
    encoder = PoissonRate(1.0, 7)
    encoded = encoder.encode(data, 20)
    assert set(np.unique(encoded)) == {0, 1}
    np.testing.assert_array_equal(encoded, encoder.encode(data, 20))
    np.testing.assert_array_equal(encoded[:2], encoder.encode(data[:2], 20))
    assert (encoded != PoissonRate(1.0, 8).encode(data, 20)).any()


@pytest.mark.parametrize("name", SPIKING)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float16, np.float64])
def test_any_type_is_taken(name, dtype):
    data = np.array([[0, 1]])
    expected = encoder_named(name, data, 0).encode(data, 9)
    np.testing.assert_array_equal(encoder_named(name, data.astype(dtype), 0).encode(data.astype(dtype), 9), expected)


@pytest.mark.parametrize("name", SPIKING)
def test_nothing_is_silent(name):
    data = np.zeros((1, 3))
    assert not encoder_named(name, data, 0).encode(data, 9).any()


@settings(max_examples=25, deadline=None)
@given(data=samples, steps=many_steps, name=st.sampled_from(SPIKING))
def test_spikes_are_plain_and_each_sample_is_encoded_by_itself(data, steps, name):
    encoder = encoder_named(name, data, seed=3, largest=1.0)
    encoded = encoder.encode(data, steps)
    assert encoded.shape == (data.shape[0], steps, *data.shape[1:])
    assert encoded.dtype == np.int8
    assert set(np.unique(encoded)) <= {0, 1}
    np.testing.assert_array_equal(encoded, encoder.encode(data, steps))
    others = data.copy()
    others[1:] = 1 - others[1:]
    np.testing.assert_array_equal(encoder.encode(others, steps)[0], encoded[0])


@settings(max_examples=40, deadline=None)
@given(data=samples, steps=many_steps, largest=st.floats(1, 300), name=st.sampled_from(STATIC))
def test_values_are_read_again_within_the_error_that_is_stated(data, steps, largest, name):
    data = data * largest
    encoder = encoder_named(name, data, 0, largest)
    if name in ("rank-order", "rate"):  # the one keeps the order only, the other the value on average
        assert isinstance(encoder, InvertibleEncoder) is (name == "rate")
        return
    error = {
        "constant": 0.0,
        "integrate": 1 / 4,
        "first-spike": 1 / (2 * steps),
        "interval": 1 / (2 * (steps - 2)),
        "phase": 1 / (2 * 255),
        "burst": 1 / 10,
    }[name]
    if name == "phase" and steps < 8:
        return
    found = encoder.decode(encoder.encode(data, steps))
    assert found.shape == data.shape
    assert np.max(np.abs(found - data), initial=0) <= (error + 1e-9) * largest
    if name in ("first-spike", "interval", "phase", "burst"):
        assert (found[data == 0] == 0).all()


@settings(max_examples=40, deadline=None)
@given(pair=st.tuples(values, values), steps=many_steps, name=st.sampled_from(SPIKING))
def test_a_larger_value_never_spikes_later_nor_less(pair, steps, name):
    data = np.array([sorted(pair)])
    encoder = encoder_named(name, data, seed=0, largest=1.0)
    if name == "rate":  # with the same draw for both
        less, more = (encoder.encode(data[:, [column]], steps)[0, :, 0] for column in (0, 1))
    else:
        less, more = encoder.encode(data, steps)[0].T
    times = [np.append(np.flatnonzero(train), [steps] * steps) for train in (less, more)]
    if name == "phase":  # there a spike weighs what its place does
        weights = 0.5 ** (1 + np.arange(8))
        assert more[:8] @ weights >= less[:8] @ weights
        return
    assert more.sum() >= less.sum()
    assert (times[1][: less.sum()] <= times[0][: less.sum()]).all()


@settings(max_examples=25, deadline=None)
@given(data=samples, steps=st.integers(1, 12), name=st.sampled_from(["first-spike", "rank-order"]))
def test_one_spike_at_most(data, steps, name):
    counts = encoder_named(name, data, 0, 1.0).encode(data, steps).sum(axis=1)
    assert (counts[data == 0] == 0).all()
    assert (counts[data > 1e-9] == 1).all()


def test_what_encoders_do_not_take():
    for name in [*SPIKING, "population"]:
        with pytest.raises(UsageError, match="negative"):
            encoder_named(name, np.array([[-1.0, 2.0]]), 0)
    with pytest.raises(UsageError, match=r"'morse'.*'first-spike'"):
        encoder_named("morse", np.zeros((1, 1)), 0)
    with pytest.raises(UsageError, match="number of neurons"):
        encoder_named("population", np.zeros((1, 1)), 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FirstSpike(0.0), "above 0, not 0"),
        (lambda: PoissonRate(float("nan"), 0), "above 0, not nan"),
        (lambda: SpikeInterval(1.0, shortest=0), "begins at 1, not at 0"),
        (lambda: SpikeInterval(1.0, shortest=3, longest=3), "longest interval.*begins at 4"),
        (lambda: PhaseCode(1.0, places=0), "begins at 1"),
        (lambda: PhaseCode(1.0, places=25), "ends at 24"),
        (lambda: BurstCode(1.0, spikes=1), "begins at 2"),
        (lambda: BurstCode(1.0, shortest=0), "begins at 1"),
        (lambda: SpikeInterval(1.0).encode(np.ones((1, 1)), 2), "'interval' needs 3 steps or more.*not 2"),
        (lambda: SpikeInterval(1.0, longest=5).encode(np.ones((1, 1)), 5), "'interval' needs 6 steps or more"),
        (lambda: BurstCode(1.0).encode(np.ones((1, 1)), 8), "'burst' needs 9 steps or more.*5 spikes, not 8"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_what_they_say():
    assert "constant current" in ConstantCurrent().note
    assert "probability value / 16, seed 3" in PoissonRate(16.0, 3).note
    for name in ENCODERS:
        note = encoder_named(name, np.ones((1, 1)), 0, neurons=3).note
        assert note.startswith("encoder: ")
        assert note.count(". ") == 0
        assert note.endswith(".")


def test_the_largest_value_makes_the_same_encoder_of_other_data():
    data, other = np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])
    for name in ENCODERS:
        encoder = encoder_named(name, data, 4, neurons=5)
        largest = json.loads(json.dumps(largest_value(encoder)))
        assert encoder_named(name, other, 4, largest, neurons=5) == encoder
    assert largest_value(None) is None
    assert largest_value(PopulationCode(GaussianCurves(0, 5, 3), PoissonRate(1.0, 0))) == 5


def test_every_name_can_be_chosen():
    choice = typing.get_args(Configuration.model_fields["encoder"].annotation)
    on_command_line = typing.get_args(typing.get_args(READING["encoder"][0])[0])
    assert choice == on_command_line == ENCODERS


def test_encoders_are_values():
    for encoder in (FirstSpike(2.0), RankOrder(), IntegrateAndFire(1.0)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            encoder.largest = 3.0
