"""Every synapse is counted on its core, and every message arrives over as many links as it has to."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.fan_out import count_fan_out
from spikeloom.mapping.feasibility import Needs
from spikeloom.mapping.mapper import find_fit, map_network
from spikeloom.mapping.placement.swapping import place
from spikeloom.mapping.routing.mesh import Mesh
from spikeloom.mapping.routing.routes import build_routes
from spikeloom.models.connectivity import Convolution, Dense, Sparse

RUNS = settings(max_examples=80, deadline=None)


@RUNS
@given(data=st.data())
def test_synapses_and_destinations_are_those_of_the_listed_synapses(data, networks, targets):
    network, target = data.draw(networks), data.draw(targets)
    mapping = find_fit(network, target).mapping
    assume(mapping is not None)
    routes = build_routes(network, target, mapping)
    expected = {}
    for projection in network.projections:
        matrix = (projection.connectivity.to_sparse() != 0).astype(np.int64).toarray()
        by_core = np.zeros((mapping.cores, matrix.shape[1]), dtype=np.int64)
        np.add.at(by_core, mapping.core_of[projection.target], matrix)
        expected[projection.source] = expected.get(projection.source, 0) + by_core.T
        assert np.array_equal(routes.fan_out.projections[projection.name], matrix.sum(axis=0))
    for name, counts in expected.items():
        found = sum(parts[name].toarray() for parts in routes.synapses.values() if name in parts)
        assert np.array_equal(found, counts)
        assert np.array_equal(routes.destinations[name].toarray(), counts > 0)
        abroad = counts > 0
        if name in mapping.core_of:
            abroad[np.arange(abroad.shape[0]), mapping.core_of[name]] = False
        assert np.array_equal(routes.packets[name].toarray(), abroad)


@RUNS
@given(data=st.data())
def test_link_packets_sum_to_packets_times_distance(data, networks, targets):
    network, target = data.draw(networks), data.draw(targets)
    mapping = find_fit(network, target).mapping
    assume(mapping is not None)
    routes = build_routes(network, target, mapping)
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    spikes = {population.name: random.integers(0, 5, population.size) for population in network.populations}
    packets = routes.packet_matrix(spikes)
    assert packets.sum() == sum(spikes[name] @ matrix.sum(axis=1) for name, matrix in routes.packets.items())
    assert not np.diag(packets[:-1]).any()
    width = target.topology.columns.value
    places = [(one.chip * width + one.column, one.row) for one in mapping.places] + [(0, 0)]
    hops = sum(
        packets[source, end] * (abs(places[source][0] - places[end][0]) + abs(places[source][1] - places[end][1]))
        for source in range(mapping.cores + 1)
        for end in range(mapping.cores)
    )
    assert routes.link_packets(packets).sum() == hops


@RUNS
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.data())
def test_routes_go_along_the_row_first_and_arrive(chips, columns, rows, data):
    mesh = Mesh(chips, columns, rows)
    start, end = (data.draw(st.integers(0, mesh.size - 1)) for _ in range(2))
    path = [mesh.steps[link] for link in mesh.route(start, end)]
    assert len(path) == mesh.distances[start, end]
    assert [first for first, _ in path] + [end] == [start] + [second for _, second in path]
    vertical = [abs(first - second) == mesh.width and mesh.width > 1 for first, second in path]
    if mesh.width > 1:
        assert vertical == sorted(vertical)


def test_links_of_a_mesh(make_network, make_target):
    network = make_network([Dense(np.ones((2, 2)))], [(2,), (2,)])
    target = make_target(columns=3, rows=2, cores_per_tile=1, usable_cores=6, chips=2)
    routes = build_routes(network, target, map_network(network, target))
    assert len(routes.links) == 2 * (2 * 5 + 6)
    assert ((0, 2, 1), (1, 0, 1)) in routes.links
    assert routes.east_west.sum() == 2 * 2 * 5
    assert routes.route(routes.cores, 0).size == 0


def test_a_target_on_the_own_core_is_no_message(make_network, make_target):
    network = make_network([Dense(np.ones((2, 3)))], [(3,), (2,)], [(1, 1, Dense(np.ones((2, 2))))])
    target = make_target()
    routes = build_routes(network, target, map_network(network, target))
    assert routes.destinations["layer1"].nnz == 2
    assert routes.packets["layer1"].nnz == 0
    assert routes.packets["input"].nnz == 3
    assert routes.synapses["dense"]["layer1"].toarray().tolist() == [[2], [2]]


def test_kinds_of_synapses(make_network, make_target):
    convolution = Convolution(np.ones((2, 1, 3)), (1, 16), (1,), ((1, 1),), (1,))
    network = make_network([convolution, Dense(np.ones((3, 32)))], [(1, 16), (2, 16), (3,)])
    for shared, kind in ((True, "convolution"), (False, "sparse")):
        target = make_target(shared=shared)
        routes = build_routes(network, target, map_network(network, target))
        assert set(routes.synapses[kind]) == {"input"}
        assert set(routes.synapses["dense"]) == {"layer1"}


def test_each_core_has_the_format_that_takes_fewer_bits(make_network, make_target):
    # All sources reach the first half of the neurons, and one of them a neuron of the other half.
    weights = np.zeros((20, 4))
    weights[:10] = 1
    weights[15, 2] = 1
    target = make_target(neurons=10)
    for layer in (Dense(weights), Sparse.from_matrix(sparse.csr_array(weights))):
        network = make_network([layer], [(4,), (20,)])
        routes = build_routes(network, target, map_network(network, target, strategy="sequential"))
        assert routes.synapses["dense"]["input"].toarray().tolist() == [[10, 0]] * 4
        assert routes.synapses["sparse"]["input"].toarray()[:, 1].tolist() == [0, 0, 1, 0]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_kinds_are_those_of_the_account_of_memory(data, networks, targets):
    """A core takes as many bits as if it had no choice but the kind that its synapses count as."""
    network, target = data.draw(networks), data.draw(targets)
    mapping = find_fit(network, target).mapping
    assume(mapping is not None)
    for projection in network.projections:
        alone = network.replace(projections=(projection,))
        bits = Needs(alone, target, mapping.core_of, mapping.cores).synaptic_memory_bits
        synapses = count_fan_out(alone, target, mapping.core_of).synapses
        for kind, other in (("dense", "sparse"), ("sparse", "dense")):
            cores = np.unique([matrix.tocoo().col for matrix in synapses[kind].values()]).astype(int)
            forced = Needs(alone, without(target, other), mapping.core_of, mapping.cores).synaptic_memory_bits
            assert np.array_equal(forced[cores], bits[cores])


def without(target, kind):
    """The target with a kind of listed synapses that is far too large to be chosen."""
    memory = target.synaptic_memory
    huge = memory.word_bits.model_copy(update={"value": 10**6})
    listed = getattr(memory, kind).model_copy(update={"header_bits": huge})
    return target.model_copy(update={"synaptic_memory": memory.model_copy(update={kind: listed})})


@RUNS
@given(data=st.data())
def test_placement_is_a_placement_and_better_than_none(data, make_target):
    chips, columns, rows, per_tile = (data.draw(st.integers(1, 3)) for _ in range(4))
    usable = data.draw(st.integers(1, columns * rows * per_tile))
    target = make_target(chips=chips, columns=columns, rows=rows, cores_per_tile=per_tile, usable_cores=usable)
    cores = data.draw(st.integers(1, target.cores))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    packets = random.integers(0, 50, (cores + 1, cores)) * (random.random((cores + 1, cores)) < 0.4).astype(float)
    places = place(packets, target)
    assert len(set(places)) == cores
    mesh = Mesh.of(target)

    def hops(chosen):
        tiles = np.asarray([mesh.number(one) for one in chosen])
        within = packets[:-1] * mesh.distances[np.ix_(tiles, tiles)]
        return within.sum() + (packets[-1] * mesh.distances[0, tiles]).sum()

    # No swap of two cores saves anything any more.
    best = hops(places)
    for _ in range(20):
        first, second = random.integers(0, cores, 2)
        other = list(places)
        other[first], other[second] = other[second], other[first]
        assert hops(other) >= best - 1e-6


def test_placement_finds_the_chain(make_target):
    target = make_target(columns=4, rows=1, cores_per_tile=1, usable_cores=4)
    packets = np.zeros((5, 4))
    packets[4, 2] = packets[2, 0] = packets[0, 3] = packets[3, 1] = 10
    assert [one.column for one in place(packets, target)] == [1, 3, 0, 2]
