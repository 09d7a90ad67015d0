"""Shortest ways and trees on boards of triangles, and the ways of a mapped network on one."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.hop_costs import link_kinds
from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.routing.neighbour_exploring import explored_trees
from spikeloom.mapping.routing.routes import build_routes
from spikeloom.mapping.routing.triangular import OFFSETS, TriangularMesh, opposite
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.errors import UsageError
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Role

RUNS = settings(deadline=None)


def board_of(width: int, height: int, torus: bool = False, absent: tuple[tuple[int, int], ...] = ()) -> Target:
    """A small board of chips with two cores, of at most nine neurons each."""
    data = load_target("spinnaker1").model_dump()

    def number(value):
        return {"value": value, "unit": "things", "kind": "assumed", "source": "a test"}

    data["topology"] |= {
        "columns": number(width), "rows": number(height), "cores_per_tile": number(2), "torus": torus,
        "usable_cores": number(2 * width * height), "absent_tiles": [{"column": x, "row": y} for x, y in absent],
        "input_tile": {"column": width - 1, "row": 0},
    }  # fmt: skip
    data["limits"]["neurons"] = number(9)
    return Target.model_validate(data)


@st.composite
def meshes(draw):
    width, height = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    tiles = [(x, y) for x in range(width) for y in range(height)]
    absent = draw(st.frozensets(st.sampled_from(tiles), max_size=len(tiles) // 2))
    assume(len(absent) < len(tiles))
    return TriangularMesh(width, height, draw(st.booleans()), absent)


def graph_of(mesh: TriangularMesh) -> networkx.DiGraph:
    """The board by its definition: a link wherever an offset leads to a chip."""
    graph = networkx.DiGraph()
    chips = {(x, y) for x in range(mesh.width) for y in range(mesh.height)} - mesh.absent
    for x, y in chips:
        graph.add_node(y * mesh.width + x)
        for columns, rows in OFFSETS:
            end = [x + columns, y + rows]
            if mesh.torus:
                lengths = (mesh.width, mesh.height)
                end = [place % length if length > 2 else place for place, length in zip(end, lengths, strict=True)]
            if tuple(end) in chips:
                graph.add_edge(y * mesh.width + x, end[1] * mesh.width + end[0])
    return graph


@st.composite
def trees(draw):
    """A mesh, and some trees of chips that are joined: starts, offsets, ends."""
    mesh = draw(meshes())
    whole = sorted(max(networkx.strongly_connected_components(graph_of(mesh)), key=len))
    tile = st.sampled_from(whole)
    flows = draw(st.lists(st.tuples(tile, st.lists(tile, max_size=8)), max_size=5))
    offsets = np.cumsum([0, *(len(ends) for _, ends in flows)])
    ends = np.asarray([end for _, ends in flows for end in ends], dtype=np.int64)
    return mesh, np.asarray([start for start, _ in flows], dtype=np.int64), offsets, ends


def test_links_are_numbered_as_on_spinnaker():
    mesh = TriangularMesh(3, 3)
    middle = 4
    assert mesh.neighbours[:, middle].tolist() == [5, 8, 7, 3, 0, 1]  # east, north-east, north, west, south-west, south
    assert [opposite(link) for link in range(6)] == [3, 4, 5, 0, 1, 2]
    assert TriangularMesh(3, 3, torus=True).neighbours[:, 8].tolist() == [6, 0, 2, 7, 4, 5]
    assert mesh.links[int(mesh.link_at[1, middle])] == ((0, 1, 1), (0, 2, 2))


def test_two_chips_in_a_line_are_not_a_ring():
    # So a SpiNN-3 board needs none of the links that it does not have: those to the west and south-west of its western
    # chips and to the east and north-east of its eastern ones.
    mesh = TriangularMesh(2, 2, torus=True)
    assert mesh.wraps == (False, False)
    assert mesh.neighbours.T.tolist() == [
        [1, 3, 2, -1, -1, -1],
        [-1, -1, 3, 0, -1, -1],
        [3, -1, -1, -1, -1, 0],
        [-1, -1, -1, 2, 0, 1],
    ]


def test_a_real_board_is_a_hexagon():
    mesh = TriangularMesh.of(load_target("spinnaker1"))
    assert np.count_nonzero(mesh.present) == 48
    assert mesh.distances[mesh.present][:, mesh.present].max() == 7
    assert mesh.start.size == 240  # SpiNNaker's 48-chip board: 48 * 6 links less the 48 that leave it
    graph = graph_of(mesh)
    assert set(zip(mesh.start.tolist(), mesh.end.tolist(), strict=True)) == set(graph.edges)


@RUNS
@given(meshes())
def test_links_and_distances_are_those_of_the_graph(mesh):
    graph = graph_of(mesh)
    assert set(zip(mesh.start.tolist(), mesh.end.tolist(), strict=True)) == set(graph.edges)
    lengths = dict(networkx.all_pairs_shortest_path_length(graph))
    for first in range(mesh.size):
        for second in range(mesh.size):
            assert mesh.distances[first, second] == lengths.get(first, {}).get(second, -1)


@RUNS
@given(meshes(), st.data())
def test_a_way_is_shortest_and_follows_links(mesh, data):
    first, second = (data.draw(st.sampled_from(np.flatnonzero(mesh.present).tolist())) for _ in range(2))
    if mesh.distances[first, second] < 0:
        with pytest.raises(UsageError, match="no way leads from the chip at column"):
            mesh.route(first, second)
        return
    path = mesh.route(first, second)
    assert len(path) == mesh.distances[first, second]
    tiles = [first, *mesh.end[path].tolist()]
    assert mesh.start[path].tolist() == tiles[:-1]
    assert tiles[-1] == second
    if not mesh.absent:
        # The longest dimension first, and then the other.
        links = mesh.direction[path]
        turns = np.flatnonzero(np.diff(links))
        assert turns.size <= 1
        assert not turns.size or turns[0] + 1 >= links.size / 2


def test_hops_on_an_open_board_follow_from_the_three_axes():
    mesh = TriangularMesh(6, 5)
    for first in range(mesh.size):
        for second in range(mesh.size):
            x, y = second % 6 - first % 6, second // 6 - first // 6
            assert mesh.distances[first, second] == max(x, y, 0) - min(x, y, 0)


@RUNS
@given(trees())
def test_trees_reach_all_destinations_without_cycles(drawn):
    mesh, starts, offsets, ends = drawn
    begins, links = explored_trees(mesh, starts, offsets, ends)
    assert (begins[0], begins[-1], begins.size) == (0, links.size, starts.size + 1)
    for flow, start in enumerate(starts.tolist()):
        own = set(ends[offsets[flow] : offsets[flow + 1]].tolist())
        path = links[begins[flow] : begins[flow + 1]]
        graph = networkx.DiGraph()
        graph.add_node(start)
        for link in path.tolist():
            assert int(mesh.start[link]) in graph  # each link after those that lead to it
            graph.add_edge(int(mesh.start[link]), int(mesh.end[link]))
        assert graph.number_of_edges() == path.size
        assert networkx.is_arborescence(graph)
        assert own <= set(graph)
        assert {tile for tile in graph if not graph.out_degree(tile)} <= own | {start}
        assert not mesh.absent & {(tile % mesh.width, tile // mesh.width) for tile in graph}
        assert path.size <= sum(mesh.distances[start, end] for end in own)


def test_destinations_join_where_the_tree_is_nearest():
    # From the west of a row to its east; a chip north of the third joins there and not at the beginning.
    mesh = TriangularMesh(5, 2)
    _, links = explored_trees(mesh, np.asarray([0]), np.asarray([0, 2]), np.asarray([4, 7]))
    assert [(int(mesh.start[link]), int(mesh.end[link])) for link in links] == [(0, 1), (1, 7), (1, 2), (2, 3), (3, 4)]


def test_chips_that_are_cut_off_or_absent_are_named():
    walled = TriangularMesh(3, 1, absent=frozenset({(1, 0)}))
    with pytest.raises(UsageError, match=r"no way leads from the chip at column 0 and row 0 to the chip at column 2"):
        explored_trees(walled, np.asarray([0]), np.asarray([0, 1]), np.asarray([2]))
    with pytest.raises(UsageError, match=r"the chip at column 1 and row 0 is in topology.absent_tiles"):
        explored_trees(walled, np.asarray([0]), np.asarray([0, 1]), np.asarray([1]))


def test_several_boards_are_refused():
    with pytest.raises(UsageError, match=r"set topology\.chips to 1, not 2"):
        TriangularMesh.of(load_target("spinnaker1").with_chips(2))


@given(st.data())
def test_every_spike_goes_where_any_neuron_of_its_block_has_a_target(networks, data):
    network = data.draw(networks)
    target = board_of(6, 5, data.draw(st.booleans()), ((0, 1), (2, 2), (3, 2)))
    core_of, cores = {}, 0
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    for population in network.populations:
        if population.role is not Role.INPUT:
            core_of[population.name] = random.integers(0, data.draw(st.integers(1, 12)), population.size)
    used = np.unique(np.concatenate([part for part in core_of.values() if part.size] or [np.zeros(1, dtype=int)]))
    core_of = {name: np.searchsorted(used, part) for name, part in core_of.items()}
    cores = used.size
    free = [Place(0, x, y, core) for x in range(6) for y in range(5) for core in range(2)]
    free = [place for place in free if (place.column, place.row) not in {(0, 1), (2, 2), (3, 2)}]
    places = tuple(free[index] for index in random.permutation(len(free))[:cores])
    routes = build_routes(network, target, Mapping("test", "test", core_of, places, ()))
    mesh = routes.mesh
    assert isinstance(mesh, TriangularMesh)
    assert routes.links == mesh.links
    for population in network.populations:
        outgoing = network.outgoing(population.name)
        if not outgoing:
            assert population.name not in routes.ways
            continue
        ways = routes.ways[population.name]
        own = core_of.get(population.name, np.full(population.size, cores))
        reached = np.zeros((cores + 1, cores), dtype=bool)
        for projection in outgoing:
            synapses = projection.connectivity.to_sparse().toarray() != 0
            for end, start in zip(*np.nonzero(synapses), strict=True):
                reached[own[start], core_of[projection.target][end]] = True
        sending = np.flatnonzero(reached.any(axis=1))
        assert ways.origins.tolist() == sorted(set(sending) & set(own.tolist()))
        of_neurons = ways.of_groups.toarray()[routes.fan_out.groups[population.name]]
        assert np.array_equal(of_neurons, own[:, None] == ways.origins)
        assert np.array_equal(ways.arrivals.toarray(), reached[ways.origins])
        for way, origin in enumerate(ways.origins.tolist()):
            start = mesh.entry if origin == cores else mesh.number(places[origin])
            graph = networkx.DiGraph()
            graph.add_node(start)
            for link in np.flatnonzero(ways.links[[way]].toarray()[0]).tolist():
                graph.add_edge(int(mesh.start[link]), int(mesh.end[link]))
            assert networkx.is_arborescence(graph)
            ends = {mesh.number(places[core]) for core in np.flatnonzero(reached[origin])}
            assert ends <= set(graph)
            assert {tile for tile in graph if not graph.out_degree(tile)} <= ends | {start}


def test_counters_and_the_kind_of_diagonal_hops(make_network):
    network = make_network(
        [Dense(np.full((40, 12), 60)), Dense(np.full((30, 40), 9))], [(12,), (40,), (30,)], integer=True
    )
    target = board_of(3, 3, absent=((0, 2),))
    mapping = map_network(network, target)
    assert all((place.column, place.row) != (0, 2) for place in mapping.places)
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, 5)
    counting = CoreCounting(program)
    data = np.ones((1, 5, 12), dtype=np.int64)
    counters = counting.counters(Simulator(network).run(data, groups=counting.groups).group_spikes, 1)
    routes = build_routes(network, target, mapping)
    inputs = routes.ways["input"]
    assert counters.link_packets[0].tolist() == (12 * inputs.links.toarray()[0]).tolist()
    assert counters.packets_in[0].tolist() == (12 * inputs.arrivals.toarray()[0]).tolist()
    kinds = link_kinds(counters.links, target.topology)
    mesh = routes.mesh
    assert isinstance(mesh, TriangularMesh)
    assert np.array_equal(kinds["hop_east_west"], np.isin(mesh.direction, (0, 3)))
    assert np.array_equal(kinds["hop_north_south"], np.isin(mesh.direction, (1, 2, 4, 5)))
