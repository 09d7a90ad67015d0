"""Nodes get slots that are theirs, at a cost that is what it is said to be, and no cheap start beats the result."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.mapping import Place
from spikeloom.mapping.placement.annealing import HOT, Board, anneal
from spikeloom.mapping.placement.coarsening import Coarser, from_coarse
from spikeloom.mapping.placement.exchanges import exchanged, one_by_one
from spikeloom.mapping.placement.force_directed import force_directed
from spikeloom.mapping.placement.hilbert_curve import hilbert_curve
from spikeloom.mapping.placement.link_balancing import MARGIN, Links, relieve_links
from spikeloom.mapping.placement.lower_bound import bound_name, gilmore_lawler, lower_bound, nearest_slots
from spikeloom.mapping.placement.moves import sweep
from spikeloom.mapping.placement.place import baselines, place
from spikeloom.mapping.placement.placement_problem import FREE, PlacementProblem
from spikeloom.mapping.placement.slots import placement_problem_of
from spikeloom.mapping.placement.spectral import spectral
from spikeloom.mapping.placement.starts import along_hilbert_curve, at_random, open_slots, row_major
from spikeloom.mapping.routing.line import Line
from spikeloom.mapping.routing.mesh import Mesh
from spikeloom.mapping.routing.unicast import unicast_loads
from spikeloom.mapping.search import Search

RUNS = settings(deadline=None)


@st.composite
def problems(draw, most_nodes=40):
    """Boards of several chips, rings or not, with dead places, several cores in a tile, and pinned nodes."""
    chips = draw(st.integers(1, 2))
    columns, rows, per_tile = chips * draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 3))
    torus, price = draw(st.booleans()), draw(st.sampled_from([1.0, 2.5]))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    cell = np.repeat(np.arange(columns * rows), per_tile)
    cell = np.sort(random.permutation(cell)[: draw(st.integers(1, cell.size))])
    pins = draw(st.integers(0, 2))
    where = random.integers(0, columns * rows, 1)  # all pinned nodes are on one slot of its own
    row, column = np.divmod(np.append(cell, where), columns)
    free = draw(st.integers(0, min(cell.size, most_nodes)))
    nodes = free + pins
    traffic = sparse.random_array((nodes, nodes), density=draw(st.sampled_from([0.0, 0.1, 0.5])), rng=random)
    traffic = sparse.csr_array(traffic * 10)
    if draw(st.booleans()):
        traffic.data = np.ceil(traffic.data)
    pinned = np.full(nodes, FREE, dtype=np.int64)
    pinned[random.permutation(nodes)[:pins]] = cell.size
    across, down = Line(columns, columns // chips, price, torus), Line(rows, rows, price, torus)
    reserved = np.arange(cell.size + 1) == cell.size
    tables = across.distances, down.distances, across.steps, down.steps
    return PlacementProblem(traffic, pinned, column, row, reserved, *tables)


def layers(side, seed=0):
    """A plain mesh, full, with the traffic of a convolution from row to row."""
    random = np.random.default_rng(seed)
    column, offset = np.divmod(np.arange(side * 3), 3)
    inside = column + offset < side
    source = np.concatenate([row * side + column[inside] for row in range(side - 1)])
    target = np.concatenate([(row + 1) * side + (column + offset)[inside] for row in range(side - 1)])
    order = random.permutation(side * side)
    matrix = (random.random(source.size), (order[source], order[target]))
    distance = np.abs(np.subtract.outer(np.arange(side), np.arange(side))).astype(float)
    row, column = np.divmod(np.arange(side * side), side)
    traffic = sparse.csr_array(matrix, shape=(side * side, side * side))
    free = np.full(side * side, FREE)
    return PlacementProblem(traffic, free, column, row, np.zeros(side * side, bool), distance, distance)


@RUNS
@given(problems(), st.integers(0, 3))
def test_the_sum_of_changes_is_the_change_of_the_cost(problem, seed):
    board = Board.of(problem)
    start = at_random(problem, seed)
    slots, occupant = start.astype(np.int32), board.occupants(start)
    at = board.positions[slots]
    state = np.array([seed + 1], dtype=np.uint64)
    tables = (board.offsets, board.neighbours, board.traffic, board.positions, board.cells, board.slots_of_cells)
    distances = (problem.column_distance, problem.row_distance)
    if board.movable.size:
        total, uphill, climbed = sweep(
            *tables, *distances, board.wrap, board.movable, slots, occupant, at, 500, 1.0, 2.5, 0.3, state
        )
        assert problem.cost(slots) == pytest.approx(problem.cost(start) + total, abs=1e-6)
        assert 0 <= climbed <= uphill <= 500
    problem.verify(slots.astype(np.int64))
    assert np.array_equal(at, board.positions[slots])
    assert np.array_equal(occupant, board.occupants(slots))


@RUNS
@given(problems(), st.integers(0, 3))
def test_every_way_to_a_placement_gives_one_that_keeps_the_rules(problem, seed):
    search = Search("fast", seed)
    board = Board.of(problem)
    starts = [row_major(problem), along_hilbert_curve(problem), at_random(problem, seed), one_by_one(problem)]
    starts += [spectral(problem, seed), from_coarse(problem, 1000, search)]
    for start in starts:
        problem.verify(start)
        cost = problem.cost(start)
        drawn, cooled = force_directed(board, start, search), anneal(board, start, 2000, HOT, search, "test")
        best = exchanged(problem, start)
        for improved in (drawn, cooled, best):
            problem.verify(improved)
            assert problem.cost(improved) <= cost * (1 + 1e-9) + 1e-9
    placed = place(problem, search)
    problem.verify(placed.slots)
    assert placed.cost == problem.cost(placed.slots)
    assert set(baselines(problem, search)) == {"row-major", "Hilbert + force-directed", "random"}


@RUNS
@given(problems(most_nodes=12), st.integers(0, 100))
def test_no_exchange_helps_where_all_were_tried(problem, seed):
    slots = exchanged(problem, at_random(problem, seed))
    cost = problem.cost(slots)
    for node in np.flatnonzero(problem.pinned == FREE):
        for slot in open_slots(problem):
            other = slots.copy()
            other[slots == slot] = slots[node]
            other[node] = slot
            problem.verify(other)
            assert problem.cost(other) >= cost * (1 - 1e-8) - 1e-8


@RUNS
@given(problems(most_nodes=4))
def test_lower_bounds_are_below_every_placement(problem):
    free = np.flatnonzero(problem.pinned == FREE)
    slots = open_slots(problem)[:7]
    least = np.inf
    reachable = np.ones(problem.slots, dtype=bool)
    reachable[np.setdiff1d(open_slots(problem), slots)] = False
    fewer = PlacementProblem(
        problem.traffic, problem.pinned, problem.column, problem.row, ~reachable | problem.reserved,
        problem.column_distance, problem.row_distance,
    )  # fmt: skip
    for chosen in itertools.permutations(slots, free.size):
        placement = problem.pinned.copy()
        placement[free] = chosen
        least = min(least, problem.cost(placement))
    assert gilmore_lawler(problem) <= gilmore_lawler(fewer) * (1 + 1e-9) + 1e-9
    assert nearest_slots(problem) <= gilmore_lawler(problem) * (1 + 1e-9) + 1e-9
    assert gilmore_lawler(fewer) <= least * (1 + 1e-9) + 1e-9
    if slots.size == open_slots(problem).size:
        assert place(problem, Search("fast")).cost <= least * 1.5 + 1e-9


def test_lower_bounds_are_reached_by_a_chain_and_named():
    problem = layers(4)
    chain = sparse.csr_array((np.ones(15), (np.arange(15), np.arange(1, 16))), shape=(16, 16))
    of_chain = PlacementProblem(
        chain, problem.pinned, problem.column, problem.row, problem.reserved, problem.column_distance,
        problem.row_distance,
    )  # fmt: skip
    assert lower_bound(of_chain) == 15 == place(of_chain, Search("normal")).cost
    assert bound_name(of_chain) == "Gilmore-Lawler"
    large = layers(21)
    assert bound_name(large) == "nearest slots"
    assert 0 < lower_bound(large) <= gilmore_lawler(large) <= place(large, Search("fast")).cost


@given(st.integers(1, 40), st.integers(1, 40))
def test_hilbert_curve_visits_every_cell_once(columns, rows):
    cells = hilbert_curve(columns, rows)
    assert cells.shape == (columns * rows, 2)
    assert np.array_equal(np.sort(cells[:, 1] * columns + cells[:, 0]), np.arange(columns * rows))
    assert np.abs(np.diff(cells, axis=0)).max(initial=0) <= 1


@pytest.mark.parametrize("side", [1, 2, 4, 8, 16, 32])
def test_hilbert_curve_goes_from_cell_to_neighbour_on_squares(side):
    steps = np.abs(np.diff(hilbert_curve(side, side), axis=0)).sum(axis=1)
    assert (steps == 1).all()


def test_the_same_seed_gives_the_same_placement_and_another_one_another():
    problem = layers(12)
    first, second, other = (place(problem, Search("fast", seed)) for seed in (5, 5, 6))
    assert first.slots.tobytes() == second.slots.tobytes()
    assert first.slots.tobytes() != other.slots.tobytes()


def test_placing_unfolds_a_hidden_grid():
    problem = layers(16)
    naive = baselines(problem, Search())
    fast, best = (place(problem, Search(effort)) for effort in ("fast", "normal"))
    # Row after row in the order before it was shuffled costs two hops on average, and is not the best.
    assert max(fast.cost, best.cost) < 2.1 * problem.traffic.sum() < 0.8 * min(naive.values())


def test_the_spectral_start_does_not_fold_a_long_network():
    # A ladder of 128 rungs: the second coordinate is the sixth or a later eigenvector.
    rungs = np.arange(127)
    source = np.concatenate([2 * rungs, 2 * rungs + 1, 2 * np.arange(128)])
    target = np.concatenate([2 * rungs + 2, 2 * rungs + 3, 2 * np.arange(128) + 1])
    problem = layers(16)
    ladder = PlacementProblem(
        sparse.csr_array((np.ones(source.size), (source, target)), shape=(256, 256)),
        problem.pinned, problem.column, problem.row, problem.reserved, problem.column_distance, problem.row_distance,
    )  # fmt: skip
    assert ladder.cost(spectral(ladder, 0)) < 0.2 * ladder.cost(at_random(ladder, 0))


def test_the_spectral_start_stands_messages_of_every_magnitude():
    # A chain, every other link of which is all but cut: ARPACK gives up.
    problem, nodes = layers(6), np.arange(35)
    packets = np.where(nodes % 2, 1e-12, 1e12)
    chain = PlacementProblem(
        sparse.csr_array((packets, (nodes, nodes + 1)), shape=(36, 36)),
        problem.pinned, problem.column, problem.row, problem.reserved, problem.column_distance, problem.row_distance,
    )  # fmt: skip
    assert np.unique(spectral(chain, 0)).tolist() == list(range(36))


def test_a_deadline_that_is_over_still_gives_a_placement():
    problem = layers(40)
    begin = time.process_time()
    placed = place(problem, Search("best", deadline=time.monotonic()))
    assert time.process_time() - begin < 10
    problem.verify(placed.slots)
    assert placed.cost < problem.cost(at_random(problem, 0))


@RUNS
@given(problems(), st.integers(0, 3))
def test_coarse_problems_keep_traffic_and_lead_back(problem, seed):
    coarser = Coarser.of(problem, np.random.default_rng(seed))
    free = int((problem.pinned == FREE).sum())
    assert int((coarser.coarse.pinned == FREE).sum()) == -(-free // 2)
    assert coarser.coarse.traffic.sum() == pytest.approx(problem.traffic.sum())
    fine = coarser.refined(at_random(coarser.coarse, seed))
    problem.verify(fine)


@RUNS
@given(problems(), st.integers(0, 3))
def test_link_loads_are_those_of_the_routes(problem, seed):
    slots = at_random(problem, seed)
    width, height = problem.column_distance.shape[0], problem.row_distance.shape[0]
    torus = bool((problem.steps[0] != np.subtract.outer(np.arange(width), np.arange(width)).T).any())
    torus |= bool((problem.steps[1] != np.subtract.outer(np.arange(height), np.arange(height)).T).any())
    loads = Links.of(Board.of(problem)).loads(slots)
    pairs = problem.traffic.tocoo()
    assert loads.sum() == pytest.approx(problem.cost(slots))
    if problem.column_distance.max(initial=0) <= width - 1 and problem.row_distance.max(initial=0) <= height - 1:
        mesh = Mesh(1, width, height, torus=torus)
        tiles = problem.row[slots] * width + problem.column[slots]
        exact = unicast_loads(mesh, tiles[pairs.row], tiles[pairs.col], pairs.data)
        if (problem.column_distance == mesh.column_distance).all() and (
            problem.row_distance == mesh.row_distance
        ).all():
            mine = loads[mesh.direction, mesh.start]
            assert mine == pytest.approx(exact)


@RUNS
@given(problems(), st.integers(0, 3))
def test_relieving_links_costs_little_and_makes_the_busiest_less_busy(problem, seed):
    board = Board.of(problem)
    links = Links.of(board)
    start = anneal(board, at_random(problem, seed), 3000, HOT, Search(seed=seed), "test")
    relieved = relieve_links(board, start, 2000, Search(seed=seed))
    problem.verify(relieved)
    assert problem.cost(relieved) <= problem.cost(start) * (1 + MARGIN) + 1e-9
    assert links.loads(relieved).max() <= links.loads(start).max() * (1 + 1e-9) + 1e-9 or problem.cost(
        relieved
    ) < problem.cost(start)


def test_a_busy_sender_is_freed_from_a_row_that_it_shares():
    """Three cores that send to many others stand in one row at first, so that their messages share its links."""
    side, targets = 9, 60
    source = np.repeat(np.arange(3), targets)
    traffic = sparse.csr_array((np.ones(3 * targets), (source, np.tile(np.arange(3, 3 + targets), 3))), shape=(81, 81))
    plain = layers(side)
    problem = PlacementProblem(
        traffic, plain.pinned, plain.column, plain.row, plain.reserved, plain.column_distance, plain.row_distance
    )
    board = Board.of(problem)
    start = np.arange(81)
    middle = [39, 40, 41]
    start[[0, 1, 2, *middle]] = [*middle, 0, 1, 2]
    start = start.astype(np.int64)
    loads = Links.of(board)
    relieved = relieve_links(board, start, 20_000, Search())
    assert loads.loads(relieved).max() < 0.7 * loads.loads(start).max()


@RUNS
@given(data=st.data())
def test_the_slots_of_a_board_are_its_usable_places(data, make_target):
    chips, columns, rows, per_tile = (data.draw(st.integers(1, 3)) for _ in range(4))
    usable = data.draw(st.integers(1, columns * rows * per_tile))
    target = make_target(chips=chips, columns=columns, rows=rows, cores_per_tile=per_tile, usable_cores=usable)
    cores = data.draw(st.integers(1, target.cores))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    packets = random.integers(0, 50, (cores + 1, cores)) * (random.random((cores + 1, cores)) < 0.4).astype(float)
    problem, places = placement_problem_of(target, sparse.csr_array(packets))
    placed = place(problem, Search("fast"))
    problem.verify(placed.slots)
    chosen = [places[slot] for slot in placed.slots[:cores]]
    assert len(set(chosen)) == cores
    assert len(set(places[:-1])) == target.cores == len(places) - 1
    at = [(spot.chip * columns + spot.column, spot.row) for spot in [*chosen, Place(0, 0, 0, 0)]]
    hops = sum(
        packets[source, end] * (abs(at[source][0] - at[end][0]) + abs(at[source][1] - at[end][1]))
        for source in range(cores + 1)
        for end in range(cores)
    )
    assert placed.cost == pytest.approx(hops)


def test_placement_finds_the_chain(make_target):
    target = make_target(columns=4, rows=1, cores_per_tile=1, usable_cores=4)
    packets = np.zeros((5, 4))
    packets[4, 2] = packets[2, 0] = packets[0, 3] = packets[3, 1] = 10
    problem, places = placement_problem_of(target, sparse.csr_array(packets))
    assert [places[slot].column for slot in place(problem, Search()).slots[:4]] == [1, 3, 0, 2]


def test_more_cores_than_places_are_refused(make_target):
    target = make_target(columns=2, rows=1, cores_per_tile=1, usable_cores=2)
    with pytest.raises(ValueError, match="3 cores do not fit on 2 places"):
        placement_problem_of(target, sparse.csr_array((4, 3)))
