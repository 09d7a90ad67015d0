"""SpiNNaker 1's arithmetic equals the rules of its documents, followed tick by tick and synapse by synapse."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.spinnaker1.fixed_point import Rounding
from spikeloom.backends.spinnaker1.layer import Layer
from spikeloom.backends.spinnaker1.leaky_neurons import LeakyNeurons
from spikeloom.backends.spinnaker1.machine import Spinnaker1Machine
from spikeloom.backends.spinnaker1.weight_scales import BySign
from spikeloom.mapping.mapping import Mapping
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import (
    IntegerGraded,
    IntegerLeakyIntegrateAndFire,
    IntegerMultipleSpikes,
    IntegerRefractory,
    IntegerTernary,
    Reset,
    family_of,
)

Array = np.ndarray[Any, Any]
STEPS, SLOTS = 6, 16
SEEDS = st.integers(0, 2**32 - 1)


def program_of(network: Network, largest: int = 1, signed: bool = False) -> Program:
    code = InputCode(1.0, True, largest, signed)
    return Program(network, Mapping("spinnaker1", "none", {}, (), ()), load_target("loihi2"), code, Decision.SUM, STEPS)


def whole(value: Any) -> Array:
    return np.asarray(value, dtype=np.int64)


def neurons_of(random: np.random.Generator, size: int, family: str = "any", rounding: bool = True) -> Any:
    """Neurons with random parameters; without rounding, those whose decays lose no bit."""
    decays = [0, 4096, 2048, 4095, 1, int(random.integers(1, 4096))] if rounding else [0, 4096]
    per_neuron = (size,) if random.random() < 0.5 else ()
    fields: dict[str, Any] = {
        "current_decay": whole(max(1, random.choice(decays)) if rounding else 4096),
        "voltage_decay": whole(random.choice(decays, per_neuron)),
        "threshold": whole(random.integers(1, 150, per_neuron)),
        "bias_mantissa": whole(random.integers(-90, 150, per_neuron)),
        "bias_exponent": whole(random.integers(0, 4)),
        "reset": list(Reset)[random.integers(3)],
        "reset_value": whole(random.integers(-300, 300)),
        "initial_voltage": whole(random.integers(-300, 300)),
        "inclusive": bool(random.random() < 0.5),
    }
    if family in ("any", "spiking"):
        families = ["leaky", "refractory", "ternary", "multiple", "integrator", "graded"]
        family = str(random.choice(families[: 4 if family == "spiking" else 6]))
    if family == "refractory":
        return IntegerRefractory(**fields, period=whole(random.integers(0, 4, per_neuron)))
    if family == "ternary":
        return IntegerTernary(**fields, lower_threshold=-fields["threshold"] - random.integers(0, 9))
    if family == "graded":
        shifts = {"input_shift": int(random.integers(0, 7)), "output_shift": int(random.integers(14, 18))}
        return IntegerGraded(**fields, signed=bool(random.random() < 0.5), **shifts)
    if family == "multiple":
        return IntegerMultipleSpikes(**fields, most=int(random.integers(2, 6)))
    spiking = family == "leaky"
    return IntegerLeakyIntegrateAndFire(**fields, spiking=spiking, output_shift=0 if spiking else 16)


def random_network(random: np.random.Generator, family: str = "any", rounding: bool = True) -> Network:
    """Convolution, pool, dense, sparse, one to one, loops, long delays, an always-on axon."""

    def weights(*shape: int) -> Array:
        values = random.integers(-128, 128, shape) * 2
        return np.where(random.random(shape) < 0.3, 0, values).astype(np.int16)

    def neuron(size: int) -> Any:
        return neurons_of(random, size, family, rounding)

    convolution = Convolution(weights(3, 2, 2, 2), (2, 3, 3), (1, 1), ((1, 0), (0, 1)), (1, 1), 1)
    pool = Pool(weights(3), convolution.output_shape, (2, 2), (2, 2), ((0, 0), (0, 0)))
    pooled, convolved = int(np.prod(pool.output_shape)), int(np.prod(convolution.output_shape))
    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", (2, 3, 3), Role.INPUT, None, 0),
        Population("conv", convolution.output_shape, Role.NEURON, neuron(convolved), 1),
        Population("pool", pool.output_shape, Role.NEURON, neuron(pooled), 2),
        Population("dense", (5,), Role.NEURON, neuron(5), 3),
        Population("last", (5,), Role.NEURON, neuron(5), 4),
    )

    def exponent() -> int:
        return int(random.integers(0, 4))

    projections = (
        Projection("a", "input", "conv", convolution, exponent=exponent()),
        Projection("b", "conv", "pool", pool, exponent=exponent()),
        Projection("c", "pool", "dense", Dense(weights(5, pooled)), exponent=exponent()),
        Projection("d", "conv", "dense", Sparse.from_matrix(sparse.csr_array(weights(5, convolved))), delay=3),
        Projection("e", "dense", "last", OneToOne(weights(5)), exponent=exponent()),
        Projection("f", "last", "dense", Dense(weights(5, 5)), delay=int(random.integers(1, 5))),
        Projection("g", "dense", "dense", Dense(weights(5, 5))),
        Projection("h", "always on", "conv", Dense(weights(convolved, 1)), delay=int(random.integers(1, 17))),
        Projection("i", "input", "last", Dense(weights(5, 18)), delay=int(random.integers(4, 17))),
    )
    return Network(populations, projections, "last", integer=True)


class PlainNeuron:
    """One neuron of a layer in plain integers; a unit of the potential is 2**bits."""

    def __init__(self, neuron: Any, number: int, bits: int) -> None:
        def own(name: str) -> int:
            value = getattr(neuron, name)
            return int(value if value.ndim == 0 else value[number])

        self.neuron, self.own, self.bits = neuron, own, bits
        self.shift = getattr(neuron, "input_shift", 6)
        self.currents, self.voltage, self.waiting = [0, 0], own("initial_voltage") << bits, 0

    def decayed(self, value: int, decay: int) -> int:
        """Rounded down."""
        kept = Fraction(4096 - decay, 4096)
        return value * kept.numerator // kept.denominator

    def aim(self, lower: bool) -> int:
        """What has to arrive for the potential to meet the threshold, or the lower one, to the bit."""
        own = self.own
        bias = (own("bias_mantissa") << own("bias_exponent")) << self.bits
        name, sign = ("lower_threshold", 1) if hasattr(self.neuron, "lower_threshold") else ("threshold", -1)
        threshold = (sign * own(name) if lower else own("threshold")) << (self.shift + self.bits)
        rest = self.decayed(self.currents[0], own("current_decay")) - self.decayed(
            self.currents[1], own("current_decay")
        )
        return threshold - bias - rest - self.decayed(self.voltage, own("voltage_decay"))

    def step(self, charges: list[int]) -> int:
        own, neuron = self.own, self.neuron
        for sign in range(2):
            self.currents[sign] = limited(self.decayed(self.currents[sign], own("current_decay")) + charges[sign])
        bias = (own("bias_mantissa") << own("bias_exponent")) << self.bits
        charge = limited(self.currents[0] - self.currents[1] + bias)
        if self.waiting > 0:
            self.waiting -= 1
            return 0
        self.voltage = limited(self.decayed(self.voltage, own("voltage_decay")) + charge)
        threshold = (own("threshold") << self.shift) << self.bits
        if isinstance(neuron, IntegerLeakyIntegrateAndFire) and not neuron.spiking:
            return self.voltage >> (self.bits + neuron.output_shift)
        passes = (lambda value, level: value >= level) if neuron.inclusive else (lambda value, level: value > level)
        spikes, taken = int(passes(self.voltage, threshold)), threshold
        if isinstance(neuron, IntegerTernary):
            lower = (own("lower_threshold") << self.shift) << self.bits
            if not spikes and passes(-self.voltage, -lower):
                spikes, taken = -1, -lower
        if isinstance(neuron, IntegerGraded) and neuron.signed and not spikes and passes(-self.voltage, threshold):
            spikes = -1
        if isinstance(neuron, IntegerMultipleSpikes):
            while spikes < neuron.most and passes(self.voltage, (spikes + 1) * threshold):
                spikes += 1
        output = self.voltage >> (self.bits + neuron.output_shift) if isinstance(neuron, IntegerGraded) else spikes
        if spikes:
            if neuron.reset is Reset.VALUE:
                self.voltage = own("reset_value") << self.bits
            elif neuron.reset is Reset.SUBTRACT:
                self.voltage -= spikes * taken
            if isinstance(neuron, IntegerRefractory):
                self.waiting = own("period")
        return output if spikes else 0


def limited(value: int) -> int:
    return max(-(2**31), min(2**31 - 1, value))


def stored_weight(weight: int, exponent: int, unit: int) -> int:
    """In units of 2**unit, to the nearest, halves to even."""
    return round(Fraction(abs(weight) * 2**exponent, 2**unit))


def follow(network: Network, data: Array, layers: dict[str, Layer]) -> dict[str, Array]:
    """The board tick by tick, for one sample after the other: (samples, steps, neurons) by population."""
    synapses = {part.name: part.connectivity.to_sparse().toarray().astype(int) for part in network.projections}
    result = {name: np.zeros((data.shape[0], STEPS, network.by_name[name].size), dtype=np.int64) for name in layers}
    for sample, steps in enumerate(data):
        rings = {name: np.zeros((2, SLOTS, network.by_name[name].size), dtype=object) for name in layers}
        neurons = {
            name: [PlainNeuron(network.by_name[name].neuron, number, layer.neurons.fraction_bits)
                   for number in range(layer.neurons.size)]
            for name, layer in layers.items()
        }  # fmt: skip
        for tick in range(-SLOTS, STEPS + network.depth + SLOTS):
            sent = {"always on": np.ones(1, dtype=int)}
            if 0 <= tick < STEPS:
                sent["input"] = steps[tick]
            for name, layer in layers.items():
                slot, step = tick % SLOTS, tick - network.by_name[name].depth
                arrived = rings[name][:, slot].copy()
                rings[name][:, slot] = 0
                if not 0 <= step < STEPS:
                    continue
                shift = layer.neurons.input_shift + layer.neurons.fraction_bits
                for number, neuron in enumerate(neurons[name]):
                    charges = [arrived[sign, number] << (shift + layer.scales[sign].exponent) for sign in range(2)]
                    result[name][sample, step, number] = neuron.step(charges)
                sent[name] = result[name][sample, step]
            for part in network.projections:
                for source in np.flatnonzero(sent.get(part.source, np.zeros(1, dtype=int))):
                    payload = int(sent[part.source][source])
                    for target in np.flatnonzero(synapses[part.name][:, source]):
                        weight = int(synapses[part.name][target, source])
                        unit = layers[part.target].scales[0 if weight > 0 else 1].exponent
                        product = stored_weight(weight, part.exponent, unit) * abs(payload)
                        buffer = rings[part.target][0 if weight * payload > 0 else 1, (tick + part.delay) % SLOTS]
                        buffer[target] = min(65535, buffer[target] + product)
    return result


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS)
def test_neurons_keep_every_bit_as_documented(seed: int) -> None:
    random = np.random.default_rng(seed)
    neuron = neurons_of(random, 3)
    largest = int(random.integers(1, 400))
    population = Population("layer", (3,), Role.NEURON, neuron, 1)
    neurons = LeakyNeurons.of(population, family_of(neuron), BySign(largest, largest))
    plain = [PlainNeuron(neuron, number, neurons.fraction_bits) for number in range(3)]
    state, generator = neurons.initial_state(1), np.random.default_rng(0)
    # Some charges are such that potentials meet their thresholds to the bit.
    shift = neurons.input_shift + neurons.fraction_bits
    for _ in range(25):
        charges = random.integers(0, largest + 1, (2, 1, 3)) << shift
        if random.random() < 0.3:
            aims = [limited(part.aim(lower=bool(random.random() < 0.5))) for part in plain]
            charges = np.asarray([[[max(aim, 0) for aim in aims]], [[max(-aim, 0) for aim in aims]]])
        state, output, _ = neurons.step(state, charges[0], charges[1], Rounding.DOWN, generator)
        expected = [part.step(charges[:, 0, number].tolist()) for number, part in enumerate(plain)]
        assert output[0].tolist() == expected
        assert state[2][0].tolist() == [part.voltage for part in plain]
        assert [state[sign][0].tolist() for sign in range(2)] == [
            [part.currents[sign] for part in plain] for sign in range(2)
        ]


@given(seed=SEEDS, largest=st.sampled_from([1, 3, 40]), signed=st.booleans(), measured=st.booleans())
def test_equals_the_documented_rules(seed: int, largest: int, signed: bool, measured: bool) -> None:
    random = np.random.default_rng(seed)
    network = random_network(random, "any" if measured else "spiking")
    data = random.integers(-largest if signed else 0, largest + 1, (2, STEPS, 18))
    calibration = data[:1] // 2 if measured else None  # sums that are too small, so that ring buffers saturate
    machine = Spinnaker1Machine(program_of(network, largest, signed), calibration=calibration)
    run = machine.run(data, "all")
    expected = follow(network, data, dict(machine.layers))
    for name, activity in expected.items():
        np.testing.assert_array_equal(run.activity[name], activity, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, largest=st.sampled_from([1, 3]))
def test_equals_the_simulator_where_nothing_is_rounded(seed: int, largest: int) -> None:
    random = np.random.default_rng(seed)
    network = random_network(random, str(random.choice(["leaky", "refractory", "ternary", "multiple"])), rounding=False)
    data = random.integers(0, largest + 1, (3, STEPS, 18))
    machine = Spinnaker1Machine(program_of(network, largest))
    run = machine.run(data, "all")
    assume(not sum(run.saturations.values()))
    assume(not any(layer.rounded_weights for layer in machine.layers.values()))
    simulation = Simulator(network).run(data.astype(np.int32), "all")
    for name, activity in simulation.activity.items():
        np.testing.assert_array_equal(run.activity[name], activity, err_msg=name)
        assert run.activity[name].dtype == activity.dtype


def test_what_runs_in_portions_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(8)
    network = random_network(random)
    data = random.integers(0, 2, (7, STEPS, 18))
    groups = {part.name: np.arange(part.size) // 2 for part in network.populations}
    machine = Spinnaker1Machine(program_of(network))
    seen: list[dict[str, Array]] = []
    done: list[float] = []
    whole_run = machine.run(data, "all", groups=groups)
    monkeypatch.setattr("spikeloom.backends.spinnaker1.machine.PORTION_NUMBERS", 2 * STEPS * 90)
    run = machine.run(data, "all", groups=groups, observe=lambda part: seen.append(dict(part)), progress=done.append)
    assert len(seen) > 1 and sum(done) == 7
    simulated = Simulator(network).run(data.astype(np.int32), groups=groups).group_spikes
    for name, activity in whole_run.activity.items():
        np.testing.assert_array_equal(run.activity[name], activity)
    for name, group in groups.items():
        together = np.concatenate([part[name] for part in seen])
        assert together.shape == (7, STEPS, group.max() + 1)
        np.testing.assert_array_equal(together.sum(axis=0), run.group_spikes[name])
        np.testing.assert_array_equal(run.group_spikes[name], whole_run.group_spikes[name])
    for name in ("input", "always on"):  # what needs no arithmetic is counted as the simulator does it
        np.testing.assert_array_equal(run.group_spikes[name], simulated[name])
    for name, activity in run.activity.items():
        sent = np.count_nonzero(activity, axis=0)
        np.testing.assert_array_equal(run.group_spikes[name].sum(axis=1), sent.sum(axis=1))
