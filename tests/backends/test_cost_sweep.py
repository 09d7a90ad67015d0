"""Pricing a run by many accounts gives each the price that it has alone."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.backends.cost_sweep import Sweep
from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.estimate import estimate
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.execution.active_neurons import ActiveNeurons
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

STEPS, SAMPLES = 6, 3


@functools.cache
def run(target: str) -> tuple[Program, Counters]:
    random = np.random.default_rng(0)
    zero = np.zeros((), dtype=np.int64)
    neuron = IntegerLeakyIntegrateAndFire(zero + 4096, zero + 300, zero + 40, zero, zero)
    sizes = {"input": 20, "hidden": 30, "answer": 5}
    populations = [
        Population(name, (size,), Role.NEURON if depth else Role.INPUT, neuron if depth else None, depth)
        for depth, (name, size) in enumerate(sizes.items())
    ]
    projections = [
        Projection(f"{a} to {b}", a, b, Dense(random.integers(-40, 60, (sizes[b], sizes[a])) * 2))
        for a, b in (("input", "hidden"), ("hidden", "answer"))
    ]
    network = Network(tuple(populations), tuple(projections), "answer", integer=True)
    chip = load_target(target)
    program = Program(network, map_network(network, chip), chip, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    given = (random.random((SAMPLES, STEPS, 20)) < 0.4).astype(np.int64)
    counting = CoreCounting(program)
    counters = counting.counters(Simulator(network).run(given, groups=counting.groups).group_spikes, SAMPLES)
    active = ActiveNeurons(program.mapping.core_of, program.mapping.cores, STEPS)
    run_network(network, given, active)
    return program, counters.with_active(active.counts, {part.name: part.depth for part in populations})


TARGETS = ("loihi1", "loihi2", "spinnaker1", "spinnaker2")
FACTORS = st.tuples(*[st.floats(0.01, 100)] * 3)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=settings().max_examples // 10)
@given(factors=st.lists(FACTORS, min_size=1, max_size=4))
def test_every_price_is_that_of_the_account_alone(target: str, factors: list[tuple[float, float, float]]) -> None:
    program, counters = run(target)
    sets = list(program.target.costs.sets.values())
    accounts = [account.scaled(*factor) for factor in factors for account in sets]
    prices = Sweep(counters, program.mapping, program.target).prices(accounts)
    for number, account in enumerate(accounts):
        costs = program.target.costs.model_copy(update={"sets": {"drawn": account}})
        chip = program.target.model_copy(update={"costs": costs})
        alone = estimate(counters, program.mapping, chip, period=program.period, costs="drawn")
        assert prices.dynamic[number] == pytest.approx(alone.dynamic, rel=1e-9)
        assert prices.chip_total[number] == pytest.approx(alone.chip_total, rel=1e-9)
        assert prices.latency[number] == pytest.approx(alone.latency, rel=1e-9)


def test_a_scaled_account_costs_as_much_more() -> None:
    account = load_target("loihi1").cost_set("fitted")
    more = account.scaled(2, 3, 5)
    assert more.energy.synaptic_operation.dense.bounds == tuple(
        2 * end for end in account.energy.synaptic_operation.dense.bounds
    )
    assert more.power.static.value == 3 * account.power.static.value
    assert more.time.barrier.at(3).nominal == 5 * account.time.barrier.at(3).nominal
    assert more.time.barrier.table[29] == 5 * 1800
    assert more.energy.spike.source == account.energy.spike.source
