"""A network is spread over as many cores as keep up with the clock, and no more than its chip has."""

from __future__ import annotations

import numpy as np
import pytest

from spikeloom.backends.program import Program
from spikeloom.backends.spinnaker1.machine import Spinnaker1Machine
from spikeloom.backends.spinnaker1.real_time import PeakLoads
from spikeloom.deploy.real_time_mapping import mapped_in_real_time
from spikeloom.mapping.explanation import Explanation
from spikeloom.mapping.mapper import explained_mapping
from spikeloom.mapping.mapping import Mapping
from spikeloom.mapping.search import Search
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

STEPS, INPUTS = 4, 40


def network(neurons: int) -> Network:
    zero = np.zeros((), dtype=np.int64)
    neuron = IntegerLeakyIntegrateAndFire(zero + 4096, zero + 100, zero + 100, zero, zero)
    weights = np.random.default_rng(0).integers(1, 100, (neurons, INPUTS))
    return Network(
        (Population("input", (INPUTS,), Role.INPUT, None, 0), Population("out", (neurons,), Role.NEURON, neuron, 1)),
        (Projection("p", "input", "out", Dense(weights)),),
        "out",
        integer=True,
    )


def mapped(net: Network, target: Target, share: float) -> tuple[Mapping, Explanation, tuple[str, ...], float]:
    """The mapping, what was said of it, and the load that it leaves, of an input in which that share spikes."""
    integers = (np.random.default_rng(1).random((5, STEPS, INPUTS)) < share).astype(np.int64)
    account = target.cost_set()

    def program_of(mapping: Mapping) -> Program:
        return Program(net, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)

    def map_to(chip: Target) -> tuple[Mapping, Explanation]:
        return explained_mapping(net, chip, None, "sequential", 1, Search("fast"))

    mapping, explanation, notes = mapped_in_real_time(map_to, program_of, target, account, integers)
    program = program_of(mapping)
    peak = PeakLoads(program, account)
    Spinnaker1Machine(program).run(integers, groups=peak.groups, observe=peak.observe)
    return mapping, explanation, notes, peak.result().ratio


def test_a_light_load_stays_on_full_cores() -> None:
    mapping, _, notes, load = mapped(network(200), load_target("spinn3"), share=0.0)
    assert mapping.cores == 1
    assert (load <= 1, notes) == (True, ())


def test_a_heavy_load_is_spread_until_it_keeps_up() -> None:
    target = load_target("spinn3")
    mapping, explanation, notes, load = mapped(network(250), target, share=0.6)
    assert load <= 1
    assert mapping.cores > 1
    (note,) = notes
    assert note.startswith("real_time: at most") and "spinn3's clock" in note
    # What is told are shares of the chip's own limit.
    assert {use.limit for use in mapping.uses if use.resource == "neurons"} == {255}
    assert explanation.utilisation["neurons"] == pytest.approx(250 / mapping.cores / 255)


def test_what_cannot_keep_up_is_said() -> None:
    data = load_target("spinn3").model_dump()
    data["topology"]["usable_cores"] |= {"value": 2, "low": 2, "high": 2}
    mapping, _, notes, load = mapped(network(250), Target.model_validate(data), share=1.0)
    assert mapping.cores == 2
    assert load > 1
    assert "no mapping keeps up" in notes[0] and f"{load:.1f} periods" in notes[0]
