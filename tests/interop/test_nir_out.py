"""NIR files that Spikeloom wrote, in the tools that read NIR: the same spikes where they compute the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.neurons import LeakyIntegrateAndFire, Reset
from spikeloom.models.operators import Convolution, Flatten, Input, Linear, Neurons, Output, Pool
from spikeloom.models.readers.nir import read_nir
from spikeloom.models.writers.nir import write_nir

nir = pytest.importorskip("nir")
torch = pytest.importorskip("torch")

STEPS, DT = 20, 1e-4


def leaky(**changes):
    """LIF with v <- 0.9 v + a and a reset to zero."""
    fields = {
        "current_retention": 0.0, "voltage_retention": 0.9, "threshold": 1.0, "input_gain": 1.0, "current_gain": 1.0,
        "bias": 0.0,
    } | changes  # fmt: skip
    return LeakyIntegrateAndFire(
        **{key: np.asarray(value) if isinstance(value, float) else value for key, value in fields.items()}
    )


def single(values):
    """Numbers of 32 bits, in which the tools compute."""
    return values.astype(np.float32).astype(np.float64)


def chain(shape, *operators):
    nodes = {"input": Input(shape), **{f"n{at}": operator for at, operator in enumerate(operators)}, "output": Output()}
    return Graph(nodes, tuple(Edge(a, b) for a, b in pairwise(nodes)), (), "chain")


def dense(neuron, low=-0.5, high=0.8):
    """Linear - neurons - linear - neurons, the second without a bias."""
    random = np.random.default_rng(0)
    first = Linear(single(random.uniform(low, high, (8, 6))), single(random.uniform(0, 0.1, 8)))
    return chain(
        (6,), first, Neurons(neuron, None), Linear(single(random.uniform(low, high, (4, 8)))), Neurons(neuron, None)
    )


def convolutional(neuron, average=None, low=-0.2, high=0.4):
    """Convolution - neurons - pool - flatten - linear - neurons, the pool where `average` says which."""
    random = np.random.default_rng(1)
    weight = single(random.uniform(low, high, (3, 2, 3, 3)))
    operators = [Convolution(weight, None, (1, 1), ((1, 1), (1, 1)), (1, 1)), Neurons(neuron, None)]
    size = 108 if average is None else 27
    if average is not None:
        operators.append(Pool((2, 2), (2, 2), ((0, 0), (0, 0)), average))
    last = Linear(single(random.uniform(low / 2, high / 2, (4, size))))
    return chain((2, 6, 6), *operators, Flatten(), last, Neurons(neuron, None))


def recurrent(neuron):
    """Linear - neurons with a matrix back to themselves - linear - neurons."""
    random = np.random.default_rng(4)

    def matrix(low, high, outputs, inputs):
        return Linear(single(random.uniform(low, high, (outputs, inputs))))

    nodes = {
        "input": Input((6,)),
        "first": matrix(-0.3, 0.8, 8, 6),
        "layer": Neurons(neuron, None),
        "back": matrix(-0.5, 0.5, 8, 8),
        "last": matrix(-0.3, 0.8, 4, 8),
        "answer": Neurons(neuron, None),
        "output": Output(),
    }
    edges = [("input", "first"), ("first", "layer"), ("layer", "back"), ("layer", "last"), ("last", "answer")]
    ends = (Edge("back", "layer", 1), Edge("answer", "output"))
    return Graph(nodes, (*(Edge(a, b) for a, b in edges), *ends), (), "recurrent")


def stepwise(module, data, dtype):
    """Outputs (steps, outputs) of a module that takes a step and its state."""
    state, outputs = None, []
    with torch.no_grad():
        for step in data:
            output, state = module(torch.tensor(step[np.newaxis], dtype=dtype), state)
            outputs.append((output[0] if isinstance(output, tuple) else output).numpy()[0])
    return np.stack(outputs)


def snntorch(path, data):
    module = pytest.importorskip("snntorch.import_nir").import_from_nir(nir.read(path))
    return stepwise(module, data, torch.float32)


def norse(path, data):
    module = pytest.importorskip("norse.torch.utils.import_nir").from_nir(nir.read(path), dt=DT)
    return stepwise(module, data, torch.float32)


def spikingjelly(path, data):
    exchange = pytest.importorskip("spikingjelly.activation_based.nir_exchange")
    return stepwise(exchange.import_from_nir(nir.read(path), dt=DT, dtype=torch.float64), data, torch.float64)


def sinabs(path, data):
    module = pytest.importorskip("sinabs.nir").from_nir(nir.read(path), batch_size=1)
    with torch.no_grad():
        output, _ = module(torch.tensor(data, dtype=torch.float32))
    return output.numpy().reshape(len(data), -1)


LIF, CUBA = leaky(), leaky(current_retention=0.5)
FIRE, SUBTRACTING = leaky(voltage_retention=1.0), leaky(voltage_retention=1.0, reset=Reset.SUBTRACT)
SCALED = leaky(current_gain=0.1, threshold=0.1)  # r = 1, which Norse takes for granted
CASES = {
    "snntorch, LIF": (snntorch, dense(LIF)),
    "snntorch, CubaLIF": (snntorch, dense(CUBA)),
    "snntorch, convolutions": (snntorch, convolutional(LIF)),
    "snntorch, convolutions and averages": (snntorch, convolutional(LIF, True)),
    "norse, LIF": (norse, dense(SCALED)),
    "norse, CubaLIF": (norse, dense(CUBA)),
    "norse, IF": (norse, dense(FIRE)),
    "norse, recurrent": (norse, recurrent(CUBA)),
    "norse, convolutions": (norse, convolutional(SCALED)),
    "norse, convolutions and sums": (norse, convolutional(FIRE, False)),
    "spikingjelly, LIF": (spikingjelly, dense(LIF)),
    "spikingjelly, LIF with r 1": (spikingjelly, dense(SCALED)),
    "spikingjelly, CubaLIF": (spikingjelly, dense(CUBA)),
    "spikingjelly, IF": (spikingjelly, dense(FIRE)),
    "spikingjelly, recurrent LIF": (spikingjelly, recurrent(LIF)),
    "spikingjelly, recurrent CubaLIF": (spikingjelly, recurrent(CUBA)),
    "spikingjelly, convolutions": (spikingjelly, convolutional(LIF)),
    "spikingjelly, convolutions and averages": (spikingjelly, convolutional(FIRE, True)),
    "spikingjelly, convolutions and sums": (spikingjelly, convolutional(LIF, False)),
    # Sinabs bounds potentials from below and sends several spikes a step, which positive, small weights avoid.
    "sinabs, IF": (sinabs, dense(SUBTRACTING, 0.0, 0.2)),
    "sinabs, convolutions": (sinabs, convolutional(SUBTRACTING, None, 0.0, 0.05)),
    "sinabs, convolutions and sums": (sinabs, convolutional(SUBTRACTING, False, 0.0, 0.05)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_the_same_spikes(case, tmp_path):
    tool, graph = CASES[case]
    path = tmp_path / "model.nir"
    write_nir(graph, path, dt=DT)
    data = (np.random.default_rng(2).random((STEPS, *graph.shapes["input"])) < 0.4).astype(float)
    expected = run_graph(graph, data[np.newaxis])[graph.layers[-1]][0]
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(run_graph(read_nir(path), data[np.newaxis])[graph.layers[-1]][0], expected)
    np.testing.assert_array_equal(tool(path, data), expected)
