"""The quantization's part of the report: its figures are those of the program, and its parts add up to the whole."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spikeloom.backends.estimate import estimate
from spikeloom.backends.program import Program
from spikeloom.deploy.evaluation import simulate
from spikeloom.deploy.quantization.layer_quantization import Quantization
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.deploy.quantization.synapse_format import FINE, SynapseFormat
from spikeloom.deploy.report.quantization import BOUNDS, quantization_section
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire, Reset

SAMPLES, STEPS = 10, 20
PRUNED = 0.25  # of the kernel


def neuron(threshold, current, voltage, bias=0.0, **changes):
    one = np.ones(())
    values = (np.asarray(value, dtype=float) for value in (current, voltage, threshold))
    return LeakyIntegrateAndFire(*values, one, one, np.asarray(bias), **changes)


def float_network(random):
    """A convolution with a bias of the current, a recurrent layer, and a readout whose rows are of all sizes."""
    convolution = Convolution(random.normal(0.4, 1, (3, 2, 3, 3)), (2, 5, 5), (1, 1), ((1, 1), (0, 0)), (1, 1), 1)
    sizes = 4.0 ** -np.arange(5.0)[:, np.newaxis]
    populations = (
        Population("on", (1,), Role.CONSTANT, None, 0),
        Population("input", (2, 5, 5), Role.INPUT, None, 0),
        Population("image", convolution.output_shape, Role.NEURON, neuron(3.0, 0.3, 0.9), 1),
        Population("hidden", (12,), Role.NEURON, neuron(1.0, 0.5, 0.95, reset=Reset.SUBTRACT), 2),
        Population("answer", (5,), Role.NEURON, neuron(1.0, 0.0, 0.95, spiking=False), 3),
    )
    size = populations[2].size
    projections = (
        Projection("see", "input", "image", convolution),
        Projection("bias", "on", "image", Dense(random.normal(0.05, 0.03, (size, 1)))),
        Projection("gather", "image", "hidden", Dense(random.normal(0.03, 0.1, (12, size)))),
        Projection("again", "hidden", "hidden", Dense(random.normal(0, 0.03, (12, 12))), delay=1),
        Projection("say", "hidden", "answer", Dense(sizes * random.normal(0.5, 1, (5, 12)))),
    )
    return Network(populations, projections, "answer")


class Reported:
    """A network on a chip with the section that the report has of it."""

    def __init__(self, quantization, data, chip="loihi2"):
        code, target = input_code(data), load_target(chip)
        self.network, self.data = quantization.network, data
        mapping = map_network(self.network, target, graded_input_bits=code.bits)
        self.program = Program(self.network, mapping, target, code, Decision.SUM, STEPS)
        self.counters = simulate(self.program, data).counters
        self.terms = estimate(self.counters, mapping, target, period=self.program.period).as_dict()["energy_terms"]
        self.quantization = quantization
        self.layers = quantization_section(quantization, self.program, self.counters, self.terms)
        self.by_name = {layer["layer"]: layer for layer in self.layers}
        self.parts = {part["name"]: part for layer in self.layers for part in layer["projections"]}

    def integers(self, name):
        """What the program adds for a weight of the float network, in units of the scale."""
        found = (
            p.connectivity.weights.astype(float) * 2.0**p.exponent
            for p in self.network.projections
            if f"{p.name}, ".startswith(f"{name}, ")
        )
        return sum(found)

    def changed(self, change, chip="loihi2"):
        """With a projection's weights made others: `change(name, weights)`."""
        projections = tuple(
            replace(p, connectivity=p.connectivity.with_weights(change(p.name, p.connectivity.weights)))
            for p in self.network.projections
        )
        return Reported(
            replace(self.quantization, network=self.network.replace(projections=projections)), self.data, chip
        )

    def cut(self, name, rows, suffix):
        """With some rows of a projection as one of their own."""

        def part(weights, chosen):
            return np.where(chosen[:, np.newaxis], weights, 0).astype(np.int16)

        whole = next(p for p in self.network.projections if p.name == name)
        halves = (name, ~rows), (name + suffix, rows)
        added = tuple(
            replace(
                whole, name=half, connectivity=whole.connectivity.with_weights(part(whole.connectivity.weights, chosen))
            )
            for half, chosen in halves
        )
        layer = next(layer for layer in self.quantization.layers if name in layer.projections)
        account = layer.projections[name]
        accounts = {half: replace(account, weights=part(account.weights, chosen)) for half, chosen in halves}
        layers = tuple(
            replace(each, projections={**each.projections, **accounts}) if each is layer else each
            for each in self.quantization.layers
        )
        others = tuple(p for p in self.network.projections if p is not whole)
        return Reported(Quantization(self.network.replace(projections=(*others, *added)), layers), self.data)


@pytest.fixture(scope="module")
def reported():
    random = np.random.default_rng(3)
    network = float_network(random)
    data = (random.random((SAMPLES, STEPS, 50)) < 0.3).astype(np.uint8)
    formats = {
        "image": SynapseFormat(pruned=PRUNED),
        "hidden": SynapseFormat(6, split=True),
        "answer": SynapseFormat(5),
    }
    return Reported(quantize(network, input_code(data), data.astype(float), formats=formats), data)


def test_the_parts_add_up_to_the_network(reported):
    counted, used = reported.counters.per_sample(), reported.program.mapping.uses
    assert {part["name"] for part in reported.parts.values()} == {p.name for p in reported.network.projections}
    assert sum(part["synaptic_operations"] for part in reported.parts.values()) == pytest.approx(
        counted["synaptic_operations"]
    )
    memory = sum(use.used for use in used if use.resource == "synaptic_memory_bits")
    assert sum(part["synaptic_memory_bits"] for part in reported.parts.values()) == memory > 0
    for layer in reported.layers:
        operations = reported.counters.layer_synaptic_operations[layer["layer"]] / SAMPLES
        assert sum(part["synaptic_operations"] for part in layer["projections"]) == pytest.approx(operations)
    for bound in BOUNDS:
        energy = sum(term[bound] for term in reported.terms if term["term"].startswith("synaptic_operation_"))
        assert sum(part["energy_per_sample"][bound] for part in reported.parts.values()) == pytest.approx(energy)


def test_a_split_costs_what_its_second_matrices_cost(reported):
    fine = [part for part in reported.by_name["hidden"]["projections"] if part["name"].endswith(FINE)]
    assert {part["name"] for part in fine} == {f"gather{FINE}", f"again{FINE}"}
    split = reported.by_name["hidden"]["split"]
    for key in ("synaptic_memory_bits", "synaptic_operations"):
        assert split[key] == pytest.approx(sum(part[key] for part in fine))
        assert split[key] > 0
    for bound in BOUNDS:
        assert split["energy_per_sample"][bound] == pytest.approx(sum(p["energy_per_sample"][bound] for p in fine))


def test_a_second_matrix_for_a_bias_is_no_split(reported):
    biases = [part["name"] for part in reported.parts.values() if part["bias"]]
    assert biases == ["bias", f"bias{FINE}"]
    assert reported.by_name["image"]["split"] is None


def test_the_figures_of_a_part_are_those_of_the_program(reported):
    projections = {p.name: p for p in reported.network.projections}
    for part in reported.parts.values():
        weights = projections[part["name"]].connectivity.weights.astype(int)
        low, high = part["range"]
        assert part["exponent"] == projections[part["name"]].exponent
        assert part["largest_weight"] == np.abs(weights).max()
        assert low <= weights.min()
        assert weights.max() <= high
        assert (weights % part["step"] == 0).all()
        assert part["synapses"] == projections[part["name"]].connectivity.synapses()
        assert 0 <= part["clipped_share"] <= 1
        assert 0 <= part["zeroed_share"] <= 1
    dense = reported.parts["gather"]
    assert dense["zero_share"] == pytest.approx(np.mean(projections["gather"].connectivity.weights == 0))
    assert [reported.by_name[name]["weight_bits"] for name in ("image", "hidden", "answer")] == [8, 6, 5]


def test_a_weight_of_several_parts_is_zero_where_all_are(reported):
    both = np.concatenate([reported.integers(name).reshape(-1) for name in ("gather", "again")])
    assert reported.by_name["hidden"]["zero_share"] == pytest.approx(np.mean(both == 0))
    coarse = [part for part in reported.by_name["hidden"]["projections"] if not part["name"].endswith(FINE)]
    assert reported.by_name["hidden"]["zero_share"] < min(part["zero_share"] for part in coarse)


def test_rows_with_an_exponent_of_their_own_are_no_zeros(reported):
    rows = np.array([False, True, False, True, True])
    cut = reported.cut("say", rows, ", rows at 0")
    assert cut.parts["say"]["zero_share"] > 0.5
    assert cut.parts["say, rows at 0"]["zero_share"] > 0.3
    for key in ("zero_share", "weight_bits", "split"):
        assert cut.by_name["answer"][key] == reported.by_name["answer"][key]


def test_pruned_weights_are_counted_where_they_are_used(reported):
    kernel = reported.integers("see")
    assert np.mean(kernel == 0) == pytest.approx(PRUNED, abs=0.05)
    ones = Convolution((kernel != 0).astype(float), (2, 5, 5), (1, 1), ((1, 1), (0, 0)), (1, 1), 1)
    everywhere = ones.with_weights(np.ones_like(ones.weights))
    share = 1 - ones.to_sparse().sum() / everywhere.to_sparse().sum()
    assert reported.by_name["image"]["zero_share"] == pytest.approx(share)


def test_a_matrix_of_zeros_counts(reported):
    names = ("again", f"again{FINE}")
    zeroed = reported.changed(lambda name, weights: np.zeros_like(weights) if name in names else weights)
    for name in names:
        assert zeroed.parts[name]["zero_share"] == 1
        assert zeroed.parts[name]["synapses"] == zeroed.parts[name]["synaptic_memory_bits"] == 0
        assert zeroed.parts[name]["synaptic_operations"] == 0
    gathered = reported.integers("gather")
    share = (np.count_nonzero(gathered == 0) + 144) / (gathered.size + 144)
    assert zeroed.by_name["hidden"]["zero_share"] == pytest.approx(share)


def test_the_section_is_plain_json(reported):
    assert json.loads(json.dumps(reported.layers, allow_nan=False)) == reported.layers


def test_zeros_and_fewer_bits_take_less_memory_and_work(reported):
    """On Loihi 1, which stores weights in their own width."""
    found = [
        reported.changed(change, "loihi1").parts["see"]
        for change in (
            lambda name, weights: weights,
            lambda name, weights: weights // 32 * 32 if name == "see" else weights,
            lambda name, weights: np.where(weights > 128, 128, 0).astype(np.int16) if name == "see" else weights,
        )
    ]
    wide, narrow, sparse = (part["synaptic_memory_bits"] for part in found)
    assert wide > narrow > sparse > 0
    wide, narrow, sparse = (part["synaptic_operations"] for part in found)
    assert wide >= narrow > sparse > 0


def test_a_network_that_was_made_of_integers_has_no_section(reported):
    whole = Quantization(reported.network, ())
    assert quantization_section(whole, reported.program, reported.counters, reported.terms) == []
