"""The choice of cuts: its closed forms against the account and single synapses, and that nothing cheaper is missed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikeloom.mapping.partition.box_needs import BoxNeeds, Grid
from spikeloom.mapping.partition.box_tiling import Price, best_block, even_cuts
from spikeloom.mapping.partition.box_traffic import box_traffic
from spikeloom.mapping.partition.fused_tiling import best_blocks
from spikeloom.mapping.partition.partition import on_chip
from spikeloom.mapping.partition.tiling import Tiling
from spikeloom.mapping.resources import RESOURCES, Accountant, Load
from spikeloom.mapping.search import Search
from spikeloom.mapping.target import Target
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool
from spikeloom.models.network import Network

Make = Callable[..., Any]


@st.composite
def structured(draw: st.DrawFn) -> list[Connectivity]:
    """A chain of layers over positions, with kernels that hold zeros now and then."""
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    shape = draw(st.sampled_from([(2, 6, 5), (3, 8, 8), (4, 1, 9), (3, 9)]))
    layers: list[Connectivity] = []
    for _ in range(draw(st.integers(1, 3))):
        kernel = tuple(draw(st.integers(1, min(3, size))) for size in shape[1:])
        stride = tuple(draw(st.integers(1, 2)) for _ in kernel)
        padding = tuple((size // 2, size // 2) for size in kernel)
        kind = draw(st.sampled_from(["convolution", "convolution", "pool", "one"]))
        if kind == "one":
            layers.append(OneToOne(random.integers(0, 9, int(np.prod(shape)))))
            continue
        if kind == "pool":
            layers.append(Pool(np.ones(shape[0], dtype=np.int64), shape, kernel, stride, padding))
        else:
            groups = draw(st.sampled_from([1, shape[0]]))
            weights = random.integers(-3, 9, (groups * draw(st.integers(1, 3)), shape[0] // groups, *kernel))
            layers.append(Convolution(weights, shape, stride, padding, (1,) * len(kernel), groups))
        shape = layers[-1].output_shape  # type: ignore[attr-defined]
    return layers


def network_of(make_network: Make, layers: list[Connectivity]) -> Network:
    shapes: list[tuple[int, ...]] = [layers[0].input_shape if not isinstance(layers[0], OneToOne) else ()]  # type: ignore[attr-defined]
    for layer in layers:
        shapes.append(shapes[-1] if isinstance(layer, OneToOne) else layer.output_shape)  # type: ignore[attr-defined]
    network: Network = make_network(layers, shapes, integer=True)
    return network


def grids(extents: tuple[int, int, int]) -> Grid:
    """A few ways along each axis."""
    ways = [tuple(even_cuts(extent, parts) for parts in sorted({1, min(2, extent), extent})) for extent in extents]
    return Grid(*ways)


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_needs_are_never_less_than_those_of_the_neediest_box(
    data: st.DataObject, make_network: Make, make_target: Make
) -> None:
    layers = data.draw(structured().filter(lambda layers: not isinstance(layers[0], OneToOne)))
    network = network_of(make_network, layers)
    kinds = [{"base": "loihi1"}, {"base": "loihi1", "shared": False}, {"base": "loihi2", "memory_bits": 10**9}]
    target = make_target(**data.draw(st.sampled_from(kinds)))
    accountant = Accountant(network, target)
    for population in on_chip(network):
        needs = BoxNeeds.of(network, target, population.name, {}, 0)
        assert needs is not None
        grid = grids(needs.extents)
        most = needs.most(grid)
        shared = all(arrival.kernel is not None for arrival in needs.arrivals)
        for way in itertools.product(*(range(len(ways)) for ways in grid)):
            tiling = Tiling(population.name, *(ways[number] for ways, number in zip(grid, way, strict=True)))
            loads = [accountant.add(Load(), population.name, tiling.neurons(box)) for box in range(tiling.boxes)]
            for resource in RESOURCES:
                true = max(getattr(load, resource) for load in loads)
                assert true <= most[resource][way]
                if resource == "neurons" or (resource == "synaptic_memory_bits" and shared):
                    assert true == most[resource][way]


@pytest.mark.parametrize("shape", [(1, 1, 7), (1, 7, 1), (1, 7)])
def test_room_of_tiles_tells_a_row_of_a_plane_from_a_line(
    make_network: Make, make_target: Make, shape: tuple[int, ...]
) -> None:
    weights = np.ones((2, 1, *(1,) * (len(shape) - 1)), dtype=np.int64)
    stride, padding = (1,) * (len(shape) - 1), ((0, 0),) * (len(shape) - 1)
    network = make_network(
        [Convolution(weights, shape, stride, padding, stride)], [shape, (2, *shape[1:])], integer=True
    )
    target = make_target(base="loihi2", memory_bits=10**9)
    needs = needs_of(network, target, "layer1")
    cuts = even_cuts(needs.extents[1], min(2, needs.extents[1])), even_cuts(needs.extents[2], min(2, needs.extents[2]))
    tiling = Tiling("layer1", (0, 2), *cuts)
    accountant = Accountant(network, target)
    most = needs.most(Grid((tiling.channels,), (tiling.rows,), (tiling.columns,)))["memory_bits"].item()
    assert most == max(accountant.add(Load(), "layer1", tiling.neurons(box)).memory_bits for box in range(tiling.boxes))


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_messages_are_those_between_boxes_on_different_cores(
    data: st.DataObject, make_network: Make, make_target: Make
) -> None:
    layers = data.draw(structured().filter(lambda layers: len(layers) > 1 and not isinstance(layers[0], OneToOne)))
    network = network_of(make_network, layers)
    target = make_target()
    first, second = (needs_of(network, target, name) for name in ("layer1", "layer2"))
    coarse = [min(pair) for pair in zip(first.extents, second.extents, strict=True)]
    cuts = [even_cuts(extent, data.draw(st.integers(1, extent))) for extent in coarse]
    aligned = [
        Tiling(name, *(tuple(-(-cut * extent // along[-1]) for cut in along) for along, extent in zip(
            cuts, needs.extents, strict=True)))
        for name, needs in (("layer1", first), ("layer2", second))
    ]  # fmt: skip
    alone, beside = (Grid((tiling.channels,), (tiling.rows,), (tiling.columns,)) for tiling in aligned)
    traffic = box_traffic(second.arrivals[0].field, *aligned).toarray()
    assert second.messages(beside, {}).item() == pytest.approx(traffic.sum())
    assert second.messages(beside, {"layer1": alone}).item() == pytest.approx(traffic.sum() - np.trace(traffic))


def needs_of(network: Network, target: Target, name: str) -> BoxNeeds:
    needs = BoxNeeds.of(network, target, name, {}, 0)
    assert needs is not None
    return needs


@pytest.mark.parametrize("neurons", [6, 20, 64])
@pytest.mark.parametrize("bits", [3000, 10_000])
def test_no_even_cut_is_cheaper_than_the_best(make_network: Make, make_target: Make, neurons: int, bits: int) -> None:
    weights = np.random.default_rng(0).integers(1, 9, (12, 4, 3, 3))
    convolution = Convolution(weights, (4, 6, 8), (1, 1), ((1, 1), (1, 1)), (1, 1))
    network = make_network([convolution], [(4, 6, 8), (12, 6, 8)], integer=True)
    target = make_target(neurons=neurons, synaptic_memory_bits=bits, input_axons=None, output_axons=None)
    needs = needs_of(network, target, "layer1")
    limits = Accountant(network, target).limits
    best = best_block([needs], Price(limits, 0.0))
    costs = []
    for parts in itertools.product(range(1, 13), range(1, 7), range(1, 9)):
        tiling = Tiling("layer1", *(even_cuts(*pair) for pair in zip(needs.extents, parts, strict=True)))
        grid = Grid((tiling.channels,), (tiling.rows,), (tiling.columns,))
        most = needs.most(grid)
        if all(limit is None or most[resource].item() <= limit for resource, limit in limits.items()):
            costs.append(needs.messages(grid, {}).item())
    assert (best is None) == (not costs)
    if best is not None:
        assert best.cost == pytest.approx(min(costs))


def test_layers_are_cut_alike_only_where_that_saves_messages(make_network: Make, make_target: Make) -> None:
    """Depthwise layers send nothing off a core that has all positions of their channels; a dense one gains nothing."""
    weights = np.ones((6, 1, 3, 3), dtype=np.int64)
    depthwise = Convolution(weights, (6, 4, 4), (1, 1), ((1, 1), (1, 1)), (1, 1), 6)
    all_channels = Convolution(np.ones((6, 6, 1, 1), dtype=np.int64), (6, 4, 4), (1, 1), ((0, 0), (0, 0)), (1, 1))
    target = make_target(neurons=32, input_axons=None, output_axons=None)
    network = make_network([depthwise, depthwise, all_channels], [(6, 4, 4)] * 4, integer=True)
    layers = [needs_of(network, target, f"layer{number}") for number in (1, 2, 3)]
    price = Price(Accountant(network, target).limits, 0.0)
    blocks = best_blocks(layers, price, 3, Search())
    assert blocks is not None
    names = [[tiling.population for tiling in block.tilings] for block in blocks]
    assert names[0] == ["layer1", "layer2"]
    assert blocks[0].tilings[0].channels == tuple(range(7))
    single = best_blocks(layers, price, 1, Search())
    assert single is not None
    assert sum(block.cost for block in blocks) < sum(block.cost for block in single)


def test_dense_layers_see_everything(make_network: Make, make_target: Make) -> None:
    network = make_network([Dense(np.ones((24, 10), dtype=np.int64))], [(10,), (2, 3, 4)], integer=True)
    needs = needs_of(network, make_target(), "layer1")
    grid = Grid((even_cuts(2, 2),), (even_cuts(3, 3),), (even_cuts(4, 1),))
    assert needs.messages(grid, {}).item() == 6 * 10
    assert needs.most(grid)["input_axons"].item() == 10
