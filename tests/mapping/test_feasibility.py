"""The checker catches mappings that were broken on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeloom.mapping.feasibility import check
from spikeloom.mapping.features import check_features, weight_bits
from spikeloom.mapping.mapper import find_fit, map_network
from spikeloom.mapping.mapping import Place
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense


@pytest.fixture
def network(make_network):
    return make_network([Dense(np.ones((12, 5))), Dense(np.ones((8, 12)))], [(5,), (12,), (8,)])


def resources(problems):
    return {problem.resource for problem in problems}


def moved(mapping, **core_of):
    return replace(mapping, core_of={**mapping.core_of, **core_of})


def test_too_many_neurons(network, make_target):
    target = make_target(neurons=6)
    mapping = map_network(network, target)
    assert resources(check(network, target, moved(mapping, layer1=np.zeros(12, dtype=np.int64)))) == {"neurons"}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_limit_is_checked(data, networks, make_target):
    """A mapping made for a roomy chip breaks on one with a little less than its fullest core needs."""
    network = data.draw(networks)
    roomy = find_fit(network, make_target(neurons=data.draw(st.integers(5, 50)))).mapping
    assume(roomy is not None)
    resource = data.draw(st.sampled_from(["neurons", "synaptic_memory_bits", "output_axons"]))
    most = max(use.used for use in roomy.uses if use.resource == resource)
    assume(most > 0)
    assert not check(network, make_target(**{resource: most}), roomy)
    assert resources(check(network, make_target(**{resource: most - 1}), roomy)) == {resource}


def test_input_axons(network, make_target):
    mapping = map_network(network, load_target("loihi1"))
    assert mapping.cores == 1  # 5 inputs and 12 neurons of the first layer
    assert not check(network, make_target(input_axons=17), mapping)
    assert resources(check(network, make_target(input_axons=16), mapping)) == {"input_axons"}


def test_neurons_without_a_place(network, make_target):
    target = make_target(neurons=6)
    mapping = map_network(network, target)
    missing = moved(mapping, layer1=np.where(np.arange(12) == 3, -1, mapping.core_of["layer1"]))
    beyond = moved(mapping, layer1=np.where(np.arange(12) == 3, mapping.cores, mapping.core_of["layer1"]))
    short = moved(mapping, layer1=mapping.core_of["layer1"][:-1])
    unknown = moved(mapping, layer9=np.zeros(2, dtype=np.int64))
    left_out = replace(mapping, core_of={"layer1": mapping.core_of["layer1"]})
    for broken, layer in [
        (missing, "layer1"),
        (beyond, "layer1"),
        (short, "layer1"),
        (unknown, "layer9"),
        (left_out, "layer2"),
    ]:
        assert layer in {problem.layer for problem in check(network, target, broken)}


def test_places(network, make_target):
    target = make_target(neurons=6, columns=2, rows=2, cores_per_tile=2, usable_cores=4)
    mapping = map_network(network, target)
    assert mapping.cores == 4
    first, second, *rest = mapping.places
    for places in (
        (first, first, *rest),
        (first, replace(second, column=2), *rest),
        (first, replace(second, row=-1), *rest),
        (first, replace(second, chip=1), *rest),
        (first, replace(second, core=2), *rest),
    ):
        assert resources(check(network, target, replace(mapping, places=places))) == {"cores"}


def test_cores_of_a_chip(network, make_target):
    target = make_target(neurons=6, columns=2, rows=2, cores_per_tile=2, usable_cores=3, chips=2)
    mapping = map_network(network, target)
    crowded = tuple(Place(0, core // 2 % 2, core // 4, core % 2) for core in range(mapping.cores))
    problems = check(network, target, replace(mapping, places=crowded))
    assert [(problem.used, problem.limit) for problem in problems] == [(4, 3)]


def integer(*weights):
    return Dense(np.asarray([weights], dtype=np.int64))


@pytest.mark.parametrize(
    ("weights", "bits"),
    [
        ((0, 0), 0),
        ((1,), 1),
        ((255, 3), 8),
        ((-255, -3), 8),
        ((-256, 254), 8),
        ((-256, -128), 2),
        ((-128, 127), 8),
        ((-255, 255), 9),
        ((-129, 1), 9),
        ((64, 128), 2),
    ],
)
def test_weight_bits(weights, bits):
    assert weight_bits(np.asarray(weights)) == bits


def test_features_of_integer_networks(make_network, make_neuron, make_target):
    wide = make_network([integer(-255, 255)], [(2,), (1,)], integer=True, neurons={1: make_neuron(threshold=100_000)})
    loihi2 = load_target("loihi2")
    assert [(p.layer, p.resource, p.used, p.limit) for p in check_features(wide, loihi2)] == [
        ("to layer1", "weight_bits", 9, 8)
    ]
    assert check_features(wide, load_target("loihi1")) == []
    assert resources(check_features(wide, make_target("loihi1", threshold_bits=16))) == {"threshold_bits"}
    # No potential of 23 bits exceeds a threshold of 17 bits in units of 64.
    assert resources(check_features(wide, make_target("loihi1", membrane_bits=23))) == {"threshold_bits"}
    assert not check_features(wide, make_target("loihi1", membrane_bits=24))
    integrator = {1: make_neuron(spiking=False, output_shift=6)}
    graded = make_network([integer(1, 2), integer([1])], [(2,), (1,), (1,)], integer=True, neurons=integrator)
    assert not check_features(graded, make_target("loihi2", graded_spike_bits=18))
    assert resources(check_features(graded, make_target("loihi2", graded_spike_bits=17))) == {"graded_spike_bits"}
    read_out = make_network([integer(1, 2)], [(2,), (1,)], integer=True, neurons=integrator)
    assert not check_features(read_out, make_target("loihi2", graded_spike_bits=1))


def test_the_mapper_does_not_let_a_wrong_partition_out(network, make_target, monkeypatch):
    """Even where the partitioner's own account is wrong."""
    monkeypatch.setattr("spikeloom.mapping.resources.Accountant.exceeded", lambda self, load: ())
    fit = find_fit(network, make_target(input_axons=3), strategy="sequential")
    assert fit.mapping is None
    assert resources(fit.problems) == {"input_axons"}
