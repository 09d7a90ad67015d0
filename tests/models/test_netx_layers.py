"""Every kind of layer of a `.net` file, against lava-dl's equations written out here, neuron by neuron."""

from itertools import product

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.readers.netx import NetxOptions, read_net

STEPS = 14
CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 410, "vThMant": 40, "refDelay": 1, "gradedSpike": False}
SDNN = {"type": "SDNN", "activation": "relu", "vThMant": 2}


def write(path, layers):
    """A file as lava-dl exports it; what is stored as a byte string is written as one."""
    with h5py.File(path, "w") as file:
        for number, layer in enumerate(layers):
            group = file.create_group(f"layer/{number}")
            for name, value in layer.items():
                if isinstance(value, dict):
                    for key, entry in value.items():
                        group[f"{name}/{key}"] = entry
                elif name == "type":
                    group.create_dataset("type", (1,), "S10", [value.encode()])
                else:
                    group[name] = value
    return path


def input_layer(shape, neuron=None):
    return {"type": "input", "shape": np.array(shape)} | ({"neuron": neuron} if neuron else {})


def dense(weight, neuron, **fields):
    outputs, inputs = weight.shape
    shape = {"shape": np.array([outputs]), "inFeatures": inputs, "outFeatures": outputs}
    return {"type": "dense", **shape, "weight": weight.astype(np.float32), "neuron": neuron, **fields}


def kernel(kind, weight, shape, neuron, **fields):
    weight = weight.astype(np.float32)
    return {"type": kind, "shape": np.array(shape), "weight": weight, "neuron": neuron, **fields}


@pytest.fixture
def random():
    return np.random.default_rng(5)


@pytest.fixture
def activity(tmp_path):
    """Write layers, read them, run the graph on data, (steps, *shape), and compare its network with it."""

    def run(layers, data, options=None):
        graph = read_net(write(tmp_path / "model.net", layers), options)
        result = run_graph(graph, data[np.newaxis])
        lowered = run_network(lower(prepare(graph)), data.reshape(1, data.shape[0], -1))
        for name, values in result.items():
            np.testing.assert_array_equal(lowered[name], values, name)
        return graph, {name: values[0] for name, values in result.items()}

    return run


def cuba(currents, neuron, bias=0, recurrence=None):
    """Spikes of CUBA neurons in Loihi's arithmetic, from weighted spikes (steps, neurons)."""
    u, v, spikes = np.zeros(currents.shape[1]), np.zeros(currents.shape[1]), np.zeros(currents.shape)
    for step, arriving in enumerate(currents):
        if recurrence is not None and step:
            arriving = arriving + recurrence @ spikes[step - 1]
        u = np.trunc(u * (4096 - neuron["iDecay"]) / 4096) + 64 * arriving
        v = np.trunc(v * (4096 - neuron["vDecay"]) / 4096) + u + 64 * bias
        spikes[step] = v > 64 * neuron["vThMant"]
        v = np.where(spikes[step] > 0, 0, v)
    assert 0 < spikes.mean() < 1, "a silent or saturated test"
    return spikes


def sigma_delta(changes, threshold, bias=0):
    """Graded spikes of sigma-delta neurons, in units of 2**-12, sent in units of 2**-6."""
    sigma = reached = residue = np.zeros(changes.shape[1], dtype=np.int64)
    sent = []
    for arriving in changes.astype(np.int64):
        sigma = sigma + arriving
        value = np.maximum(sigma + (bias << 12), 0)
        change = value - reached + residue
        spike = np.where(np.abs(change) >= threshold << 12, change, 0)
        reached, residue = value, change - spike
        sent.append(spike >> 6)
    assert np.count_nonzero(sent) < np.size(sent)
    return np.array(sent)


def encoded(values, threshold):
    """Graded spikes of a delta encoder."""
    reached, sent = np.zeros(values.shape[1], dtype=np.int64), []
    for value in values << 12:
        change = np.where(np.abs(value - reached) >= threshold << 12, value - reached, 0)
        reached = reached + change
        sent.append(change >> 6)
    return np.array(sent)


def late(values, steps=1):
    """Each column of (steps, neurons) later by so many steps, one for all or one a column."""
    result = np.zeros_like(values)
    for column, back in enumerate(np.broadcast_to(steps, values.shape[1])):
        result[back:, column] = values[: values.shape[0] - back, column]
    return result


def correlate(image, weight, stride, padding, dilation, groups):
    """A convolution as its definition says, pixel by pixel; padding in front and behind."""
    padded = np.pad(image, ((0, 0), *padding))
    outputs, inputs, height, width = weight.shape
    rows = (padded.shape[1] - dilation[0] * (height - 1) - 1) // stride[0] + 1
    columns = (padded.shape[2] - dilation[1] * (width - 1) - 1) // stride[1] + 1
    result = np.zeros((outputs, rows, columns))
    for channel, y, x in product(range(outputs), range(rows), range(columns)):
        first = channel // (outputs // groups) * inputs
        for source, down, along in product(range(inputs), range(height), range(width)):
            pixel = padded[first + source, y * stride[0] + down * dilation[0], x * stride[1] + along * dilation[1]]
            result[channel, y, x] += weight[channel, source, down, along] * pixel
    return result


def spread(image, weight, stride, padding, groups):
    """A transposed convolution as its definition says: every pixel leaves a copy of the kernel."""
    inputs, outputs, height, width = weight.shape
    shape = [stride[axis] * (image.shape[1 + axis] - 1) + weight.shape[2 + axis] for axis in (0, 1)]
    result = np.zeros((outputs * groups, *shape))
    for channel, y, x in product(*map(range, image.shape)):
        first = channel // (inputs // groups) * outputs
        rows, columns = slice(y * stride[0], y * stride[0] + height), slice(x * stride[1], x * stride[1] + width)
        result[first : first + outputs, rows, columns] += weight[channel] * image[channel, y, x]
    return result[:, padding[0] : shape[0] - padding[0], padding[1] : shape[1] - padding[1]]


def spikes_of(random, *shape, share=0.4):
    return (random.random((STEPS, *shape)) < share).astype(np.int8)


def weights_of(random, *shape, largest=30):
    return 2 * random.integers(-largest // 2, largest // 2 + 1, shape)


def test_dense_layers_with_biases_and_delays(activity, random):
    first, second = weights_of(random, 9, 7), weights_of(random, 5, 9, largest=60)
    bias, delay = 2 * random.integers(-2, 3, 9), random.integers(0, 5, 9)
    layers = [
        dense(first, CUBA, bias=bias.astype(np.float32), delay=(delay + 0.7).astype(np.float32)),
        dense(second, CUBA, delay=np.full(5, 3.0)),
    ]
    data = spikes_of(random, 7)
    graph, result = activity(layers, data)
    hidden = cuba(data @ first.T, CUBA, bias)
    np.testing.assert_array_equal(result["0 dense"], hidden)
    np.testing.assert_array_equal(result["1 dense"], cuba(late(hidden, delay) @ second.T, CUBA))
    [note] = [note for note in graph.assumptions if note.startswith("delay")]
    assert "the last layer, '1 dense'" in note


def test_delays_beyond_what_lava_dl_keeps_are_said(activity, random):
    layers = [
        dense(weights_of(random, 6, 4), CUBA, delay=np.array([0, 63, 5, -2, 62, 1.5])),
        dense(weights_of(random, 2, 6), CUBA),
    ]
    graph, _ = activity(layers, spikes_of(random, 4))
    np.testing.assert_array_equal(graph.nodes["0 dense.delay"].steps, [0, 62, 5, 0, 62, 1])
    assert any("'0 dense'" in note for note in graph.assumptions if note.startswith("delay"))


@pytest.mark.parametrize("pipelined", [False, True])
def test_recurrent_layers(activity, random, pipelined):
    weight, recurrence = weights_of(random, 6, 4, largest=60), weights_of(random, 6, 6, largest=60)
    layer = dense(weight, CUBA, weight_rec=recurrence.astype(np.float32)) | {"type": "dense_rec"}
    data = spikes_of(random, 4)
    _, result = activity([layer], data, NetxOptions(pipelined=pipelined))
    arriving = late(data, int(pipelined)) @ weight.T
    expected = cuba(arriving, CUBA, recurrence=recurrence)
    np.testing.assert_array_equal(result["0 dense_rec"], expected)
    assert np.any(expected != cuba(arriving, CUBA))


def test_parameters_of_each_channel(activity, random):
    weight = weights_of(random, 3, 2, 2, 2)
    neuron = CUBA | {"vThMant": np.array([20.0, 40.0, 60.0]), "iDecay": np.array([4096, 1024, 2000])}
    layers = [input_layer((2, 4, 4)), kernel("conv", weight, (3, 3, 3), neuron, stride=np.array([1, 1]))]
    data = spikes_of(random, 2, 4, 4)
    _, result = activity(layers, data)
    currents = np.stack([correlate(x, weight, (1, 1), ((0, 0), (0, 0)), (1, 1), 1) for x in data]).reshape(STEPS, -1)
    each = {name: np.repeat(neuron[name], 9) for name in ("vThMant", "iDecay")}
    np.testing.assert_array_equal(result["1 conv"], cuba(currents, neuron | each))


@given(data=st.data())
def test_convolutions(tmp_path_factory, data):
    groups, inputs, outputs = (data.draw(st.integers(1, 2)) for _ in range(3))
    size, stride, dilation, padding = (
        [data.draw(st.integers(low, high)) for _ in (0, 1)] for low, high in ((1, 3), (1, 3), (1, 2), (0, 2))
    )
    image = [data.draw(st.integers(dilation[axis] * (size[axis] - 1) + 1, 7)) for axis in (0, 1)]
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    weight = weights_of(random, groups * outputs, inputs, *size)
    stored = weight[..., np.newaxis] if data.draw(st.booleans()) else weight
    spikes = spikes_of(random, groups * inputs, *image)
    both = ((padding[0],) * 2, (padding[1],) * 2)
    currents = np.stack([correlate(x, weight, stride, both, dilation, groups) for x in spikes])
    fields = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    layer = kernel("conv", stored, currents.shape[1:], CUBA, **{key: np.array(value) for key, value in fields.items()})
    path = write(tmp_path_factory.mktemp("net") / "model.net", [input_layer(spikes.shape[1:]), layer])
    graph = read_net(path)
    convolution = graph.nodes["1 conv.weights"]
    found = convolution.connectivity(spikes.shape[1:]).apply(spikes.reshape(STEPS, -1))
    np.testing.assert_array_equal(found, currents.reshape(STEPS, -1))
    assert convolution.weight.dtype == np.int16


def test_a_convolution_before_a_dense_layer_is_flattened_channels_first(activity, random):
    weight, last = weights_of(random, 3, 1, 3, 3, largest=60), weights_of(random, 4, 60)
    data = spikes_of(random, 1, 7, 6)
    currents = np.stack([correlate(x, weight, (1, 1), ((0, 0), (0, 0)), (1, 1), 1) for x in data])
    assert currents.shape[1:] == (3, 5, 4)
    layers = [
        kernel("conv", weight, (3, 5, 4), CUBA, stride=1),
        {"type": "flatten", "shape": np.array([60, 1, 1])},
        dense(last, CUBA),
    ]
    for options, written in (
        (None, layers),
        (NetxOptions(input_shape=(1, 7, 6)), [layers[0], layers[2]]),
        (None, [input_layer((1, 7, 6)), *layers]),
    ):
        graph, result = activity(written, data, options)
        hidden = cuba(currents.reshape(STEPS, -1), CUBA)
        np.testing.assert_array_equal(result[graph.layers[-1]], cuba(hidden @ last.T, CUBA))


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7), (5, 4)])
def test_pooling_pads_what_the_window_does_not_divide(activity, random, height, width):
    data, weight = spikes_of(random, 3, height, width), np.full((1, 1, 2, 2, 1), 20)
    padded = np.pad(data, ((0, 0), (0, 0), (0, height % 2), (0, width % 2)))
    shape = (3, padded.shape[2] // 2, padded.shape[3] // 2)
    sums = padded.reshape(STEPS, 3, shape[1], 2, shape[2], 2).sum(axis=(3, 5))
    layer = kernel("pool", weight, shape, CUBA, kernelSize=np.array([2, 2]), stride=np.array([2, 2]))
    _, result = activity([input_layer((3, height, width)), layer], data)
    np.testing.assert_array_equal(result["1 pool"], cuba(20 * sums.reshape(STEPS, -1), CUBA))


def test_unpooling_and_transposed_convolutions(activity, random):
    data = spikes_of(random, 2, 3, 4)
    window, weight = np.full((1, 1, 2, 2), 44), weights_of(random, 2, 3, 3, 2, largest=60)
    unpooled = np.repeat(np.repeat(data, 2, axis=2), 2, axis=3)
    hidden = cuba(44 * unpooled.reshape(STEPS, -1).astype(float), CUBA).reshape(unpooled.shape)
    currents = np.stack([spread(x, weight, (2, 1), (1, 1), 1) for x in hidden])
    layers = [
        input_layer((2, 3, 4)),
        kernel("unpool", window, (2, 6, 8), CUBA, stride=np.array([2, 2])),
        kernel("convT", weight, currents.shape[1:], CUBA, stride=np.array([2, 1]), padding=np.array([1, 1])),
    ]
    _, result = activity(layers, data)
    np.testing.assert_array_equal(result["1 unpool"], hidden.reshape(STEPS, -1))
    np.testing.assert_array_equal(result["2 convT"], cuba(currents.reshape(STEPS, -1), CUBA))


def test_an_average_at_the_end_adds_up_the_spikes_of_each_group(activity, random):
    weight = weights_of(random, 6, 5, largest=60)
    data = spikes_of(random, 5)
    graph, result = activity([dense(weight, CUBA), {"type": "average", "shape": np.array([3, 1, 1])}], data)
    sums = cuba(data @ weight.T, CUBA).reshape(STEPS, 3, 2).sum(axis=2)
    np.testing.assert_array_equal(result["1 average"], np.cumsum(sums, axis=0))
    assert any(note.startswith("average") for note in graph.assumptions)


def test_a_dense_layer_without_neurons_adds_up_what_arrives(activity, random):
    first, last = weights_of(random, 6, 5, largest=60), weights_of(random, 2, 6)
    affine = {key: value for key, value in dense(last, CUBA).items() if key != "neuron"}
    data = spikes_of(random, 5)
    graph, result = activity([dense(first, CUBA), affine], data)
    np.testing.assert_array_equal(result["1 dense"], np.cumsum(cuba(data @ first.T, CUBA) @ last.T, axis=0))
    assert any(note.startswith("readout") for note in graph.assumptions)


@pytest.mark.parametrize("pipelined", [False, True])
def test_skipping_spikes_arrive_as_early_as_in_training(activity, random, pipelined):
    """In lava-dl's training every CUBA layer sends its spikes on one step later; so a skipped layer is a step saved."""
    first, second, last = (weights_of(random, *shape, largest=60) for shape in ((6, 4), (5, 6), (3, 11)))
    layers = [
        dense(first, CUBA),
        dense(second, CUBA),
        {"type": "concat", "shape": np.array([11]), "layers": np.array([0])},
        dense(last, CUBA),
    ]
    data = spikes_of(random, 4)
    _, result = activity(layers, data, NetxOptions(pipelined=pipelined))
    one = late(cuba(data @ first.T, CUBA))
    two = late(cuba(one @ second.T, CUBA))
    trained = cuba(np.concatenate([two, one], axis=1) @ last.T, CUBA)
    early = 0 if pipelined else 1
    shifted = late(result["3 dense"], early)
    np.testing.assert_array_equal(shifted[2:], late(trained, int(pipelined))[2:])


@pytest.mark.parametrize("exponent", [-1, 2])
def test_exponents_of_weights(activity, random, exponent):
    weight, data = weights_of(random, 6, 5, largest=60), spikes_of(random, 5)
    graph, result = activity([dense(weight, CUBA | {"type": "LOIHI", "wgtExp": exponent})], data)
    np.testing.assert_array_equal(result["0 dense"], cuba(data @ (weight * 2.0**exponent).T, CUBA))
    assert any("wgtExp" in note for note in graph.assumptions)


def test_the_exponent_of_the_normalisation(activity, random):
    weight, data, bias = weights_of(random, 6, 5, largest=20), spikes_of(random, 5), 2 * random.integers(-3, 4, 6)
    layer = dense(weight, CUBA | {"weight_exp": np.array([-1.0])}, bias=bias)
    graph, result = activity([layer], data)
    np.testing.assert_array_equal(result["0 dense"], cuba(data @ (2 * weight).T, CUBA, 2 * bias))
    assert any("weight_exp" in note for note in graph.assumptions)


def test_an_input_layer_of_leaky_neurons_takes_data_past_its_current(activity, random):
    shape, image = (2, 3, 3), 2 * random.integers(0, 40, (2, 3, 3))
    weight = weights_of(random, 2, 18, largest=60)
    layers = [
        input_layer(shape, CUBA) | {"weight": np.array([[36.0]]), "bias": np.array([[34.0]])},
        {"type": "flatten", "shape": np.array([18, 1, 1])},
        dense(weight, CUBA),
    ]
    graph, result = activity(layers, np.repeat(image[np.newaxis], STEPS, axis=0))
    silent = np.zeros((STEPS, 18))
    spikes = cuba(silent, CUBA, image.reshape(-1))
    np.testing.assert_array_equal(result["0 input"], spikes)
    np.testing.assert_array_equal(result["2 dense"], cuba(spikes @ weight.T, CUBA))
    assert any("36 * x + 34" in note for note in graph.assumptions)
    assert any("past its synaptic current" in note for note in graph.assumptions)


@pytest.mark.parametrize("pipelined", [None, False])
def test_sigma_delta_layers(activity, random, pipelined):
    first, second, last = (weights_of(random, *shape, largest=120) for shape in ((6, 5), (4, 6), (2, 4)))
    bias = [2 * random.integers(-20, 21, size) for size in (6, 4)]
    layers = [
        input_layer((5,), SDNN | {"vThMant": 3}),
        dense(first, SDNN, bias=bias[0]),
        dense(second, SDNN, bias=bias[1]),
        dense(last, SDNN | {"sigma_output": True}),
    ]
    data = np.cumsum(random.integers(-9, 10, (STEPS, 5)), axis=0)
    graph, result = activity(layers, data, NetxOptions(pipelined=pipelined))
    waiting = 0 if pipelined is False else 1
    sent = encoded(data, 3)
    np.testing.assert_array_equal(result["0 input"], sent)
    for name, weight, drive in (("1 dense", first, bias[0]), ("2 dense", second, bias[1])):
        sent = sigma_delta(late(sent, waiting) @ weight.T, 2, drive)
        np.testing.assert_array_equal(result[name], sent)
    np.testing.assert_array_equal(result["3 dense"], np.cumsum(late(sent, waiting) @ last.T, axis=0))
    assert any(note.startswith("timing") and ("netx" in note) is (pipelined is None) for note in graph.assumptions)


def test_spikes_of_fewer_binary_places(activity, random):
    weight, data = weights_of(random, 2, 5), np.cumsum(random.integers(-9, 10, (STEPS, 5)), axis=0)
    layers = [input_layer((5,), SDNN), dense(weight, SDNN | {"sigma_output": True})]
    _, fine = activity(layers, data)
    _, coarse = activity(layers, data, NetxOptions(spike_exponent=0))
    np.testing.assert_array_equal(fine["0 input"], coarse["0 input"] * 64)
    np.testing.assert_array_equal(fine["1 dense"], coarse["1 dense"] * 64)
