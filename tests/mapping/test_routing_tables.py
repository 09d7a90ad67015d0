"""Keys, entries and their compression: every key in use reaches exactly its processors, and a broken table is found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.feasibility import check
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.routing.mesh import usable_places
from spikeloom.mapping.routing_tables.build import build_tables
from spikeloom.mapping.routing_tables.delivery import deliver
from spikeloom.mapping.routing_tables.keys import Sender, allocate_keys
from spikeloom.mapping.routing_tables.ordered_covering import compress
from spikeloom.mapping.routing_tables.summary import routing_section, table_problems
from spikeloom.mapping.routing_tables.table_file import read_tables, write_tables
from spikeloom.mapping.routing_tables.tables import Board, KeyBlock, RoutingTable, RoutingTables
from spikeloom.mapping.search import Search
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense, Sparse
from spikeloom.models.errors import DoesNotFitError, UnsupportedModelError, UsageError
from spikeloom.models.network import Network, Role

FAST = Search(effort="fast")
RUNS = settings(deadline=None)
LINKS = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))  # SpiNNaker's, by number


def board_of(
    width: int, height: int, torus: bool, absent: tuple[tuple[int, int], ...], entries: int = 1023, neurons: int = 255
) -> Target:
    """A board of chips with three cores each."""
    data = load_target("spinnaker1").model_dump()

    def number(value):
        return {"value": value, "unit": "things", "kind": "assumed", "source": "a test"}

    data["topology"] |= {
        "columns": number(width), "rows": number(height), "cores_per_tile": number(3), "torus": torus,
        "usable_cores": number(3 * width * height), "absent_tiles": [{"column": x, "row": y} for x, y in absent],
        "input_tile": {"column": 0, "row": 0},
    }  # fmt: skip
    data["limits"] |= {"routing_entries": number(entries), "neurons": number(neurons)}
    return Target.model_validate(data)


BOARDS = st.sampled_from(
    [
        (1, 1, False, ()),
        (2, 2, True, ()),
        (4, 3, False, ((1, 1), (3, 0))),
        (5, 5, True, ((1, 1), (2, 2), (4, 0), (0, 4))),
        (6, 4, True, ()),
        (8, 1, False, ()),
    ]
)


def scattered(network: Network, target: Target, random: np.random.Generator) -> Mapping:
    """Neurons on cores at random, several layers on each, and cores at random places."""
    places = usable_places(target)
    number = int(random.integers(1, len(places) + 1))
    core_of = {
        population.name: random.integers(0, number, population.size)
        for population in network.populations
        if population.role is not Role.INPUT
    }
    used = np.unique(np.concatenate([np.zeros(1, dtype=int), *core_of.values()]))
    core_of = {name: np.searchsorted(used, cores) for name, cores in core_of.items()}
    chosen = random.permutation(len(places))[: used.size]
    return Mapping("test", "test", core_of, tuple(places[index] for index in chosen), ())


def walked(document: dict) -> bool:
    """Whether every key reaches its destinations, once each, by nothing but the file."""
    board = document["board"]
    absent = {tuple(chip) for chip in board["absent_chips"]}
    chips = {(x, y) for x in range(board["width"]) for y in range(board["height"])} - absent
    tables = {
        (part["x"], part["y"]): [[int(word, 16) for word in entry] for entry in part["entries"]]
        for part in document["chips"]
    }
    for block in document["blocks"]:
        neurons = sum(last - first + 1 for first, last in block["neurons"])
        for key in range(int(block["key"], 16), int(block["key"], 16) + neurons):
            assert key & int(block["mask"], 16) == int(block["key"], 16)
            waiting, reached, hops = [((block["x"], block["y"]), None)], Counter(), 0
            while waiting:
                chip, came_by = waiting.pop()
                routes = [route for own, mask, route in tables.get(chip, []) if key & mask == own]
                if not routes and came_by is None:
                    return False
                route = routes[0] if routes else 1 << (came_by + 3) % 6
                if not route:
                    return False
                reached.update((*chip, processor) for processor in range(26) if route >> 6 + processor & 1)
                for link, offset in enumerate(LINKS):
                    if route >> link & 1:
                        lengths = (board["width"], board["height"])
                        end = [place + step for place, step in zip(chip, offset, strict=True)]
                        axes = zip(end, lengths, board["wraps"], strict=True)
                        end = tuple(place % length if wraps else place for place, length, wraps in axes)
                        hops += 1
                        if end not in chips or hops > 6 * len(chips):
                            return False
                        waiting.append((end, (link + 3) % 6))
            if reached != Counter({tuple(destination): 1 for destination in block["destinations"]}):
                return False
    return True


@st.composite
def key_blocks(draw):
    """Blocks of keys that do not meet, with a few routes, some of which default routing serves."""
    routes = draw(st.integers(1, 4))
    count = draw(st.integers(1, 40))
    sizes = [2 ** draw(st.integers(0, 3)) for _ in range(count)]
    places = draw(st.lists(st.integers(0, 63), min_size=count, max_size=count, unique=True))
    keys = sorted((8 * place, size) for place, size in zip(places, sizes, strict=True))
    route = [1 << draw(st.integers(0, routes - 1)) for _ in keys]
    default = [draw(st.integers(0, 9)) == 0 for _ in keys]
    masks = [2**32 - size for _, size in keys]
    return tuple(np.asarray(part) for part in ([key for key, _ in keys], masks, route, default))


@given(key_blocks())
def test_compression_routes_every_block_as_before_and_never_grows(blocks):
    keys, masks, routes, default = blocks
    found = np.stack(compress(keys, masks, routes, default), axis=1)
    assert found.shape[0] <= np.count_nonzero(~default)
    for key, mask, route, silent in zip(*(part.tolist() for part in blocks), strict=True):
        for sent in range(key, key + 2**32 - mask):
            matches = [entry for entry in found.tolist() if sent & entry[1] == entry[0]]
            assert matches[0][2] == route if matches else silent
    again = np.bitwise_count(found[:, 1].astype(np.uint64))
    assert np.all(again[1:] <= again[:-1])  # the more general, the further down


def test_compression_finds_what_there_is_to_find():
    # All of a route but one in the middle: two entries, the exception first.
    keys, masks = np.arange(16) * 4, np.full(16, 2**32 - 4)
    routes = np.where(np.arange(16) == 5, 2, 1)
    key, mask, route = compress(keys, masks, routes, np.zeros(16, dtype=bool))
    assert list(zip(key.tolist(), mask.tolist(), route.tolist(), strict=True)) == [
        (20, 2**32 - 4, 2),
        (0, 2**32 - 64, 1),
    ]
    # The exception needs no entry where it is default-routed, and none may take it.
    key, mask, route = compress(keys, masks, routes, np.arange(16) == 5)
    assert (20 & mask != key).all()
    assert 1 < key.size <= 4
    # Alternating routes differ in one bit of the key.
    key, _, _ = compress(keys, masks, 1 + np.arange(16) % 2, np.zeros(16, dtype=bool))
    assert key.size == 2


SENDERS = st.builds(
    Sender,
    st.integers(1, 300),
    st.integers(0, 5),
    st.lists(st.integers(0, 3), unique=True).map(lambda c: tuple(sorted(c))),
)


@RUNS
@given(st.lists(st.lists(SENDERS, max_size=12), max_size=5), st.sampled_from(["cores", "chips"]))
def test_blocks_of_keys_are_contiguous_aligned_and_apart(populations, arrangement):
    result = allocate_keys(populations, arrangement)
    assert [len(part) for part in result] == [len(part) for part in populations]
    ranges = []
    for senders, pairs in zip(populations, result, strict=True):
        for sender, (key, mask) in zip(senders, pairs, strict=True):
            size = 2**32 - mask
            assert sender.neurons <= size < 2 * sender.neurons
            assert size & (size - 1) == 0 and key % size == 0 and key + size <= 2**32
            ranges.append((key, key + size))
    assert all(first[1] <= second[0] for first, second in pairwise(sorted(ranges)))


def test_too_many_keys_are_refused():
    with pytest.raises(DoesNotFitError, match="keys 5368709120 of 4294967296"):
        allocate_keys([[Sender(2**32, 0, (1,))], [Sender(2**30, 0, (1,))]])


@RUNS
@given(BOARDS, st.integers(0, 10**6), st.data())
def test_random_networks_are_delivered_exactly(tmp_path_factory, networks, board, seed, data):
    network, target = data.draw(networks), board_of(*board)
    random = np.random.default_rng(seed)
    mapping = scattered(network, target, random)
    tables = build_tables(network, target, mapping)
    delivery = deliver(tables)
    assert (delivery.exact, delivery.keys) == (True, tables.keys)
    assert delivery.deliveries == sum(len(block.destinations) * block.neurons.size for block in tables.blocks)
    assert np.all(tables.lengths()[:, 1] <= tables.lengths()[:, 0])
    for block in tables.blocks:
        own = mapping.core_of.get(block.population)
        core = next(
            (
                core
                for core, place in enumerate(mapping.places)
                if (place.column, place.row, place.core + 1) == block.source
            ),
            None,
        )
        size = network.by_name[block.population].size
        assert block.neurons.tolist() == (list(range(size)) if own is None else np.flatnonzero(own == core).tolist())
    problems = check(network, target, mapping)
    assert not {"routing_entries", "key_blocks", "keys_gone_astray"} & {problem.resource for problem in problems}
    path = tmp_path_factory.mktemp("tables") / "routing_tables.json"
    write_tables(tables, path)
    assert walked(json.loads(path.read_text(encoding="utf-8")))
    back = read_tables(path)
    assert back.board == tables.board
    for one, other in zip([*back.tables, *back.blocks], [*tables.tables, *tables.blocks], strict=True):
        for name, value in vars(one).items():
            assert np.array_equal(value, getattr(other, name)), name
    assert deliver(back) == delivery
    # Whatever is changed in a table, the check and the walk by the file agree on whether it matters.
    if tables.tables:
        chip = int(random.integers(len(tables.tables)))
        table = tables.tables[chip]
        entry, words = int(random.integers(table.entries)), ("keys", "masks", "routes")
        word = words[int(random.integers(3))]
        changed = getattr(table, word).copy()
        changed[entry] ^= np.uint32(1) << np.uint32(random.integers(9))
        broken = [*tables.tables]
        broken[chip] = replace(table, **{word: changed})
        damaged = replace(tables, tables=tuple(broken))
        write_tables(damaged, path)
        assert deliver(damaged).exact == walked(json.loads(path.read_text(encoding="utf-8")))


def one_block(entries: dict[tuple[int, int], list[tuple[int, int, int]]], *destinations: tuple[int, int, int]):
    """Tables for the four keys of processor 1 of chip 0, 0 on a board of 3 x 3 chips, of which one is missing."""
    tables = tuple(
        RoutingTable(chip, *np.asarray(rows, dtype=np.uint32).T, len(rows)) for chip, rows in sorted(entries.items())
    )
    block = KeyBlock("layer", (0, 0, 1), np.arange(3), 4, 2**32 - 4, destinations)
    return RoutingTables(Board(3, 3, (False, False), ((2, 2),)), tables, (block,))


KEYS = (4, 2**32 - 4)


def test_a_key_passes_chips_without_an_entry_straight_on():
    delivery = deliver(one_block({(0, 0): [(*KEYS, 1)], (2, 0): [(*KEYS, 1 << 8)]}, (2, 0, 2)))
    assert (delivery.exact, delivery.keys, delivery.hops, delivery.deliveries) == (True, 3, 6, 3)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ({(1, 0): [(*KEYS, 1 << 8)]}, "key 0x00000004 of layer is lost: chip 0, 0"),
        ({(0, 0): [(*KEYS, 2)]}, "key 0x00000004 of layer is lost: chip 1, 1"),  # over the missing chip
        ({(0, 0): [(*KEYS, 0)]}, "key 0x00000004 of layer is lost: chip 0, 0"),
        ({(0, 0): [(*KEYS, 1)]}, "key 0x00000004 of layer is lost: chip 2, 0"),  # straight on over the edge
        (
            {(0, 0): [(*KEYS, 1)], (2, 0): [(*KEYS, 0b101 << 8)]},
            "key 0x00000004 of layer reaches a processor that it should not: processor 4 of chip 2, 0",
        ),
        (
            {(0, 0): [(*KEYS, 1)], (1, 0): [(*KEYS, 1 << 2 | 1)], (1, 1): [(*KEYS, 1 << 0)],
             (2, 1): [(*KEYS, 1 << 5)], (2, 0): [(*KEYS, 1 << 8)]},
            "key 0x00000004 of layer reaches a processor twice: processor 2 of chip 2, 0",
        ),
        (
            {(0, 0): [(*KEYS, 1 << 8)]},
            "key 0x00000004 of layer does not reach a processor: processor 2 of chip 2, 0",
        ),
        ({(0, 0): [(*KEYS, 1)], (1, 0): [(*KEYS, 1 << 3)]}, "key 0x00000004 of layer goes round in circles: chip"),
        ({(0, 0): [(5, 2**32 - 1, 8), (*KEYS, 1)], (2, 0): [(*KEYS, 1 << 8)]}, "key 0x00000005 of layer is lost"),
    ],
)  # fmt: skip
def test_broken_tables_are_found(entries, found):
    delivery = deliver(one_block(entries, (2, 0, 2)))
    assert not delivery.exact
    assert found in [str(failure)[: len(found)] for failure in delivery.examples]


def local_network(make_network, neurons: int, spread: int) -> Network:
    """A layer on itself, each neuron to those around it."""
    rows = np.repeat(np.arange(neurons), 2 * spread + 1)
    columns = (rows + np.tile(np.arange(-spread, spread + 1), neurons)) % neurons
    ring = Sparse.from_matrix(sparse.csr_array((np.ones(rows.size, dtype=np.int64), (rows, columns))))
    first = Dense(np.ones((neurons, 3), dtype=np.int64))
    return make_network([first], [(3,), (neurons,)], [(1, 1, ring)], integer=True)


def on_board(neurons: int, cores: int) -> Mapping:
    """One layer, the same number of neurons on each core of a SpiNN-5 board in turn."""
    places = tuple(usable_places(load_target("spinnaker1"))[:cores])
    return Mapping("spinnaker1", "test", {"layer1": np.arange(neurons) * cores // neurons}, places, ())


def test_a_full_board_of_a_layer_with_neighbours_needs_few_entries(make_network):
    network = local_network(make_network, 7680, 20)
    tables = build_tables(network, load_target("spinnaker1"), on_board(7680, 768))
    assert len(tables.blocks) == 769  # with that of the input
    assert deliver(tables).exact
    before, after = tables.lengths().max(axis=0)
    assert after < before < 100
    section = routing_section(tables, deliver(tables), 1023)
    assert json.loads(json.dumps(section)) == section
    assert (section["blocks"], section["keys"], section["fullest"]["entries"]) == (769, 7683, after)
    assert section["delivered"]["exact"]


def test_a_router_that_is_too_full_is_a_problem_with_its_chip(make_network):
    random = np.random.default_rng(0)
    wild = sparse.csr_array((random.random((600, 600)) < 0.003).astype(np.int64))
    network = make_network(
        [Dense(np.ones((600, 3), dtype=np.int64))], [(3,), (600,)], [(1, 1, Sparse.from_matrix(wild))], integer=True
    )
    target = board_of(4, 3, False, (), entries=12)
    core_of = {"layer1": np.arange(600) // 17}
    mapping = Mapping("test", "test", core_of, tuple(usable_places(target)[:36]), ())
    problems = [problem for problem in check(network, target, mapping) if problem.resource == "routing_entries"]
    lengths = [table.entries for table in build_tables(network, target, mapping).tables]
    assert [problem.used for problem in problems] == sorted((part for part in lengths if part > 12), reverse=True) != []
    assert str(problems[0]).startswith("the router of the chip at column ")
    assert f"routing entries {max(lengths)} of 12: it had " in str(problems[0])
    tables = build_tables(network, target, mapping)
    assert table_problems(tables, max(lengths)) == table_problems(tables, None) == []
    with pytest.raises(DoesNotFitError, match="the router of the chip at column"):
        map_network(network, board_of(4, 3, False, (), entries=1, neurons=17), strategy="sequential", search=FAST)


def test_the_mapper_uses_no_absent_chip(make_network):
    absent = ((0, 1), (2, 2), (1, 0))
    target = board_of(3, 3, False, absent)
    network = make_network([Dense(np.ones((4000, 3), dtype=np.int64))], [(3,), (4000,)], integer=True)
    mapping = map_network(network, target, search=FAST)
    assert not {(place.column, place.row) for place in mapping.places} & set(absent)
    moved = replace(mapping, places=(Place(0, 1, 0, 0), *mapping.places[1:]))
    assert any("the chip has no" in problem.advice for problem in check(network, target, moved))


def test_targets_without_routing_tables_are_refused(make_network):
    network = make_network([Dense(np.ones((4, 3), dtype=np.int64))], [(3,), (4,)], integer=True)
    mapping = map_network(network, load_target("loihi2"))
    with pytest.raises(UsageError, match="target loihi2 has no routing tables"):
        build_tables(network, load_target("loihi2"), mapping)
    data = load_target("spinnaker1").model_dump()
    data["topology"]["cores_per_tile"]["value"] = data["topology"]["cores_per_tile"]["high"] = 26
    with pytest.raises(UsageError, match="cores_per_tile is 26, and a route names at most 25"):
        build_tables(network, Target.model_validate(data), mapping)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "holds no readable routing tables"),
        ('{"format": "other", "version": 1}', "is 'other' of version 1"),
        ('{"format": "spikeloom routing tables", "version": 1}', "'board'"),
    ],
)
def test_files_that_hold_no_tables_are_refused(tmp_path, text, reason):
    path = tmp_path / "routing_tables.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnsupportedModelError, match=reason):
        read_tables(path)
