"""A network that is made from a graph to be trained anew is that graph, but for its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.graph import Graph
from spikeloom.models.neurons import LeakyIntegrateAndFire
from spikeloom.models.operators import Convolution, Linear, Neurons, Rectifier
from spikeloom.models.readers.nir import read_nir
from spikeloom.models.zoo.catalogue import COMMITTED, zoo_model

torch = pytest.importorskip("torch")

from spikeloom.models.training.build import convolutional, fully_connected  # noqa: E402
from spikeloom.models.training.components import Components  # noqa: E402
from spikeloom.models.training.from_graph import untrained_network  # noqa: E402
from spikeloom.models.training.to_graph import graph_of  # noqa: E402

OWN = Components.from_time_constant(4, threshold=0.7)


def graphs() -> dict[str, Graph]:
    return {
        "fully connected": graph_of(fully_connected((2, 3), (5, 4), 3, OWN, seed=1)),
        "recurrent": graph_of(fully_connected((6,), (5,), 3, replace(OWN, recurrent=True), seed=1)),
        "readout": graph_of(fully_connected((6,), (5,), 3, OWN, seed=1, readout="potential")),
        "convolutional": graph_of(convolutional((2, 6, 6), (3, 4), (5,), 3, OWN, seed=1)),
    }


@pytest.mark.parametrize("kind", graphs())
def test_structure_and_neurons_are_those_of_the_graph(kind: str) -> None:
    graph = graphs()[kind]
    made = graph_of(untrained_network(graph, {}, seed=2))
    assert made.shapes == graph.shapes
    assert set(made.edges) == set(graph.edges)
    for name, operator in graph.nodes.items():
        other = made.nodes[name]
        assert type(other) is type(operator)
        if isinstance(operator, Neurons):
            assert isinstance(operator.model, LeakyIntegrateAndFire)
            for parameter in ("voltage_retention", "threshold", "input_gain"):
                assert getattr(other.model, parameter) == getattr(operator.model, parameter)
            assert other.model.reset == operator.model.reset
        if isinstance(operator, Linear | Convolution):
            assert other.weight.shape == operator.weight.shape
            assert (other.bias is None) == (operator.bias is None)
            assert not np.array_equal(other.weight, operator.weight)


def test_layers_that_are_named_get_other_components() -> None:
    graph = graphs()["fully connected"]
    wanted = Components.from_time_constant(2, threshold=3)
    made = graph_of(untrained_network(graph, {"neurons1": wanted}))
    assert float(made.nodes["neurons1"].model.threshold) == 3
    assert float(made.nodes["neurons1"].model.voltage_retention) == 0.5
    assert float(made.nodes["neurons2"].model.threshold) == 0.7


def test_weights_follow_from_the_seed() -> None:
    graph = graphs()["convolutional"]
    first, again, other = (graph_of(untrained_network(graph, {}, seed=seed)) for seed in (1, 1, 2))
    for name in ("convolution1", "linear3", "linear_out"):
        np.testing.assert_array_equal(first.nodes[name].weight, again.nodes[name].weight)
        assert not np.array_equal(first.nodes[name].weight, other.nodes[name].weight)


def test_what_cannot_be_trained_is_listed() -> None:
    graph = graphs()["fully connected"]
    nodes = dict(graph.nodes)
    model = nodes["neurons1"].model
    nodes["neurons1"] = Neurons(replace(model, current_retention=np.full((), 0.5)), None)
    nodes["linear2"] = Rectifier(np.full((), np.inf))
    with pytest.raises(UnsupportedModelError) as refused:
        untrained_network(replace(graph, nodes=nodes), {})
    message = str(refused.value)
    assert "cannot be trained anew" in message
    assert "neurons1" in message
    assert "synaptic current" in message
    assert "linear2" in message


def test_braille_says_why_it_cannot_be_trained(shared_data: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="synaptic current, which training does not know"):
        untrained_network(read_nir(shared_data / "nir" / "braille.nir"), {})


@pytest.mark.parametrize("name", COMMITTED)
def test_networks_read_from_files_decide_between_their_classes(name: str) -> None:
    model = zoo_model(name)
    network = untrained_network(read_nir(model.nir_file), {})
    activity = network(torch.ones(2, 3, *network.shape))
    assert network.scores(activity).shape == (3, model.classes)
