"""The checker's and the partitioners' counts against a third one, which lists every single synapse."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.mapping.feasibility import Needs
from spikeloom.mapping.feasibility.routing_entries import routing_entries
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.resources import Accountant
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool
from spikeloom.models.network import Role

RUNS = settings(deadline=None)


@st.composite
def convolutions(draw):
    """Of one or two axes, with groups, dilation and zeros; and a second projection beside it."""
    axes = draw(st.integers(1, 2))
    size = tuple(draw(st.integers(3, 9)) for _ in range(axes))
    groups = draw(st.integers(1, 3))
    inputs, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(axes))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    weights = random.integers(-3, 4, (outputs, inputs // groups, *kernel)).astype(float)
    weights[random.random(weights.shape) < draw(st.sampled_from([0, 0.4, 0.9]))] = 0
    stride = tuple(draw(st.integers(1, 2)) for _ in range(axes))
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(axes))
    padding = tuple((draw(st.integers(1, 2)), draw(st.integers(1, 2))) for _ in range(axes))
    return Convolution(weights, (inputs, *size), stride, padding, dilation, groups)


@st.composite
def cases(draw, make_network, make_target, networks):
    """A network, a chip, and any cores."""
    if draw(st.booleans()):
        network = draw(networks)
    else:
        convolution = draw(convolutions())
        shapes = [convolution.input_shape, convolution.output_shape]
        random = np.random.default_rng(draw(st.integers(0, 10**6)))
        beside = Dense(random.integers(0, 2, (convolution.targets, convolution.sources)).astype(float))
        again = convolution.with_weights(random.permutation(convolution.weights))
        recurrent = OneToOne(random.integers(0, 2, convolution.targets).astype(float))
        extra = draw(st.lists(st.sampled_from([(0, 1, beside), (0, 1, again), (1, 1, recurrent)]), max_size=3))
        network = make_network([convolution], shapes, extra)
    target = make_target(draw(st.sampled_from(["loihi1", "loihi2"])), shared=draw(st.booleans()))
    cores = draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    core_of = {}
    for population in network.populations:
        if population.role is not Role.INPUT:
            scattered = random.integers(0, cores, population.size)
            stretches = np.sort(scattered)
            by_position = np.resize(random.integers(0, cores, population.shape[-1]), population.size)
            core_of[population.name] = [scattered, stretches, by_position][draw(st.integers(0, 2))]
    return network, target, core_of, cores


@pytest.fixture(scope="session")
def any_case(make_network, make_target, networks):
    return cases(make_network, make_target, networks)


def listed(connectivity):
    """Target and source of every synapse with a weight other than zero."""
    entries = connectivity.to_sparse().tocoo()
    return [(int(row), int(column)) for row, column, value in zip(*entries.coords, entries.data, strict=True) if value]


def cores_reached(network, core_of):
    """Per population and neuron, the set of cores that hold a target."""
    reached = defaultdict(set)
    for projection in network.projections:
        for row, column in listed(projection.connectivity):
            reached[projection.source, column].add(int(core_of[projection.target][row]))
    return reached


def room_of(network, target, name, neurons):
    """Neurons that a core has room for, found by trying every cell."""
    kernel = target.synaptic_memory.convolution
    shared = [p.connectivity for p in network.incoming(name) if isinstance(p.connectivity, Convolution | Pool)]
    if kernel is None or kernel.tiles == "any" or not shared:
        return len(neurons)
    shape = shared[0].output_shape
    places = {tuple(int(part) for part in np.unravel_index(neuron, shape)) for neuron in neurons}
    height = next(2**power for power in range(20) if len({place[1] // 2**power for place in places}) == 1)
    columns = {place[2:] for place in places}
    return len({place[0] for place in places}) * height * (1 if len(columns) == 1 else shape[2])


def brute_force(network, target, core_of, cores):
    reached = cores_reached(network, core_of)
    axons = Counter(core for (name, _), found in reached.items() for core in found)
    out = Counter()
    for (name, neuron), found in reached.items():
        if name in core_of:
            out[int(core_of[name][neuron])] += len(found)
    memory = Counter()
    shared = target.synaptic_memory.shared
    for core in range(cores) if shared is not None else ():
        for name, layer in core_of.items():
            here = np.flatnonzero(layer == core).tolist()
            if not here:
                continue
            memory[core] += shared.bits_per_neuron.value * room_of(network, target, name, here)
            for projection in network.incoming(name):
                stored = Needs(only(network, projection), target, core_of, cores).synaptic_memory_bits[core]
                symbolic = isinstance(projection.connectivity, Convolution | Pool)
                single = sum(row in set(here) for row, _ in listed(projection.connectivity))
                aside = 0 if symbolic and target.synaptic_memory.convolution else 64 * single
                memory[core] += max(int(stored), aside)
    return [[counted[core] for core in range(cores)] for counted in (axons, out, memory)]


def only(network, projection):
    return network.replace(projections=(projection,))


@RUNS
@given(data=st.data())
def test_the_checker_counts_what_lists_of_synapses_say(data, any_case):
    network, target, core_of, cores = data.draw(any_case)
    needs = Needs(network, target, core_of, cores)
    axons, out, memory = brute_force(network, target, core_of, cores)
    assert needs.input_axons.tolist() == axons
    assert needs.output_axons.tolist() == out
    assert needs.memory_bits.tolist() == memory
    assert needs.neurons.sum() == sum(given.size for given in core_of.values())


@RUNS
@given(data=st.data())
def test_the_partitioners_count_the_same(data, any_case):
    """In whatever order neurons are added; only input axons may be more, where kernels hold zeros."""
    network, target, core_of, cores = data.draw(any_case)
    needs = Needs(network, target, core_of, cores)
    reached = {name: np.zeros(given.size, dtype=int) for name, given in core_of.items()}
    for (name, neuron), found in cores_reached(network, core_of).items():
        if name in reached:
            reached[name][neuron] = len(found)
    accountant = Accountant(network, target, reached)
    loads = accountant.loads(core_of, cores)
    for core, load in enumerate(loads):
        for resource in accountant.resources:
            counted = int(getattr(needs, resource)[core])
            assert getattr(load, resource) == counted or (resource == "input_axons" and load.input_axons > counted)
    # Halves of a layer added one after the other to the same core.
    name = data.draw(st.sampled_from(sorted(core_of)))
    here = np.flatnonzero(core_of[name] == data.draw(st.integers(0, cores - 1)))
    if here.size > 1:
        empty = accountant.loads({}, 1)[0]
        both = accountant.add(accountant.add(empty, name, here[::2]), name, here[1::2])
        together = accountant.add(empty, name, here)
        assert [getattr(both, name) for name in accountant.resources] == [
            getattr(together, name) for name in accountant.resources
        ]


@st.composite
def boards(draw, make_target):
    """Meshes and tori of one or many chips, and places on them."""
    data = load_target("loihi1").model_dump()
    across, down = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    count = {"unit": "tiles", "kind": "assumed", "source": "a test"}
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    data["topology"] |= {
        "chips": across * down,
        "chip_columns": across,
        "columns": {"value": columns, **count},
        "rows": {"value": rows, **count},
        "cores_per_tile": {"value": 2, **count},
        "usable_cores": {"value": 2 * columns * rows, **count},
        "torus": draw(st.booleans()),
        "routing": "multicast",
        "link_between_chips": {"value": draw(st.sampled_from([1, 1.5, 4])), **count, "unit": "hops"},
        "input_tile": {"chip": across * down - 1, "column": columns - 1, "row": 0},
    }
    data["limits"]["routing_entries"] = {"value": 1000, **count}
    return Target.model_validate(data)


def path(target, start, end):
    """Tiles (x, y) from one to another: along the row first, on a ring the cheaper way, forward where both cost the
    same."""
    topology = target.topology
    across = topology.chip_columns
    sizes = [across * topology.columns.value, topology.chips // across * topology.rows.value]
    chips = [topology.columns.value, topology.rows.value]
    place, found = list(start), [tuple(start)]
    for axis in (0, 1):
        ways = {}
        for step in (1, -1):
            at, way, cost = place[axis], [], 0
            while at != end[axis]:
                onward = (at + step) % sizes[axis]
                if abs(onward - at) != 1 and not (topology.torus and sizes[axis] > 2):
                    cost = float("inf")
                    break
                other_chip = onward // chips[axis] != at // chips[axis] or abs(onward - at) != 1 < sizes[axis]
                several = sizes[axis] > chips[axis]
                cost += topology.link_between_chips.value if other_chip and several else 1
                at = onward
                way.append(at)
            ways[step] = (cost, way)
        for at in ways[1][1] if ways[1][0] <= ways[-1][0] else ways[-1][1]:
            place[axis] = at
            found.append(tuple(place))
    return found


def tile_on_board(target, place):
    down, across = divmod(place.chip, target.topology.chip_columns)
    x = across * target.topology.columns.value + place.column
    return x, down * target.topology.rows.value + place.row


@RUNS
@given(data=st.data())
def test_routing_entries_of_trees_drawn_one_by_one(data, networks, make_target):
    network, target = data.draw(networks), data.draw(boards(make_target))
    places = [
        Place(chip, column, row, core)
        for chip in range(target.topology.chips)
        for column in range(target.topology.columns.value)
        for row in range(target.topology.rows.value)
        for core in range(2)
    ]
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    cores = data.draw(st.integers(1, min(8, len(places))))
    chosen = tuple(places[index] for index in random.permutation(len(places))[:cores])
    core_of = {
        population.name: random.integers(0, cores, population.size)
        for population in network.populations
        if population.role is not Role.INPUT
    }
    sets = set()
    for (name, neuron), found in cores_reached(network, core_of).items():
        own = int(core_of[name][neuron]) if name in core_of else None
        if found - {own}:
            sets.add((own, frozenset(found - {own})))
    expected = Counter()
    for own, found in sets:
        root = tile_on_board(target, target.topology.input_tile if own is None else chosen[own])
        ends = {tile_on_board(target, chosen[core]) for core in found}
        links = set()
        for end in ends:
            way = path(target, root, end)
            links |= set(pairwise(way))
        for tile in {root, *ends, *(end for _, end in links)}:
            inward = [start for start, end in links if end == tile]
            outward = [end for start, end in links if start == tile]
            straight = len(inward) == len(outward) == 1 and (inward[0][0] == outward[0][0]) == (
                inward[0][0] == tile[0]
            ) == (outward[0][0] == tile[0])
            if tile == root or tile in ends or not straight:
                expected[tile] += 1
    mapping = Mapping("test", "any", core_of, chosen, ())
    counted = routing_entries(network, target, mapping)
    width = target.topology.chip_columns * target.topology.columns.value
    assert {(int(n % width), int(n // width)): int(counted[n]) for n in np.flatnonzero(counted)} == dict(expected)
