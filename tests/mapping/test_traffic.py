"""What cores send is what one gets by following every synapse of every neuron."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.feasibility import Needs
from spikeloom.mapping.traffic.fan_out import count_fan_out
from spikeloom.mapping.traffic.traffic import count_traffic
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Selection, Sparse

KINDS = ("dense", "sparse", "convolution")


def random_cores(network, cores, random, kind):
    """Any core for any neuron; or boxes of some channels; or neighbours together, several layers on a core."""
    names = [population for population in network.populations if population.role.value != "input"]
    core_of, next_core = {}, 0
    for population in names:
        if kind == "random":
            core_of[population.name] = random.integers(0, cores, population.size)
        elif kind == "neighbours":
            core_of[population.name] = np.sort(random.integers(0, cores, population.size)).astype(np.int32)
        else:
            number = np.arange(population.size).reshape(population.shape[0], -1)
            channel, position = np.divmod(number, number.shape[1])
            across = -(-number.shape[1] // 3)
            boxes = channel // 2 * across + position // 3
            core_of[population.name] = (next_core + np.unique(boxes, return_inverse=True)[1]).reshape(-1)
            next_core += int(boxes.max()) + 1
    used = np.unique(np.concatenate(list(core_of.values())))
    return {name: np.searchsorted(used, part).astype(part.dtype) for name, part in core_of.items()}


def brute_force(network, target, core_of, rates):
    """Flows as {(own core, cores reached): [neurons, rate]}, and synaptic operations, neuron by neuron."""
    fan_out = count_fan_out(network, target, core_of)
    groups = fan_out.groups
    destinations = {name: matrix.toarray()[groups[name]] for name, matrix in fan_out.destinations.items()}
    flows, packets = {}, np.zeros((fan_out.cores + 1, fan_out.cores))
    for name, matrix in destinations.items():
        rate = np.broadcast_to(rates.get(name, 1.0), matrix.shape[:1])
        for neuron in range(matrix.shape[0]):
            reached = tuple(np.flatnonzero(matrix[neuron]).tolist())
            if reached:
                own = int(core_of[name][neuron]) if name in core_of else fan_out.cores
                entry = flows.setdefault((own, reached), [0, 0.0])
                entry[0] += 1
                entry[1] += rate[neuron]
                packets[own, [core for core in reached if core != own]] += rate[neuron]
    operations = {kind: np.zeros(fan_out.cores) for kind in KINDS}
    for kind, parts in fan_out.synapses.items():
        for name, matrix in parts.items():
            synapses = matrix.toarray()[groups[name]]
            operations[kind] += np.broadcast_to(rates.get(name, 1.0), synapses.shape[:1]) @ synapses
    return destinations, flows, operations, packets


def compare(network, target, core_of, rates):
    traffic = count_traffic(network, target, core_of, rates)
    destinations, flows, operations, packets = brute_force(network, target, core_of, rates)
    found = traffic.flows
    assert traffic.cores == packets.shape[1]
    lists = np.split(found.destination, found.offsets[1:-1]) if found.size else []
    keys = [(int(own), tuple(cores.tolist())) for own, cores in zip(found.source, lists, strict=True)]
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(flows)
    assert found.neurons.tolist() == [flows[key][0] for key in keys]
    np.testing.assert_allclose(found.rate, [flows[key][1] for key in keys])
    for kind in KINDS:
        np.testing.assert_allclose(traffic.synaptic_operations[kind], operations[kind], atol=1e-9)
    np.testing.assert_allclose(traffic.packets.toarray(), packets, atol=1e-9)
    input_axons = sum(matrix.sum(axis=0) for matrix in destinations.values())
    np.testing.assert_array_equal(traffic.flows.input_axons, input_axons)
    neurons, spikes, output_axons = np.zeros((3, traffic.cores))
    for name, part in core_of.items():
        np.add.at(neurons, part, 1)
        np.add.at(spikes, part, np.broadcast_to(rates.get(name, 1.0), part.shape))
        if name in destinations:
            np.add.at(output_axons, part, destinations[name].sum(axis=1))
    np.testing.assert_array_equal(traffic.neurons, neurons)
    np.testing.assert_allclose(traffic.spikes, spikes)
    np.testing.assert_array_equal(traffic.flows.output_axons, output_axons)
    needs = Needs(network, target, core_of, traffic.cores)  # the independent checker has them too
    np.testing.assert_array_equal(traffic.flows.input_axons, needs.input_axons)
    np.testing.assert_array_equal(traffic.flows.output_axons, needs.output_axons)
    return traffic


def random_rates(network, random):
    """For every population a rate of its own a neuron, one for all, or none."""
    rates = {}
    for population in network.populations:
        kind = random.integers(3)
        if kind < 2:
            rates[population.name] = random.random(population.size) if kind else float(random.random())
    return rates


@given(data=st.data(), seed=st.integers(0, 10**6), cores=st.integers(1, 12))
def test_flows_and_operations_are_those_of_every_single_neuron(data, seed, cores, networks, make_target):
    network = data.draw(networks)
    random = np.random.default_rng(seed)
    base, shared = data.draw(st.sampled_from(["loihi1", "loihi2"])), data.draw(st.booleans())
    core_of = random_cores(network, cores, random, data.draw(st.sampled_from(["random", "neighbours", "boxes"])))
    compare(network, make_target(base, shared=shared), core_of, random_rates(network, random))


@given(
    seed=st.integers(0, 10**6),
    steps=st.sampled_from([(1, 1), (2, 1), (1, 3), (2, 2)]),
    groups=st.sampled_from([1, 2, 4]),
    zeros=st.sampled_from([0.0, 0.4, 0.9]),
    layout=st.sampled_from(["random", "neighbours", "boxes"]),
)
def test_kernels_with_dilation_groups_and_zeros(seed, steps, groups, zeros, layout, make_network, make_target):
    """Two convolutions of the same input, of which one shares cores with the other, and what follows them."""
    random = np.random.default_rng(seed)
    stride, dilation = steps
    shape = (4, 7, 8)

    def kernel(outputs, size):
        weights = random.normal(size=(outputs, shape[0] // groups, *size))
        weights[random.random(weights.shape) < zeros] = 0
        return weights

    padding = ((dilation, 0), (1, 2))
    first = Convolution(kernel(8, (3, 2)), shape, (stride,) * 2, padding, (dilation,) * 2, groups)
    other = Convolution(kernel(8, (3, 2)), shape, (stride,) * 2, padding, (dilation,) * 2, groups)
    outputs = first.output_shape
    size = int(np.prod(outputs))
    loop = Sparse.from_matrix(sparse.csr_array(random.random((size, size)) < 0.02).astype(float))
    shapes = [shape, outputs, outputs, outputs]
    network = make_network(
        [first, OneToOne(random.integers(0, 2, size).astype(float)), loop],
        shapes,
        [(0, 2, other), (1, 1, loop), (1, 3, OneToOne(np.ones(size)))],
    )
    core_of = random_cores(network, 6, random, layout)
    for shared in (True, False):
        compare(network, make_target("loihi2", shared=shared), core_of, random_rates(network, random))


def test_a_selection_is_a_list_of_synapses(make_network, make_target):
    elements = np.asarray([3, -1, 0, 3, 2])
    network = make_network([Selection.of(elements, (4,)), Dense(np.ones((2, 5)))], [(4,), (5,), (2,)])
    core_of = {"layer1": np.asarray([0, 0, 1, 1, 2]), "layer2": np.asarray([2, 0])}
    traffic = compare(network, make_target(), core_of, {"input": np.asarray([1.0, 2.0, 3.0, 4.0])})
    # Input 1 reaches nobody; inputs 0 and 2 one core each, and input 3 two.
    assert np.diff(traffic.flows.offsets)[traffic.flows.source == 3].tolist() == [1, 1, 2]


def test_a_target_on_the_own_core_is_no_message(make_network, make_target):
    network = make_network([Dense(np.ones((2, 3)))], [(3,), (2,)], [(1, 1, Dense(np.ones((2, 2))))])
    traffic = count_traffic(network, make_target(), {"layer1": np.asarray([0, 0])}, {"layer1": 0.5})
    assert traffic.flows.source.tolist() == [0, 1]
    assert traffic.flows.outward.source.tolist() == [1]
    assert traffic.packets.toarray().tolist() == [[0.0], [3.0]]
    axons = traffic.flows.input_axons.tolist(), traffic.flows.output_axons.tolist()
    assert (traffic.deliveries, *axons) == (3.0, [5], [2])
    assert traffic.synaptic_operations["dense"].tolist() == [3 * 2 + 2 * 0.5 * 2]


def test_a_large_layer_has_the_flows_of_its_corners_edges_and_middle(make_network, make_target):
    """3 x 3 kernels over a grid of boxes: whoever is at a border sends to the neighbours too."""
    channels, size, box = 16, 64, 16
    kernel = Convolution(np.ones((channels, channels, 3, 3)), (channels, size, size), (1, 1), ((1, 1),) * 2, (1, 1))
    network = make_network([kernel, kernel], [(channels, size, size)] * 3)
    y, x = np.divmod(np.arange(size * size), size)
    boxes = np.tile(y // box * (size // box) + x // box, channels)
    grid = (size // box) ** 2
    traffic = count_traffic(network, make_target("loihi2"), {"layer1": boxes, "layer2": grid + boxes})
    lengths = np.diff(traffic.flows.offsets)
    inner = 5  # box of the second row and column
    counts = {
        int(length): int(traffic.flows.neurons[(traffic.flows.source == inner) & (lengths == length)].sum())
        for length in np.unique(lengths)
    }
    assert counts == {1: channels * 14 * 14, 2: channels * 4 * 14, 4: channels * 4}
    padded = (size * 3 - 2) ** 2 * channels**2
    assert traffic.synaptic_operations["convolution"].sum() == 2 * padded
    corner, edge, middle = 0, 1, inner
    sent = [traffic.packets[source, grid + inner] for source in (corner, edge, middle)]
    assert sent == [channels, channels * box, channels * box * box]


def test_the_same_again(make_network, make_target):
    random = np.random.default_rng(5)
    kernel = Convolution(random.integers(-1, 2, (6, 3, 3, 3)) * 1.0, (3, 12, 12), (1, 1), ((1, 1),) * 2, (1, 1))
    network = make_network([kernel], [(3, 12, 12), (6, 12, 12)])
    core_of = {"layer1": random.integers(0, 9, 864)}
    rates = {"input": random.random(432), "layer1": random.random(864)}
    one, two = (count_traffic(network, make_target("loihi2"), core_of, rates) for _ in range(2))
    for name in ("source", "neurons", "rate", "offsets", "destination"):
        assert getattr(one.flows, name).tobytes() == getattr(two.flows, name).tobytes()
    assert one.synaptic_operations["convolution"].tobytes() == two.synaptic_operations["convolution"].tobytes()
