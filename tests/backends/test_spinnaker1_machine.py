"""How SpiNNaker 1's weights and states get their units, what happens at their ends, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.spinnaker1.fixed_point import Rounding, decayed
from spikeloom.backends.spinnaker1.machine import Spinnaker1Machine
from spikeloom.mapping.mapping import Mapping
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.errors import DoesNotFitError, UnsupportedModelError
from spikeloom.models.input_code import InputCode
from spikeloom.models.learning import LearningRule
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import (
    IntegerIzhikevich,
    IntegerLeakyIntegrateAndFire,
)

Array = np.ndarray[Any, Any]
STEPS = 6
SEEDS = st.integers(0, 2**32 - 1)


def program_of(network: Network, largest: int = 1, signed: bool = False) -> Program:
    code = InputCode(1.0, True, largest, signed)
    return Program(network, Mapping("spinnaker1", "none", {}, (), ()), load_target("loihi2"), code, Decision.SUM, STEPS)


def whole(value: Any) -> Array:
    return np.asarray(value, dtype=np.int64)


KEPT = st.one_of(st.sampled_from([0, 1, 2**32 - 2**20, 2**32]), st.integers(0, 2**32))


@given(state=st.integers(-(2**31), 2**31 - 1), kept=KEPT, seed=SEEDS)
def test_decays_lose_the_bits_that_have_no_place(state: int, kept: int, seed: int) -> None:
    random, exact = np.random.default_rng(seed), Fraction(state * kept, 2**32)

    def rounded(rounding: Rounding) -> int:
        return int(decayed(whole(state), whole(kept), rounding, random))

    assert rounded(Rounding.DOWN) == math.floor(exact)
    assert rounded(Rounding.NEAREST) == math.floor(exact + Fraction(1, 2))
    assert rounded(Rounding.STOCHASTIC) in {math.floor(exact), math.ceil(exact)}


def test_stochastic_rounding_is_right_on_average() -> None:
    states = np.full(20000, 7)
    found = decayed(states, whole(2**32 * 3 // 20), Rounding.STOCHASTIC, np.random.default_rng(1))
    assert abs(found.mean() - 7 * 3 / 20) < 0.015  # three standard deviations are 0.005


def small_network(weights: list[list[int]], exponent: int = 0, **neuron: Any) -> Network:
    """Inputs and one layer behind them."""
    fields = {"current_decay": 4096, "voltage_decay": 4096, "threshold": 1, "bias_mantissa": 0, "bias_exponent": 0}
    values = {name: whole(value) for name, value in {**fields, **neuron}.items()}
    matrix = np.asarray(weights, dtype=np.int16)
    populations = (
        Population("input", (matrix.shape[1],), Role.INPUT, None, 0),
        Population("layer", (matrix.shape[0],), Role.NEURON, IntegerLeakyIntegrateAndFire(**values), 1),
    )
    return Network(populations, (Projection("in", "input", "layer", Dense(matrix), exponent=exponent),), "layer", True)


def test_a_ring_buffer_stays_at_its_end_and_is_counted() -> None:
    network = small_network([[255] * 4, [255] * 4], exponent=7, voltage_decay=0, threshold=2000)
    quiet, loud = np.zeros((1, STEPS, 4), int), np.ones((2, STEPS, 4), int)
    quiet[0, 0, 0] = 1
    machine = Spinnaker1Machine(program_of(network), calibration=quiet)
    assert machine.layers["layer"].scales[0].exponent == 7  # 255 * 4 = 1020 has 16 bits
    run = machine.run(loud)
    assert run.saturations == {"layer": 0}
    heavy = small_network([[255] * 300], exponent=0)
    machine = Spinnaker1Machine(program_of(heavy), calibration=np.zeros((1, STEPS, 300), int))
    run = machine.run(np.ones((2, STEPS, 300), int))
    assert run.ring_saturations == {"layer": 2 * STEPS}  # 76,500 in each of them
    assert run.largest_sums["layer"] == (76500, 0)
    layer = heavy.by_name["layer"]
    integrator: Any = replace(layer.neuron, spiking=False)  # type: ignore[type-var]
    seen = heavy.replace(populations=(heavy.input, replace(layer, neuron=integrator)))
    machine = Spinnaker1Machine(program_of(seen), calibration=np.zeros((1, STEPS, 300), int))
    assert np.all(machine.run(np.ones((2, STEPS, 300), int)).activity["layer"] == 65535 * 64)


def test_a_unit_without_saturation_costs_bits_and_they_are_counted() -> None:
    network = small_network([[255] * 300, [254] * 300])
    layer = Spinnaker1Machine(program_of(network)).layers["layer"]
    assert (layer.scales[0].exponent, layer.scales[0].lost_bits, layer.scales[0].largest_sum) == (1, 1, 76500)
    assert layer.rounded_weights == 300
    assert (layer.scales[1].exponent, layer.scales[1].lost_bits) == (0, 0)


def test_signed_numbers_share_one_unit() -> None:
    network = small_network([[254, -254, 255, -2]])
    machine = Spinnaker1Machine(program_of(network, 300, True))
    scales = machine.layers["layer"].scales
    assert scales[0] == scales[1]
    assert scales[0].largest_sum == 300 * (254 + 254 + 255 + 2)
    always = Population("always on", (1,), Role.CONSTANT, None, 0)
    strong = Projection("strong", "always on", "layer", Dense(np.asarray([[255]], dtype=np.int16)), exponent=7)
    both = Network((always, *network.populations), (*network.projections, strong), "layer", True)
    scales = Spinnaker1Machine(program_of(both, 100, True)).layers["layer"].scales
    assert scales[0] == scales[1] and scales[0].largest_sum == 100 * 765 + 255 * 128


def test_weights_that_vanish_are_refused() -> None:
    network = small_network([[1, 1]])
    with pytest.raises(DoesNotFitError, match=r"'layer'.*calibration"):
        Spinnaker1Machine(program_of(network, 2**20))
    calibrated = Spinnaker1Machine(program_of(network, 2**20), calibration=np.full((1, STEPS, 2), 9))
    assert calibrated.layers["layer"].rounded_weights == 0


@given(seed=SEEDS)
def test_states_have_as_many_fraction_bits_as_there_is_room_for(seed: int) -> None:
    random = np.random.default_rng(seed)
    positive = bool(random.random() < 0.5)
    weights = (2 * random.integers(0 if positive else -100, 100, (4, 6))).tolist()
    decays = {"voltage_decay": int(random.integers(400, 4097)), "current_decay": int(random.integers(400, 4097))}
    network = small_network(weights, threshold=0, bias_mantissa=int(random.integers(0, 99)), **decays)
    layer = network.by_name["layer"]
    integrator: Any = replace(layer.neuron, spiking=False)  # type: ignore[type-var]
    network = network.replace(populations=(network.input, replace(layer, neuron=integrator)))
    machine = Spinnaker1Machine(program_of(network))
    run = machine.run(np.ones((1, 200, 6), int))
    bits = machine.layers["layer"].neurons.fraction_bits
    assert run.state_saturations == {"layer": 0}
    assert 8 <= bits <= 24
    if positive and bits < 24:  # what always rises comes near to the largest potential, which needs the last bit
        assert int(run.activity["layer"].max()) + 2 >= 2 ** (30 - bits)


def test_roundings_differ_and_are_repeated() -> None:
    random = np.random.default_rng(3)
    network = small_network((2 * random.integers(-99, 120, (20, 18))).tolist(), threshold=3, voltage_decay=1)
    network = replace(network, populations=(network.input, replace(
        network.by_name["layer"],
        neuron=IntegerLeakyIntegrateAndFire(whole(700), whole(900), whole(0), whole(0), whole(0), spiking=False),
    )))  # fmt: skip
    data = random.integers(0, 2, (4, 40, 18))

    def run(**options: Any) -> Array:
        return Spinnaker1Machine(program_of(network), **options).run(data).activity["layer"]

    fine = {rounding: run(rounding=rounding).astype(float) for rounding in Rounding}
    assert np.array_equal(run(rounding=Rounding.STOCHASTIC, seed=5), run(rounding=Rounding.STOCHASTIC, seed=5))
    exact = Simulator(network).run(data.astype(np.int32)).activity["layer"]
    for found in fine.values():  # each decay of 40 steps loses less than a unit of the simulator's
        assert np.abs(found - exact).max() <= 40


def test_what_is_not_computed_is_refused_together() -> None:
    network = small_network([[2, 2]])
    whole_numbers = (whole(1) for _ in range(10))
    izhikevich = Population("layer", (1,), Role.NEURON, IntegerIzhikevich(*whole_numbers), 1)
    rule = LearningRule("x0*(-7)*2^4", lowest_weight=-256)
    learning = replace(network.projections[0], delay=17, learning=rule)
    with pytest.raises(UnsupportedModelError) as caught:
        Spinnaker1Machine(program_of(Network((network.input, izhikevich), (learning,), "layer", integer=True)))
    lines = str(caught.value).split("\n")
    assert "3 nodes cannot run on SpiNNaker 1" in lines[0]
    assert "layer (izhikevich)" in lines[1] and "spinnaker2" in lines[1]
    assert "in (learning)" in lines[2] and "in (delay 17)" in lines[3]
