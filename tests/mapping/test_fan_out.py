"""Every synapse is counted for its source, on its core, and as the kind that the core stores it as."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping.feasibility import Needs
from spikeloom.mapping.traffic.fan_out import count_fan_out
from spikeloom.models.connectivity import Convolution, Dense, Sparse

RUNS = settings(deadline=None)


def random_cores(network, random):
    """Every neuron on any of some cores, of which all are in use."""
    names = [population for population in network.populations if population.role.value != "input"]
    cores = random.integers(1, 10)
    parts = {population.name: random.integers(0, cores, population.size) for population in names}
    used = np.unique(np.concatenate(list(parts.values())))
    return {name: np.searchsorted(used, part) for name, part in parts.items()}


@RUNS
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_synapses_and_destinations_are_those_of_the_listed_synapses(data, seed, networks, targets):
    network, target = data.draw(networks), data.draw(targets)
    core_of = random_cores(network, np.random.default_rng(seed))
    fan_out = count_fan_out(network, target, core_of)
    expected = {}
    for projection in network.projections:
        matrix = (projection.connectivity.to_sparse() != 0).astype(np.int64).toarray()
        by_core = np.zeros((fan_out.cores, matrix.shape[1]), dtype=np.int64)
        np.add.at(by_core, core_of[projection.target], matrix)
        expected[projection.source] = expected.get(projection.source, 0) + by_core.T
        assert np.array_equal(fan_out.projections[projection.name], matrix.sum(axis=0))
    for name, counts in expected.items():
        groups = fan_out.groups[name]
        found = sum(parts[name].toarray() for parts in fan_out.synapses.values() if name in parts)
        assert np.array_equal(found[groups], counts)
        assert np.array_equal(fan_out.destinations[name].toarray()[groups], counts > 0)
        abroad = counts > 0
        if name in core_of:
            abroad[np.arange(abroad.shape[0]), core_of[name]] = False
        assert np.array_equal(fan_out.packets[name].toarray()[groups], abroad)
        assert np.array_equal(fan_out.words[name].toarray()[groups] > 0, counts > 0)
    for population in network.populations:
        own = core_of.get(population.name, np.full(population.size, fan_out.cores))
        assert np.array_equal(fan_out.origins[population.name][fan_out.groups[population.name]], own)


def test_a_target_on_the_own_core_is_no_message(make_network, make_target):
    network = make_network([Dense(np.ones((2, 3)))], [(3,), (2,)], [(1, 1, Dense(np.ones((2, 2))))])
    fan_out = count_fan_out(network, make_target(), {"layer1": np.zeros(2, int)})
    assert fan_out.destinations["layer1"].nnz == 1
    assert fan_out.packets["layer1"].nnz == 0
    assert fan_out.packets["input"].nnz == 1
    assert fan_out.synapses["dense"]["layer1"].toarray().tolist() == [[2]]  # both neurons do the same
    assert fan_out.groups["layer1"].tolist() == [0, 0]


def test_kinds_of_synapses(make_network, make_target):
    convolution = Convolution(np.ones((2, 1, 3)), (1, 16), (1,), ((1, 1),), (1,))
    network = make_network([convolution, Dense(np.ones((3, 32)))], [(1, 16), (2, 16), (3,)])
    for shared, kind in ((True, "convolution"), (False, "sparse")):
        target = make_target(shared=shared)
        core_of = {"layer1": np.arange(32) // 8, "layer2": np.full(3, 4)}
        fan_out = count_fan_out(network, target, core_of)
        assert set(fan_out.synapses[kind]) == {"input"}
        assert set(fan_out.synapses["dense"]) == {"layer1"}


def test_each_core_has_the_format_that_takes_fewer_bits(make_network, make_target):
    # All sources reach the first half of the neurons, and one of them a neuron of the other half.
    weights = np.zeros((20, 4))
    weights[:10] = 1
    weights[15, 2] = 1
    for layer in (Dense(weights), Sparse.from_matrix(sparse.csr_array(weights))):
        network = make_network([layer], [(4,), (20,)])
        fan_out = count_fan_out(network, make_target(), {"layer1": np.arange(20) // 10})
        groups = fan_out.groups["input"]
        assert fan_out.synapses["dense"]["input"].toarray()[groups].tolist() == [[10, 0]] * 4
        assert fan_out.synapses["sparse"]["input"].toarray()[groups, 1].tolist() == [0, 0, 1, 0]


def test_a_large_layer_has_the_groups_of_its_corners_edges_and_middle(make_network, make_target):
    """3 x 3 kernels over a grid of boxes: neurons near a border have fewer synapses on their own box's core."""
    channels, size, box = 8, 64, 16
    kernel = Convolution(np.ones((channels, channels, 3, 3)), (channels, size, size), (1, 1), ((1, 1),) * 2, (1, 1))
    network = make_network([kernel, kernel], [(channels, size, size)] * 3)
    y, x = np.divmod(np.arange(size * size), size)
    boxes = np.tile(y // box * (size // box) + x // box, channels)
    across = size // box
    fan_out = count_fan_out(network, make_target("loihi2"), {"layer1": boxes, "layer2": across**2 + boxes})
    # In a corner of the layer, both edges that are the layer's own have six synapses on the same core.
    sizes = np.bincount(fan_out.groups["layer1"]) // channels
    assert {size: int(np.count_nonzero(sizes == size)) for size in np.unique(sizes).tolist()} == {
        1: 4 * across**2, 14: 4 * across**2 - 8, 28: 4, 14 * 14: across**2
    }  # fmt: skip
    together = np.stack([fan_out.groups["layer1"], fan_out.groups["input"]])
    assert np.unique(together, axis=1).shape[1] == sizes.size == 1 + fan_out.groups["input"].max()
    assert np.array_equal(fan_out.groups["layer2"], boxes)  # they send nothing


@given(data=st.data(), seed=st.integers(0, 10**6))
def test_kinds_are_those_of_the_account_of_memory(data, seed, networks, targets):
    """A core takes as many bits as if it had no choice but the kind that its synapses count as."""
    network, target = data.draw(networks), data.draw(targets)
    core_of = random_cores(network, np.random.default_rng(seed))
    cores = 1 + max(int(part.max()) for part in core_of.values())
    for projection in network.projections:
        alone = network.replace(projections=(projection,))
        bits = Needs(alone, target, core_of, cores).synaptic_memory_bits
        synapses = count_fan_out(alone, target, core_of).synapses
        for kind, other in (("dense", "sparse"), ("sparse", "dense")):
            here = np.unique([matrix.tocoo().col for matrix in synapses[kind].values()]).astype(int)
            forced = Needs(alone, without(target, other), core_of, cores).synaptic_memory_bits
            assert np.array_equal(forced[here], bits[here])


def without(target, kind):
    """The target with a kind of listed synapses that is far too large to be chosen."""
    memory = target.synaptic_memory
    huge = memory.word_bits.model_copy(update={"value": 10**6})
    listed = getattr(memory, kind).model_copy(update={"header_bits": huge})
    return target.model_copy(update={"synaptic_memory": memory.model_copy(update={kind: listed})})
