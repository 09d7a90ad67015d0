"""Tiles of boards of one and many chips: their numbers, links and distances, and the ways between them."""

from __future__ import annotations

from itertools import product

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.mapping.mapping import Place
from spikeloom.mapping.routing.mesh import EAST, NORTH, SOUTH, WEST, Mesh, usable_places
from spikeloom.mapping.target import Target

RUNS = settings(deadline=None)


@st.composite
def meshes(draw):
    across, down = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    between = draw(st.sampled_from([1.0, 1.3, 2.0, 7.0]))
    return Mesh(across * down, columns, rows, across, draw(st.booleans()), between)


def board(make_target, **topology):
    """A target whose topology differs from that of a small chip of three by two tiles with a core each."""
    data = make_target(columns=3, rows=2, cores_per_tile=1, usable_cores=6).model_dump()
    data["topology"] |= topology
    return Target.model_validate(data)


def neighbours(mesh):
    """Links by brute force: (first tile, second tile, direction, cost) from the position of every tile of the board."""
    positions = {}
    for number in range(mesh.size):
        chip, column, row = mesh.tile(number)
        x, y = chip % mesh.chips_across * mesh.columns + column, chip // mesh.chips_across * mesh.rows + row
        positions[x, y] = (number, chip)
    links = []
    for (x, y), (number, chip) in positions.items():
        for direction, (right, down) in {EAST: (1, 0), WEST: (-1, 0), SOUTH: (0, 1), NORTH: (0, -1)}.items():
            extent = mesh.width if right else mesh.height
            beside = (x + right, y + down)
            if mesh.torus and extent > 2:
                beside = (beside[0] % mesh.width, beside[1] % mesh.height)
            if beside in positions:
                end, other_chip = positions[beside]
                links.append((number, end, direction, mesh.between_chips if chip != other_chip else 1.0))
    return sorted(links)


@RUNS
@given(meshes())
def test_links_join_neighbours(mesh):
    found = zip(mesh.start, mesh.end, mesh.direction, mesh.link_cost, strict=True)
    assert [tuple(map(float, link)) for link in found] == [tuple(map(float, link)) for link in neighbours(mesh)]
    assert mesh.links == tuple((mesh.tile(start), mesh.tile(end)) for start, end, _, _ in neighbours(mesh))
    assert [start[0] != end[0] for start, end in mesh.links] == mesh.joins_chips.tolist()
    assert mesh.east_west.tolist() == [direction in (EAST, WEST) for _, _, direction, _ in neighbours(mesh)]
    for link, (start, direction) in enumerate(zip(mesh.start, mesh.direction, strict=True)):
        assert mesh.link_at[direction, start] == link
    assert np.count_nonzero(mesh.link_at >= 0) == mesh.start.size


@RUNS
@given(meshes())
def test_tiles_have_a_number_each(mesh):
    assert {mesh.number(Place(*mesh.tile(number), core=0)) for number in range(mesh.size)} == set(range(mesh.size))
    assert all(mesh.number(Place(*mesh.tile(number), core=0)) == number for number in range(mesh.size))
    assert mesh.numbers([Place(0, 0, 0, 0), Place(mesh.chips - 1, mesh.columns - 1, mesh.rows - 1, 0)]).tolist() == [
        0,
        mesh.size - 1,
    ]


@RUNS
@given(meshes())
def test_distances_are_those_of_the_cheapest_way(mesh):
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(mesh.size))
    graph.add_weighted_edges_from((start, end, cost) for start, end, _, cost in neighbours(mesh))
    cheapest = dict(networkx.all_pairs_dijkstra_path_length(graph))
    for start, end in product(range(mesh.size), range(mesh.size)):
        assert mesh.distance(start, end) == pytest.approx(cheapest[start][end])
    assert np.array_equal(mesh.column_distance, mesh.column_distance.T)
    assert np.array_equal(mesh.row_distance, mesh.row_distance.T)
    assert mesh.column_distance.shape == (mesh.width,) * 2
    assert mesh.row_distance.shape == (mesh.height,) * 2


@RUNS
@given(meshes(), st.data())
def test_routes_go_along_the_row_first_and_arrive(mesh, data):
    start, end = (data.draw(st.integers(0, mesh.size - 1)) for _ in range(2))
    path = mesh.route(start, end)
    assert mesh.link_cost[path].sum() == pytest.approx(mesh.distance(start, end))
    assert [*mesh.start[path], end] == [start, *mesh.end[path]]
    assert not np.any(np.diff(mesh.east_west[path].astype(int)) > 0)
    # A message never turns back, and keeps to its direction.
    assert len(set(mesh.direction[path].tolist())) <= 2
    assert len(set(mesh.start[path].tolist())) == len(path)


def test_a_torus_goes_east_and_south_where_both_ways_cost_the_same():
    mesh = Mesh(1, 4, 6, torus=True)
    for x, y in product(range(4), range(6)):
        start = y * 4 + x
        opposite = (y + 3) % 6 * 4 + (x + 2) % 4
        assert mesh.direction[mesh.route(start, opposite)].tolist() == [EAST] * 2 + [SOUTH] * 3
    assert mesh.direction[mesh.route(0, 3)].tolist() == [WEST]
    assert mesh.direction[mesh.route(0, 5 * 4)].tolist() == [NORTH]
    assert mesh.direction[mesh.route(3, 0)].tolist() == [EAST]


def test_a_torus_of_three_chips_goes_round_where_that_passes_fewer_chips():
    # Both ways are three links long, of which the eastern one leads from chip to chip once more.
    mesh = Mesh(3, 2, 1, torus=True, between_chips=5.0)
    assert mesh.column_distance[1, 4] == 2 + 5
    assert mesh.direction[mesh.route(1, 4)].tolist() == [WEST] * 3
    # One link more is the shorter way where it passes fewer chips.
    assert mesh.column_distance[1, 2] == 5
    assert mesh.joins_chips.sum() == 2 * 3


def test_lines_of_two_tiles_have_one_link_each_way():
    mesh = Mesh(2, 1, 2, torus=True, between_chips=3.0)
    assert mesh.links == (
        ((0, 0, 0), (1, 0, 0)),
        ((0, 0, 0), (0, 0, 1)),
        ((1, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (1, 0, 1)),
        ((0, 0, 1), (0, 0, 0)),
        ((0, 0, 1), (1, 0, 1)),
        ((1, 0, 1), (1, 0, 0)),
        ((1, 0, 1), (0, 0, 1)),
    )
    assert mesh.link_cost.tolist() == [3.0, 1.0, 3.0, 1.0, 1.0, 3.0, 1.0, 3.0]


def test_the_board_of_a_target(make_target):
    hops = {"value": 4, "unit": "hops", "kind": "assumed", "source": "a test"}
    target = board(
        make_target, chips=4, chip_columns=2, torus=True, link_between_chips=hops,
        input_tile={"chip": 3, "column": 1, "row": 0},
    )  # fmt: skip
    mesh = Mesh.of(target)
    assert (mesh.width, mesh.height, mesh.size) == (6, 4, 24)
    assert mesh.tile(mesh.entry) == (3, 1, 0)
    assert mesh.entry == 2 * 6 + 3 + 1
    assert mesh.column_distance[0].tolist() == [0, 1, 2, 6, 5, 4]
    assert mesh.row_distance[0].tolist() == [0, 1, 5, 4]


def test_dead_and_reserved_cores_are_no_places(make_target):
    dead = ({"chip": 1, "column": 0, "row": 0, "core": 0}, {"chip": 0, "column": 2, "row": 0, "core": 0})
    reserved = ({"chip": 0, "column": 1, "row": 1, "core": 0},)
    target = board(make_target, chips=2, dead_cores=dead, reserved_cores=reserved)
    places = [(place.chip, place.column, place.row) for place in usable_places(target)]
    assert places == [
        (0, 0, 0), (0, 1, 0), (0, 2, 1), (0, 0, 1), (1, 1, 0), (1, 2, 0), (1, 2, 1), (1, 1, 1), (1, 0, 1),
    ]  # fmt: skip
    assert len(places) == target.cores


def test_lost_cores_are_made_up_for_by_those_that_were_not_needed(make_target):
    data = make_target(columns=3, rows=2, cores_per_tile=1, usable_cores=4).model_dump()
    data["topology"]["dead_cores"] = [{"column": 0, "row": 0, "core": 0}]
    dead = Target.model_validate(data)
    assert [(place.column, place.row) for place in usable_places(dead)] == [(1, 0), (2, 0), (2, 1), (1, 1)]
