"""The memory model against the table that Loihi 2's own compiler printed, and both counts of it against each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.mapping.feasibility import Needs, check_cores
from spikeloom.mapping.partition.box_partition import BoxPartition
from spikeloom.mapping.partition.sequential import Sequential
from spikeloom.mapping.resources import Accountant, Load
from spikeloom.mapping.sparsity import zero_share
from spikeloom.mapping.synaptic_memory import memory_of_projections
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.network import Role

WORD = 128


def words(make_network, connectivity, shapes, cores=None, target="loihi2"):
    """Words on each core, counted by the partitioner's account and by the checker; they have to agree."""
    integer = np.issubdtype(connectivity.weights.dtype, np.integer)
    network, chip = make_network([connectivity], shapes, integer=integer), load_target(target)
    core_of = np.zeros(connectivity.targets, dtype=np.int64) if cores is None else np.asarray(cores)
    needs = Needs(network, chip, {"layer1": core_of}, int(core_of.max()) + 1)
    accountant = Accountant(network, chip)
    loads = [accountant.add(Load(), "layer1", np.flatnonzero(core_of == core)) for core in range(core_of.max() + 1)]
    assert [load.synaptic_memory_bits for load in loads] == needs.synaptic_memory_bits.tolist()
    word = chip.synaptic_memory.word_bits.value
    return [load.synaptic_memory_bits // word for load in loads]


@pytest.mark.parametrize(("sources", "neurons", "expected"), [(10, 1, 10), (50, 10, 150), (100, 50, 1300)])
def test_dense_layers_of_the_table(make_network, sources, neurons, expected):
    assert words(make_network, Dense(np.ones((neurons, sources))), [(sources,), (neurons,)]) == [expected]


def test_the_dense_layer_that_the_table_gives_as_a_mean(make_network):
    cores = np.arange(100) // 9  # eleven cores with nine neurons, and one with one
    counted = words(make_network, Dense(np.ones((100, 2560))), [(2560,), (100,)], cores)
    assert len(counted) == 12
    assert int(np.mean(counted)) == 7253


@pytest.mark.parametrize(
    ("channels", "inputs", "stride", "expected"),
    [
        (64, 64, (1, 1), 2880),
        (64, 48, (1, 2), 2160),
        (48, 36, (2, 2), 1620),
        (36, 24, (2, 2), 864),
        (24, 3, (2, 2), 81),
    ],
)
def test_convolutions_of_the_table(make_network, channels, inputs, stride, expected):
    convolution = Convolution(np.ones((channels, inputs, 3, 3)), (inputs, 7, 7), stride, ((0, 0), (0, 0)), (1, 1))
    shapes = [(inputs, 7, 7), convolution.output_shape]
    assert words(make_network, convolution, shapes) == [expected]
    # A core with a part of the image stores the same kernels once more.
    positions = int(np.prod(convolution.output_shape[1:]))
    halves = np.tile(np.arange(positions) % 2, channels)
    assert words(make_network, convolution, shapes, halves) == [expected, expected]


# Layer, as the compiler divided it: its shape, rows of a tile (0 for a dense layer, by neurons), and cores.
PILOTNET = [
    ((24, 99, 32), 4, 25),
    ((36, 49, 15), 4, 13),
    ((48, 24, 7), 8, 3),
    ((64, 22, 4), 8, 3),
    ((64, 20, 2), 16, 2),
    ((100,), 0, 12),
    ((50,), 0, 1),
    ((10,), 0, 1),
    ((1,), 0, 1),
]


@pytest.fixture(scope="module")
def pilotnet(make_network):
    """The network of the table, on an input of 3 x 200 x 66, and without its biases."""
    shape, layers = (3, 200, 66), []
    for (channels, *_), stride, along in zip(
        [shape for shape, _, _ in PILOTNET[:5]],
        [(2, 2), (2, 2), (2, 2), (1, 2), (1, 1)],
        [0, 0, 0, 1, 0],
        strict=True,
    ):
        kernels = np.ones((channels, shape[0], 3, 3))
        layers.append(Convolution(kernels, shape, stride, ((0, 0), (along, along)), (1, 1)))
        shape = layers[-1].output_shape
    sizes = [2560, 100, 50, 10, 1]
    layers += [Dense(np.ones((targets, sources))) for sources, targets in pairwise(sizes)]
    shapes = [shape for shape, _, _ in PILOTNET]
    assert [layer.output_shape for layer in layers[:5]] == shapes[:5]
    return make_network(layers, [(3, 200, 66), *shapes])


def test_tiles_and_cores_of_the_table(pilotnet):
    """Of every layer by itself: the tallest tile that fits, with all columns and channels; of matrices, neurons."""
    target = load_target("loihi2")
    accountant = Accountant(pilotnet, target)
    for number, (shape, rows, cores) in enumerate(PILOTNET, start=1):
        name = f"layer{number}"
        neurons = np.arange(int(np.prod(shape))).reshape(shape)
        if not rows:
            fitting = [n for n in range(1, shape[0] + 1) if fits(accountant, name, neurons[:n])]
            assert -(-shape[0] // fitting[-1]) == cores
            continue
        heights = [2**power for power in range(8) if fits(accountant, name, neurons[:, : 2**power])]
        assert heights[-1] == rows
        assert -(-shape[1] // rows) == cores


def fits(accountant, name, neurons):
    return not accountant.exceeded(accountant.add(Load(), name, neurons.ravel()))


def test_the_input_of_the_table_would_fit_in_tiles_of_16_rows(make_network):
    """It took 13 cores; here inputs are off the chip, so that it stands as a layer."""
    copy = Convolution(np.ones((3, 1, 1, 1)), (3, 200, 66), (1, 1), ((0, 0), (0, 0)), (1, 1), 3)
    network = make_network([copy], [(3, 200, 66)] * 2)
    accountant = Accountant(network, load_target("loihi2"))
    neurons = np.arange(3 * 200 * 66).reshape(3, 200, 66)
    assert fits(accountant, "layer1", neurons[:, :16])
    assert not fits(accountant, "layer1", neurons[:, :32])
    assert -(-200 // 16) == 13


def test_a_layer_that_ends_within_a_tile_takes_room_for_all_of_it(pilotnet):
    """Which is why 20 rows of 2 columns and 64 channels went to two cores."""
    load = Accountant(pilotnet, load_target("loihi2")).add(Load(), "layer5", np.arange(20 * 2 * 64))
    assert load.neurons == 2560
    assert load.memory_bits == 64 * 32 * 2 * 384 + 2880 * WORD > 12_000 * WORD


@pytest.mark.parametrize("strategy", [Sequential("positions"), BoxPartition()])
def test_cores_of_the_whole_table(pilotnet, strategy):
    """The compiler's layers shared no core, ours may; within 10 % of its 61."""
    target = load_target("loihi2")
    core_of = strategy.partition(pilotnet, target)
    assert not check_cores(pilotnet, target, core_of)
    assert abs(1 + max(int(cores.max()) for cores in core_of.values()) - 61) <= 6.1


@pytest.mark.parametrize("name", ["bits_per_neuron", "bits_per_listed_synapse"])
def test_the_table_bounds_the_derived_numbers_from_both_sides(pilotnet, name):
    def gives_the_table(value):
        data = load_target("loihi2").model_dump()
        data["synaptic_memory"]["shared"][name] |= {"value": value, "low": 0, "high": 1000}
        accountant = Accountant(pilotnet, Target.model_validate(data))
        for number, (shape, rows, _) in enumerate(PILOTNET[:6], start=1):
            neurons = np.arange(int(np.prod(shape))).reshape(shape)
            together, more = (neurons[:, :rows], neurons[:, : 2 * rows]) if rows else (neurons[:9], neurons[:10])
            if not fits(accountant, f"layer{number}", together) or fits(accountant, f"layer{number}", more):
                return False
        return 3 * 16 * 66 * data["synaptic_memory"]["shared"]["bits_per_neuron"]["value"] <= 1_536_000

    derived = getattr(load_target("loihi2").synaptic_memory.shared, name)
    assert [gives_the_table(value) for value in (derived.low - 1, derived.low, derived.value)] == [False, True, True]
    assert [gives_the_table(value) for value in (derived.high, derived.high + 1)] == [True, False]


def test_groups_store_their_own_kernels(make_network):
    depthwise = Convolution(np.ones((6, 1, 3)), (6, 8), (1,), ((1, 1),), (1,), 6)
    # Per channel 3 places, of ceil((128 + 8) / 128) = 2 words each.
    assert words(make_network, depthwise, [(6, 8), (6, 8)]) == [6 * 3 * 2]
    pool = Pool(np.ones(6), (6, 8), (2,), (2,), ((0, 0),))
    # ceil((160 + 8) / 128) = 2 words for each of two places.
    assert words(make_network, pool, [(6, 8), (6, 4)]) == [6 * 2 * 2]


def test_listed_synapses(make_network):
    matrix = np.zeros((6, 3))
    matrix[:5, 0] = 1  # five synapses, two words
    matrix[5, 2] = 1  # one synapse, one word; the second source has none
    sparse = Sparse.from_matrix(Dense(matrix).to_sparse())
    for listed in (sparse, Dense(matrix)):
        assert words(make_network, listed, [(3,), (6,)]) == [3]
    assert words(make_network, OneToOne(np.asarray([1.0, 0.0, 2.0])), [(3,), (3,)]) == [2]


def test_zeros_are_stored_where_that_takes_fewer_bits(make_network):
    matrix = np.ones((100, 2))
    matrix[::4] = 0
    # Dense: 16 bits and 8 for each of 100 neurons are 13 words of 64. Sparse: 16 and 18 for each of 75 would be 22.
    assert words(make_network, Dense(matrix), [(2,), (100,)], target="loihi1") == [2 * 13]
    # A core with the first tenth of the neurons, and one synapse left on the other: 2 words an axon, and 1.
    matrix[10:] = 0
    matrix[50, 1] = 1
    cores = np.arange(100) >= 10
    assert words(make_network, Dense(matrix), [(2,), (100,)], cores.astype(int), target="loihi1") == [2 * 2, 1]


def test_loihi1_by_hand(make_network):
    # 16 bits of header and 8 bits for each of 1024 neurons are 8208 bits, which 129 words of 64 bits hold.
    assert words(make_network, Dense(np.ones((1024, 2))), [(2,), (1024,)], target="loihi1") == [2 * 129]


@pytest.mark.parametrize(
    ("largest", "bits", "with_a_sign"), [(1, 1, 2), (3, 2, 3), (63, 6, 8), (64, 8, 8), (127, 8, 8), (255, 8, 9)]
)
def test_narrow_weights_take_less_on_loihi1(make_network, largest, bits, with_a_sign):
    weights = np.ones((1024, 2), dtype=np.int16)
    weights[0, 0] = largest
    shapes = [(2,), (1024,)]
    assert words(make_network, Dense(weights), shapes, target="loihi1") == [2 * -(-(16 + 1024 * bits) // 64)]
    weights[0, 1] = -1
    expected = [2 * -(-(16 + 1024 * with_a_sign) // 64)]
    assert words(make_network, Dense(weights), shapes, target="loihi1") == expected
    if largest < 128:  # a power of two that all share costs nothing
        assert words(make_network, Dense(2 * weights), shapes, target="loihi1") == expected
    # The compiler of Loihi 2 gave every synapse 32 bits.
    assert words(make_network, Dense(weights), shapes) == [2 * 1024 // 4]


def test_zeros_of_kernels(make_network):
    kernels = np.zeros((20, 1, 3), dtype=np.int16)
    kernels[:5, :, 0] = kernels[:, :, 1] = 127
    kernels[0, :, 1] = 100
    convolution = Convolution(kernels, (1, 8), (1,), ((1, 1),), (1,))
    # Loihi 1: 16 + 5 * 18 bits are 2 words, 16 + 20 * 18 are 6, and nothing is nothing. Loihi 2: 128 + 20 * 8, thrice.
    assert words(make_network, convolution, [(1, 8), (20, 8)], target="loihi1") == [2 + 6]
    assert words(make_network, convolution, [(1, 8), (20, 8)]) == [3 * 3]
    # Every third channel, so that those on a core are no stretch: 16 + 2 * 18 bits, and 16 + 7 * 18.
    cores = np.where(np.arange(20 * 8) // 8 % 3, 1, 0)
    assert words(make_network, convolution, [(1, 8), (20, 8)], cores, target="loihi1")[0] == 1 + 3


@given(data=st.data())
def test_both_counts_agree_and_zeros_never_cost(data, networks, targets):
    """On any cores; and of weights that become zero, no core gets fuller."""
    network, target = data.draw(networks), data.draw(targets)
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    cores = data.draw(st.integers(1, 4))
    populations = [population for population in network.populations if population.role is not Role.INPUT]
    core_of = {population.name: random.integers(0, cores, population.size) for population in populations}
    fewer = network.replace(
        projections=tuple(
            replace(projection, connectivity=with_more_zeros(projection.connectivity, random))
            for projection in network.projections
        )
    )
    before, after = (Needs(each, target, core_of, cores).synaptic_memory_bits for each in (network, fewer))
    assert np.all(after <= before)
    for each, needs in ((network, before), (fewer, after)):
        accountant = Accountant(each, target)
        for core in range(cores):
            load = Load()
            for population in populations:
                here = np.flatnonzero(core_of[population.name] == core)
                load = accountant.add(load, population.name, here) if here.size else load
            assert load.synaptic_memory_bits == needs[core]
        by_projection = memory_of_projections(each, target, core_of)
        assert set(by_projection) == {projection.name for projection in each.projections}
        assert sum(by_projection.values()) == needs.sum()


def with_more_zeros(connectivity, random):
    weights = connectivity.weights.copy()
    weights[random.random(weights.shape) < random.choice([0.1, 0.5, 1.0])] = 0
    return connectivity.with_weights(weights)


@given(data=st.data())
def test_more_neurons_never_take_less(data, networks, targets):
    """Which is what lets the partitioner try numbers of neurons by halves."""
    network, target = data.draw(networks), data.draw(targets)
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    accountant = Accountant(network, target)
    for population in network.populations:
        if population.role is Role.INPUT:
            continue
        order = random.permutation(population.size) if data.draw(st.booleans()) else np.arange(population.size)
        loads = [
            accountant.add(Load(), population.name, np.sort(order[:count])) for count in range(1, population.size + 1)
        ]
        for resource in ("synaptic_memory_bits", "memory_bits", "input_axons"):
            needs = [getattr(load, resource) for load in loads]
            assert needs == sorted(needs)


@pytest.mark.parametrize(
    ("connectivity", "expected"),
    [
        (Dense(np.asarray([[0, 1, 0], [2, 0, 0]])), 4 / 6),
        (Dense(np.zeros((2, 0))), 0.0),
        (OneToOne(np.asarray([1, 0])), 1 / 2),
        (Sparse(np.asarray([1, 0]), np.asarray([0, 2]), np.asarray([0, 1, 2]), 3), 1 / 2),
        # Over 4 positions with padding, the ends of a kernel of 3 are used 3 times, its middle 4 times.
        (Convolution(np.asarray([[[1, 0, 1]]]), (1, 4), (1,), ((1, 1),), (1,)), 4 / 10),
        (Pool(np.asarray([1, 0, 1, 1]), (4, 4), (2,), (2,), ((0, 0),)), 1 / 4),
    ],
)
def test_share_of_zeros(connectivity, expected):
    assert zero_share(connectivity) == pytest.approx(expected)
