"""What a program takes of SpiNNaker 1's memories and of its milliseconds, against sums made neuron by neuron."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import sparse

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.program import Program
from spikeloom.backends.spinnaker1.machine import Spinnaker1Machine
from spikeloom.backends.spinnaker1.memory_use import memory_use
from spikeloom.backends.spinnaker1.real_time import PeakLoads, RealTime, mean_load
from spikeloom.backends.spinnaker1.section import spinnaker1_section
from spikeloom.mapping.mapping import Mapping as Placement
from spikeloom.mapping.mapping import Place
from spikeloom.mapping.processor_memory import ProcessorMemory
from spikeloom.mapping.target import CostSet
from spikeloom.mapping.target_files import load_target
from spikeloom.mapping.traffic.fan_out import count_fan_out
from spikeloom.models.connectivity import Convolution, Dense, Sparse
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

Array = np.ndarray[Any, Any]
STEPS, CORES = 5, 4
SEEDS = st.integers(0, 2**32 - 1)

SIZES = {
    "core_bytes": 65536, "tile_bytes": 123469792, "system_bytes": 8192, "neuron_bytes": 60, "key_bytes": 4,
    "ring_slots": 16, "slot_bytes": 2, "source_bytes": 16, "matrix_bytes": 4, "table_bytes": 8,
    "spike_buffer_bytes": 1024, "row_buffers": 2, "row_header_words": 3, "synapse_words": 1,
}  # fmt: skip


def sizes(**changes: int | None) -> ProcessorMemory:
    return ProcessorMemory.model_validate(
        {
            name: {"value": value, "unit": "bytes", "kind": "assumed", "source": "a test"}
            for name, value in {**SIZES, **changes}.items()
        }
    )


def program_of(random: np.random.Generator) -> Program:
    """A convolution, a sparse and a dense layer, a loop, delays and an always-on axon, on four cores of three chips."""

    def weights(*shape: int) -> Array:
        values = random.integers(-30, 60, shape)
        return np.where(random.random(shape) < 0.4, 0, values).astype(np.int16)

    def neuron() -> IntegerLeakyIntegrateAndFire:
        whole = [np.asarray(value, dtype=np.int64) for value in (4096, 300, random.integers(5, 60), 0, 0)]
        return IntegerLeakyIntegrateAndFire(*whole)

    convolution = Convolution(weights(3, 2, 2, 2), (2, 4, 3), (1, 1), ((1, 0), (0, 1)), (1, 1), 1)
    size = convolution.targets
    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", (2, 4, 3), Role.INPUT, None, 0),
        Population("conv", convolution.output_shape, Role.NEURON, neuron(), 1),
        Population("last", (7,), Role.NEURON, neuron(), 2),
    )
    listed = Sparse.from_matrix(sparse.csr_array(weights(7, size)))
    projections = (
        Projection("a", "input", "conv", convolution),
        Projection("b", "conv", "last", Dense(weights(7, size))),
        Projection("c", "conv", "last", listed, delay=3),
        Projection("d", "last", "last", Dense(weights(7, 7)), delay=2),
        Projection("e", "always on", "conv", Dense(weights(size, 1))),
    )
    network = Network(populations, projections, "last", integer=True)
    core_of = {name: random.integers(0, CORES, network.by_name[name].size) for name in ("conv", "last")}
    core_of["conv"][:CORES] = np.arange(CORES)
    core_of["always on"] = np.zeros(1, dtype=np.int64)
    places = (Place(0, 0, 0, 0), Place(0, 0, 0, 1), Place(0, 1, 0, 0), Place(0, 1, 1, 0))
    mapping = Placement("spinn3", "a test", core_of, places, ())
    code = InputCode(1.0, True, 1, False)
    return Program(network, mapping, load_target("spinn3"), code, Decision.SUM, STEPS)


def rows_of(program: Program) -> dict[tuple[str, int, str, int], list[int]]:
    """Synapses of every row: by source population and its core, target population and its core."""
    network, core_of = program.network, program.mapping.core_of
    result: dict[tuple[str, int, str, int], list[int]] = {}
    pairs = {(part.source, part.target) for part in network.projections}
    for source, target in sorted(pairs):
        size = network.by_name[source].size
        homes = core_of.get(source, np.full(size, -1))
        matrices = [
            part.connectivity.to_sparse().toarray() != 0
            for part in network.projections
            if (part.source, part.target) == (source, target)
        ]
        counts = np.sum(matrices, axis=0)
        for home in np.unique(homes).tolist():
            for core in range(CORES):
                here = counts[core_of[target] == core][:, homes == home].sum(axis=0)
                if here.any():
                    result[source, home, target, core] = here.tolist()
    return result


@given(seed=SEEDS)
def test_memory_is_the_sum_over_all_rows(seed: int) -> None:
    program = program_of(np.random.default_rng(seed))
    fan_out = count_fan_out(program.network, program.target, program.mapping.core_of)
    use = memory_use(program.mapping, fan_out, sizes())
    rows = rows_of(program)
    for core in range(CORES):
        neurons = sum(int(np.count_nonzero(of == core)) for of in program.mapping.core_of.values())
        numbered = 1
        while numbered < neurons:
            numbered *= 2
        here = {key: row for key, row in rows.items() if key[3] == core}
        sources = {key[:2] for key in here}
        longest = max((3 + max(row) for row in here.values()), default=0)
        expected = {
            "neurons": 60 * neurons, "keys": 4 * neurons, "ring_buffers": 2 * 16 * 2 * numbered,
            "sources": 8 + 16 * len(sources) + 4 * len(here), "spikes": 1024, "rows": 2 * 4 * longest, "system": 8192,
        }  # fmt: skip
        assert {name: int(part[core]) for name, part in use.cores.items()} == expected
    assert use.tiles == ((0, 0, 0), (0, 1, 0), (0, 1, 1))
    for number, cores in enumerate([(0, 1), (2,), (3,)]):
        words = sum(len(row) * (3 + max(row)) for key, row in rows.items() if key[3] in cores)
        assert use.shared["synapses"][number] == 4 * words
        assert use.shared["tables"][number] == sum(use.cores["sources"][core] for core in cores)
    assert not use.problems


def test_what_does_not_fit_is_named() -> None:
    program = program_of(np.random.default_rng(1))
    fan_out = count_fan_out(program.network, program.target, program.mapping.core_of)
    roomy = memory_use(program.mapping, fan_out, sizes())
    fullest, heaviest = int(roomy.of_cores.max()), int(roomy.of_tiles.max())
    fits = memory_use(program.mapping, fan_out, sizes(core_bytes=fullest, tile_bytes=heaviest))
    unknown = memory_use(program.mapping, fan_out, sizes(core_bytes=None, tile_bytes=None))
    assert not fits.problems and not unknown.problems
    tight = memory_use(program.mapping, fan_out, sizes(core_bytes=fullest - 1, tile_bytes=heaviest - 1))
    core, tile = tight.problems
    assert (core.resource, core.used, core.limit) == ("core_bytes", fullest, fullest - 1)
    assert (tile.resource, tile.used, tile.limit) == ("tile_bytes", heaviest, heaviest - 1)
    assert "conv" in core.layer and "limits.neurons" in core.advice and "column" in tile.advice


def test_a_size_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValidationError, match="neuron_bytes"):
        sizes(neuron_bytes=None)


def times(**nanoseconds: float) -> CostSet:
    """An account with a clock of 1 ms."""
    costs = load_target("spinn3").cost_set()

    def number(value: float) -> dict[str, Any]:
        return {"value": value, "unit": "ns", "kind": "assumed", "source": "a test"}

    event = {kind: number(nanoseconds["event"]) for kind in ("dense", "sparse", "convolution")}
    others = {name: number(value) for name, value in nanoseconds.items() if name != "event"}
    data = costs.model_dump()
    data["time"] |= {"synaptic_operation": event, **others}
    return CostSet.model_validate(data)


BUSY = {
    "event": 20000, "neuron_access": 500, "neuron_update": 3000, "spike": 7000, "packet_out": 900, "packet_in": 30000,
    "memory_read": 11,
}  # fmt: skip


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, samples=st.integers(1, 5))
def test_loads_of_single_samples_make_up_those_of_the_mean(seed: int, samples: int) -> None:
    random = np.random.default_rng(seed)
    program, costs = program_of(random), times(**BUSY)
    data = random.integers(0, 2, (samples, STEPS, 24))
    machine, counting = Spinnaker1Machine(program), CoreCounting(program)
    together = PeakLoads(program, costs)
    for name, groups in counting.groups.items():
        np.testing.assert_array_equal(together.groups[name], groups)
    run = machine.run(data, groups=counting.groups, observe=together.observe)
    mean = mean_load(counting.counters(run.group_spikes, samples), program.mapping, costs)
    alone = []
    for sample in data:
        one = PeakLoads(program, costs)
        machine.run(sample[np.newaxis], groups=counting.groups, observe=one.observe)
        alone.append(one.result().loads)
    np.testing.assert_allclose(np.mean(alone, axis=0), mean.loads, rtol=1e-9)
    np.testing.assert_allclose(np.max(alone, axis=0), together.result().loads, rtol=1e-9)
    assert together.result().slowdown >= mean.slowdown


def test_overload_is_listed_with_the_slowdown_that_fits() -> None:
    mapping = program_of(np.random.default_rng(2)).mapping
    work = np.asarray([[0.5, 1.0, 0.0, 2.0], [0.2, 0.9, 0.0, 3.5], [0.1, 1.2, 0.0, 0.9]]) * 1e-3
    found = RealTime.of_work(work, 1e-3, mapping)
    assert [(one.core, one.step, one.steps) for one in found.overloaded] == [(3, 1, 2), (1, 2, 1)]
    assert found.overloaded[0].load == pytest.approx(3.5)
    assert found.overloaded[0].layers == tuple(mapping.populations_on(3))
    assert (found.ratio, found.slowdown) == (pytest.approx(3.5), 4)
    slowed = RealTime.of_work(work, found.slowdown * 1e-3, mapping)
    assert not slowed.overloaded and slowed.slowdown == 1
    assert RealTime.of_work(work, (found.slowdown - 1) * 1e-3, mapping).overloaded


def test_the_section_is_json() -> None:
    random = np.random.default_rng(4)
    program, costs = program_of(random), times(**{**BUSY, "event": 400000})
    machine, peak = Spinnaker1Machine(program), PeakLoads(program, costs)
    data = random.integers(0, 2, (6, STEPS, 24))
    counting = CoreCounting(program)
    run = machine.run(data, groups=counting.groups, observe=peak.observe)
    mean = mean_load(counting.counters(run.group_spikes, 6), program.mapping, costs)
    fan_out = count_fan_out(program.network, program.target, program.mapping.core_of)
    memory = memory_use(program.mapping, fan_out, sizes(core_bytes=10))
    section: Mapping[str, Any] = json.loads(
        json.dumps(spinnaker1_section(machine, run, memory, mean, peak.result()), allow_nan=False)
    )
    assert set(section["arithmetic"]) == {"conv", "last"}
    layer = section["arithmetic"]["conv"]
    assert layer["unit"] == 2.0 ** (layer["fraction_bits"] - 15)
    left = layer["excitatory"]["left_shift"] - 6 - layer["fraction_bits"]
    assert layer["excitatory"]["weight_unit"] == 2**left
    assert section["memory"]["cores"][1]["bytes"] == memory.of_cores[1]
    assert len(section["memory"]["problems"]) == CORES
    assert section["real_time"]["worst_sample"]["slowdown"] >= section["real_time"]["mean_sample"]["slowdown"] > 1
    assert section["real_time"]["mean_sample"]["overloads"][0]["load"] == mean.ratio
    assert spinnaker1_section(machine, run, memory, mean)["real_time"]["worst_sample"] is None
