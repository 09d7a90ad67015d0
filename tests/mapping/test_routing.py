"""Every message arrives over as many links as it has to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.mapping.feasibility.routing_entries import routing_entries
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.routing.loads import link_loads
from spikeloom.mapping.routing.mesh import usable_places
from spikeloom.mapping.routing.routes import build_routes
from spikeloom.mapping.target import Target
from spikeloom.mapping.traffic.traffic import count_traffic
from spikeloom.models.connectivity import Dense

RUNS = settings(deadline=None)


@st.composite
def topologies(draw, routing):
    """Boards of some small chips, with what may differ between them."""
    across, down = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    columns, rows, cores = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    hops = {"value": draw(st.sampled_from([1, 1.5, 4])), "unit": "hops", "kind": "assumed", "source": "a test"}
    entry = {
        "chip": draw(st.integers(0, across * down - 1)),
        "column": draw(st.integers(0, columns - 1)),
        "row": draw(st.integers(0, rows - 1)),
    }
    counts = {"columns": columns, "rows": rows, "cores_per_tile": cores, "usable_cores": columns * rows * cores}
    rest = {"torus": draw(st.booleans()), "link_between_chips": hops, "input_tile": entry, "routing": routing}
    return counts, {"chips": across * down, "chip_columns": across, **rest}


def board(make_target, counts, rest):
    data = make_target(**counts).model_dump()
    data["topology"] |= rest
    return Target.model_validate(data)


def placed_at_random(network, target, random):
    """Neurons dealt to cores, and cores to places."""
    core_of = {
        population.name: random.integers(0, target.cores, population.size)
        for population in network.populations
        if population.role.value != "input"
    }
    used = np.unique(np.concatenate(list(core_of.values())))
    core_of = {name: np.searchsorted(used, part) for name, part in core_of.items()}
    places = usable_places(target)
    chosen = tuple(places[index] for index in random.permutation(len(places))[: used.size])
    return Mapping("test", "at random", core_of, chosen, ())


def over_links(routes, spikes):
    """(links, steps), what the spikes of all neurons, (steps, neurons) by population, put on the links."""
    total = np.zeros((len(routes.mesh.links), next(iter(spikes.values())).shape[0]), dtype=np.int64)
    for name, ways in routes.ways.items():
        of_groups = np.zeros((ways.of_groups.shape[0], total.shape[1]), dtype=np.int64)
        np.add.at(of_groups, routes.fan_out.groups[name], spikes[name].T)
        total += ways.links.toarray().T @ ways.of_groups.toarray().T @ of_groups
        arrivals = ways.of_groups.toarray() @ ways.arrivals.toarray()
        assert np.array_equal(arrivals, routes.packets[name].toarray())
    return total


def packets_of_neurons(routes):
    """Per population, (neurons, cores) of 0 and 1."""
    return {name: matrix.toarray()[routes.fan_out.groups[name]] for name, matrix in routes.packets.items()}


@RUNS
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_link_packets_sum_to_packets_times_distance(data, seed, networks, make_target):
    network, target = data.draw(networks), board(make_target, *data.draw(topologies("unicast")))
    random = np.random.default_rng(seed)
    mapping = placed_at_random(network, target, random)
    routes = build_routes(network, target, mapping)
    by_step = {population.name: random.integers(0, 5, (2, population.size)) for population in network.populations}
    spikes = {name: counts.sum(axis=0) for name, counts in by_step.items()}
    between = np.zeros((2, mapping.cores + 1, mapping.cores), dtype=np.int64)
    for name, matrix in packets_of_neurons(routes).items():
        own = mapping.core_of.get(name, np.full(matrix.shape[0], mapping.cores))
        for step, sent in enumerate(by_step[name]):
            np.add.at(between[step], own, sent[:, None] * matrix)
    packets = between.sum(axis=0)
    assert not np.diag(packets[:-1]).any()
    mesh, tiles = routes.mesh, [*routes.tiles.tolist(), routes.mesh.entry]
    each_step, cost = np.zeros((len(mesh.links), 2), dtype=np.int64), 0.0
    for source, end in zip(*np.nonzero(packets), strict=True):
        each_step[mesh.route(tiles[source], tiles[end])] += between[:, source, end]
        cost += packets[source, end] * mesh.distance(tiles[source], tiles[end])
    assert np.array_equal(over_links(routes, by_step), each_step)
    expected = each_step.sum(axis=1).astype(float)
    assert (expected * mesh.link_cost).sum() == pytest.approx(cost)
    # The flows of all neurons together put the same on the links.
    loads = link_loads(count_traffic(network, target, mapping.core_of, spikes).flows, target, mapping.places)
    np.testing.assert_allclose(loads.packets, expected)
    np.testing.assert_allclose(loads.messages_in, packets.sum(axis=0))
    np.testing.assert_allclose(loads.messages_out, packets[:-1].sum(axis=1))
    assert loads.weighted_hops_east_west + loads.weighted_hops_north_south == pytest.approx(cost)
    assert loads.hops_east_west + loads.hops_north_south == pytest.approx(loads.hops)
    assert loads.hops == pytest.approx(expected.sum())
    assert loads.deliveries == pytest.approx(packets.sum())
    assert loads.mean_hops * packets.sum() == pytest.approx(expected.sum())
    assert loads.busiest == pytest.approx(expected.max(initial=0.0))
    assert not loads.entries.any()


@RUNS
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_a_tree_carries_each_spike_once_over_each_of_its_links(data, seed, networks, make_target):
    network, target = data.draw(networks), board(make_target, *data.draw(topologies("multicast")))
    random = np.random.default_rng(seed)
    mapping = placed_at_random(network, target, random)
    routes = build_routes(network, target, mapping)
    mesh, tiles = routes.mesh, routes.tiles
    by_step = {population.name: random.integers(0, 5, (2, population.size)) for population in network.populations}
    spikes = {name: counts.sum(axis=0) for name, counts in by_step.items()}
    each_step, sent = np.zeros((len(mesh.links), 2), dtype=np.int64), np.zeros(mapping.cores)
    arrived = np.zeros(mapping.cores)
    for name, matrix in packets_of_neurons(routes).items():
        messages = np.diff(routes.ways[name].of_groups.indptr)[routes.fan_out.groups[name]]
        arrived += spikes[name] @ matrix
        for neuron in range(matrix.shape[0]):
            cores = np.flatnonzero(matrix[neuron])
            start = int(tiles[mapping.core_of[name][neuron]]) if name in mapping.core_of else mesh.entry
            tree = sorted({link for core in cores for link in mesh.route(start, int(tiles[core]))})
            each_step[tree] += by_step[name][:, neuron]
            assert messages[neuron] == min(cores.size, 1)
            if name in mapping.core_of:
                sent[mapping.core_of[name][neuron]] += spikes[name][neuron] * min(cores.size, 1)
    assert np.array_equal(over_links(routes, by_step), each_step)
    expected = each_step.sum(axis=1).astype(float)
    loads = link_loads(count_traffic(network, target, mapping.core_of, spikes).flows, target, mapping.places)
    np.testing.assert_allclose(loads.packets, expected)
    np.testing.assert_allclose(loads.messages_out, sent)
    np.testing.assert_allclose(loads.messages_in, arrived)
    assert loads.mean_hops * arrived.sum() == pytest.approx(expected.sum())
    assert np.array_equal(loads.entries, routing_entries(network, target, mapping))


def test_hops_between_chips_are_told_apart_and_weighted(make_network, make_target):
    network = make_network([Dense(np.ones((2, 1)))], [(1,), (2,)])
    data = make_target(columns=2, rows=1, cores_per_tile=1, usable_cores=2, chips=4).model_dump()
    hops = {"value": 3, "low": 2, "high": 10, "unit": "hops", "kind": "assumed", "source": "a test"}
    data["topology"] |= {
        "chip_columns": 2,
        "link_between_chips": hops,
        "input_tile": {"chip": 3, "column": 1, "row": 0},
    }
    target = Target.model_validate(data)
    flows = count_traffic(network, target, {"layer1": np.asarray([0, 1])}, {"input": 5.0}).flows
    loads = link_loads(flows, target, (Place(1, 1, 0, 0), Place(0, 0, 0, 0)))
    # Core 0 is right above the input; core 1 two chips and three columns away.
    assert (loads.hops_east_west, loads.hops_north_south, loads.hops_between_chips) == (15.0, 10.0, 15.0)
    assert (loads.weighted_hops_east_west, loads.weighted_hops_north_south) == (25.0, 30.0)
    assert (loads.mean_hops, loads.busiest) == (2.5, 5.0)
    assert loads.busiest_link == ((2, 0, 0), (0, 0, 0))
    times = dict(zip(loads.mesh.links, loads.link_times(target).tolist(), strict=True))
    time = target.cost_set().time
    assert times[(0, 0, 0), (0, 1, 0)] == list(time.hop_east_west.bounds)
    between = (2, 3, 10)
    assert times[(0, 1, 0), (1, 0, 0)] == [*np.multiply(time.hop_east_west.bounds, between)]
    assert times[(0, 1, 0), (2, 1, 0)] == [*np.multiply(time.hop_north_south.bounds, between)]


def test_nothing_sent_is_no_hop(make_network, make_target):
    network = make_network([Dense(np.zeros((2, 1)))], [(1,), (2,)])
    target = make_target()
    flows = count_traffic(network, target, {"layer1": np.asarray([0, 1])}).flows
    loads = link_loads(flows, target, tuple(usable_places(target)[:2]))
    assert (loads.mean_hops, loads.busiest, loads.busiest_link) == (0.0, 0.0, None)
