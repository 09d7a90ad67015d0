"""Graphs written as NIR: NIR's own reader takes the file, ours reads back the same spikes, and what is lost is said."""

from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.neurons import LeakyIntegrateAndFire, Reset
from spikeloom.models.operators import (
    Convolution,
    Delay,
    Flatten,
    Identity,
    Input,
    Linear,
    Neurons,
    Output,
    Pool,
    Reshape,
    Scale,
    Select,
)
from spikeloom.models.readers.nir import read_nir
from spikeloom.models.writers.nir import write_nir

DT = 1e-3
PARAMETERS = (
    "current_retention", "voltage_retention", "threshold", "input_gain", "current_gain", "bias", "reset_value",
)  # fmt: skip
seeds = st.integers(0, 2**32 - 1)
array = np.asarray


def model(**changes):
    """LIF with a reset to zero."""
    fields = {
        "current_retention": 0.0, "voltage_retention": 0.9, "threshold": 1.0, "input_gain": 1.0, "current_gain": 1.0,
        "bias": 0.0,
    }  # fmt: skip
    fields = {key: array(value, dtype=float) for key, value in fields.items()}
    return LeakyIntegrateAndFire(**(fields | {k: array(v) if isinstance(v, float) else v for k, v in changes.items()}))


def chain(shape, *operators, name="chain"):
    """Operators one behind the other, between input and output."""
    nodes = {"input": Input(shape), **{f"n{at}": operator for at, operator in enumerate(operators)}, "output": Output()}
    graph = Graph(nodes, tuple(Edge(a, b) for a, b in pairwise(nodes)), (), name)
    graph.verify()
    return graph


def same_spikes(graph, again, data):
    """Every layer of the graph gives the same again, potentials but for rounding."""
    wanted, found = run_graph(graph, data), run_graph(again, data)
    for name, activity in wanted.items():
        tolerance = 1e-9 if activity.dtype == np.float64 else 0
        np.testing.assert_allclose(found[name.replace("/", ".")], activity, tolerance, tolerance, err_msg=name)
    return wanted


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("written") / "model.nir"


def written(graph, path, dt=DT):
    """Write, check with NIR's own reader, and read: the graph, and the sentences."""
    notes = write_nir(graph, path, dt=dt)
    nir.read(path, type_check=not any("type_check=False" in note for note in notes))
    return read_nir(path), notes


def random_model(random, size, *, spiking=True):
    def parameter(low, high, default=None):
        if default is not None and random.random() < 0.4:
            return array(float(default))
        values = random.uniform(low, high, size if random.random() < 0.4 else ())
        return np.where(random.random(values.shape) < 0.2, low, values)

    return LeakyIntegrateAndFire(
        current_retention=parameter(0.0, 1.0, 0),
        voltage_retention=np.minimum(parameter(0.0, 1.3, 1), 1),
        threshold=parameter(0.3, 1.5, 1),
        input_gain=parameter(0.5, 1.5, 1),
        current_gain=parameter(0.5, 1.5, 1),
        bias=parameter(-0.1, 0.2, 0),
        reset=Reset(random.choice(list(Reset))),
        reset_value=parameter(-0.5, 0.3, 0),
        inclusive=bool(random.random() < 0.5),
        spiking=spiking,
        initial_voltage=parameter(-0.5, 0.5, 0),
    )


def random_graph(random):
    """Dense layers with skips, sums, recurrence within and across layers, biases, scales and delays."""
    count = int(random.integers(1, 5))
    sizes = [int(size) for size in random.integers(2, 5, count + 1)]
    nodes, edges = {"input": Input((sizes[0],))}, {}
    names = ["input"]

    def connect(source, target, inputs, outputs, lag=0):
        last = f"{source}/{target}"
        bias = random.normal(0, 0.3, outputs) if random.random() < 0.5 else None
        steps = [("", Linear(random.normal(0.2, 1, (outputs, inputs)), bias))]
        if random.random() < 0.3:
            offset = random.normal(0, 0.2, outputs) if random.random() < 0.5 else None
            steps.append((".scale", Scale(random.uniform(0.5, 1.5, outputs), offset)))
        if random.random() < 0.2:
            delays = random.integers(lag, 4, outputs if random.random() < 0.5 else ())
            steps.append((".delay", Delay(array(delays))))
        if random.random() < 0.2:
            steps.append((".same", Identity()))
        parts = [source, *(last + suffix for suffix, _ in steps), target]
        nodes.update({last + suffix: operator for suffix, operator in steps})
        edges.update({pair: lag * (at == len(steps)) for at, pair in enumerate(pairwise(parts))})

    for layer in range(1, count + 1):
        name, size = f"layer{layer}", sizes[layer]
        nodes[name] = Neurons(random_model(random, size, spiking=layer < count or random.random() < 0.8), None)
        for source in {layer - 1} | {int(random.integers(0, layer)) for _ in range(2)}:
            connect(names[source], name, sizes[source], size)
        for source in range(1, layer + 1):
            if random.random() < 0.3:
                connect(f"layer{layer}", f"layer{source}", size, sizes[source], lag=1)
        names.append(name)
    nodes["output"] = Output()
    edges[names[-1], "output"] = 0
    graph = Graph(nodes, tuple(Edge(*pair, lag) for pair, lag in edges.items()), (), "random")
    graph.verify()
    return graph


@given(seeds)
def test_random_graphs_come_back_the_same(path, seed):
    random = np.random.default_rng(seed)
    graph = random_graph(random)
    again, notes = written(graph, path, dt=float(random.choice([1e-4, 1e-3, 1.0, 0.3])))
    assert all(": " in note and note.endswith(".") and "{}" not in note for note in notes)
    data = (random.random((2, 12, *graph.shapes["input"])) < 0.5).astype(float)
    same_spikes(graph, again, data)


@given(seeds)
def test_neurons_come_back_to_the_last_bit(path, seed):
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 4))
    neuron = random_model(random, size, spiking=random.random() < 0.8)
    again, _ = written(chain((size,), Neurons(neuron, None)), path, dt=float(random.choice([1e-4, 1e-3, 0.7])))
    read = again.nodes["n0"].model
    for key in (*PARAMETERS, "initial_voltage"):
        one_gain = not np.any(neuron.current_retention) and key in ("input_gain", "current_gain")
        no_memory = not np.any(neuron.voltage_retention) and key in ("reset_value", "initial_voltage")
        if one_gain or no_memory or (not neuron.spiking and key in ("threshold", "reset_value")):
            continue
        np.testing.assert_array_equal(*np.broadcast_arrays(getattr(read, key), getattr(neuron, key)), err_msg=key)
    product = read.input_gain * read.current_gain
    np.testing.assert_array_equal(*np.broadcast_arrays(product, neuron.input_gain * neuron.current_gain))
    if neuron.spiking and np.any(neuron.voltage_retention):
        assert (read.reset, read.inclusive) == (neuron.reset, neuron.inclusive)


def axis_padding(random, low=0, high=3):
    return (int(random.integers(low, high)), int(random.integers(low, high)))


@given(seeds)
def test_convolutions_and_pools_of_every_padding_come_back(path, seed):
    random = np.random.default_rng(seed)
    axes = int(random.integers(1, 3))
    shape = (2 * int(random.integers(1, 3)), *(int(size) for size in random.integers(5, 9, axes)))
    operators, at = [], shape
    for _ in range(2):
        padding = tuple(axis_padding(random) for _ in range(axes))
        kernel, stride, dilation = (
            tuple(int(number) for number in random.integers(1, high, axes)) for high in (4, 3, 3)
        )
        if random.random() < 0.5:
            groups = int(random.choice([1, 2]))
            weight = random.normal(0.2, 1, (4, at[0] // groups, *kernel))
            bias = random.normal(0, 0.2, 4) if random.random() < 0.5 else None
            operator = Convolution(weight, bias, stride, padding, dilation, groups)
        else:
            operator = Pool(kernel, stride, padding, average=bool(random.random() < 0.5))
        spread = dilation if isinstance(operator, Convolution) else (1,) * axes
        sizes = zip(at[1:], kernel, padding, spread, strict=True)
        if any(size + sum(pad) < step * (width - 1) + 1 for size, width, pad, step in sizes):
            continue
        # No sum of few inputs and weights comes to this threshold, where rounding would decide.
        operators += [operator, Neurons(model(threshold=float(random.uniform(1, 2))), None)]
        at = operator.output_shape(at)
    operators += [Flatten(), Neurons(model(), None)]
    graph = chain(shape, *operators)
    again, _ = written(graph, path)
    assert again.shapes["output"] == graph.shapes["output"]
    same_spikes(graph, again, random.integers(0, 3, (2, 5, *shape)).astype(float))


def test_same_padding_needs_no_zeros(path):
    weight = np.arange(4.0).reshape(1, 1, 2, 2)
    graph = chain((1, 4, 4), Convolution(weight, None, (1, 1), ((0, 1), (0, 1)), (1, 1)), Neurons(model(), None))
    _, notes = written(graph, path)
    assert nir.read(path).nodes["n0"].padding == "same"
    assert not [note for note in notes if note.startswith("padding")]


def select(shape, index):
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    return Select(index(numbers), shape)


def padded(numbers):
    return np.pad(numbers, ((0, 0), (2, 0), (0, 1)), constant_values=-1)


SELECTIONS = {
    "flat": ((6,), lambda n: n[[5, 0, 0, 2]]),
    "flat, with gaps": ((4,), lambda n: np.array([-1, 3, -1, 0, 1])),
    "channels": ((3, 4, 5), lambda n: n[[2, 0]]),
    "channels of a concatenation": ((2, 4, 5), lambda n: np.concatenate([np.full((3, 4, 5), -1), n])),
    "cut": ((2, 5, 6), lambda n: n[:, 1:4, 2:]),
    "padded": ((2, 4, 5), padded),
    "cut at one end and padded at the other": (
        (2, 6),
        lambda n: np.pad(n, ((0, 0), (0, 3)), constant_values=-1)[:, 2:],
    ),
    "the same": ((2, 3), lambda n: n),
}


@pytest.mark.parametrize("case", SELECTIONS)
def test_selections(path, case):
    shape, index = SELECTIONS[case]
    graph = chain(shape, Neurons(model(threshold=0.5), None), select(shape, index), Neurons(model(threshold=0.5), None))
    again, _ = written(graph, path)
    assert again.shapes["n2"] == graph.shapes["n2"]
    activity = same_spikes(graph, again, np.random.default_rng(1).random((2, 6, *shape)))
    assert 0 < activity["n2"].mean() < 1


def test_a_transposition_that_is_flattened_is_a_matrix(path):
    transposed = select((2, 3, 4), lambda n: n.transpose(1, 2, 0))
    graph = chain((2, 3, 4), transposed, Flatten(), Linear(np.eye(5, 24)), Neurons(model(threshold=0.5), None))
    again, notes = written(graph, path)
    assert any(note.startswith("selection: 'n0'") for note in notes)
    same_spikes(graph, again, np.random.default_rng(0).random((2, 6, 2, 3, 4)))


RESHAPES = {
    "joins": ((2, 3, 4), (6, 4)),
    "joins twice": ((2, 3, 4, 5), (6, 20)),
    "drops ones": ((1, 3, 1, 4, 1), (3, 4)),
    "flat": ((2, 3, 4), (24,)),
    "the same": ((4,), (4,)),
}


@pytest.mark.parametrize("case", RESHAPES)
def test_reshapes_that_join_axes(path, case):
    shape, result = RESHAPES[case]
    graph = chain(shape, Reshape(result), Neurons(model(threshold=0.5), None))
    again, _ = written(graph, path)
    assert again.shapes["n1"] == result
    same_spikes(graph, again, np.random.default_rng(0).random((2, 5, *shape)))


def test_an_input_that_is_split_into_axes_takes_its_data_split(path):
    graph = chain((36,), Reshape((1, 6, 6)), Pool((2, 2), (2, 2), ((0, 0),) * 2, True), Neurons(model(), None))
    again, notes = written(graph, path)
    assert again.shapes["input"] == (1, 6, 6)
    sentence = (
        "input: 'input' takes its data in the shape (1, 6, 6) instead of (36,), as NIR has no node that splits axes."
    )
    assert sentence in notes
    same_spikes(graph, again, np.random.default_rng(0).random((2, 5, 1, 6, 6)))


OFFSETS = {"flat": ((4,), (4,)), "by channel": ((3, 2, 2), (3, 1, 1)), "by element": ((3, 2, 2), (3, 2, 2))}


@pytest.mark.parametrize("case", OFFSETS)
def test_scales_with_an_offset(path, case):
    shape, own = OFFSETS[case]
    random = np.random.default_rng(2)
    scale = Scale(random.random(own), random.normal(0, 0.3, own))
    graph = chain(shape, Neurons(model(), None), scale, Neurons(model(threshold=0.5), None))
    again, notes = written(graph, path)
    assert any(note.startswith("offset:") for note in notes)
    same_spikes(graph, again, random.random((2, 8, *shape)))
