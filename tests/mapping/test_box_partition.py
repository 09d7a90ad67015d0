"""Partitions into boxes: complete, within every limit, and with fewer messages than filling cores in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikeloom.mapping.feasibility import check_cores
from spikeloom.mapping.partition.box_partition import BoxPartition, tile_populations
from spikeloom.mapping.partition.partition import on_chip
from spikeloom.mapping.partition.sequential import Sequential
from spikeloom.mapping.resources import Accountant, Load
from spikeloom.mapping.search import Search
from spikeloom.mapping.target import Target
from spikeloom.mapping.traffic.traffic import count_traffic
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool
from spikeloom.models.network import Network

Make = Callable[..., Any]
SAME = ((1, 1), (1, 1))


@pytest.fixture
def stack(make_network: Make) -> Network:
    """Three convolutions over 16 x 16 positions with a pooling behind the second."""
    random = np.random.default_rng(0)

    def kernel(outputs: int, shape: tuple[int, ...]) -> Convolution:
        weights = random.integers(1, 9, (outputs, shape[0], 3, 3))
        return Convolution(weights, shape, (1, 1), SAME, (1, 1))

    first = kernel(8, (2, 16, 16))
    second = kernel(8, first.output_shape)
    pool = Pool(np.ones(8, dtype=np.int64), second.output_shape, (2, 2), (2, 2), ((0, 0), (0, 0)))
    third = kernel(16, pool.output_shape)
    layers = [first, second, pool, third]
    shapes = [(2, 16, 16), *(layer.output_shape for layer in layers)]
    network: Network = make_network(layers, shapes, integer=True)
    return network


@given(data=st.data(), fused=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_partition_is_feasible(
    data: st.DataObject, fused: bool, networks: st.SearchStrategy[Network], targets: st.SearchStrategy[Target]
) -> None:
    network, target = data.draw(networks), data.draw(targets)
    core_of = BoxPartition(fused).partition(network, target)
    if core_of is None:
        return
    assert check_cores(network, target, core_of) == []
    for population in on_chip(network):
        assert core_of[population.name].dtype == np.int32
        assert core_of[population.name].shape == (population.size,)
    used = np.unique(np.concatenate(list(core_of.values())))
    assert used.tolist() == list(range(used.size))


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_but_a_limit_stands_against_a_partition(
    data: st.DataObject, networks: st.SearchStrategy[Network], make_target: Make
) -> None:
    network = data.draw(networks)
    target = make_target(
        columns=40, rows=40, cores_per_tile=1, usable_cores=1600, neurons=data.draw(st.integers(1, 60)),
        input_axons=None, output_axons=None, synaptic_memory_bits=data.draw(st.integers(1000, 100_000)),
    )  # fmt: skip
    accountant = Accountant(network, target)
    single = [
        accountant.exceeded(accountant.add(Load(), population.name, np.array([neuron])))
        for population in on_chip(network)
        for neuron in range(population.size)
    ]
    assert (BoxPartition().partition(network, target) is None) == any(single)


def test_a_partition_with_more_cores_than_there_are_is_none(stack: Network, make_target: Make) -> None:
    few = make_target(columns=1, rows=1, cores_per_tile=2, usable_cores=2, neurons=64)
    assert BoxPartition().partition(stack, few) is None


def test_boxes_send_fewer_messages_than_filling_cores_in_order(stack: Network, make_target: Make) -> None:
    target = make_target(columns=16, rows=16, usable_cores=1024, neurons=256, input_axons=None, output_axons=None)
    deliveries = {}
    for partitioner in (Sequential("channels"), Sequential("positions"), BoxPartition(), BoxPartition(fused=True)):
        core_of = partitioner.partition(stack, target, {})
        assert core_of is not None
        deliveries[partitioner.name] = count_traffic(stack, target, core_of).deliveries
    assert deliveries["boxes"] < min(deliveries["sequential"], deliveries["positions"])
    assert deliveries["fused boxes"] < deliveries["boxes"]


def test_rates_decide_what_shares_a_core(make_network: Make, make_target: Make) -> None:
    """Where there is room for two of three layers that all send to each other, the one that spikes is not alone."""
    one = OneToOne(np.ones(16, dtype=np.int64))
    network = make_network([one, one, one], [(1, 4, 4)] * 4, [(1, 3, one)], integer=True)
    target = make_target(neurons=32, input_axons=None, output_axons=None)

    def cores(loud: str, quiet: str) -> list[int]:
        core_of = BoxPartition().partition(network, target, {loud: 1.0, quiet: 0.01})
        assert core_of is not None
        return [int(core_of[f"layer{number}"][0]) for number in (1, 2, 3)]

    first, second, third = cores(loud="layer2", quiet="layer1")
    assert second == third != first
    first, second, third = cores(loud="layer1", quiet="layer2")
    assert second != third


def test_a_kernel_too_large_for_a_core_is_divided_among_channels(make_network: Make, make_target: Make) -> None:
    weights = np.ones((64, 32, 3, 3), dtype=np.int64)
    convolution = Convolution(weights, (32, 4, 4), (1, 1), SAME, (1, 1))
    network = make_network([convolution], [(32, 4, 4), (64, 4, 4)], integer=True)
    target = make_target(neurons=1024, synaptic_memory_bits=100_000, input_axons=None, output_axons=None)
    core_of = BoxPartition().partition(network, target)
    assert core_of is not None
    by_channel = core_of["layer1"].reshape(64, -1)
    # The kernels of all channels on each core would not fit: a core has all positions of some channels.
    assert (by_channel == by_channel[:, :1]).all()
    assert np.unique(by_channel).size > 1


def test_tiles_of_powers_of_two_have_room_for_their_full_height(make_network: Make, make_target: Make) -> None:
    """On a chip whose memory holds 4 rows of room, 9 rows take three cores and not two of 5 and 4 rows."""
    weights = np.ones((1, 1, 3, 3), dtype=np.int64)
    convolution = Convolution(weights, (1, 9, 8), (1, 1), SAME, (1, 1))
    network = make_network([convolution], [(1, 9, 8), (1, 9, 8)], integer=True)
    target = make_target("loihi2", memory_bits=5 * 8 * 384 + 9 * 256)
    core_of = BoxPartition().partition(network, target)
    assert core_of is not None
    assert check_cores(network, target, core_of) == []
    assert np.unique(core_of["layer1"]).size == 3


def test_some_populations_alone(stack: Network, make_target: Make) -> None:
    target = make_target(columns=16, rows=16, usable_cores=1024, neurons=256)
    core_of = tile_populations(stack, target, None, ("layer2", "layer3"))
    assert core_of is not None
    assert sorted(core_of) == ["layer2", "layer3"]
    used = np.unique(np.concatenate(list(core_of.values())))
    assert used.tolist() == list(range(used.size))


def test_the_same_seed_gives_the_same_bytes(stack: Network, make_target: Make) -> None:
    target = make_target(columns=16, rows=16, usable_cores=1024, neurons=100)
    first, second = (BoxPartition(True).partition(stack, target, {}, Search(seed=3)) for _ in range(2))
    assert first is not None and second is not None
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_source_may_have_another_shape_than_the_kernel_sees(make_network: Make, make_target: Make) -> None:
    """A dense layer of 2 x 6 x 6 neurons without positions feeds a convolution, whose boxes feed a flat layer."""
    random = np.random.default_rng(0)
    dense = Dense(random.integers(1, 9, (72, 10)))
    convolution = Convolution(random.integers(1, 9, (4, 2, 3, 3)), (2, 6, 6), (1, 1), SAME, (1, 1))
    flat = OneToOne(random.integers(1, 9, 144))
    network = make_network([dense, convolution, flat], [(10,), (72,), (4, 6, 6), (144,)], integer=True)
    for limit in (None, 400):
        target = make_target(neurons=20, input_axons=limit, output_axons=limit)
        for fused in (False, True):
            core_of = BoxPartition(fused).partition(network, target)
            assert core_of is not None
            assert check_cores(network, target, core_of) == []


def test_dense_rows_stay_together(make_network: Make, make_target: Make) -> None:
    """A neuron is on one core with all its synapses, and the blocks are alike in size."""
    dense = Dense(np.ones((100, 40), dtype=np.int64) * 100)
    network = make_network([dense], [(40,), (100,)], integer=True)
    target = make_target(neurons=30, input_axons=None, output_axons=None)
    core_of = BoxPartition().partition(network, target)
    assert core_of is not None
    assert np.bincount(core_of["layer1"]).tolist() == [25, 25, 25, 25]
