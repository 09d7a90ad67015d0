"""What becomes of static data by each encoder that can be chosen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.conversion.calibrated import convert_graph
from spikeloom.deploy.data import prepare_data
from spikeloom.models.encoders import ENCODERS, MEAN_CODES, PopulationCode, largest_value
from spikeloom.models.errors import DataError, UsageError
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.operators import Input, Linear, Output, Rectifier

X = np.random.default_rng(1).random((6, 2, 3)) * 5
SAME = Input((2, 3))


def prepare(x=X, entry=SAME, largest=None, **options):
    return prepare_data(x, None, entry, Configuration(**options), "the file", None, largest)


@pytest.mark.parametrize("name", [name for name in ENCODERS if name != "population"])
def test_each_can_be_chosen_and_is_made_again_from_its_largest_value(name):
    whole = prepare(encoder=name, steps=12, seed=3)
    assert whole.x.shape == (6, 12, 6)
    assert whole.encoder.note in whole.notes[-1]
    assert "12 steps" in whole.notes[-1]
    part = prepare(X[:2], encoder=name, steps=12, seed=3, largest=largest_value(whole.encoder))
    np.testing.assert_array_equal(part.x, whole.x[:2])


@pytest.mark.parametrize("shape", [(24,), (2, 3, 4), (4, 6)])
def test_a_population_has_the_neurons_that_the_model_has_inputs_for(shape):
    data = prepare(entry=Input(shape), encoder="population", steps=10, seed=2)
    assert data.x.shape == (6, 10, 24)
    assert isinstance(data.encoder, PopulationCode)
    assert (data.encoder.curves.neurons, data.encoder.curves.high) == (4, X.max())
    np.testing.assert_array_equal(data.x, data.encoder.encode(X, 10).reshape(6, 10, 24))
    part = prepare(entry=Input(shape), encoder="population", steps=10, seed=2, samples=1)
    np.testing.assert_array_equal(part.x, data.x[:1])


def test_neurons_come_first_where_the_model_has_them_so():
    """Of data (2, 3) the model's input (4, 2, 3) is that of a file (2, 3, 4), with its axes put in order."""
    ordered = prepare(entry=Input((4, 2, 3), axes=(2, 0, 1)), encoder="population", steps=5)
    plain = prepare(entry=Input((2, 3, 4)), encoder="population", steps=5)
    np.testing.assert_array_equal(
        ordered.x.reshape(6, 5, 4, 2, 3), plain.x.reshape(6, 5, 2, 3, 4).transpose(0, 1, 4, 2, 3)
    )


@pytest.mark.parametrize("inputs", [6, 12, 20, 5])
def test_a_population_needs_as_many_inputs_for_every_value(inputs):
    words = f"6 values, the model takes {inputs}; the encoder 'population' needs 18 inputs or more"
    with pytest.raises(DataError, match=words):
        prepare(entry=Input((inputs,)), encoder="population")


def test_a_population_of_data_with_steps_is_not_used():
    data = prepare(np.repeat(X[:, np.newaxis], 4, axis=1), encoder="population")
    assert data.steps == 4
    assert "'population' is not used" in data.notes[-1]
    assert data.encoder is None


def test_steps_that_are_too_few():
    with pytest.raises(UsageError, match="'burst' needs 9 steps"):
        prepare(encoder="burst", steps=8)
    with pytest.raises(UsageError, match="'interval' needs 3 steps"):
        prepare(encoder="interval", steps=2)
    with pytest.raises(DataError, match="GiB"):
        prepare(entry=Input((24,)), encoder="population", steps=10**12)


def rectified():
    """An ordinary network of one layer."""
    nodes = {"in": Input((6,)), "fc": Linear(np.eye(6)), "relu": Rectifier(np.array(np.inf)), "out": Output()}
    edges = [Edge(source, target) for source, target in pairwise(nodes)]
    return Graph(nodes, tuple(edges), "one layer")


@pytest.mark.parametrize("name", [name for name in ENCODERS if name not in MEAN_CODES and name != "population"])
@pytest.mark.parametrize("known", [True, False])
def test_a_network_converted_to_rates_takes_rates(name, known):
    config = Configuration(convert="rate", encoder=name, steps=16)
    data = prepare(X.reshape(6, 6), Input((6,)), convert="rate", encoder=name, steps=16) if known else None
    with pytest.raises(UsageError, match=f"converted to rates.*'{name}'.*--encoder rate, integrate or constant"):
        convert_graph(rectified(), data, config)


@pytest.mark.parametrize("name", MEAN_CODES)
def test_rates_and_values_are_taken(name):
    config = Configuration(convert="rate", encoder=name, steps=16)
    data = prepare(X.reshape(6, 6), Input((6,)), convert="rate", encoder=name, steps=16)
    assert convert_graph(rectified(), data, config).name
    assert convert_graph(rectified(), None, config).name


def test_sigma_delta_takes_no_spikes_of_any_kind():
    for name in ENCODERS[1:-1]:
        with pytest.raises(UsageError, match=f"Sigma-delta neurons get values.*'{name}'"):
            convert_graph(rectified(), None, Configuration(convert="sigma-delta", encoder=name))
