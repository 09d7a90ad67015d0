"""Small groups of boxes that share cores, and layers cut in the order of their neurons."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.partition.dense_blocks import row_blocks
from spikeloom.mapping.partition.packing import Group, load_of, pack
from spikeloom.mapping.partition.tiling import Tiling
from spikeloom.mapping.resources import Accountant, Load
from spikeloom.mapping.search import Search
from spikeloom.models.connectivity import Dense, OneToOne
from spikeloom.models.network import Network

Make = Callable[..., Any]


def chain(make_network: Make, sizes: list[int]) -> Network:
    layers = [OneToOne(np.ones(size, dtype=np.int64)) for size in sizes[:1]]
    layers += [Dense(np.ones((after, before), dtype=np.int64)) for before, after in pairwise(sizes)]
    network: Network = make_network(layers, [(sizes[0],), *((size,) for size in sizes)], integer=True)
    return network


def groups_of(accountant: Accountant, sizes: list[int]) -> list[Group]:
    boxes = [((Tiling(f"layer{number}", (0, size), (0, 1), (0, 1)), 0),) for number, size in enumerate(sizes, start=1)]
    return [Group(box, number, load_of(accountant, box)) for number, box in enumerate(boxes)]


def test_what_sends_each_other_most_shares_a_core(make_network: Make, make_target: Make) -> None:
    network = chain(make_network, [10, 10, 10])
    accountant = Accountant(network, make_target(neurons=20, input_axons=None, output_axons=None))
    groups = groups_of(accountant, [10, 10, 10])
    for loud, together in (((0, 2), [0, 1, 0]), ((1, 2), [0, 1, 1]), ((0, 1), [0, 0, 1])):
        traffic = sparse.lil_array((3, 3))
        traffic[0, 1] = traffic[1, 2] = traffic[0, 2] = 1
        traffic[loud] = 5
        core = pack(accountant, groups, sparse.csr_array(traffic), 100, Search())
        assert core.tolist() == together


def test_strangers_share_a_core_only_where_cores_are_scarce_or_empty(make_network: Make, make_target: Make) -> None:
    network = chain(make_network, [9, 9])
    silent = sparse.csr_array((2, 2))
    for neurons, cores, used in ((10, 100, 2), (18, 1, 1), (18, 100, 1), (11, 100, 2)):
        accountant = Accountant(network, make_target(neurons=neurons, input_axons=None, output_axons=None))
        core = pack(accountant, groups_of(accountant, [9, 9]), silent, cores, Search())
        assert np.unique(core).size == used


@given(data=st.data(), limited=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_core_holds_more_than_it_has_room_for(
    data: st.DataObject, limited: bool, make_network: Make, make_target: Make
) -> None:
    sizes = data.draw(st.lists(st.integers(1, 12), min_size=2, max_size=8))
    network = chain(make_network, sizes)
    target = make_target(
        neurons=data.draw(st.integers(12, 40)),
        synaptic_memory_bits=data.draw(st.integers(2000, 8000)),
        input_axons=data.draw(st.integers(12, 30)) if limited else None,
        output_axons=None,
    )
    accountant = Accountant(network, target)
    groups = groups_of(accountant, sizes)
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    traffic = sparse.csr_array(np.triu(random.integers(0, 5, (len(sizes), len(sizes))), 1).astype(float))
    core = pack(accountant, groups, traffic, data.draw(st.sampled_from([1, 100])), Search())
    assert np.unique(core).tolist() == list(range(core.max() + 1))
    for number in range(core.max() + 1):
        load = Load()
        for group in np.flatnonzero(core == number):
            load = accountant.add(load, f"layer{group + 1}", np.arange(sizes[group]))
        assert accountant.exceeded(load) == ()


@pytest.mark.parametrize("bits", [700, 1000, 5000, 100_000])
@pytest.mark.parametrize("zeros", [0.0, 0.8])
def test_dense_rows_take_as_few_cores_as_filling_one_after_the_other(
    make_network: Make, make_target: Make, bits: int, zeros: float
) -> None:
    random = np.random.default_rng(1)
    weights = random.integers(1, 100, (61, 7)) * (random.random((61, 7)) >= zeros)
    network = make_network([Dense(weights)], [(7,), (61,)], integer=True)
    target = make_target(neurons=50, synaptic_memory_bits=bits, input_axons=None, output_axons=None)
    accountant = Accountant(network, target)
    cuts = row_blocks(accountant, "layer1", 61)
    first, blocks = 0, 0
    while first < 61:
        last = first + 1
        while last < 61 and not accountant.exceeded(accountant.add(Load(), "layer1", np.arange(first, last + 1))):
            last += 1
        first, blocks = last, blocks + 1
    assert cuts is not None
    assert len(cuts) - 1 == blocks
    for low, high in pairwise(cuts):
        assert not accountant.exceeded(accountant.add(Load(), "layer1", np.arange(low, high)))


def test_a_row_that_fits_nowhere_has_no_blocks(make_network: Make, make_target: Make) -> None:
    network = make_network([Dense(np.full((3, 100), 99))], [(100,), (3,)], integer=True)
    target = make_target(synaptic_memory_bits=100)
    assert row_blocks(Accountant(network, target), "layer1", 3) is None
