"""The checker catches mappings that were broken on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spikeloom.mapping.feasibility import Needs, check
from spikeloom.mapping.feasibility.routing_entries import routing_entries
from spikeloom.mapping.features import check_features, weight_bits
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.partition.sequential import Sequential
from spikeloom.mapping.resources import Accountant
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense


@pytest.fixture
def network(make_network):
    return make_network([Dense(np.ones((12, 5))), Dense(np.ones((8, 12)))], [(5,), (12,), (8,)])


def filled(network, target):
    """Cores filled in order, on the first places; None where that takes more cores than there are."""
    core_of = Sequential().partition(network, target)
    if core_of is None:
        return None
    cores = 1 + max(int(part.max()) for part in core_of.values())
    topology = target.topology
    places = [
        Place(chip, column, row, core)
        for chip in range(topology.chips)
        for column, row, core in list(
            np.ndindex(topology.columns.value, topology.rows.value, topology.cores_per_tile.value)
        )[: topology.usable_cores.value]
    ]
    return Mapping(target.name, "sequential", core_of, tuple(places[:cores]), ())


def changed(target, **sections):
    """A target with other keys in its sections."""
    data = target.model_dump()
    for name, keys in sections.items():
        data[name] |= keys
    return Target.model_validate(data)


def resources(problems):
    return {problem.resource for problem in problems}


def moved(mapping, **core_of):
    return replace(mapping, core_of={**mapping.core_of, **core_of})


def test_too_many_neurons(network, make_target):
    target = make_target(neurons=6)
    mapping = filled(network, target)
    assert resources(check(network, target, moved(mapping, layer1=np.zeros(12, dtype=np.int64)))) == {"neurons"}


@given(data=st.data())
def test_every_limit_is_checked(data, networks, make_target):
    """A mapping made for a roomy chip breaks on one with a little less than its fullest core needs."""
    network = data.draw(networks)
    base = data.draw(st.sampled_from(["loihi1", "loihi2"]))
    roomy = filled(network, make_target(base, neurons=data.draw(st.integers(5, 50))))
    assume(roomy is not None)
    names = ["neurons", "synaptic_memory_bits", "input_axons", "output_axons"]
    resource = data.draw(st.sampled_from(names + ["memory_bits"] * (base == "loihi2")))
    most = int(getattr(Needs(network, make_target(base), roomy.core_of, roomy.cores), resource).max())
    assume(most > 0)
    assert not check(network, make_target(base, **{resource: most}), roomy)
    assert resources(check(network, make_target(base, **{resource: most - 1}), roomy)) == {resource}


def test_input_axons(network, make_target):
    mapping = filled(network, load_target("loihi1"))
    assert mapping.cores == 1  # 5 inputs and 12 neurons of the first layer
    assert not check(network, make_target(input_axons=17), mapping)
    assert resources(check(network, make_target(input_axons=16), mapping)) == {"input_axons"}


def test_neurons_without_a_place(network, make_target):
    target = make_target(neurons=6)
    mapping = filled(network, target)
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
    mapping = filled(network, target)
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
    mapping = filled(network, target)
    crowded = tuple(Place(0, core // 2 % 2, core // 4, core % 2) for core in range(mapping.cores))
    problems = check(network, target, replace(mapping, places=crowded))
    assert [(problem.used, problem.limit) for problem in problems] == [(4, 3)]


def test_dead_and_reserved_cores(network, make_target):
    target = make_target(neurons=6, columns=2, rows=2, cores_per_tile=2, usable_cores=8)
    mapping = filled(network, target)
    assert not check(network, target, mapping)
    place = vars(mapping.places[1])
    for key, state in (("dead_cores", "dead"), ("reserved_cores", "reserved")):
        lost = changed(target, topology={key: [place]})
        problems = check(network, lost, mapping)
        assert resources(problems) == {"cores"}
        assert f"is {state}" in problems[0].advice
        elsewhere = (mapping.places[0], Place(0, 1, 1, 1), *mapping.places[2:])
        assert not check(network, lost, replace(mapping, places=elsewhere))


def test_routing_entries(network, make_target):
    """5 inputs reach the two cores of the first layer; each of these the two of the second."""
    target = make_target(neurons=6, columns=2, rows=2, cores_per_tile=1, usable_cores=4)
    mapping = replace(
        filled(network, target), places=(Place(0, 0, 0, 0), Place(0, 1, 0, 0), Place(0, 0, 1, 0), Place(0, 1, 1, 0))
    )
    entries = {"value": 4, "unit": "entries", "kind": "assumed", "source": "a test"}
    multicast = changed(target, topology={"routing": "multicast"}, limits={"routing_entries": entries})
    # From the input: its own tile and the one east of it. From core 0: its tile, south of it, east where it turns, and
    # south-east; from core 1 likewise, so that both are at every tile.
    assert routing_entries(network, multicast, mapping).tolist() == [3, 3, 2, 2]
    assert not check(network, multicast, mapping)
    tight = changed(multicast, limits={"routing_entries": entries | {"value": 2, "low": 2, "high": 2}})
    assert [(p.resource, p.used, p.limit) for p in check(network, tight, mapping)] == [("routing_entries", 3, 2)]


def test_tiles_take_room_for_powers_of_two(make_network, make_target):
    """4 channels of 6 rows and 2 columns on three cores: 5 rows, part of a row, and half a row of half the channels."""
    convolution = Convolution(np.ones((4, 1, 1, 1)), (1, 6, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
    network = make_network([convolution], [(1, 6, 2), (4, 6, 2)])
    cores = np.zeros((4, 6, 2), dtype=np.int64)
    cores[:, 5] = 1
    cores[:2, 5, 1] = 2
    kernel = 256  # two words: a header and four weights of 8 bits
    needs = Needs(network, load_target("loihi2"), {"layer1": cores.ravel()}, 3)
    assert needs.memory_bits.tolist() == [384 * 4 * 8 * 2 + kernel, 384 * 4 * 1 * 2 + kernel, 384 * 2 + kernel]
    # The neurons of a matrix, or on a chip without tiles, take room for themselves.
    anywhere = load_target("loihi2").model_dump()
    anywhere["synaptic_memory"]["convolution"]["tiles"] = "any"
    needs = Needs(network, Target.model_validate(anywhere), {"layer1": cores.ravel()}, 3)
    assert needs.memory_bits.tolist() == [384 * 40 + kernel, 384 * 6 + kernel, 384 * 2 + kernel]


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
    from spikeloom.mapping.mapper import find_fit

    monkeypatch.setattr(Accountant, "exceeded", lambda self, load: ())
    fit = find_fit(network, make_target(input_axons=3), strategy="sequential")
    assert fit.mapping is None
    assert resources(fit.problems) == {"input_axons"}
