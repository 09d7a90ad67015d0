"""Hypergraphs of irregular connectivity, against synapses listed one by one."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.hypergraph import NO_SOURCE, Hypergraph
from spikeloom.mapping.irregular import hypergraph_of, irregular_populations
from spikeloom.models.connectivity import Convolution, Dense, Sparse
from spikeloom.models.network import Network


def random_synapses(seed: int, neurons: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.unique(np.random.default_rng(seed).integers(0, neurons, (count, 2)), axis=0)
    return pairs[:, 0], pairs[:, 1]


def thinned(seed: int, targets: int, sources: int, share: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.where(random.random((targets, sources)) < share, random.integers(1, 9, (targets, sources)), 0).astype(
        float
    )


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(0, 60), st.integers(1, 6))
def test_a_net_has_its_source_and_targets_as_pins(seed: int, neurons: int, count: int, blocks: int) -> None:
    source, target = random_synapses(seed, neurons, count)
    random = np.random.default_rng(seed)
    rates, block = random.random(neurons), random.integers(0, blocks, neurons)
    hypergraph = Hypergraph.of_synapses(source, target, neurons, rates)
    expected, cost = {}, 0.0
    for neuron in range(neurons):
        targets = set(target[source == neuron].tolist())
        if targets:
            expected[neuron] = (sorted(targets | {neuron}), neuron in targets)
            cost += rates[neuron] * (len({block[pin] for pin in targets | {neuron}}) - 1)
    assert hypergraph.sources.tolist() == list(expected)
    pins = np.split(hypergraph.pins, hypergraph.offsets[1:-1])
    for net, (wanted, loop) in enumerate(expected.values()):
        assert pins[net].tolist() == wanted
        assert hypergraph.loops[net] == loop
    assert np.array_equal(hypergraph.synapses, np.bincount(target, minlength=neurons))
    assert np.isclose(hypergraph.km1(block), cost)


def recurrent(make_network: Callable[..., Network], seed: int) -> Network:
    """input -> layer1 (recurrent, sparse) -> layer2 (a thin matrix) -> layer3 (dense), twice from 1 to 2."""
    first, second = thinned(seed, 12, 6, 0.6), Dense(thinned(seed + 1, 9, 12, 0.15))
    third = Dense(np.ones((4, 9)))
    own = Sparse.from_matrix(sparse.csr_array(thinned(seed + 2, 12, 12, 0.3)))
    again = Sparse.from_matrix(sparse.csr_array(thinned(seed + 3, 9, 12, 0.3)))
    sizes = [(6,), (12,), (9,), (4,)]
    return make_network([Dense(first), second, third], sizes, extra=[(1, 1, own), (1, 2, again)])


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_hypergraph_of_populations_lists_what_reaches_them(make_network: Callable[..., Network], seed: int) -> None:
    network = recurrent(make_network, seed)
    random = np.random.default_rng(seed)
    rates = {"layer1": random.random(12), "layer2": 0.5}
    for names in (("layer1", "layer2"), ("layer2", "layer1"), ("layer2",)):
        irregular = hypergraph_of(network, names, rates)
        start = irregular.starts()
        nets: dict[tuple[str, int], dict[int, int]] = {}
        received = np.zeros(sum(irregular.sizes), dtype=int)
        for projection in network.projections:
            if projection.target not in names:
                continue
            matrix = projection.connectivity.to_sparse().toarray()
            row, column = np.nonzero(matrix)
            np.add.at(received, start[projection.target] + row, 1)
            if np.count_nonzero(matrix) >= 0.25 * matrix.size and isinstance(projection.connectivity, Dense):
                continue
            for target, source in zip(row + start[projection.target], column, strict=True):
                net = nets.setdefault((projection.source, int(source)), {})
                net[int(target)] = net.get(int(target), 0) + 1
        hypergraph = irregular.hypergraph
        found: dict[tuple[int, float], list[object]] = {}
        wanted: dict[tuple[int, float], list[object]] = {}
        for (name, source), pins in nets.items():
            own = start[name] + source if name in names else NO_SOURCE
            rate = float(np.broadcast_to(rates.get(name, 1.0), (12 if name == "layer1" else 9,))[source])
            loop = own in pins
            counts = dict(pins) if own == NO_SOURCE else {own: 0} | pins
            wanted.setdefault((own, rate), []).append((sorted(counts.items()), loop))
        for net in range(hypergraph.nets):
            part = slice(hypergraph.offsets[net], hypergraph.offsets[net + 1])
            counts = list(zip(hypergraph.pins[part].tolist(), irregular.pin_synapses[part].tolist(), strict=True))
            key = (int(hypergraph.sources[net]), float(hypergraph.rates[net]))
            found.setdefault(key, []).append((counts, bool(hypergraph.loops[net])))
        assert {key: sorted(value, key=str) for key, value in found.items()} == {
            key: sorted(value, key=str) for key, value in wanted.items()
        }
        assert np.array_equal(hypergraph.synapses, received)


def test_blocks_of_all_neurons_become_cores_of_each_population(make_network: Callable[..., Network]) -> None:
    irregular = hypergraph_of(recurrent(make_network, 3), ("layer2", "layer1"))
    cores = irregular.split(np.repeat([7, 2, 5], 7))
    assert cores["layer2"].tolist() == [2] * 7 + [0] * 2
    assert cores["layer1"].tolist() == [0] * 5 + [1] * 7


def test_dense_layers_and_images_are_not_irregular(make_network: Callable[..., Network]) -> None:
    assert irregular_populations(recurrent(make_network, 1)) == ("layer2",)
    for share, expected in ((1.0, ()), (0.1, ("layer1",))):  # however the weights are held
        listed = Sparse.from_matrix(sparse.csr_array(thinned(0, 40, 40, share)))
        assert irregular_populations(make_network([listed], [(40,), (40,)])) == expected
    image = Convolution(np.ones((2, 1, 3, 3)), (1, 4, 4), (1, 1), ((1, 1), (1, 1)), (1, 1))
    thin = Sparse.from_matrix(sparse.csr_array(thinned(0, 32, 32, 0.1)))
    network = make_network([image, Dense(np.ones((5, 32)))], [(1, 4, 4), (2, 4, 4), (5,)], extra=[(1, 1, thin)])
    assert irregular_populations(network) == ()
