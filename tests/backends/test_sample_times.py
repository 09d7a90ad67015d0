"""Single samples are timed each by its own busiest core; the mean sample never takes longer than they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.estimate import estimate
from spikeloom.backends.program import Program
from spikeloom.backends.sample_times import time_samples
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

STEPS, SIDE = 5, 60


def program() -> Program:
    """Two layers on cores of their own, each heard by half of the inputs."""
    zero = np.zeros((), dtype=np.int64)
    neuron = IntegerLeakyIntegrateAndFire(zero + 4096, zero + 100, zero + 100000, zero, zero)
    halves = {name: np.zeros((SIDE, 2 * SIDE), dtype=np.int64) for name in ("left", "right")}
    halves["left"][:, :SIDE] = halves["right"][:, SIDE:] = 3
    network = Network(
        (
            Population("input", (2 * SIDE,), Role.INPUT, None, 0),
            *(Population(name, (SIDE,), Role.NEURON, neuron, 1) for name in halves),
        ),
        tuple(Projection(name, "input", name, Dense(weights)) for name, weights in halves.items()),
        "left",
        integer=True,
    )
    core_of = {"left": np.zeros(SIDE, dtype=np.int64), "right": np.ones(SIDE, dtype=np.int64)}
    mapping = Mapping("loihi1", "by hand", core_of, (Place(0, 0, 0, 0), Place(0, 0, 0, 1)), ())
    return Program(network, mapping, load_target("loihi1"), InputCode(1.0, True, 1, False), Decision.SUM, STEPS)


@pytest.mark.parametrize("alternating", [False, True])
def test_samples_with_different_busiest_cores_take_longer_than_their_mean(alternating: bool) -> None:
    deployed = program()
    integers = np.zeros((4, STEPS, 2 * SIDE), dtype=np.int64)
    for sample in range(4):
        first = SIDE * (sample % 2) if alternating else 0
        integers[sample, :, first : first + SIDE] = 1
    counting, simulator = CoreCounting(deployed), Simulator(deployed.network)
    whole = counting.counters(simulator.run(integers, groups=counting.groups).group_spikes, 4)
    account = deployed.target.cost_set()
    times = time_samples(integers, counting, simulator, whole, deployed.mapping, deployed.target, account)
    mean = estimate(whole, deployed.mapping, deployed.target, period=deployed.period).latency
    assert times.samples == 4
    assert times.longest == pytest.approx(times.mean)  # all samples do as much, on one core or the other
    if alternating:
        barrier = 6 * account.time.barrier.at(1).nominal * 1e-9
        assert times.mean.nominal - barrier == pytest.approx(2 * (mean.nominal - barrier), rel=0.1)
    else:
        assert times.mean == pytest.approx(mean)


def test_active_neurons_are_those_of_the_mean_sample() -> None:
    deployed = program()
    integers = np.zeros((2, STEPS, 2 * SIDE), dtype=np.int64)
    counting, simulator = CoreCounting(deployed), Simulator(deployed.network)
    whole = counting.counters(simulator.run(integers, groups=counting.groups).group_spikes, 2)
    account = deployed.target.cost_set()
    rest = replace(whole, active_neurons=np.zeros_like(whole.spikes))
    all_active, none = (
        time_samples(integers, counting, simulator, counters, deployed.mapping, deployed.target, account).mean.nominal
        for counters in (whole, rest)
    )
    steps = whole.rows
    assert all_active - none == pytest.approx(steps * SIDE * account.time.neuron_update.value * 1e-9)
