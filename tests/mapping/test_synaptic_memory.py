"""The memory model against the table that Loihi 2's own compiler printed, and both counts of it against each other."""

from __future__ import annotations

import numpy as np
import pytest

from spikeloom.mapping.feasibility import Needs
from spikeloom.mapping.resources import Accountant, Load
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse

WORD = 128


def words(make_network, connectivity, shapes, cores=None, target="loihi2"):
    """Words on each core, counted by the partitioner's account and by the checker; they have to agree."""
    network, chip = make_network([connectivity], shapes), load_target(target)
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


def test_groups_store_their_own_kernels(make_network):
    depthwise = Convolution(np.ones((6, 1, 3)), (6, 8), (1,), ((1, 1),), (1,), 6)
    # Per channel 3 places, of ceil((128 + 8) / 128) = 2 words each.
    assert words(make_network, depthwise, [(6, 8), (6, 8)]) == [6 * 3 * 2]
    pool = Pool(np.ones(6), (6, 8), (2,), (2,), ((0, 0),))
    # ceil((160 + 8) / 128) = 2 words for each of two places.
    assert words(make_network, pool, [(6, 8), (6, 4)]) == [6 * 2 * 2]


def test_sparse_and_one_to_one_synapses(make_network):
    matrix = np.zeros((6, 3))
    matrix[:5, 0] = 1  # five synapses, two words
    matrix[5, 2] = 1  # one synapse, one word; the second source has none
    sparse = Sparse.from_matrix(Dense(matrix).to_sparse())
    assert words(make_network, sparse, [(3,), (6,)]) == [3]
    # Dense axons store zeros, too: six neurons are two words, and the second source is no axon.
    assert words(make_network, Dense(matrix), [(3,), (6,)]) == [4]
    assert words(make_network, OneToOne(np.asarray([1.0, 0.0, 2.0])), [(3,), (3,)]) == [2]


def test_loihi1_by_hand(make_network):
    # 16 bits of header and 8 bits for each of 1024 neurons are 8208 bits, which 129 words of 64 bits hold.
    assert words(make_network, Dense(np.ones((1024, 2))), [(2,), (1024,)], target="loihi1") == [2 * 129]
