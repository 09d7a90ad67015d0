"""What the mapper takes for the cost of a step is what the estimate of a run says."""

from __future__ import annotations

import numpy as np
import pytest

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.estimate import estimate
from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.mapper import explained_mapping
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

STEPS, SAMPLES = 12, 4


def board(chip: str, **topology: object) -> Target:
    """Two chips with small cores and dear links between them."""
    data = load_target(chip).model_dump()

    def number(value, unit="things"):
        return {"value": value, "unit": unit, "kind": "assumed", "source": "a test"}

    data["topology"] |= {
        "chips": 2, "columns": number(2), "rows": number(2), "cores_per_tile": number(1), "usable_cores": number(4),
        "link_between_chips": number(3, "hops"), **topology,
    }  # fmt: skip
    data["limits"]["neurons"] = number(14)
    return Target.model_validate(data)


def network() -> Network:
    random = np.random.default_rng(0)
    neuron = IntegerLeakyIntegrateAndFire(
        np.asarray(4096), np.asarray(300), np.asarray(30), np.asarray(0), np.asarray(0)
    )
    kernel = 2 * random.integers(-5, 40, (3, 2, 3, 3)).astype(np.int16)
    convolution = Convolution(kernel, (2, 5, 5), (1, 1), ((1, 1), (1, 1)), (1, 1))
    dense = Dense(2 * random.integers(-10, 30, (20, 75)).astype(np.int16))
    populations = (
        Population("input", (2, 5, 5), Role.INPUT, None, 0),
        Population("conv", (3, 5, 5), Role.NEURON, neuron, 1),
        Population("dense", (20,), Role.NEURON, neuron, 2),
    )
    projections = (Projection("a", "input", "conv", convolution), Projection("b", "conv", "dense", dense))
    return Network(populations, projections, "dense", True)


@pytest.mark.parametrize("topology", [{}, {"routing": "multicast"}, {"torus": True}])
@pytest.mark.parametrize("chip", ["loihi1", "loihi2"])
def test_energy_of_a_step_and_of_a_sample(chip, topology):
    target, model = board(chip, **topology), network()
    x = (np.random.default_rng(1).random((SAMPLES, STEPS, 50)) < 0.3).astype(np.int64)
    simulator, rows = Simulator(model), STEPS + 2
    rates = {name: counts / (rows * SAMPLES) for name, counts in simulator.run(x).spikes.items()}
    mapping, explanation = explained_mapping(model, target, rates)
    assert mapping.cores > 4  # both chips are in use
    program = Program(model, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    counting = CoreCounting(program)
    counters = counting.counters(simulator.run(x, groups=counting.groups).group_spikes, SAMPLES)
    priced = estimate(counters, mapping, target, period=program.period)
    assert priced.dynamic.nominal == pytest.approx(rows * explanation.cost.dynamic, rel=1e-9)
    # A mean step is at most as long as the mean of the steps, of which each waits for its own busiest core.
    assert explanation.cost.step_time <= priced.step_time.nominal * (1 + 1e-9)
    assert explanation.links.deliveries * rows * SAMPLES == pytest.approx(counters.packets_in.sum())
    assert explanation.links.busiest_link * rows * SAMPLES == pytest.approx(counters.link_packets.sum(axis=0).max())
