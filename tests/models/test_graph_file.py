"""The `.graph` file: what comes back is what was written, and what is no such file is refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spikeloom.models.array_file import read_arrays, write_arrays
from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.graph_file import read_graph, write_graph
from spikeloom.models.neurons import FAMILIES
from spikeloom.models.operators import (
    Convolution,
    Delay,
    Flatten,
    Identity,
    Input,
    Linear,
    MaxPool,
    Neurons,
    Operator,
    Output,
    Pool,
    Rectifier,
    Reshape,
    Scale,
    Select,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    return type(one) is type(other) and one == other


def chain(*operators: Operator) -> Graph:
    nodes = {f"node{number}": operator for number, operator in enumerate(operators)}
    names = list(nodes)
    return Graph(nodes, tuple(Edge(a, b) for a, b in pairwise(names)), ("something: assumed.",))


def assert_comes_back(graph: Graph, path: Path) -> None:
    write_graph(graph, path)
    read = read_graph(path)
    assert list(read.nodes) == list(graph.nodes) and read.edges == graph.edges
    assert read.assumptions == graph.assumptions and read.name == path.stem
    for name, operator in graph.nodes.items():
        assert same(operator, read.nodes[name]), name
    assert [file.name for file in path.parent.iterdir()] == [path.name], "something was left behind"


def test_operators_come_back_to_the_last_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    weight = random.normal(size=(4, 2, 3, 3))
    assert not np.array_equal(weight, weight.astype(np.float32)), "nothing would show that 64 bits are kept"
    graph = chain(
        Input((2, 6, 6), (2, 0, 1)),
        Convolution(weight, random.normal(size=4), (1, 1), ((1, 1), (1, 1)), (1, 1)),
        Rectifier(np.full((), np.inf)),
        MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
        Scale(random.normal(size=(4, 1, 1)), None),
        Pool((3, 3), (1, 1), ((0, 0), (0, 0)), average=True),
        Identity(),
        Flatten(),
        Select(np.array([3, 1, 2, 0]), (4,)),
        Reshape((2, 2)),
        Delay(np.asarray(2)),
        Flatten(),
        Linear(random.normal(size=(3, 4)).astype(np.float32).astype(np.float64)),
        Output(),
    )
    assert_comes_back(graph, tmp_path / "all.graph")


@pytest.mark.parametrize("family", FAMILIES)
def test_neurons_of_every_family_come_back(family: str, neuron_examples: ModuleType, tmp_path: Path) -> None:
    made, random = 0, np.random.default_rng(1)
    for _ in range(4):
        neuron, _integer = neuron_examples.EXAMPLES[family](random, 5)
        if neuron is not None:
            made += 1
            assert_comes_back(chain(Input((5,)), Neurons(neuron, (5,)), Output()), tmp_path / "neurons.graph")
    assert made or family == "izhikevich"


def test_a_loop_and_a_sum_come_back(neuron_examples: ModuleType, tmp_path: Path) -> None:
    neuron, _integer = neuron_examples.EXAMPLES["leaky"](np.random.default_rng(0), 2)
    nodes = {
        "in": Input((2,)), "a": Linear(np.eye(2)), "n": Neurons(neuron, None), "loop": Linear(0.5 * np.eye(2)),
        "out": Output(),
    }  # fmt: skip
    edges = (Edge("in", "a"), Edge("a", "n"), Edge("n", "loop"), Edge("loop", "n", 1), Edge("n", "out"))
    assert_comes_back(Graph(nodes, edges), tmp_path / "loop.graph")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.graph"
    with pytest.raises(UnsupportedModelError, match=r"x\.graph cannot be read: No such file"):
        read_graph(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(UnsupportedModelError, match="damaged, or no graph"):
        read_graph(path)
    write_graph(chain(Input((2,)), Linear(np.eye(2)), Output()), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnsupportedModelError, match="damaged"):
        read_graph(path)
    path.write_bytes(whole)
    arrays = read_arrays(path)
    document = json.loads(arrays["document"].tobytes())
    for change, words in (
        ({"format": 99}, "format 99, this version reads 1"),
        ({"edges": [["node0", "nobody", 0]]}, "damaged"),
        ({"nodes": {"node0": {"operator": "Nonsense"}}}, "damaged"),
    ):
        text = np.frombuffer(json.dumps(document | change).encode(), np.uint8)
        write_arrays(path, {**arrays, "document": text})
        with pytest.raises(UnsupportedModelError, match=words):
            read_graph(path)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_graph(chain(Input((2,)), Linear(np.eye(2)), Output()), tmp_path / "file" / "x.graph")
