"""Counters equal what one gets by following every spike along every synapse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.hop_costs import link_kinds
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping import mapping as mappings
from spikeloom.mapping.features import weight_bits
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.routing.mesh import Mesh
from spikeloom.mapping.synapse_formats import SharedKernel
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.mapping.windows import as_convolution, seen_positions
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


def words_read(program: Program, projection: Projection) -> np.ndarray:
    """(sources, cores), words that a spike reads of a projection on each core, each found for itself."""
    target, connectivity = program.target, projection.connectivity
    memory, cores = target.synaptic_memory, program.mapping.core_of[projection.target]
    word, width = memory.word_bits.value, weight_bits(connectivity.weights)
    synapses = connectivity.to_sparse().toarray() != 0
    result = np.zeros((connectivity.sources, program.mapping.cores), dtype=int)
    convolution = as_convolution(connectivity)
    for core in np.unique(cores).tolist():
        here = np.flatnonzero(cores == core)
        axons = synapses[here].sum(axis=0)
        if convolution is not None and memory.convolution is not None:
            for source in np.flatnonzero(axons).tolist():
                result[source, core] = words_of_kernel(memory.convolution, word, width, convolution, here, source)
            continue
        sizes = {}
        for kind, number in (("dense", np.full(axons.size, here.size)), ("sparse", axons)):
            listed = getattr(memory, kind)
            bits = listed.header_bits.value + number * listed.bits_per_synapse.at(width)
            sizes[kind] = np.where(axons > 0, -(-bits // word), 0)
        result[:, core] = sizes["dense" if sizes["dense"].sum() <= sizes["sparse"].sum() else "sparse"]
    return result


def words_of_kernel(
    kernel: SharedKernel, word: int, width: int, convolution: Convolution, neurons: np.ndarray, source: int
) -> int:
    """Words that the spike of a source reads on the core of some neurons, place by place."""
    channels, positions = convolution.output_shape[0], int(np.prod(convolution.output_shape[1:]))
    outputs, inputs = channels // convolution.groups, convolution.weights.shape[1]
    channel, position = divmod(source, int(np.prod(convolution.input_shape[1:])))
    group, which = divmod(channel, inputs)
    of_group = neurons[neurons // positions // outputs == group]
    stored = convolution.weights.reshape(channels, inputs, -1)[np.unique(of_group // positions), which]
    each, zero = kernel.bits(width)
    total = 0
    for place, sees in enumerate(seen_positions(convolution)):
        if np.any(sees[of_group % positions] == position):
            present = np.count_nonzero(stored[:, place])
            bits = present * each + (stored.shape[0] - present) * zero
            total += -(-(kernel.header(min(convolution.stride) > 1) + bits) // word) if bits else 0
    return total


def follow_every_spike(program: Program, counts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same counters, spike by spike, synapse by synapse and link by link.

    Parameters
    ----------
    counts : per population, (steps, neurons).
    """
    network, mapping = program.network, program.mapping
    mesh = Mesh.of(program.target)
    multicast = program.target.topology.routing == "multicast"
    tiles = [mesh.number(place) for place in mapping.places]
    rows = STEPS + max(population.depth for population in network.populations)
    names = ("spikes", "operations", "packets_in", "packets_out", "reads")
    found = {name: np.zeros((rows, mapping.cores), dtype=int) for name in names}
    found["links"] = np.zeros((rows, len(mesh.links)), dtype=int)
    order = [population.name for population in network.populations]
    kinds = link_kinds(mesh.links, program.target.topology)
    shares = {
        name: np.zeros((len(order), mapping.cores + 1), dtype=int)
        for name in ("operation", "spike", "packet", "packet_in", "row", "memory_read", *kinds)
    }
    layers = dict.fromkeys((population.name for population in network.populations), 0)
    projections = dict.fromkeys((projection.name for projection in network.projections), 0)
    synapses = {
        projection.name: projection.connectivity.to_sparse().toarray() != 0 for projection in network.projections
    }
    reads = {projection.name: words_read(program, projection) for projection in network.projections}
    for population in network.populations:
        for step, neuron in product(range(STEPS), range(population.size)):
            spikes = int(counts[population.name][step, neuron])
            row = step + population.depth
            reached = Counter()
            layer = order.index(population.name)
            for projection in network.outgoing(population.name):
                found["reads"][row] += spikes * reads[projection.name][neuron]
                shares["memory_read"][layer, :-1] += spikes * reads[projection.name][neuron]
                for target in np.flatnonzero(synapses[projection.name][:, neuron]):
                    core = int(mapping.core_of[projection.target][target])
                    reached[core] += 1
                    shares["operation"][order.index(projection.target), core] += spikes
                    found["operations"][row, core] += spikes
                    layers[projection.target] += spikes
                    projections[projection.name] += spikes
            own = None if population.role is Role.INPUT else int(mapping.core_of[population.name][neuron])
            if own is not None:
                found["spikes"][row, own] += spikes
                shares["spike"][layer, own] += spikes
            for core, several in reached.items():
                shares["row"][layer, core] += spikes * (several > 1)
            ways = []
            home = mapping.cores if own is None else own
            for core in set(reached) - {own}:
                found["packets_in"][row, core] += spikes
                shares["packet_in"][layer, core] += spikes
                ways += mesh.route(mesh.entry if own is None else tiles[own], tiles[core])
            for link in set(ways) if multicast else ways:
                found["links"][row, link] += spikes
                for kind, links in kinds.items():
                    shares[kind][layer, home] += spikes * links[link]
            if own is not None:
                sent = len(set(reached) - {own})
                messages = spikes * (min(sent, 1) if multicast else sent)
                found["packets_out"][row, own] += messages
                shares["packet"][layer, own] += messages
    return found | {"layers": layers, "projections": projections, "shares": shares}


BOARDS = st.one_of(
    st.sampled_from([(3, 3, 1), (2, 4, 1), (2, 2, 2), (4, 3, 1)]).map(lambda mesh: (mesh, {})),
    st.tuples(st.booleans(), st.sampled_from(["unicast", "multicast"])).map(
        lambda drawn: (
            (2, 2, 4),
            {
                "chip_columns": 2,
                "torus": drawn[0],
                "routing": drawn[1],
                "input_tile": {"chip": 2, "column": 1, "row": 0},
            },
        )
    ),
)


@settings(max_examples=settings().max_examples // 2)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(10, 40),
    BOARDS,
    st.sampled_from(["sequential", "positions", "boxes"]),
    st.sampled_from(["loihi1", "loihi2", "loihi2 without zeros", "loihi2 without kernels"]),
)
def test_random_networks(seed, neurons, board, strategy, memory):
    random = np.random.default_rng(seed)
    network = random_network(random)
    target = with_memory(small_target(neurons, *board[0], **board[1]), memory)
    mapping = map_network(network, target, strategy=strategy, graded_input_bits=1)
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    counting, simulator = CoreCounting(program), Simulator(network)
    x = (random.random((SAMPLES, STEPS, 24)) < 0.4).astype(np.int64)
    counters = counting.counters(simulator.run(x, groups=counting.groups).group_spikes, SAMPLES)
    one_by_one = {population.name: np.arange(population.size) for population in network.populations}
    spikes = simulator.run(x, groups=one_by_one).group_spikes
    expected = follow_every_spike(program, spikes)
    np.testing.assert_array_equal(counters.spikes, expected["spikes"])
    np.testing.assert_array_equal(sum(counters.synaptic_operations.values()), expected["operations"])
    np.testing.assert_array_equal(counters.packets_in, expected["packets_in"])
    np.testing.assert_array_equal(counters.packets_out, expected["packets_out"])
    np.testing.assert_array_equal(counters.memory_reads, expected["reads"])
    np.testing.assert_array_equal(counters.link_packets, expected["links"])
    assert counters.links == Mesh.of(target).links
    assert counters.layer_synaptic_operations == {
        name: operations for name, operations in expected["layers"].items() if network.incoming(name)
    }
    assert counters.projection_synaptic_operations == expected["projections"]
    check_shares(counters, mapping, expected["shares"])
    assert counters.layer_spikes == {name: int(part.sum()) for name, part in spikes.items()}
    updates = np.bincount(np.concatenate(list(mapping.core_of.values())), minlength=mapping.cores)
    np.testing.assert_array_equal(counters.neuron_updates, updates)
    assert counters.rows == STEPS + 4
    assert counters.per_sample() == pytest.approx(
        {
            "spikes": expected["spikes"].sum() / SAMPLES,
            "synaptic_operations": expected["operations"].sum() / SAMPLES,
            "neuron_updates": updates.sum() * counters.rows,
            "memory_reads": expected["reads"].sum() / SAMPLES,
            "packets": expected["packets_in"].sum() / SAMPLES,
            "hops": expected["links"].sum() / SAMPLES,
        }
    )
    # A group is as large as it can be: two of the same population differ in something that a spike does.
    for population in network.populations:
        effects = effects_of_neurons(program, population)
        assert len(set(effects)) == len(set(zip(effects, counting.groups[population.name].tolist(), strict=True)))
        assert len(set(effects)) == 1 + counting.groups[population.name].max()


def check_shares(counters: Counters, mapping: mappings.Mapping, expected: dict[str, np.ndarray]) -> None:
    """What is counted by layer and core is what every spike was found to do, and adds up to what is counted by step."""
    found = dict(counters.by_layer.counts)
    kinds = {kind: found.pop(f"synaptic_operation_{kind}") for kind in counters.synaptic_operations}
    for kind, operations in counters.synaptic_operations.items():
        np.testing.assert_array_equal(kinds[kind].sum(axis=0)[:-1], operations.sum(axis=0))
    found["operation"] = sum(kinds.values())
    assert set(found) == set(expected)
    for name, counts in expected.items():
        np.testing.assert_array_equal(found[name], counts, name)
    for layer, name in enumerate(counters.by_layer.layers):
        cores = mapping.core_of.get(name, np.zeros(0, dtype=int))
        held = np.bincount(cores, minlength=mapping.cores + 1)
        np.testing.assert_array_equal(counters.by_layer.neurons[layer], held)


def effects_of_neurons(program: Program, population: Population) -> list[bytes]:
    """For each neuron its core, and the synapses that it has on each core through each projection."""
    cores = program.mapping.core_of
    parts = [cores.get(population.name, np.zeros(population.size))[:, None]]
    for projection in program.network.outgoing(population.name):
        synapses = np.zeros((population.size, program.mapping.cores))
        present = (projection.connectivity.to_sparse().toarray() != 0).astype(int)
        np.add.at(synapses.T, cores[projection.target], present)
        parts += [synapses, words_read(program, projection)]
    return [row.tobytes() for row in np.concatenate(parts, axis=1)]


def with_memory(target: Target, kind: str) -> Target:
    """The target with other formats of synapses, and no limit to what they take."""
    data = target.model_dump()
    if kind == "loihi1":
        data["synaptic_memory"] = load_target("loihi1").model_dump()["synaptic_memory"]
        data["limits"]["memory_bits"] = data["limits"]["synaptic_memory_bits"] | {"value": None}
    if kind == "loihi2 without zeros":
        data["synaptic_memory"]["convolution"]["bits_per_zero"] |= {"value": 0, "low": 0}
    if kind == "loihi2 without kernels":
        data["synaptic_memory"]["convolution"] = None
    return Target.model_validate(data)


def test_batches_of_samples_add_up_and_neurons_may_be_counted_one_by_one():
    random = np.random.default_rng(3)
    network, target = random_network(random), small_target(20, 3, 3, 1)
    mapping = map_network(network, target)
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    counting, simulator = CoreCounting(program), Simulator(network)
    x = (random.random((6, STEPS, 24)) < 0.4).astype(np.int64)
    whole = counting.counters(simulator.run(x, groups=counting.groups).group_spikes, 6)
    parts = [simulator.run(x[part], groups=counting.groups).group_spikes for part in (slice(0, 2), slice(2, 6))]
    summed = counting.counters({name: parts[0][name] + parts[1][name] for name in parts[0]}, 6)
    apart = [counting.counters(part, 1) for part in parts]
    for name in ("spikes", "packets_in", "packets_out", "memory_reads", "link_packets"):
        np.testing.assert_array_equal(getattr(summed, name), getattr(whole, name))
        np.testing.assert_array_equal(sum(getattr(part, name) for part in apart), getattr(whole, name))
    assert whole.link_packets.any(axis=1).sum() > 1  # at their own steps
    longer = simulator.run(np.zeros((1, STEPS + 1, 24), dtype=np.int64), groups=counting.groups).group_spikes
    with pytest.raises(ValueError, match=f"'always on' has \\({STEPS}, 1\\) steps and groups"):
        counting.counters(longer, 1)


def test_kinds_of_synapses_are_told_apart():
    network = random_network(np.random.default_rng(1))
    target = small_target(500, 2, 2, 1)
    mapping = map_network(network, target, strategy="sequential")
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    counting = CoreCounting(program)
    simulation = Simulator(network).run(np.ones((1, STEPS, 24), dtype=np.int64), groups=counting.groups)
    counters = counting.counters(simulation.group_spikes, 1)
    shared = [projection.connectivity.synapses() for projection in network.projections if projection.name == "a"]
    assert set(counters.synaptic_operations) == {"dense", "sparse", "convolution"}
    assert counters.synaptic_operations["convolution"][:STEPS].sum() >= STEPS * shared[0] > 0
    assert counters.synaptic_operations["sparse"].sum() > 0
    assert mapping_is_one_core(program)
    assert counters.packets_out.sum() == counters.link_packets.sum() == 0
    assert counters.packets_in.sum() == STEPS * 24  # the input comes from outside


def mapping_is_one_core(program: Program) -> bool:
    return program.mapping.cores == 1
