"""Networks as trained and the graphs made of them: the same spikes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from spikeloom.models.execution.graph_run import run_graph  # noqa: E402
from spikeloom.models.graph import Graph  # noqa: E402
from spikeloom.models.neurons import Reset  # noqa: E402
from spikeloom.models.operators import Convolution, Linear, Rectifier, Scale  # noqa: E402
from spikeloom.models.readers.nir import read_nir  # noqa: E402
from spikeloom.models.training.build import adaptive, convolutional, fully_connected  # noqa: E402
from spikeloom.models.training.components import Components, Leakage  # noqa: E402
from spikeloom.models.training.layers import AdaptiveLayer, Integrator, LeakyLayer  # noqa: E402
from spikeloom.models.training.ordinary_networks import ordinary_counterpart  # noqa: E402
from spikeloom.models.training.spiking_network import SpikingNetwork  # noqa: E402
from spikeloom.models.training.staged_network import Stage, SumPool  # noqa: E402
from spikeloom.models.training.to_graph import graph_of  # noqa: E402
from spikeloom.models.writers.nir import write_nir  # noqa: E402

Array = NDArray[Any]
SAMPLES, STEPS = 4, 9


def random_data(shape: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(0, 1.5, (SAMPLES, STEPS, *shape))


def of_network(network: Any, data: Array) -> dict[str, Array]:
    """Activity as `run_graph` has it: (samples, steps, neurons)."""
    network.double().eval()
    with torch.no_grad():
        activity = network(torch.from_numpy(data).transpose(0, 1))
    return {name: values.transpose(0, 1).flatten(2).numpy() for name, values in activity.items()}


def assert_the_same(network: SpikingNetwork, graph: Graph, data: Array) -> None:
    expected, found = of_network(network, data), run_graph(graph, data)
    assert set(network.layers) <= set(graph.layers)
    for name in network.layers:
        if name in network.spiking_layers:
            assert np.array_equal(found[name], expected[name]), name
            assert found[name].any(), f"{name} is silent: nothing was compared"
        else:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9)


COMPONENTS = list(itertools.product(Leakage, Reset, (False, True)))


@settings(max_examples=3)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 0.4]), st.floats(0.05, 0.95))
@pytest.mark.parametrize(("leakage", "reset", "recurrent"), COMPONENTS)
def test_the_graph_spikes_as_the_network_for_all_components(
    leakage: Leakage, reset: Reset, recurrent: bool, seed: int, gain: float, retention: float
) -> None:
    parts = Components(leakage, retention, reset, recurrent, threshold=0.4, input_gain=gain)
    network = fully_connected((6,), [8, 5], 4, parts, seed=seed).double()
    graph = graph_of(network)
    data = random_data((6,), seed)
    expected, found = of_network(network, data), run_graph(graph, data)
    for name in network.layers:
        assert np.array_equal(found[name], expected[name])
    assert sum(edge.lag for edge in graph.edges) == 2 * recurrent
    assert found["neurons1"].any()


@pytest.mark.parametrize("reset", Reset)
def test_images_with_batch_normalization_in_the_weights(reset: Reset) -> None:
    parts = Components.from_time_constant(2.0, reset=reset, threshold=0.3)
    network = convolutional((2, 6, 6), [3, 4], [5], 4, parts, normalized=True, readout="potential").double()
    with torch.no_grad():
        for _ in range(5):  # so that means and variances are some
            network(torch.rand(STEPS, 8, 2, 6, 6, dtype=torch.float64))
    graph = graph_of(network.eval())
    assert_the_same(network, graph, random_data((2, 6, 6)))
    assert not any(isinstance(operator, Scale) for operator in graph.nodes.values())
    assert sum(isinstance(operator, Convolution) for operator in graph.nodes.values()) == 2


def test_residual_blocks_and_average_pools_and_normalizations_that_stand_alone() -> None:
    parts = Components(threshold=0.3)
    stages = {
        "normalization": nn.BatchNorm2d(2),
        "convolution1": nn.Conv2d(2, 2, 3, padding=1),
        "neurons1": LeakyLayer(parts),
        "convolution2": nn.Conv2d(2, 2, 3, padding=1, bias=False),
        "normalization2": nn.BatchNorm2d(2),
        "neurons2": LeakyLayer(parts),
        "sum": Stage(nn.Identity(), ("neurons1", "neurons2")),
        "convolution3": nn.Conv2d(2, 3, 2, stride=2),
        "neurons3": LeakyLayer(parts),
        "pool": nn.AvgPool2d(2),
        "flatten": nn.Flatten(),
        "linear": nn.Linear(3, 4),
        "neurons_out": LeakyLayer(parts),
    }
    torch.manual_seed(1)
    network = SpikingNetwork((2, 4, 4), stages).double()
    with torch.no_grad():
        network(torch.rand(STEPS, 8, 2, 4, 4, dtype=torch.float64))
        network.modules_by_name["linear"].weight.mul_(4)
    graph = graph_of(network.eval())
    assert_the_same(network, graph, random_data((2, 4, 4)))
    assert isinstance(graph.nodes["normalization"], Scale)


@pytest.mark.parametrize("recurrent", [False, True])
def test_adaptive_neurons(recurrent: bool) -> None:
    network = adaptive((6,), [8, 8], 4, recurrent=recurrent, threshold=0.05, first_gain=6.0).double()
    assert_the_same(network, graph_of(network), random_data((6,)))


@pytest.mark.parametrize(("leakage", "reset", "recurrent"), COMPONENTS)
def test_nir_files_say_all_components(leakage: Leakage, reset: Reset, recurrent: bool, tmp_path: Path) -> None:
    parts = Components(leakage, 0.6, reset, recurrent, threshold=0.4, input_gain=0.5)
    network = fully_connected((6,), [7], 4, parts, seed=5).double()
    data = random_data((6,))
    path = tmp_path / "network.nir"
    notes = write_nir(graph_of(network), path)
    assert_the_same(network, read_nir(path), data)
    assert any("reset" in note for note in notes) == (reset is not Reset.VALUE and leakage is not Leakage.COMPLETE)


def test_the_ordinary_counterpart_is_a_graph_of_rectifiers() -> None:
    spiking = convolutional((1, 6, 6), [3], [5], 4, Components(), normalized=True)
    network = ordinary_counterpart(spiking, seed=2).double().eval()
    graph = graph_of(network, "ordinary")
    assert [graph.nodes[name] for name in graph.rectifiers] and not graph.layers
    assert all(isinstance(graph.nodes[name], Rectifier) for name in graph.rectifiers)
    values: dict[str, Array] = {}
    image = random_data((1, 6, 6))[:, 0]
    for name in graph.order:
        operator, edges = graph.nodes[name], graph.incoming(name)
        before = values[edges[0].source] if edges else image.reshape(SAMPLES, -1)
        shape = graph.shapes[edges[0].source] if edges else (1, 6, 6)
        if isinstance(operator, Rectifier):
            before = operator.apply(before, shape)
        elif hasattr(operator, "connectivity"):
            constant = operator.constant(shape)
            before = operator.connectivity(shape).apply(before) + (0 if constant is None else constant)
        values[name] = before
    (expected,) = of_network(network, image[:, None]).values()
    np.testing.assert_allclose(values["output"], expected[:, 0], rtol=1e-9, atol=1e-9)


def test_names_and_shapes_are_those_of_the_stages() -> None:
    network = SpikingNetwork(
        (2, 4, 4), {"pool": SumPool(2), "flatten": nn.Flatten(), "linear": nn.Linear(8, 3), "out": AdaptiveLayer(3)}
    )
    graph = graph_of(network, "mine")
    assert graph.name == "mine" and graph.shapes["pool"] == (2, 2, 2) and graph.shapes["output"] == (3,)
    assert isinstance(graph.nodes["linear"], Linear) and graph.outputs == ("output",)


def test_what_has_no_operator_is_named() -> None:
    network = SpikingNetwork((3,), {"tanh": nn.Tanh(), "out": Integrator()})
    with pytest.raises(TypeError, match="Tanh has no operator"):
        graph_of(network)
