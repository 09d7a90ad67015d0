"""Partitions of hypergraphs: their bookkeeping, their limits, and that the same seed gives the same bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.feasibility import check_cores
from spikeloom.mapping.hypergraph import NO_SOURCE, Hypergraph
from spikeloom.mapping.irregular import irregular_populations
from spikeloom.mapping.partition import growing, metis
from spikeloom.mapping.partition.annealing import Cooling, anneal
from spikeloom.mapping.partition.block_limits import AxonStorage, BlockLimits
from spikeloom.mapping.partition.coarsening import coarsened
from spikeloom.mapping.partition.division import deliveries, divided, move
from spikeloom.mapping.partition.irregular_partition import METHODS, divide_irregular
from spikeloom.mapping.partition.level import finest_level
from spikeloom.mapping.partition.mt_kahypar import MtKaHyPar, Preset
from spikeloom.mapping.partition.rebalancing import rebalanced
from spikeloom.mapping.partition.resource_columns import COLUMNS, NO_LIMIT
from spikeloom.mapping.partition.start_graph import similarity_graph
from spikeloom.mapping.search import Search
from spikeloom.mapping.target import Target
from spikeloom.models.connectivity import Dense, Sparse
from spikeloom.models.errors import BackendMissingError, UsageError
from spikeloom.models.network import Network

HEADER, SYNAPSE, WORD = 20, 7, 16


def liquid(seed: int, neurons: int, fan_out: int, reach: float) -> Hypergraph:
    """A ring with targets nearby, some nets without a source, rates of all sizes."""
    random = np.random.default_rng(seed)
    source = np.repeat(np.arange(neurons), fan_out)
    target = (source + np.rint(random.normal(0, reach, source.size)).astype(int)) % neurons
    pairs = np.unique(np.stack([source, target], axis=1), axis=0)
    whole = Hypergraph.of_synapses(pairs[:, 0], pairs[:, 1], neurons, random.random(neurons))
    # Sources that reach themselves stay pins when they are taken for a stranger.
    strangers = (random.random(whole.nets) < 0.2) & whole.loops
    return Hypergraph(
        neurons,
        whole.offsets,
        whole.pins,
        np.where(strangers, NO_SOURCE, whole.sources).astype(np.int32),
        whole.loops & ~strangers,
        whole.rates,
        whole.synapses,
    )


def all_limits(hypergraph: Hypergraph, *caps: int | None) -> BlockLimits:
    storage = AxonStorage.uniform(hypergraph, HEADER, SYNAPSE, WORD)
    bits = np.arange(hypergraph.neurons) % 5
    return BlockLimits(*caps, storage, neuron_bits=bits)


def counted(hypergraph: Hypergraph, blocks: np.ndarray, number: int) -> tuple[float, np.ndarray]:
    """The km1 and what blocks hold, net by net."""
    loads = np.zeros((number, COLUMNS), dtype=np.int64)
    cost = 0.0
    for neuron, block in enumerate(blocks):
        loads[block] += [1, hypergraph.synapses[neuron], 0, neuron % 5, 0, 0]
    for net in range(hypergraph.nets):
        pins = hypergraph.pins[hypergraph.offsets[net] : hypergraph.offsets[net + 1]]
        cost += hypergraph.rates[net] * (np.unique(blocks[pins]).size - 1)
        source = hypergraph.sources[net]
        targets = pins if hypergraph.loops[net] else pins[pins != source]
        for block, synapses in zip(*np.unique(blocks[targets], return_counts=True), strict=True):
            bits = -(-(HEADER + synapses * SYNAPSE) // WORD) * WORD
            loads[block] += [0, 0, bits, bits, 1, 0]
            if source != NO_SOURCE:
                loads[blocks[source], 5] += 1
    return cost, loads


@given(st.integers(0, 10**6), st.integers(2, 25), st.integers(1, 5), st.integers(0, 60))
def test_counts_stay_true_however_many_nodes_move(seed: int, neurons: int, number: int, moves: int) -> None:
    hypergraph = liquid(seed, neurons, 4, 3.0)
    random = np.random.default_rng(seed)
    level = finest_level(hypergraph, all_limits(hypergraph, *[None] * 6))
    cluster_of = np.arange(neurons)
    if seed % 2:
        most = np.full(COLUMNS, NO_LIMIT)
        most[0] = 3
        level, cluster_of = coarsened(level, most, np.zeros(neurons, np.int32), seed)
    nodes = level.demands.shape[0]
    division = divided(level, random.integers(0, number, nodes).astype(np.int32), number, True)
    cost = deliveries(level, division)
    for _ in range(moves):
        node = int(random.integers(nodes))
        block = int(random.integers(number))
        if block != division.blocks[node]:
            cost += move(level, division, node, block)
    expected, loads = counted(hypergraph, division.blocks[cluster_of], number)
    assert np.isclose(deliveries(level, division), expected)
    assert np.isclose(cost, expected)
    assert np.array_equal(division.loads, loads)


@given(st.integers(0, 10**6), st.integers(10, 60), st.integers(2, 5), st.lists(st.booleans(), min_size=6, max_size=6))
def test_annealing_keeps_every_limit_that_the_start_keeps(
    seed: int, neurons: int, number: int, limited: list[bool]
) -> None:
    hypergraph = liquid(seed, neurons, 4, 2.0)
    start = np.random.default_rng(seed).integers(0, number, neurons).astype(np.int32)
    before, loads = counted(hypergraph, start, number)
    caps = [int(cap) + seed % 3 if chosen else None for cap, chosen in zip(loads.max(axis=0), limited, strict=True)]
    limits = all_limits(hypergraph, *caps)
    level = finest_level(hypergraph, limits)
    blocks = anneal(level, start, limits.caps(), number, Cooling(5, 1.5, 0.2), Search(seed=seed))
    after, loads = counted(hypergraph, blocks, number)
    assert after <= before + 1e-9
    assert (loads <= limits.caps()).all()


@given(st.integers(0, 10**6), st.integers(10, 60), st.integers(2, 5))
def test_rebalancing_repairs_or_says_that_it_cannot(seed: int, neurons: int, number: int) -> None:
    hypergraph = liquid(seed, neurons, 3, 2.0)
    limits = all_limits(hypergraph, -(-neurons // number) + 1, None, None, None, None, None)
    level = finest_level(hypergraph, limits)
    blocks, kept = rebalanced(level, np.zeros(neurons, np.int32), limits.caps(), number, Search())
    assert kept
    assert np.bincount(blocks).max() <= -(-neurons // number) + 1
    tight = all_limits(hypergraph, neurons // number - 1, None, None, None, None, None)
    assert not rebalanced(level, blocks, tight.caps(), number, Search())[1]


def test_rebalancing_lets_neurons_of_two_kinds_change_places() -> None:
    hypergraph = liquid(7, 400, 4, 5.0)
    heavy = np.where(np.arange(400) < 200, 20, 1)
    changed = dataclasses.replace(hypergraph, synapses=heavy)
    limits = BlockLimits(neurons=103, synapses=int(heavy.sum() / 4 * 1.04))
    level = finest_level(changed, limits)
    start = (np.arange(400) // 100).astype(np.int32)  # full of neurons everywhere, of synapses in half of the blocks
    blocks, kept = rebalanced(level, start, limits.caps(), 4, Search())
    assert kept
    assert np.bincount(blocks).max() <= 103
    assert np.bincount(blocks, weights=heavy).max() <= int(heavy.sum() / 4 * 1.04)


@pytest.mark.parametrize("preset", get_args(Preset))
def test_every_preset_of_mtkahypar_is_brought_within_the_limits(preset: Preset) -> None:
    pytest.importorskip("mtkahypar")
    hypergraph = liquid(5, 1500, 6, 8.0)
    synapses = int(hypergraph.synapses.sum() / 8 * 1.05)
    blocks = MtKaHyPar(preset).divide(hypergraph, 8, BlockLimits(neurons=195, synapses=synapses), Search("fast"))
    assert blocks is not None
    assert np.bincount(blocks, minlength=8).max() <= 195
    assert np.bincount(blocks, weights=hypergraph.synapses).max() <= synapses


@pytest.mark.parametrize("method", sorted(METHODS))
def test_partitions_are_good_within_limits_and_the_same_every_time(method: str) -> None:
    neurons, number = 1500, 8
    hypergraph = liquid(5, neurons, 6, 8.0)
    synapses = int(hypergraph.synapses.sum() / number * 1.05)
    limits = all_limits(hypergraph, 195, synapses, 40_000, 45_000, 400, 500)
    first = METHODS[method].divide(hypergraph, number, limits, Search("fast", seed=3))
    again = METHODS[method].divide(hypergraph, number, limits, Search("fast", seed=3))
    assert first is not None and again is not None
    assert first.dtype == np.int32
    assert first.tobytes() == again.tobytes()
    _, loads = counted(hypergraph, first, number)
    assert (loads <= limits.caps()).all()
    in_order = hypergraph.km1(np.arange(neurons) * number // neurons)
    assert hypergraph.km1(first) <= 1.02 * in_order  # the ring in order is next to the best there is
    impossible = all_limits(hypergraph, neurons // number - 1, None, None, None, None, None)
    assert METHODS[method].divide(hypergraph, number, impossible, Search("fast")) is None


def test_clusters_stay_within_blocks_and_below_their_size() -> None:
    hypergraph = liquid(1, 400, 5, 4.0)
    level = finest_level(hypergraph, all_limits(hypergraph, *[None] * 6))
    blocks = (np.arange(400) // 50).astype(np.int32)
    most = np.full(COLUMNS, NO_LIMIT)
    most[0] = 4
    coarse, cluster_of = coarsened(level, most, blocks, 0)
    sizes = np.bincount(cluster_of)
    assert sizes.max() <= 4
    assert sizes.mean() > 2
    assert np.array_equal(coarse.demands[:, 0], sizes)
    assert all(np.unique(blocks[cluster_of == cluster]).size == 1 for cluster in range(sizes.size))


def grid(side: int) -> sparse.csr_array:
    ones = np.ones(side - 1)
    line = sparse.diags_array([ones, ones], offsets=[-1, 1])
    return sparse.csr_array(sparse.kronsum(line, line))


def test_metis_balances_two_weights_at_once() -> None:
    graph = grid(40)
    heavy = np.random.default_rng(0).integers(1, 20, 1600) * (np.arange(1600) < 400)
    weights = np.stack([np.ones(1600, np.int64), heavy], axis=1)
    parts = metis.load_metis().partition(graph, weights, 8, np.array([1.05, 1.10]))
    for column, most in ((0, 1.06), (1, 1.11)):
        loads = np.bincount(parts, weights=weights[:, column], minlength=8)
        assert loads.max() / loads.mean() <= most
    alone = metis.load_metis().partition(graph, weights[:, :1], 8, np.array([1.05]))
    loads = np.bincount(alone, weights=weights[:, 1], minlength=8)
    assert loads.max() / loads.mean() > 1.5  # so that the second weight was worth telling


def test_metis_cuts_as_pymetis_does() -> None:
    import pymetis

    graph = grid(30)
    options = pymetis.Options(seed=4, ufactor=50)
    adjacency = pymetis.CSRAdjacency(graph.indptr, graph.indices)
    cut, theirs = pymetis.part_graph(6, adjacency, options=options, recursive=False)
    ours = metis.load_metis().partition(graph, np.ones((900, 1), np.int64), 6, np.array([1.05]), seed=4)
    entries = graph.tocoo()
    assert int((ours[entries.row] != ours[entries.col]).sum()) // 2 == cut
    assert np.array_equal(ours, theirs)


def test_metis_without_the_function_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        pass

    monkeypatch.setattr(metis.ctypes, "CDLL", lambda path: Empty())
    with pytest.raises(BackendMissingError, match="METIS_PartGraphKway"):
        metis._load(np)


def test_metis_refuses_weights_that_its_integers_cannot_hold() -> None:
    graph = grid(3)
    graph.data[:] = 2.0**62
    with pytest.raises(ValueError, match="integers"):
        metis.load_metis().partition(graph, np.ones((9, 1), np.int64), 2, np.array([1.1]))


def test_nodes_that_share_nets_are_neighbours_in_the_graph() -> None:
    hypergraph = liquid(2, 60, 40, 10.0)
    level = finest_level(hypergraph, all_limits(hypergraph, *[None] * 6))
    graph = similarity_graph(level)
    assert (abs(graph - graph.T)).nnz == 0
    assert graph.diagonal().sum() == 0
    assert graph.data.min() >= 1
    together = np.zeros((60, 60), dtype=bool)
    for net in range(level.offsets.size - 1):
        pins = level.pins[level.offsets[net] : level.offsets[net + 1]]
        together[np.ix_(pins, pins)] = True
    assert not (graph.toarray() > 0)[~together].any()


def network_of(make_network: Callable[..., Network], seed: int, integer: bool) -> Network:
    """Thin matrices and a recurrent layer, one of them reached by a full matrix too."""
    random = np.random.default_rng(seed)

    def weights(targets: int, sources: int, share: float) -> Any:
        values = random.integers(1, 2 + seed % 60, (targets, sources)) * (random.random((targets, sources)) < share)
        return values.astype(np.int16 if integer else float)

    def thin(targets: int, sources: int) -> Sparse:
        return Sparse.from_matrix(sparse.csr_array(weights(targets, sources, 0.1)))

    chain = [Dense(weights(40, 12, 0.9)), thin(50, 40), Dense(weights(30, 50, 0.12))]
    extra = [(1, 1, thin(40, 40)), (0, 2, thin(50, 12)), (1, 2, thin(50, 40))]
    return make_network(chain, [(12,), (40,), (50,), (30,)], extra=extra, integer=integer)


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["loihi1", "loihi2"]), st.data())
def test_irregular_cores_pass_the_checker(
    make_network: Callable[..., Network],
    make_target: Callable[..., Target],
    seed: int,
    integer: bool,
    chip: str,
    data: st.DataObject,
) -> None:
    network = network_of(make_network, seed, integer)
    names = irregular_populations(network)
    assert names == ("layer1", "layer2", "layer3")
    shared = chip == "loihi2"
    target = make_target(
        chip,
        neurons=data.draw(st.integers(8, 60)),
        synaptic_memory_bits=data.draw(st.one_of(st.none(), st.integers(6_000, 60_000))),
        memory_bits=data.draw(st.one_of(st.none(), st.integers(20_000, 90_000))) if shared else None,
        input_axons=data.draw(st.one_of(st.none(), st.integers(60, 150))),
        output_axons=data.draw(st.one_of(st.none(), st.integers(60, 200))),
    )
    cores = divide_irregular(network, names, target, None, Search("fast", seed=seed), "growing")
    if cores is None:
        return
    assert not check_cores(network, target, cores)
    assert np.array_equal(np.unique(np.concatenate(list(cores.values()))), np.arange(1 + max(map(max, cores.values()))))


def test_roomy_cores_are_filled(make_network: Callable[..., Network], make_target: Callable[..., Target]) -> None:
    network = network_of(make_network, 1, integer=False)
    target = make_target("loihi1", neurons=31)
    cores = divide_irregular(network, irregular_populations(network), target, None, Search("fast"))
    assert cores is not None
    assert 1 + max(int(part.max()) for part in cores.values()) == 4  # 120 neurons


def test_an_unknown_method_is_a_mistake_of_the_user(
    make_network: Callable[..., Network], make_target: Callable[..., Target]
) -> None:
    network = network_of(make_network, 1, integer=False)
    with pytest.raises(UsageError, match="known are"):
        divide_irregular(network, ("layer1",), make_target(), None, Search(), "magic")


def test_growing_stays_within_its_arrays_where_sources_never_spike(monkeypatch):
    # Compiled code would write beyond them without a word.
    monkeypatch.setattr(growing, "_grown", growing._grown.py_func)
    silent = dataclasses.replace(liquid(0, 60, 8, 4.0), rates=np.zeros(60))
    level = finest_level(silent, BlockLimits(neurons=20))
    blocks = growing.grown(level, 4, BlockLimits(neurons=20).caps(), 0)
    assert np.bincount(blocks, minlength=4).max() <= 20
