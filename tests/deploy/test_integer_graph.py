"""Networks that are made of integers are run and deployed with exactly these integers, on every way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.lava.backend import run_lava
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.compilation import compile_model
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.data import prepare_data
from spikeloom.deploy.deployment import deploy
from spikeloom.deploy.lowering.integer_projections import as_integers
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.lowering.relays import with_relays
from spikeloom.deploy.progress.progress import Quiet
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.errors import DataError, DoesNotFitError, UnsupportedModelError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Projection
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerSigmaDelta, Reset
from spikeloom.models.operators import Delay, Flatten, Neurons
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)


def whole(value):
    return np.asarray(value, dtype=np.int64)


def leaky(random, **changes):
    numbers = {
        "current_decay": random.integers(1000, 4097), "voltage_decay": random.integers(0, 1000), "threshold": 200,
        "bias_mantissa": random.integers(0, 30), "bias_exponent": 3, "initial_voltage": random.integers(0, 5000),
    }  # fmt: skip
    return IntegerLeakyIntegrateAndFire(**{name: whole(value) for name, value in numbers.items()}, **changes)


def weights(random, *shape):
    """Even, as a synapse of both signs holds them."""
    return 2.0 * random.integers(-60, 90, shape)


def integer_graph(random, graded=False):
    """Convolution, a slice, maxima of spikes, a way around with a delay; or sigma-delta layers."""
    flow = Dataflow()
    one, sides = (1, 1), ((1, 1), (1, 1))
    entry = flow.input("input", (2, 6, 6))
    if graded:
        unit = {"rectifies": bool(random.random() < 0.8), "input_shift": 2, "output_shift": 3}
        encoder = IntegerSigmaDelta(whole(20), whole(0), rectifies=False, integrates=False, input_shift=3)
        signal = flow.neurons("delta", entry, encoder)
        signal = flow.convolution("conv", signal, weights(random, 3, 2, 3, 3), None, one, sides, one, 1)
        signal = flow.neurons(
            "first", signal, IntegerSigmaDelta(whole(300), whole(random.integers(-99, 99, 108)), **unit)
        )
        signal = flow.then("delay", Delay(whole(random.integers(0, 3))), signal)
        signal = flow.select("slice", signal, np.arange(108).reshape(3, 6, 6)[:, ::2, 1:])
        flat = flow.then("flat", Flatten(), signal)
        signal = flow.linear("dense", flat, weights(random, 4, flat.shape[0]), None)
        last = IntegerSigmaDelta(whole(0), whole(5), rectifies=False, delta=False)
        flow.output("output", flow.neurons("sigma", signal, last))
        return flow.graph("integers")
    signal = flow.convolution("conv", entry, weights(random, 3, 2, 3, 3), None, one, sides, one, 1)
    first = flow.neurons("first", signal, leaky(random, reset=Reset.SUBTRACT))
    pooled = flow.max_pool("pool", first, (2, 2), (2, 2), ((0, 0), (0, 0)), one)
    signal = flow.convolution("again", pooled, weights(random, 3, 3, 3, 3), None, one, sides, one, 1)
    signal = flow.neurons("second", signal, leaky(random))
    late = flow.then("delay", Delay(whole(random.integers(0, 4))), pooled)
    joined = flow.concatenate("join", [signal, late], 0)
    flat = flow.then("flat", Flatten(), joined)
    signal = flow.linear("dense", flat, weights(random, 4, flat.shape[0]), None)
    if random.random() < 0.7:
        signal = flow.neurons("out", signal, leaky(random))
    flow.output("output", signal)
    return flow.graph("integers")


def data_for(random, graph, graded):
    shape = (3, 7, *graph.shapes["input"])
    return random.integers(-20, 60, shape) if graded else (random.random(shape) < 0.4).astype(np.int64)


@settings(max_examples=15, deadline=None)
@given(seeds, st.booleans())
def test_graph_network_and_simulator_give_the_same_integers(seed, graded):
    random = np.random.default_rng(seed)
    graph = integer_graph(random, graded)
    data = data_for(random, graph, graded)
    prepared = prepare(graph)
    assert prepared.integer
    trained = run_graph(prepared, data)
    for name, values in run_graph(graph, data).items():
        np.testing.assert_array_equal(trained[name], values, err_msg=name)
    for network in (lower(prepared), with_relays(lower(prepared), 1)[0]):
        assert network.integer
        flat = data.reshape(3, 7, -1)
        timed = run_network(network, flat)
        simulated = Simulator(network).run(flat, "all").activity
        for name, values in timed.items():
            np.testing.assert_array_equal(simulated[name], values, err_msg=name)
            if name in trained:
                np.testing.assert_array_equal(values, trained[name], err_msg=name)


@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
@pytest.mark.parametrize("graded", [pytest.param(False, marks=pytest.mark.slow), True])
def test_mapped_and_in_lava_they_are_the_same(graded):
    random = np.random.default_rng(0)
    graph = prepare(integer_graph(random, graded))
    x = data_for(random, graph, graded)
    config = Configuration()
    data = prepare_data(x, None, graph.nodes["input"], config, "the data")
    compiled = compile_model(graph, load_target("loihi2"), data, config, Quiet())
    assert compiled.quantization.network is compiled.network
    assert any("kept as they are" in note for note in compiled.notes)
    expected = run_graph(graph, x)
    found = run_lava(compiled.program.network, compiled.program.code.encode(data.x), timeout=120)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert np.unique(values).size > 1, name


def test_deployed_every_stage_says_the_same():
    random = np.random.default_rng(0)
    graph = integer_graph(random)
    x = data_for(random, graph, graded=False)
    report = deploy(graph, "loihi2", (x, np.zeros(3, int)), None, Configuration(lava_samples=0))
    stages = {row["stage"]: row for row in report["ledger"]}
    assert list(stages) == ["graph", "network", "integer", "simulator"]
    assert all(row["mismatched_spikes"] in (0, None) for row in stages.values())
    assert len({row["accuracy"] for row in stages.values()}) == 1
    assert stages["graph"]["spikes_per_sample"] > 0


# Weights


def projection(name, values):
    return Projection(name, "a", "b", Dense(np.asarray(values, dtype=float)))


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(0, 7), st.sampled_from(("mixed", "positive", "negative")))
def test_shared_powers_of_two_become_an_exponent(seed, exponent, signs):
    random = np.random.default_rng(seed)
    low, high = {"mixed": (-256, 256), "positive": (0, 256), "negative": (-256, 1)}[signs]
    values = random.integers(low, high, (3, 4)) * 2**exponent
    (result,) = as_integers("model", [projection("p", values)])
    integers = result.connectivity.weights
    assert integers.dtype == np.int16
    assert 0 <= result.exponent <= exponent
    assert -256 <= integers.min() <= integers.max() <= 255
    np.testing.assert_array_equal(integers.astype(np.int64) << result.exponent, values)


@pytest.mark.filterwarnings("error")
def test_weights_that_no_synapse_holds_are_listed():
    wrong = {
        "fractions": [[0.5, 2]], "too large": [[257, 2]], "no power": [[512, 511]], "nothing": [[np.nan, 1]],
        "endless": [[np.inf, 1]], "huge": [[1e30, 2e30]], "beyond the exponent": [[256 * 2.0**7, 0]],
    }  # fmt: skip
    fine = projection("fine", [[255, -256, 0]])
    with pytest.raises(UnsupportedModelError) as caught:
        as_integers("model", [fine, *(projection(name, values) for name, values in wrong.items())])
    lines = str(caught.value).splitlines()
    assert "7 nodes" in lines[0]
    assert [line.split(" (")[0].strip() for line in lines[1:]] == list(wrong)
    assert "no whole numbers" in lines[1]
    assert "from 2 to 257" in lines[2]
    assert as_integers("model", [fine])[0].exponent == 0
    assert as_integers("model", [projection("empty", np.zeros((0, 3)))])[0].connectivity.weights.size == 0


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int64, np.float32])
def test_weights_of_any_type(dtype):
    values = np.array([[100, -128, 0]], dtype=dtype)
    (result,) = as_integers("model", [Projection("p", "a", "b", Dense(values))])
    np.testing.assert_array_equal(result.connectivity.weights, values)


def chain(values, model):
    flow = Dataflow()
    signal = flow.linear("dense", flow.input("input", (len(values[0]),)), np.asarray(values, dtype=float), None)
    flow.output("output", flow.then("layer", Neurons(model, None), signal))
    return flow.graph("chain")


def test_a_weight_of_both_signs_beyond_the_chips_memory_does_not_fit():
    """-3 and 255 at once take nine bits, and no exponent is shared."""
    graph = chain([[255, -3]], leaky(np.random.default_rng(0)))
    x = np.ones((2, 4, 2), dtype=np.int64)
    with pytest.raises(DoesNotFitError, match="weight bits 9 of 8"):
        deploy(graph, "loihi2", (x, None), None, Configuration(lava_samples=0))


def test_a_bias_in_front_of_integer_neurons_is_refused():
    flow = Dataflow()
    signal = flow.linear("dense", flow.input("input", (2,)), np.ones((2, 2)), np.ones(2))
    flow.output("output", flow.neurons("layer", signal, leaky(np.random.default_rng(0))))
    with pytest.raises(UnsupportedModelError, match=r"layer \(bias\): belongs into the neurons"):
        lower(prepare(flow.graph("biased")))


@pytest.mark.parametrize("x", [np.full((2, 4, 2), 0.5), np.full((2, 4, 2), 0.3)])
def test_data_with_fractions_is_refused(x):
    graph = chain([[2, 4]], leaky(np.random.default_rng(0)))
    with pytest.raises(DataError, match="holds fractions, and chain is an integer network"):
        deploy(graph, "loihi2", (x, None), None, Configuration(lava_samples=0))
