"""Whatever comes out of the mapper passes the checker, and whatever does not fit has a reason."""

from __future__ import annotations

import itertools
import json
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.mapping import search as search_of_mapping
from spikeloom.mapping.feasibility import Needs, check
from spikeloom.mapping.mapper import explained_mapping, find_fit, map_network
from spikeloom.mapping.partition.irregular_partition import METHODS
from spikeloom.mapping.partition.portfolio import STRATEGIES
from spikeloom.mapping.partition.sequential import Sequential
from spikeloom.mapping.search import Search
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, Sparse
from spikeloom.models.errors import DoesNotFitError, UsageError

RUNS = settings(deadline=None)


@RUNS
@given(data=st.data())
def test_a_mapping_passes_the_checker_or_there_is_a_problem(data, networks, targets):
    network, target = data.draw(networks), data.draw(targets)
    suited = [name for name, way in STRATEGIES.items() if way.unsuited(network) is None]
    fit = find_fit(network, target, strategy=data.draw(st.sampled_from(["auto", *suited])))
    if fit.mapping is None:
        assert fit.problems
        for problem in fit.problems:
            assert "mistake of the mapper" not in problem.advice, str(problem)
            assert problem.limit is None or problem.used > problem.limit
            json.dumps(problem.as_dict())
        return
    assert fit.problems == ()
    assert check(network, target, fit.mapping) == ()
    needs = Needs(network, target, fit.mapping.core_of, fit.mapping.cores)
    for use in fit.mapping.uses:
        assert use.used == int(getattr(needs, use.resource)[use.core])


@RUNS
@given(data=st.data())
def test_one_neuron_that_fits_nowhere_names_its_layer(data, networks, make_target):
    network = data.draw(networks)
    target = make_target(synaptic_memory_bits=data.draw(st.integers(1, 400)))
    layout = Sequential().layout(network, target)
    for problem in layout.problems:
        assert problem.resource == "synaptic_memory_bits"
        assert problem.layer in network.by_name
        assert problem.used > problem.limit
    placed = {name for name, cores in layout.core_of.items() if cores.min(initial=0) >= 0}
    assert placed.isdisjoint(problem.layer for problem in layout.problems)


def test_a_small_network_shares_one_core(make_network):
    network = make_network([Dense(np.ones((4, 3))), Dense(np.ones((2, 4)))], [(3,), (4,), (2,)], constant=True)
    mapping = map_network(network, load_target("loihi2"))
    assert mapping.cores == 1
    assert mapping.populations_on(0) == {"constant": 1, "layer1": 4, "layer2": 2}
    assert mapping.places[0].chip == mapping.places[0].column == mapping.places[0].row == 0


def test_maximal_ranges(make_network, make_target):
    # 100 axons to 50 neurons are 1300 words; 12 neurons are 300 words, and 13 would be 400.
    network = make_network([Dense(np.ones((50, 100)))], [(100,), (50,)])
    target = make_target("loihi2", synaptic_memory_bits=128 * 399)
    cores = Sequential().partition(network, target)["layer1"]
    assert np.bincount(cores).tolist() == [12, 12, 12, 12, 2]


def test_too_many_cores_give_the_total_and_the_largest_layers(make_network, make_target):
    network = make_network([Dense(np.ones((40, 2))), Dense(np.ones((4, 40)))], [(2,), (40,), (4,)])
    target = make_target(columns=1, rows=1, cores_per_tile=2, usable_cores=2, neurons=4)
    with pytest.raises(DoesNotFitError) as error:
        map_network(network, target)
    assert "neurons 44 of 8" in str(error.value) and "takes 11 of 2 cores" in str(error.value)
    assert "most: layer1 10, layer2 1" in str(error.value)
    assert "a board of at least 6 chips" in str(error.value)
    assert map_network(network, target.with_chips(6)).cores == 11


def test_all_problems_come_at_once(make_network, make_target, make_float_neuron):
    network = make_network(
        [Dense(np.ones((2, 30))), Dense(np.ones((2, 2))), Dense(np.ones((1, 2)))],
        [(30,), (2,), (2,), (1,)],
        delays={2: 80},
        neurons={2: make_float_neuron(spiking=False)},
    )
    fit = find_fit(network, make_target(input_axons=20), graded_input_bits=8)
    assert {(problem.layer, problem.resource, problem.used, problem.limit) for problem in fit.problems} == {
        ("input", "graded_spike_bits", 8, 1),
        ("layer2", "graded_spike_bits", 24, 1),
        ("to layer2", "delay_steps", 80, 62),
        ("layer1", "input_axons", 30, 20),
    }


def test_graded_spikes_fit_loihi2(make_network, make_float_neuron):
    network = make_network([Dense(np.ones((2, 3)))], [(3,), (2,)], neurons={1: make_float_neuron(spiking=False)})
    assert find_fit(network, load_target("loihi2"), graded_input_bits=16).mapping is not None
    assert find_fit(network, load_target("loihi2"), graded_input_bits=25).mapping is None


def test_output_axons_make_cores_hold_less(make_network, make_target):
    # Each of 12 neurons reaches all cores of the next layer: 6 neurons on 3 cores of 2.
    network = make_network([Dense(np.ones((12, 1))), Dense(np.ones((6, 12)))], [(1,), (12,), (6,)])
    free = map_network(network, make_target(neurons=4, output_axons=None), strategy="sequential")
    tight = map_network(network, make_target(neurons=4, output_axons=6), strategy="sequential")
    assert tight.cores > free.cores
    assert max(use.used for use in tight.uses if use.resource == "output_axons") <= 6


def test_a_strategy_that_finds_nothing_is_told_from_a_chip_that_is_too_small(make_network, make_target):
    # Filled in order, 12 neurons of two layers share 3 cores; boxes of 5 and of 7 neurons would need 4.
    network = make_network([Dense(np.ones((5, 2))), Dense(np.ones((7, 5)))], [(2,), (5,), (7,)])
    target = make_target(columns=1, rows=1, cores_per_tile=3, usable_cores=3, neurons=4)
    assert find_fit(network, target, strategy="sequential").mapping is not None
    (problem,) = find_fit(network, target, strategy="boxes").problems
    assert str(problem) == (
        "the network: partitions found 0: the strategy 'boxes' finds none that fits, "
        "filling the cores in order takes 3 of 3: use 'auto'"
    )


@pytest.mark.parametrize("sizes", [(4, 0, 3), (4, 3, 0), (0, 3, 2)])
@pytest.mark.parametrize("strategy", ["auto", "sequential", "positions", "boxes", "fused boxes"])
@pytest.mark.filterwarnings("error")
def test_a_layer_without_neurons_takes_no_core(make_network, strategy, sizes):
    layers = [Dense(np.ones(pair[::-1])) for pair in itertools.pairwise(sizes)]
    network = make_network(layers, [(size,) for size in sizes])
    mapping, explanation = explained_mapping(network, load_target("loihi1"), strategy=strategy)
    assert mapping.cores == 1
    assert {name: cores.size for name, cores in mapping.core_of.items()} == {"layer1": sizes[1], "layer2": sizes[2]}
    for binding in explanation.bindings:
        assert (binding.share is None) == (binding.cores == 0)


def test_a_deadline_that_passes_after_the_search_did_not_stop_it(make_network, monkeypatch):
    network, done = make_network([Dense(np.ones((4, 3)))], [(3,), (4,)]), []
    clock = SimpleNamespace(monotonic=lambda: 2.0 if any(what.startswith("checking") for what in done) else 0.0)
    monkeypatch.setattr(search_of_mapping, "time", clock)
    for deadline, stopped in ((1.0, False), (0.0, True)):
        done.clear()
        search = Search(deadline=deadline, progress=lambda what, share: done.append(what))
        assert explained_mapping(network, load_target("loihi2"), search=search)[1].stopped_early is stopped
        assert search.late


def test_positions_take_fewer_messages_than_channels(make_network, make_target):
    convolution = Convolution(np.ones((8, 4, 3, 3)), (4, 8, 8), (1, 1), ((1, 1), (1, 1)), (1, 1))
    network = make_network([convolution], [(4, 8, 8), (8, 8, 8)])
    target = make_target(neurons=128)
    channels, positions = (explained_mapping(network, target, None, way)[1] for way in ("sequential", "positions"))
    assert positions.links.deliveries < channels.links.deliveries
    best = explained_mapping(network, target)[1]
    assert best.links.deliveries <= positions.links.deliveries
    assert best.cost.energy == min(attempt.energy for attempt in best.attempts if attempt.energy is not None)


def test_the_graph_partition_finds_hidden_clusters(make_network, make_target):
    # Eight groups of neurons talk among themselves, but their numbers are shuffled.
    random = np.random.default_rng(1)
    group = random.permutation(np.repeat(np.arange(8), 16))
    recurrent = ((group[:, None] == group) & (random.random((128, 128)) < 0.5)).astype(float)
    network = make_network(
        [Sparse.from_matrix(sparse.csr_array(np.eye(128)))],
        [(128,), (128,)],
        [(1, 1, Sparse.from_matrix(sparse.csr_array(recurrent)))],
    )
    target = make_target(neurons=20)
    mapping = map_network(network, target, rates={"layer1": np.ones(128), "input": 0.0})
    assert mapping.strategy in METHODS
    split = [np.unique(mapping.core_of["layer1"][group == number]).size for number in range(8)]
    assert np.mean(split) < 2


def test_rates_decide_what_a_mapping_costs(make_network, make_target):
    network = make_network([Dense(np.ones((40, 30)))], [(30,), (40,)])
    target = make_target(neurons=16)
    silent, loud = (explained_mapping(network, target, {"input": rate})[1] for rate in (0.0, 1.0))
    assert silent.links.deliveries == 0 and loud.links.deliveries == 30 * 3
    assert silent.cost.energy < loud.cost.energy
    assert silent.measured and not explained_mapping(network, target)[1].measured


def test_a_deadline_that_has_passed_still_gives_a_mapping(make_network, make_target):
    network = make_network([Dense(np.ones((40, 30))), Dense(np.ones((50, 40)))], [(30,), (40,), (50,)])
    late = Search(deadline=time.monotonic() - 1)
    mapping, explanation = explained_mapping(network, make_target(neurons=16), search=late)
    assert explanation.stopped_early and mapping.strategy == "sequential"
    assert check(network, make_target(neurons=16), mapping) == ()


def test_progress_goes_from_nothing_to_everything(make_network, make_target):
    shares = []
    network = make_network([Dense(np.ones((40, 30))), Dense(np.ones((50, 40)))], [(30,), (40,), (50,)])
    find_fit(network, make_target(neurons=16), search=Search(progress=lambda what, share: shares.append(share)))
    assert 0 <= shares[0] < 0.1 and shares[-1] == 1.0 and all(0 <= share <= 1 for share in shares)


def test_what_binds_a_layer_is_what_its_cores_have_least_of(make_network, make_target):
    network = make_network([Dense(np.ones((40, 30)))], [(30,), (40,)])
    _, explanation = explained_mapping(network, make_target(neurons=16, input_axons=31))
    (binding,) = explanation.bindings
    assert (binding.layer, binding.resource) == ("layer1", "input_axons")
    assert binding.share == pytest.approx(30 / 31)
    assert explanation.utilisation["fullest"] == pytest.approx(30 / 31)


def test_the_same_input_gives_the_same_mapping(make_network, make_target):
    random = np.random.default_rng(2)
    network = make_network([Dense(random.random((60, 20))), Dense(random.random((40, 60)))], [(20,), (60,), (40,)])
    first, second = (map_network(network, make_target(neurons=9)) for _ in range(2))
    assert first.places == second.places
    assert all(np.array_equal(first.core_of[name], second.core_of[name]) for name in first.core_of)


def test_an_unknown_strategy_is_refused(make_network):
    network = make_network([Dense(np.ones((2, 3)))], [(3,), (2,)])
    with pytest.raises(UsageError, match="known are auto, sequential, positions, boxes"):
        map_network(network, load_target("loihi2"), strategy="best")
    with pytest.raises(UsageError, match="'metis' is not for this network \\(no irregular layer\\)"):
        map_network(network, load_target("loihi2"), strategy="metis")
