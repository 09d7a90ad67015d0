"""A network on disk: equal to the last bit, or refused."""

import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.network_file import ARRAYS_NAME, NETWORK_NAME, read_network, write_network
from spikeloom.models.neurons import FAMILIES, IntegerNeuron
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Reset

NAMES = ["file", "a/b", "lif1.w_rec", "0", "in -> out", "größe", "x" * 90]


def neuron(random, size, integer):
    def parameter(low, high):
        shape = (size,) if random.random() < 0.5 else ()
        return np.asarray(random.integers(low, high, shape) if integer else random.uniform(low, high, shape))

    choice = {
        "reset": Reset(random.choice(list(Reset))), "inclusive": bool(random.random() < 0.5),
        "spiking": bool(random.random() < 0.7),
    }  # fmt: skip
    if integer:
        return IntegerLeakyIntegrateAndFire(
            parameter(1, 4097), parameter(0, 4097), parameter(0, 131072), parameter(-4096, 4096), parameter(0, 8),
            reset_value=parameter(1 - 2**23, 2**23), output_shift=int(random.integers(0, 12)), **choice,
        )  # fmt: skip
    return LeakyIntegrateAndFire(
        parameter(0, 1), parameter(0, 1), parameter(-1, 2), parameter(-1, 2), parameter(-1, 2), parameter(-1, 1),
        reset_value=parameter(-1, 1), **choice,
    )  # fmt: skip


def random_network(random, integer):
    """An image, a convolution, pooling, a listed matrix, recurrence, a constant."""

    def weights(*shape):
        return random.integers(-128, 128, shape).astype(np.int16) if integer else random.normal(0, 1, shape)

    def projection(source, target, connectivity, delay=1):
        exponent = int(random.integers(0, 8)) if integer else 0
        return Projection(f"{source} to {target}", source, target, connectivity, delay, exponent)

    image, conv, pooled, out, always = (str(name) for name in random.permutation(NAMES)[:5])
    convolution = Convolution(weights(4, 1, 2, 3), (2, 5, 5), (1, 2), ((0, 1), (1, 1)), (1, 1), 2)
    pool = Pool(weights(4), (4, 5, 3), (2, 2), (2, 2), ((1, 0), (0, 1)))
    size = int(np.prod(pool.output_shape))
    listed = Sparse.from_matrix(sparse.csr_array(weights(3, size) * (random.random((3, size)) < 0.5)))
    populations = (
        Population(always, (1,), Role.CONSTANT, None, 0),
        Population(image, (2, 5, 5), Role.INPUT, None, 0),
        Population(conv, (4, 5, 3), Role.NEURON, neuron(random, 60, integer), 1),
        Population(pooled, pool.output_shape, Role.NEURON, neuron(random, size, integer), 2),
        Population(out, (3,), Role.NEURON, neuron(random, 3, integer), 3),
    )
    projections = (
        projection(image, conv, convolution), projection(conv, pooled, pool), projection(pooled, out, listed),
        projection(out, out, OneToOne(weights(3)), 2), projection(always, out, Dense(weights(3, 1))),
    )  # fmt: skip
    scales = {conv: np.asarray(0.1 + float(random.random())), out: random.random(3)} if integer else {}
    return Network(populations, projections, out, integer, scales)


def assert_equal(one, other):
    """Field by field, arrays to the last bit and in their dtype."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_equal(left, right)
    elif hasattr(one, "__dataclass_fields__"):
        for field in fields(one):
            left, right = getattr(one, field.name), getattr(other, field.name)
            if field.name == "scales":
                left, right = tuple(left.items()), tuple(right.items())
            assert_equal(left, right)
    else:
        assert one == other


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_round_trip_to_the_last_bit(tmp_path, seed, integer):
    random = np.random.default_rng(seed)
    network = random_network(random, integer)
    write_network(network, tmp_path)
    again = read_network(tmp_path)
    assert_equal(network, again)
    data = random.integers(0, 2, (2, 6, 50))
    before, after = run_network(network, data), run_network(again, data)
    for name, activity in before.items():
        np.testing.assert_array_equal(activity, after[name])


@pytest.fixture
def folder(tmp_path):
    write_network(random_network(np.random.default_rng(0), True), tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [NETWORK_NAME, ARRAYS_NAME])
def test_missing_cut_or_foreign_files_are_refused(folder, name):
    whole = (folder / name).read_bytes()
    for content in (b"", whole[:1], whole[: len(whole) // 2], whole[:-30], b"\x00" * 200, b"[]", b"{}"):
        (folder / name).write_bytes(content)
        with pytest.raises(UnsupportedModelError, match="deploy again"):
            read_network(folder)
    (folder / name).unlink()
    with pytest.raises(UnsupportedModelError, match="deploy again"):
        read_network(folder)


CHANGES = {
    "another format": lambda document: document.update(format=99),
    "no format": lambda document: document.pop("format"),
    "an unknown output": lambda document: document.update(output="nowhere"),
    "an unknown role": lambda document: document["populations"][0].update(role="king"),
    "an unknown kind": lambda document: document["projections"][0]["connectivity"].update(kind="magic"),
    "a missing array": lambda document: document["projections"][0]["connectivity"].update(weights={"array": "gone"}),
    "a delay of zero": lambda document: document["projections"][0].update(delay=0),
    "a missing neuron": lambda document: document["populations"][2].update(neuron=None),
    "a foreign field": lambda document: document["populations"][2]["neuron"].update(colour=1),
    "a list for an object": lambda document: document.update(populations=[[]]),
    "text for a number": lambda document: document["populations"][2].update(depth="deep"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_documents_that_contradict_themselves_are_refused(folder, change):
    document = json.loads((folder / NETWORK_NAME).read_text())
    CHANGES[change](document)
    (folder / NETWORK_NAME).write_text(json.dumps(document))
    with pytest.raises(UnsupportedModelError, match="deploy again"):
        read_network(folder)


def test_pickles_are_refused(folder):
    np.savez(folder / ARRAYS_NAME, thing=np.array([object()], dtype=object))
    with pytest.raises(UnsupportedModelError, match="deploy again"):
        read_network(folder)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_neurons_of_every_family_come_back_equal(neuron_examples, tmp_path, family):
    for seed in range(6):
        for neuron in neuron_examples.EXAMPLES[family](np.random.default_rng(seed), 4):
            populations = (
                Population("input", (2,), Role.INPUT, None, 0), Population("layer", (4,), Role.NEURON, neuron, 1)
            )  # fmt: skip
            integer = isinstance(neuron, IntegerNeuron)
            weights = Dense(np.ones((4, 2), np.int16 if integer else np.float64))
            network = Network(populations, (Projection("all", "input", "layer", weights),), "layer", integer)
            write_network(network, tmp_path)
            again = read_network(tmp_path).by_name["layer"].neuron
            assert type(again) is type(neuron)
            for name, value in vars(neuron).items():
                np.testing.assert_array_equal(getattr(again, name), value, err_msg=name)
                assert type(getattr(again, name)) is type(value), name
