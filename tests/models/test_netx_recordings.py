"""Networks of lava-dl against what lava-dl recorded of them: every layer, integer for integer."""

import numpy as np
import pytest

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.operators import Delay
from spikeloom.models.readers.netx import InputTransform, NetxOptions, read_input_transform, read_net


def channels_first(recording):
    """From netx's (width, height, channels, steps) to ours, (steps, channels, height, width)."""
    return recording.transpose(3, 2, 1, 0)


def states(graph, activity, layer):
    """First and second state of a layer's neurons, after each step of the first sample."""
    neurons, arriving = graph.nodes[layer].model, {}

    def leaving(name):
        if name in activity:
            return activity[name][0]
        if name not in arriving:
            [edge] = graph.incoming(name)
            before, operator = leaving(edge.source), graph.nodes[name]
            if isinstance(operator, Delay):
                steps = int(operator.steps)
                arriving[name] = np.concatenate([np.zeros_like(before[:steps]), before[:-steps]])
            elif hasattr(operator, "connectivity"):
                arriving[name] = operator.connectivity(graph.shapes[edge.source]).apply(before)
            else:
                arriving[name] = before
        return arriving[name]

    [edge] = graph.incoming(layer)
    state, result = neurons.initial_state(1, activity[layer].shape[2]), []
    for step, values in enumerate(leaving(edge.source)):
        state, output = neurons.step(state, values[np.newaxis])
        np.testing.assert_array_equal(output[0], activity[layer][0, step])
        result.append(state)
    return tuple(np.concatenate([step[part] for step in result]) for part in (0, 1))


def for_steps(values, steps):
    return np.repeat(values[np.newaxis, np.newaxis], steps, axis=1)


@pytest.fixture
def netx(shared_data):
    return shared_data / "netx"


@pytest.fixture
def tiny(netx):
    """The small network, its data in 15 steps, and its recordings without their first step, which is empty."""
    graph = read_net(netx / "tiny.net")
    bias = np.load(netx / "tinynet" / "input_bias.npy").transpose(2, 1, 0).astype(np.int64)
    recordings = {
        name: np.load(netx / "tinynet" / f"{name}.npy")[0].transpose(3, 0, 1, 2)[1:]
        for name in ("input", "layer1", "current", "output")
    }
    return graph, for_steps(bias, 15), recordings


def test_every_layer_of_the_small_network_spikes_as_recorded(tiny):
    graph, data, recordings = tiny
    activity = run_graph(graph, data)
    for layer, name in zip(graph.layers, ("input", "layer1", "output"), strict=True):
        assert 0 < recordings[name].sum() < recordings[name].size
        np.testing.assert_array_equal(activity[layer][0].reshape(recordings[name].shape), recordings[name])


def test_the_current_of_the_small_network_is_that_recorded(tiny):
    graph, data, recordings = tiny
    current, _ = states(graph, run_graph(graph, data), "1 conv")
    np.testing.assert_array_equal(current.reshape(recordings["current"].shape), 64 * recordings["current"])


def test_the_small_network_takes_data_as_netx_lays_it_out(tiny, netx):
    graph, data, _ = tiny
    assert graph.nodes["input"].axes is None
    turned = read_net(netx / "tiny.net", NetxOptions(layout="width-first")).nodes["input"]
    assert turned.shape == data.shape[2:]
    stored = np.load(netx / "tinynet" / "input_bias.npy")
    np.testing.assert_array_equal(stored.transpose(turned.axes), data[0, 0])


def test_the_transform_of_the_small_network_is_that_of_its_file(netx):
    transform = read_input_transform(netx / "tiny.net")
    assert transform == InputTransform(36, 34)
    np.testing.assert_array_equal(transform.apply_to_pixels(np.array([0.0, 0.5, 0.51, 1.0])), [-2, 34, 34, 70])
    np.testing.assert_array_equal(transform.apply(np.array([-1.0, 0.0, 0.02, 1.0])), [-2, 34, 34, 70])
    assert read_input_transform(netx / "mnist.net") is None
    assert read_input_transform(netx / "pilotnet_sdnn" / "network.net") == InputTransform(64, 0)


@pytest.fixture
def pilotnet(netx):
    """The sigma-delta network, one image for 20 steps, and its recordings."""
    folder = netx / "pilotnet_sdnn"
    image = channels_first(np.load(folder / "input.npy"))[0]
    recordings = {name: np.load(folder / f"{name}.npy") for name in ("act0", "sigma1", "sigma2", "output")}
    return read_net(folder / "network.net"), for_steps(image, 20), recordings


def test_the_sigma_delta_network_is_that_recorded(pilotnet):
    graph, data, recordings = pilotnet
    activity = run_graph(graph, data)
    encoded = activity[graph.layers[0]][0].reshape(20, 3, 33, 100)
    np.testing.assert_array_equal(encoded, channels_first(recordings["act0"]))
    for layer, name in zip(graph.layers[1:], ("sigma1", "sigma2"), strict=False):
        recorded = channels_first(recordings[name])
        sigma, _ = states(graph, activity, layer)
        assert np.any(recorded[0] != recorded[-1])
        np.testing.assert_array_equal(sigma.reshape(recorded.shape), recorded)
    np.testing.assert_array_equal(activity[graph.layers[-1]][0, :9, 0], recordings["output"][0])
    assert np.unique(recordings["output"]).size > 6


def test_the_sigma_delta_network_is_the_same_network_of_populations(pilotnet):
    graph, data, _ = pilotnet
    activity, network = run_graph(graph, data), lower(prepare(graph))
    lowered = run_network(network, data.reshape(1, 20, -1))
    for layer in graph.layers:
        np.testing.assert_array_equal(lowered[layer], activity[layer], layer)
    assert {projection.delay for projection in network.projections} == {1}, "waiting costs no memory of its own"


def rate_coded(images, steps):
    """Spikes as in the tutorial that the network was trained in: integrate, fire above 1, and begin at 0 again."""
    potential, spikes = np.zeros(images.shape), np.zeros((images.shape[0], steps, images.shape[1]), np.int8)
    for step in range(steps):
        potential = potential + images
        spikes[:, step] = potential > 1
        potential[potential > 1] = 0
    return spikes


def test_the_digits_network_tells_digits(netx, shared_data):
    graph, test = read_net(netx / "mnist.net"), np.load(shared_data / "mnist" / "test.npz")
    images, labels = test["x"][:500].reshape(500, -1) / 255, test["y"][:500]
    spikes = run_graph(graph, rate_coded(images, 32))[graph.layers[-1]].sum(axis=1)
    assert np.mean(spikes.argmax(axis=1) == labels) > 0.94
