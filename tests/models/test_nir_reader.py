"""Every primitive of NIR 1.0.8, from a file through graph and network, against its equations."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from spikeloom.models.neurons.leaky_integrate_and_fire import Reset
from spikeloom.models.readers.nir import NirOptions

R = np.random.default_rng()


@pytest.fixture(autouse=True)
def seeded():
    R.bit_generator.state = np.random.default_rng(7).bit_generator.state


def lif(shape, **changes):
    fields = {
        "tau": R.uniform(4e-3, 9e-3, shape), "r": R.uniform(2, 4, shape), "v_leak": R.uniform(-0.2, 0.4, shape),
        "v_threshold": R.uniform(0.5, 1.0, shape), "v_reset": R.uniform(-0.4, 0.2, shape),
    }  # fmt: skip
    return nir.LIF(**(fields | changes))


def cuba(shape, kind=nir.CubaLIF, **changes):
    fields = {
        "tau_syn": R.uniform(2e-3, 5e-3, shape), "tau_mem": R.uniform(4e-3, 9e-3, shape), "r": R.uniform(2, 4, shape),
        "v_leak": R.uniform(-0.2, 0.4, shape), "w_in": R.uniform(1, 3, shape),
    }  # fmt: skip
    if kind is nir.CubaLIF:
        fields |= {"v_threshold": R.uniform(0.5, 1.0, shape), "v_reset": R.uniform(-0.4, 0.2, shape)}
    return kind(**(fields | changes))


def fire(shape):
    return nir.IF(R.uniform(0.5, 1.5, shape), R.uniform(1, 2, shape), R.uniform(-0.5, 0.2, shape))


def affine(outputs, inputs):
    return nir.Affine(R.normal(0.3, 1, (outputs, inputs)), R.normal(0, 0.3, outputs))


def chain(shape, *nodes, output=None):
    """A sequence of nodes between Input and Output, names in alphabetical order as NIR files have them."""
    names = [f"{index}" for index in range(len(nodes))]
    whole = {"input": nir.Input(np.array(shape)), **dict(zip(names, nodes, strict=True))}
    whole["output"] = nir.Output(None if output is None else np.array(output))
    ends = ["input", *names, "output"]
    edges = list(pairwise(ends))
    return nir.NIRGraph(dict(sorted(whole.items())), edges[::-1], type_check=False)


NEURONS = {
    "I": lambda: nir.I(R.uniform(0.5, 1.5, 4)),
    "IF": lambda: fire(4),
    "LI": lambda: nir.LI(R.uniform(4e-3, 9e-3, 4), R.uniform(1, 2, 4), R.uniform(-1, 1, 4)),
    "LIF": lambda: lif(4),
    "CubaLI": lambda: cuba(4, nir.CubaLI),
    "CubaLIF": lambda: cuba(4),
    "Threshold": lambda: nir.Threshold(R.uniform(0, 1, 4)),
}


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
@pytest.mark.parametrize("kind", NEURONS)
def test_neurons(agrees, kind, reset):
    agrees(chain((3,), affine(4, 3), NEURONS[kind](), output=[4]), reset=reset)


@pytest.mark.parametrize("inclusive", [False, True])
def test_the_threshold_itself(agrees, inclusive):
    graph = chain((2,), nir.IF(np.ones(2), np.full(2, 3.0), np.zeros(2)), output=[2])
    agrees(graph, inclusive=inclusive)


def test_linear_and_stacked_linear(agrees):
    agrees(chain((3,), nir.Linear(R.normal(0.5, 1, (4, 3))), lif(4), output=[4]))
    agrees(chain((2, 3), nir.Linear(R.normal(0.5, 1, (2, 4, 3))), lif((2, 4)), output=[2, 4]))
    stacked = nir.Affine(R.normal(0.5, 1, (2, 4, 3)), R.normal(0, 1, (2, 4)))
    agrees(chain((2, 3), stacked, cuba((2, 4)), output=[2, 4]))


CONV1 = {
    "plain": (None, (3, 2, 3), 1, 0, 1, 1),
    "strided": (9, (3, 2, 3), 2, 1, 1, 1),
    "same": (9, (3, 2, 4), 1, "same", 1, 1),
    "valid": (None, (3, 2, 4), 1, "valid", 1, 1),
    "dilated and grouped": (9, (4, 1, 3), 1, 2, 2, 2),
}


@pytest.mark.parametrize("case", CONV1)
def test_conv1d(agrees, case):
    size, shape, stride, padding, dilation, groups = CONV1[case]
    weight, bias = R.normal(0.2, 1, shape), R.normal(0, 0.3, shape[0])
    agrees(chain((2, 9), nir.Conv1d(size, weight, stride, padding, dilation, groups, bias), lif(())))


CONV2 = {
    "non-square": (None, (3, 2, 2, 3), 1, 0, 1, 1),
    "strided": ((7, 8), (3, 2, 3, 2), (2, 1), (1, 0), 1, 1),
    "arrays": (None, (3, 2, 3, 3), np.array([2, 2]), np.array([1, 1]), np.array([1, 1]), np.int64(1)),
    "same, even kernel": (None, (3, 2, 2, 4), 1, "same", 1, 1),
    "same, dilated": (None, (3, 2, 3, 2), 1, "same", (1, 3), 1),
    "valid": (None, (3, 2, 3, 2), (1, 2), "valid", 1, 1),
    "depthwise": (None, (4, 1, 3, 2), 1, 1, (2, 1), 2),
}


@pytest.mark.parametrize("case", CONV2)
@pytest.mark.parametrize("neuron", [lif, cuba])
def test_conv2d(agrees, case, neuron):
    size, shape, *rest = CONV2[case]
    weight, bias = R.normal(0.1, 0.6, shape), R.normal(0, 0.3, shape[0])
    agrees(chain((2, 7, 8), nir.Conv2d(size, weight, *rest, bias), neuron(())), steps=6)


@pytest.mark.parametrize("kind", [nir.SumPool2d, nir.AvgPool2d])
@pytest.mark.parametrize(
    "sizes", [(2, 2, 0), ((2, 3), (1, 2), (1, 0)), (np.array([3, 3]), np.array([2, 2]), np.zeros(2, int))]
)
def test_pools(agrees, kind, sizes):
    threshold = np.array(6.0 if kind is nir.SumPool2d else 0.8)
    agrees(chain((2, 6, 7), kind(*sizes), lif((), v_threshold=threshold)), steps=6)


@pytest.mark.parametrize("axes", [(0, -1), (0, 2), (1, -1), (0, 1), (1, 2)])
def test_flatten(agrees, axes):
    size = np.zeros((2, 3, 4)).reshape(*np.zeros((2, 3, 4)).shape[: axes[0]], -1, *(2, 3, 4)[axes[1] % 3 + 1 :]).shape
    flatten = nir.Flatten(np.array([2, 3, 4]), *axes)
    agrees(chain((2, 3, 4), flatten, lif(size), output=size))


@pytest.mark.parametrize("delay", [np.array([3e-3]), np.array([0.0, 1e-3, 2e-3, 5e-3]), np.zeros(4)])
def test_delays_before_and_behind_weights(agrees, delay):
    agrees(chain((4,), nir.Delay(delay), affine(3, 4), lif(3), output=[3]))
    agrees(chain((3,), nir.Linear(R.normal(0.5, 1, (4, 3))), nir.Delay(delay), lif(4), affine(2, 4), cuba(2)))


def test_scale(agrees):
    agrees(chain((3,), affine(4, 3), nir.Scale(R.uniform(0.5, 2, 4)), lif(4)))
    agrees(chain((2, 3, 4), nir.Scale(R.uniform(0.5, 2, (2, 1, 1))), lif((2, 3, 4))))


def recurrent(loops, names=("lif", "w_rec"), size=4):
    """A layer with a matrix back to itself, as snnTorch nests it."""
    layer, back = names
    return nir.NIRGraph(
        {"input": nir.Input(np.array([size])), layer: loops, back: affine(size, size),
         "output": nir.Output(np.array([size]))},
        [("input", layer), (layer, back), (back, layer), (layer, "output")], type_check=False,
    )  # fmt: skip


def flattened(graph, prefix=""):
    """The same graph without nesting, the ends of nested graphs as scales by one."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            inner = flattened(node, f"{prefix}{name}.")
            nodes |= inner.nodes
            edges += inner.edges
        else:
            inside = prefix and isinstance(node, nir.Input | nir.Output)
            nodes[f"{prefix}{name}"] = nir.Scale(np.ones(())) if inside else node

    def end(name, which):
        node = graph.nodes[name]
        return f"{prefix}{name}.{which}" if isinstance(node, nir.NIRGraph) else f"{prefix}{name}"

    edges += [(end(a, "output"), end(b, "input")) for a, b in graph.edges]
    return nir.NIRGraph(nodes, edges, type_check=False)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("neuron", [lif, cuba, fire])
def test_a_nested_recurrent_layer(agrees, neuron, reset):
    graph = chain((3,), affine(4, 3), recurrent(neuron(4)), affine(2, 4), neuron(2), output=[2])
    agrees(graph, feedback=[("1.w_rec", "1.lif")], flat=flattened(graph), reset=reset)


def test_a_graph_nested_twice(agrees):
    inner = chain((4,), lif(4), recurrent(cuba(4)), affine(3, 4), output=[3])
    graph = chain((2,), affine(4, 2), inner, lif(3), output=[3])
    agrees(graph, feedback=[("1.1.w_rec", "1.1.lif")], flat=flattened(graph))


def test_edges_that_meet_add_up_and_skips_wait(agrees):
    nodes = {"in 1": nir.Input(np.array([3])), "a": affine(4, 3), "b.lif": lif(4), "c": affine(4, 4), "d": affine(4, 3),
             "e": cuba(4), "output": nir.Output(np.array([4]))}  # fmt: skip
    edges = [("in 1", "a"), ("a", "b.lif"), ("b.lif", "c"), ("c", "e"), ("in 1", "d"), ("d", "e"), ("b.lif", "e"),
             ("e", "output")]  # fmt: skip
    agrees(nir.NIRGraph(nodes, edges, type_check=False))


def test_integrators_that_feed_layers(agrees):
    agrees(chain((3,), affine(4, 3), NEURONS["LI"](), affine(2, 4), lif(2), output=[2]))
    agrees(chain((3,), affine(4, 3), NEURONS["LI"](), lif(4), output=[4]))
    agrees(chain((3,), affine(4, 3), cuba(4, nir.CubaLI), nir.Delay(np.array([2e-3])), affine(2, 4), fire(2)))


def test_an_integrator_before_a_threshold_is_one_layer(agrees):
    read, network = agrees(chain((3,), affine(4, 3), NEURONS["LI"](), nir.Threshold(np.full(4, 0.4)), output=[4]))
    assert read.layers == ("2",)
    assert network.depth == 1


def test_ends_without_neurons_get_a_readout(agrees):
    agrees(chain((3,), lif(3), affine(2, 3), output=[2]))
    agrees(chain((2, 4, 4), lif(()), nir.Conv2d(None, R.normal(0, 1, (3, 2, 2, 2)), 1, 0, 1, 1, R.normal(0, 1, 3))))
    agrees(chain((2, 4, 4), lif(()), nir.Flatten(None, 0, -1)))
    nodes = {"i": nir.Input(np.array([3])), "a": lif(3), "b": cuba(3), "o": nir.Output(np.array([3]))}
    agrees(nir.NIRGraph(nodes, [("i", "a"), ("i", "b"), ("a", "o"), ("b", "o")]))


def test_resets_of_single_layers(agrees):
    graph = chain((3,), affine(4, 3), lif(4), output=[4])
    agrees(graph, reset="subtract", options=NirOptions(1e-3, layer_resets={"1": Reset.SUBTRACT}))
