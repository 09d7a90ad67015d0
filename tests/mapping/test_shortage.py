"""Why a network cannot fit: only what is true, and advice that takes the shortage away when it is followed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.mapping.partition.sequential import Sequential
from spikeloom.mapping.shortage.shortages import shortages
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse

RUNS = settings(deadline=None)


def assumed(value):
    return {"value": value, "unit": "bits", "kind": "assumed", "source": "a test"}


BIT = {**assumed(1), "low": 1, "high": 1}


def found(problems):
    return {(problem.layer, problem.resource) for problem in problems}


def number_before(advice, words):
    match = re.search(rf"(\d+) {words}", advice)
    assert match, advice
    return int(match[1])


@RUNS
@given(data=st.data())
def test_what_fits_has_no_shortage(data, networks, targets):
    network, target = data.draw(networks), data.draw(targets)
    problems = shortages(network, target)
    for order in ("channels", "positions"):
        if problems:
            assert Sequential(order).partition(network, target) is None
    assert all(problem.limit is not None and problem.used > problem.limit for problem in problems)


@RUNS
@given(data=st.data())
def test_a_board_as_large_as_advised_has_no_such_shortage(data, networks, make_target):
    network = data.draw(networks)
    base = data.draw(st.sampled_from(["loihi1", "loihi2"]))
    small = {"columns": 1, "rows": 1, "cores_per_tile": 1, "usable_cores": 1}
    limits = {"neurons": data.draw(st.integers(1, 9)), "synaptic_memory_bits": data.draw(st.integers(100, 3000))}
    target = make_target(base, **small, **limits)
    for problem in shortages(network, target):
        if problem.layer == "the network":
            board = target.with_chips(number_before(problem.advice, "chips"))
            assert ("the network", problem.resource) not in found(shortages(network, board))
            smaller = target.with_chips(board.topology.chips - 1)
            assert ("the network", problem.resource) in found(shortages(network, smaller))


def test_a_pooling_that_was_merged_into_a_matrix(make_network):
    """12,544 inputs of 128 bits each are more than the memory of a core; those behind the pooling are not."""
    shape, pooled = (4, 56, 56), (4, 28, 28)
    weights = np.random.default_rng(0).integers(1, 9, (3, *pooled))
    merged = Dense(np.repeat(np.repeat(weights, 2, axis=2), 2, axis=3).reshape(3, -1))
    one_to_one = OneToOne(np.ones(merged.sources, dtype=np.int64))
    network = make_network([one_to_one, merged], [shape, shape, (3,)], integer=True)
    target = load_target("loihi2")
    (problem,) = shortages(network, target)
    assert (problem.layer, problem.resource, problem.used) == ("layer2", "memory_bits", 12_544 * 128 + 384)
    assert "12544 inputs from layer1, of which at most 11997 fit on a core" in problem.advice
    assert "a pooling of 2 x 2 was merged" in problem.advice
    assert "would leave 3136 inputs, which fits" in problem.advice
    apart = Dense(weights.reshape(3, -1))
    pool = Pool(np.ones(4, dtype=np.int64), shape, (2, 2), (2, 2), ((0, 0), (0, 0)))
    again = make_network([one_to_one, pool, apart], [shape, shape, pooled, (3,)], integer=True)
    assert shortages(again, target) == []


def test_no_pooling_is_seen_where_there_is_none(make_network):
    weights = np.random.default_rng(0).integers(1, 9, (3, 4 * 56 * 56))
    network = make_network([Dense(weights)], [(4, 56, 56), (3,)], integer=True)
    (problem,) = shortages(network, load_target("loihi2"))
    assert "pooling" not in problem.advice


@pytest.mark.parametrize("base", ["loihi1", "loihi2"])
def test_as_many_inputs_as_advised_fit(base, make_network, make_target):
    def network(inputs):
        return make_network([Dense(np.full((2, inputs), -77))], [(inputs,), (2,)], integer=True)

    target = make_target(base, input_axons=None)
    (problem,) = shortages(network(30_000), target)
    most = int(re.search(r"at most (\d+) fit on a core", problem.advice)[1])
    assert shortages(network(most), target) == []
    assert found(shortages(network(most + 1), target)) == found([problem])
    limits = dict.fromkeys({problem.resource, "synaptic_memory_bits"}, problem.used)
    roomy = make_target(base, input_axons=None, **limits)
    assert f"a target with {problem.used} bits" in problem.advice
    assert shortages(network(30_000), roomy) == []


def test_input_axons_of_a_neuron(make_network, make_target):
    matrix = np.zeros((3, 50), dtype=np.int64)
    matrix[1, ::2] = 1
    sparse = Sparse.from_matrix(Dense(matrix).to_sparse())
    network = make_network([sparse], [(50,), (3,)], integer=True)
    (problem,) = shortages(network, make_target(input_axons=24))
    assert (problem.layer, problem.resource, problem.used, problem.limit) == ("layer1", "input_axons", 25, 24)
    assert shortages(network, make_target(input_axons=25)) == []


def test_input_axons_of_a_kernel(make_network, make_target):
    def network(inputs):
        kernels = np.ones((2, inputs, 3, 3), dtype=np.int64)
        convolution = Convolution(kernels, (inputs, 5, 5), (1, 1), ((1, 1), (1, 1)), (1, 1))
        return make_network([convolution], [(inputs, 5, 5), (2, 5, 5)], integer=True)

    target = make_target(input_axons=100)
    (problem,) = shortages(network(16), target)
    assert (problem.used, problem.limit) == (144, 100)
    assert "144 inputs from input, 3 x 3 of 16 channels; give it at most 11 channels" in problem.advice
    assert shortages(network(11), target) == []
    assert shortages(network(12), target)


def wide(width, *shape):
    """Weights with a sign that take that many bits."""
    weights = np.full(shape, 1 - 2 ** (width - 1))
    weights.flat[0] = 1
    return weights


def test_narrower_weights_are_advised_where_they_help(make_network, make_target):
    target = make_target(memory={"word_bits": BIT}, synaptic_memory_bits=100 * 21, input_axons=None)

    def network(width):
        return make_network([Dense(wide(width, 1, 100))], [(100,), (1,)], integer=True)

    (problem,) = shortages(network(8), target)
    assert "with 5-bit weights it would take 2100 bits" in problem.advice
    assert shortages(network(5), target) == []
    assert found(shortages(network(6), target)) == {("layer1", "synaptic_memory_bits")}
    # On a chip whose formats do not follow the weights, narrower ones are no help.
    fixed = make_target("loihi2", synaptic_memory_bits=100 * 127, memory_bits=None)
    (problem,) = shortages(network(8), fixed)
    assert "-bit weights" not in problem.advice


def test_narrower_weights_for_all_layers_together(make_network, make_target):
    small = {"columns": 1, "rows": 1, "cores_per_tile": 4, "usable_cores": 4, "input_axons": None}
    target = make_target(memory={"word_bits": BIT}, synaptic_memory_bits=5_000, **small)

    def network(width):
        return make_network([Dense(wide(width, 40, 100))], [(100,), (40,)], integer=True)

    (problem,) = shortages(network(8), target)
    assert problem.used == 8 * 40 * 100 and problem.limit == 4 * 5_000
    assert "takes 7 of 4 cores at least (most: layer1 7): use a board of at least 2 chips" in problem.advice
    assert "or 5-bit weights, with which it would take 4 cores at least" in problem.advice
    assert shortages(network(5), target) == []
    assert shortages(network(6), target)


def test_kernels_that_no_core_can_hold(make_network, make_target):
    convolution = Convolution(wide(8, 1, 64, 3, 3), (64, 9, 9), (1, 1), ((1, 1), (1, 1)), (1, 1))
    network = make_network([convolution], [(64, 9, 9), (1, 9, 9)], integer=True)
    # 576 places of a word of 64 bits.
    (problem,) = shortages(network, make_target(synaptic_memory_bits=30_000))
    assert problem.used == 576 * 64
    assert "64 input channels from input, of which at most 52 fit on a core" in problem.advice
    # Zeros take nothing there, so that more channels fit of a kernel that lists few weights.
    pruned = wide(8, 1, 64, 3, 3)
    pruned[:, 10:, 1:] = 0
    sparse = make_network([convolution.with_weights(pruned)], [(64, 9, 9), (1, 9, 9)], integer=True)
    (problem,) = shortages(sparse, make_target(synaptic_memory_bits=64 * (54 * 3 + 5 * 9)))
    assert problem.used == 64 * (54 * 3 + 10 * 9)
    assert "of which at most 59 fit on a core" in problem.advice


def test_each_channel_is_stored_on_every_core_that_has_some_of_it(make_network, make_target):
    convolution = Convolution(np.ones((2, 1, 1, 1)), (1, 40, 40), (1, 1), ((0, 0), (0, 0)), (1, 1))
    network = make_network([convolution], [(1, 40, 40), (2, 40, 40)])
    target = make_target(neurons=400, columns=1, rows=1, cores_per_tile=8, usable_cores=8, synaptic_memory_bits=64)
    assert shortages(network, target) == []
    assert Sequential("channels").partition(network, target) is not None


def test_limits_of_both_kinds_at_once(make_network):
    """The part of a memory is not named beside the whole."""
    target = load_target("loihi2").model_dump()
    target["topology"] |= {key: assumed(1) for key in ("columns", "rows", "cores_per_tile", "usable_cores")}
    network = make_network([Dense(np.ones((9000, 300)))], [(300,), (9000,)])
    problems = shortages(network, Target.model_validate(target))
    assert found(problems) == {("the network", "neurons"), ("the network", "memory_bits")}


@pytest.mark.parametrize("resource", ["neurons", "synaptic_memory_bits", "memory_bits"])
def test_a_chip_that_has_none_of_a_resource(resource, make_network, make_target):
    network = make_network([Dense(np.ones((4, 2)))], [(2,), (4,)])
    problems = shortages(network, make_target("loihi2", **{resource: 0}))
    assert any(problem.resource == resource and problem.used > problem.limit == 0 for problem in problems)
    assert not any("cores at least" in problem.advice for problem in problems)
