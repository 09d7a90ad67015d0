"""Counters equal what one gets by following every spike along every synapse."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.backends.counting import count
from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.routing.mesh import Mesh
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

STEPS, SAMPLES = 7, 3


def small_target(neurons: int, columns: int, rows: int, chips: int, **topology: object) -> Target:
    """A chip of small cores, so that a handful of neurons is spread over a mesh."""
    data = load_target("loihi2").model_dump()

    def number(value):
        return {"value": value, "unit": "things", "kind": "assumed", "source": "a test"}

    data["topology"] = {
        "chips": chips, "columns": number(columns), "rows": number(rows), "cores_per_tile": number(2),
        "usable_cores": number(columns * rows * 2), **topology,
    }  # fmt: skip
    data["limits"]["neurons"] = number(neurons)
    return Target.model_validate(data)


def random_network(random: np.random.Generator) -> Network:
    """Convolution, pool, dense, sparse, one to one, a loop, a delay, an always-on axon, and a graded layer."""

    def whole(value):
        return np.asarray(value, dtype=np.int64)

    def neuron(spiking=True):
        return IntegerLeakyIntegrateAndFire(
            whole(4096), whole(random.integers(0, 500)), whole(random.integers(20, 120)), whole(0), whole(0),
            spiking=spiking, output_shift=6,
        )  # fmt: skip

    def weights(*shape):
        values = 2 * random.integers(-20, 60, shape)
        return np.where(random.random(shape) < 0.3, 0, values).astype(np.int16)

    shape = (2, 4, 3)
    convolution = Convolution(weights(4, 2, 2, 2), shape, (1, 1), ((1, 0), (0, 1)), (1, 1), 1)
    pool = Pool(np.full(4, 40, dtype=np.int16), convolution.output_shape, (2, 2), (2, 2), ((0, 0), (0, 0)))
    pooled = int(np.prod(pool.output_shape))
    matrix = Sparse.from_matrix(sparse.csr_array(weights(5, int(np.prod(convolution.output_shape)))))
    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", shape, Role.INPUT, None, 0),
        Population("conv", convolution.output_shape, Role.NEURON, neuron(), 1),
        Population("pool", pool.output_shape, Role.NEURON, neuron(), 2),
        Population("dense", (5,), Role.NEURON, neuron(spiking=bool(random.random() < 0.5)), 3),
        Population("last", (5,), Role.NEURON, neuron(), 4),
    )
    projections = (
        Projection("a", "input", "conv", convolution),
        Projection("b", "conv", "pool", pool),
        Projection("c", "pool", "dense", Dense(weights(5, pooled))),
        Projection("d", "conv", "dense", matrix, delay=2),
        Projection("e", "dense", "last", OneToOne(weights(5))),
        Projection("f", "last", "dense", Dense(weights(5, 5)), delay=2),
        Projection("g", "dense", "dense", Dense(weights(5, 5))),
        Projection("h", "always on", "conv", Dense(weights(48, 1))),
        Projection("i", "dense", "last", Dense(weights(5, 5))),
    )
    return Network(populations, projections, "last", integer=True)


def follow_every_spike(program: Program, counts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same counters, spike by spike and synapse by synapse."""
    network, mapping = program.network, program.mapping
    columns = program.target.topology.columns.value
    tiles = [(place.chip * columns + place.column, place.row) for place in mapping.places]
    shape = (STEPS + max(population.depth for population in network.populations), mapping.cores)
    found = {name: np.zeros(shape, dtype=int) for name in ("spikes", "operations", "packets_in", "packets_out")}
    found["hops"] = np.zeros((), dtype=int)
    layers = dict.fromkeys((population.name for population in network.populations), 0)
    projections = dict.fromkeys((projection.name for projection in network.projections), 0)
    synapses = {
        projection.name: projection.connectivity.to_sparse().toarray() != 0 for projection in network.projections
    }
    for population in network.populations:
        for step, neuron in product(range(STEPS), range(population.size)):
            spikes = int(counts[population.name][step, neuron])
            row = step + population.depth
            reached = set()
            for projection in network.outgoing(population.name):
                for target in np.flatnonzero(synapses[projection.name][:, neuron]):
                    core = int(mapping.core_of[projection.target][target])
                    reached.add(core)
                    found["operations"][row, core] += spikes
                    layers[projection.target] += spikes
                    projections[projection.name] += spikes
            own = None if population.role is Role.INPUT else int(mapping.core_of[population.name][neuron])
            if own is not None:
                found["spikes"][row, own] += spikes
            for core in reached - {own}:
                found["packets_in"][row, core] += spikes
                if own is not None:
                    found["packets_out"][row, own] += spikes
                start = (0, 0) if own is None else tiles[own]
                found["hops"] += spikes * (abs(start[0] - tiles[core][0]) + abs(start[1] - tiles[core][1]))
    return found | {"layers": layers, "projections": projections}


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(8, 40),
    st.sampled_from([(3, 3, 1), (2, 4, 1), (2, 2, 2), (4, 3, 1)]),
    st.sampled_from(["sequential", "positions", "boxes"]),
)
def test_random_networks(seed, neurons, mesh, strategy):
    random = np.random.default_rng(seed)
    network = random_network(random)
    target = small_target(neurons, *mesh)
    mapping = map_network(network, target, strategy=strategy, graded_input_bits=1)
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    simulation = Simulator(network).run((random.random((SAMPLES, STEPS, 24)) < 0.4).astype(np.int64))
    counters = count(program, simulation.spike_counts, SAMPLES)
    expected = follow_every_spike(program, dict(simulation.spike_counts))
    np.testing.assert_array_equal(counters.spikes, expected["spikes"])
    np.testing.assert_array_equal(sum(counters.synaptic_operations.values()), expected["operations"])
    np.testing.assert_array_equal(counters.packets_in, expected["packets_in"])
    np.testing.assert_array_equal(counters.packets_out, expected["packets_out"])
    assert counters.link_packets.sum() == expected["hops"]
    assert counters.layer_synaptic_operations == {
        name: operations for name, operations in expected["layers"].items() if network.incoming(name)
    }
    assert counters.projection_synaptic_operations == expected["projections"]
    assert counters.layer_spikes == {name: int(part.sum()) for name, part in simulation.spike_counts.items()}
    updates = np.bincount(np.concatenate(list(mapping.core_of.values())), minlength=mapping.cores)
    np.testing.assert_array_equal(counters.neuron_updates, updates)
    assert counters.rows == STEPS + 4
    mean = counters.per_sample()
    assert mean["spikes"] == pytest.approx(expected["spikes"].sum() / SAMPLES)
    assert mean["synaptic_operations"] == pytest.approx(expected["operations"].sum() / SAMPLES)
    assert mean["packets"] == pytest.approx(expected["packets_in"].sum() / SAMPLES)
    assert mean["neuron_updates"] == updates.sum() * counters.rows


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(10, 40), st.booleans())
def test_a_multicast_spike_is_one_message_and_crosses_each_link_of_its_tree_once(seed, neurons, torus):
    random = np.random.default_rng(seed)
    network = random_network(random)
    target = small_target(
        neurons,
        2,
        2,
        4,
        chip_columns=2,
        torus=torus,
        routing="multicast",
        input_tile={"chip": 2, "column": 1, "row": 0},
    )
    mapping = map_network(network, target)
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    simulation = Simulator(network).run((random.random((SAMPLES, STEPS, 24)) < 0.4).astype(np.int64))
    counters = count(program, simulation.spike_counts, SAMPLES)
    mesh = Mesh.of(target)
    tiles = [mesh.number(place) for place in mapping.places]
    links, sent, arrived = np.zeros(len(mesh.links), int), np.zeros(mapping.cores, int), np.zeros(mapping.cores, int)
    synapses = {
        projection.name: projection.connectivity.to_sparse().toarray() != 0 for projection in network.projections
    }
    for population in network.populations:
        spikes = simulation.spike_counts[population.name].sum(axis=0)
        for neuron in range(population.size):
            own = None if population.role is Role.INPUT else int(mapping.core_of[population.name][neuron])
            reached = set()
            for projection in network.outgoing(population.name):
                reached |= set(mapping.core_of[projection.target][synapses[projection.name][:, neuron]].tolist())
            reached -= {own}
            start = mesh.entry if own is None else tiles[own]
            links[sorted({link for core in reached for link in mesh.route(start, tiles[core])})] += spikes[neuron]
            arrived[sorted(reached)] += spikes[neuron]
            if own is not None and reached:
                sent[own] += spikes[neuron]
    np.testing.assert_array_equal(counters.link_packets, links)
    np.testing.assert_array_equal(counters.packets_out.sum(axis=0), sent)
    np.testing.assert_array_equal(counters.packets_in.sum(axis=0), arrived)
    assert counters.links == mesh.links


def test_kinds_of_synapses_are_told_apart():
    network = random_network(np.random.default_rng(1))
    target = small_target(500, 2, 2, 1)
    mapping = map_network(network, target, strategy="sequential")
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    simulation = Simulator(network).run(np.ones((1, STEPS, 24), dtype=np.int64))
    counters = count(program, simulation.spike_counts, 1)
    shared = [projection.connectivity.synapses() for projection in network.projections if projection.name == "a"]
    assert set(counters.synaptic_operations) == {"dense", "sparse", "convolution"}
    assert counters.synaptic_operations["convolution"][:STEPS].sum() >= STEPS * shared[0] > 0
    assert counters.synaptic_operations["sparse"].sum() > 0
    assert mapping_is_one_core(program)
    assert counters.packets_out.sum() == counters.link_packets.sum() == 0
    assert counters.packets_in.sum() == STEPS * 24  # the input comes from outside


def mapping_is_one_core(program: Program) -> bool:
    return program.mapping.cores == 1
