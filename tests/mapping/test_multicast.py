"""A multicast tree is the union of the ways to all destinations, and takes entries where it is no straight line."""

from __future__ import annotations

import networkx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.mapping.routing.mesh import EAST, Mesh
from spikeloom.mapping.routing.multicast import multicast_loads, tree_links
from spikeloom.mapping.routing.unicast import unicast_loads
from spikeloom.mapping.traffic.flows import Flows

RUNS = settings(deadline=None)


@st.composite
def trees(draw):
    """A mesh, and some flows: starts, offsets, ends, messages."""
    across, down, columns, rows = draw(
        st.sampled_from(
            [(1, 1, 9, 9), (1, 1, 5, 4), (1, 1, 7, 1), (1, 1, 1, 6), (2, 2, 2, 3), (3, 1, 2, 4), (1, 2, 3, 1)]
        )
    )
    mesh = Mesh(across * down, columns, rows, across, draw(st.booleans()), draw(st.sampled_from([1.0, 3.0])))
    tile = st.integers(0, mesh.size - 1)
    flows = draw(st.lists(st.tuples(tile, st.lists(tile, max_size=8), st.integers(0, 9)), max_size=5))
    offsets = np.cumsum([0, *(len(ends) for _, ends, _ in flows)])
    ends = np.asarray([end for _, ends, _ in flows for end in ends], dtype=np.int64)
    starts = np.asarray([start for start, _, _ in flows], dtype=np.int64)
    return mesh, starts, offsets, ends, np.asarray([messages for _, _, messages in flows], dtype=float)


@RUNS
@given(trees())
def test_loads_and_entries_are_those_of_the_union_of_ways(drawn):
    mesh, starts, offsets, ends, messages = drawn
    loads, entries = np.zeros(len(mesh.links)), np.zeros(mesh.size, dtype=int)
    for flow, start in enumerate(starts.tolist()):
        own = ends[offsets[flow] : offsets[flow + 1]].tolist()
        links = sorted({link for end in own for link in mesh.route(start, end)})
        loads[links] += messages[flow]
        graph = networkx.DiGraph()
        graph.add_node(start)
        for link in links:
            graph.add_edge(int(mesh.start[link]), int(mesh.end[link]), way=mesh.direction[link])
        assert networkx.is_arborescence(graph)
        for tile in graph.nodes if own else ():
            into = [way for _, _, way in graph.in_edges(tile, data="way")]
            out_of = [way for _, _, way in graph.out_edges(tile, data="way")]
            entries[tile] += tile == start or tile in own or into != out_of
    found = multicast_loads(mesh, starts, offsets, ends, messages)
    assert np.array_equal(found[0], loads)
    assert np.array_equal(found[1], entries)


@RUNS
@given(trees())
def test_a_tree_to_one_destination_is_the_way_of_a_single_message(drawn):
    mesh, starts, offsets, ends, messages = drawn
    first = np.diff(offsets) > 0
    chosen = ends[offsets[:-1][first]]
    alone = np.arange(chosen.size + 1)
    loads, _ = multicast_loads(mesh, starts[first], alone, chosen, messages[first])
    assert np.array_equal(loads, unicast_loads(mesh, starts[first], chosen, messages[first]))


@RUNS
@given(trees())
def test_a_tree_is_never_more_than_the_ways_to_all_its_destinations(drawn):
    mesh, starts, offsets, ends, messages = drawn
    flow = np.repeat(np.arange(starts.size), np.diff(offsets))
    apart = unicast_loads(mesh, starts[flow], ends, messages[flow])
    assert np.all(multicast_loads(mesh, starts, offsets, ends, messages)[0] <= apart)


@RUNS
@given(trees())
def test_listed_links_are_those_that_carry_the_messages(drawn):
    mesh, starts, offsets, ends, _ = drawn
    begins, links = tree_links(mesh, starts, offsets, ends)
    assert (begins[0], begins[-1], begins.size) == (0, links.size, starts.size + 1)
    for flow in range(starts.size):
        only = np.arange(starts.size) == flow
        loads = multicast_loads(mesh, starts, offsets, ends, only.astype(float))[0]
        assert np.array_equal(np.sort(links[begins[flow] : begins[flow + 1]]), np.flatnonzero(loads))


def test_a_straight_tree_takes_entries_at_its_ends_and_where_it_delivers():
    mesh = Mesh(1, 6, 1)
    loads, entries = multicast_loads(mesh, np.asarray([0]), np.asarray([0, 2]), np.asarray([5, 2]), np.ones(1))
    assert entries.tolist() == [1, 0, 1, 0, 0, 1]
    assert loads.tolist() == (mesh.direction == EAST).astype(float).tolist()


def test_a_branching_tree_takes_entries_where_it_turns_and_branches():
    # From the north-western corner along the top row, down the second and the last of four columns.
    mesh = Mesh(1, 4, 3)
    _, entries = multicast_loads(mesh, np.asarray([0]), np.asarray([0, 2]), np.asarray([9, 11]), np.ones(1))
    assert entries.reshape(3, 4).tolist() == [[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]]


def test_neurons_that_differ_in_their_own_core_alone_send_together():
    # Core 0 sends to cores 1 and 2 from all its neurons, of which some reach core 0 itself too.
    flows = Flows(
        3,
        np.asarray([0, 0, 0, 1], dtype=np.int32),
        np.asarray([5, 2, 1, 4]),
        np.asarray([1.0, 0.5, 3.0, 2.0]),
        np.asarray([0, 3, 5, 6, 7]),
        np.asarray([0, 1, 2, 1, 2, 0, 1], dtype=np.int32),
    )
    outward = flows.outward
    assert (outward.source.tolist(), outward.neurons.tolist(), outward.rate.tolist()) == ([0], [7], [1.5])
    assert (outward.offsets.tolist(), outward.destination.tolist()) == ([0, 2], [1, 2])
    assert flows.packets.toarray().tolist() == [[0, 1.5, 1.5], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert flows.input_axons.tolist() == [6, 11, 7]
    assert flows.output_axons.tolist() == [5 * 3 + 2 * 2 + 1, 4, 0]
