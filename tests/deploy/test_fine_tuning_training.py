"""Fine-tuning brings an integer network closer to its float network, keeps every register, and says what it did."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from spikeloom.deploy.fine_tuning.components import components
from spikeloom.deploy.fine_tuning.fine_tune import FEWEST_SAMPLES, fine_tune
from spikeloom.deploy.fine_tuning.judgement import Judgement
from spikeloom.deploy.quantization.layer_quantization import LayerQuantization, Quantization
from spikeloom.deploy.quantization.weights import Signs, quantized_weights, weight_grid
from spikeloom.models.connectivity import Dense, OneToOne
from spikeloom.models.decision import Decision, decide
from spikeloom.models.errors import DataError, UnsupportedModelError
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerSigmaDelta, LeakyIntegrateAndFire, Reset

STEPS, INPUTS, HIDDEN, CLASSES = 24, 8, 16, 4
EXPONENT = 5


def whole(value):
    return np.asarray(value, dtype=np.int64)


def float_network(random, integrator=False):
    """Two layers, the first with recurrence, behind a relay that only passes spikes on."""

    def neuron(current, voltage, spiking=True, bias=0.0):
        one = np.ones(())
        values = (np.asarray(value) for value in (current, voltage, 1.0))
        return LeakyIntegrateAndFire(*values, one, one, np.asarray(bias), Reset.VALUE, spiking=spiking)

    hidden = neuron(0.5, 0.8, bias=random.normal(0, 0.05, HIDDEN))
    answer = random.normal(0, 0.6, (CLASSES, HIDDEN))
    answer += 0.1 - answer.mean(axis=1, keepdims=True)  # so that no class is the answer to everything
    return Network(
        (
            Population("input", (INPUTS,), Role.INPUT, None, 0),
            Population("relay", (INPUTS,), Role.NEURON, neuron(0.0, 0.0), 1),
            Population("hidden", (HIDDEN,), Role.NEURON, hidden, 2),
            Population("out", (CLASSES,), Role.NEURON, neuron(0.3, 0.9, not integrator), 3),
        ),
        (
            Projection("pass on", "input", "relay", OneToOne(np.full(INPUTS, 2.0))),
            Projection("in", "relay", "hidden", Dense(random.normal(0.05, 0.35, (HIDDEN, INPUTS)))),
            Projection("again", "hidden", "hidden", Dense(random.normal(0, 0.15, (HIDDEN, HIDDEN)))),
            Projection("answer", "hidden", "out", Dense(answer)),
        ),
        "out",
    )


def rounded(network, bits):
    """Plainly rounded: the largest weight into each layer is the end of the grid."""
    populations, projections, layers, scales = [], {}, [], {"input": 1.0}
    for population in network.populations:
        if population.neuron is None:
            populations.append(population)
            continue
        incoming, neuron = network.incoming(population.name), population.neuron
        grid = weight_grid(8 if population.name == "relay" else bits, Signs.MIXED)
        largest = max(np.abs(projection.connectivity.weights).max() for projection in incoming)
        scale = 64 * 2.0**EXPONENT if population.name == "relay" else grid.high * 2.0**EXPONENT / largest
        parts = {}
        for projection in incoming:
            ideal = projection.connectivity.weights * scale / 2.0**EXPONENT
            weights = grid.nearest(ideal)
            parts[projection.name] = quantized_weights(weights, ideal, EXPONENT, grid)
            projections[projection.name] = replace(
                projection, connectivity=projection.connectivity.with_weights(weights), exponent=EXPONENT
            )
        mantissa = whole(np.rint(np.clip(neuron.bias * scale * 64 / 2**7, -4096, 4095)))
        integers = IntegerLeakyIntegrateAndFire(
            *(whole(np.rint(4096 * (1 - kept))) for kept in (neuron.current_retention, neuron.voltage_retention)),
            whole(np.rint(scale)), mantissa, whole(7), neuron.reset, spiking=neuron.spiking,
        )  # fmt: skip
        populations.append(replace(population, neuron=integers))
        layers.append(LayerQuantization(population.name, np.asarray(scale), 0.5, parts, 0.5))
        scales[population.name] = 64 * scale
    ordered = tuple(projections[projection.name] for projection in network.projections)
    return Quantization(Network(tuple(populations), ordered, network.output, True, scales), tuple(layers))


def recordings(random, samples):
    """Spikes at rates that differ from sample to sample and from input to input, so that the answers differ."""
    rates = 0.7 * random.random((samples, 1, INPUTS))
    return (random.random((samples, STEPS, INPUTS)) < rates).astype(np.int64)


@pytest.fixture(
    scope="module", params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["spikes", "potentials"]
)
def tuned(request):
    """Float network, 3-bit network, what fine-tuning made of it, and samples that it has not seen."""
    pytest.importorskip("torch")
    random = np.random.default_rng(4)
    network = float_network(random, integrator=request.param)
    quantization = rounded(network, 3)
    data = recordings(random, 360)
    seen, fresh = data[:160], data[160:]
    result = fine_tune(quantization, seen, run_network(network, seen), Decision.SUM, epochs=12, seed=1)
    return network, quantization, result, fresh


def agreement(network, quantization, data):
    """Share of samples on which both decide alike."""
    activities = (run_network(network, data)["out"], run_network(quantization.network, data)["out"])
    first, second = (decide(activity, Decision.SUM) for activity in activities)
    return np.mean(first == second)


def test_samples_it_has_not_seen_are_decided_more_like_the_float_network(tuned):
    network, quantization, result, fresh = tuned
    before, after = (agreement(network, part, fresh) for part in (quantization, result.quantization))
    assert result.improved
    assert after > before + 0.1, (before, after)


def test_weights_stay_on_their_grid_and_parameters_in_their_registers(tuned):
    _, quantization, result, _ = tuned
    moved = 0
    for before, layer in zip(quantization.layers, result.quantization.layers, strict=True):
        assert layer.layer == before.layer
        np.testing.assert_array_equal(layer.scale, before.scale)
        for name, part in layer.projections.items():
            old = before.projections[name]
            assert (part.grid, part.exponent) == (old.grid, old.exponent)
            np.testing.assert_array_equal(part.weights, part.grid.nearest(part.ideal))
            moved += np.count_nonzero(part.weights != old.weights)
    assert moved
    result.quantization.network.verify()


def test_what_was_exact_stays_as_it_is(tuned):
    _, quantization, result, _ = tuned
    before, after = quantization.network.by_name["relay"], result.quantization.network.by_name["relay"]
    assert after is before
    assert result.quantization.layers[0].projections["pass on"] is quantization.layers[0].projections["pass on"]
    assert not result.quantization.network.by_name["out"].neuron.bias_mantissa.any()  # no biases where there were none


def test_agreements_are_measured_anew(tuned):
    by_layer = {layer.layer: layer.agreement for layer in tuned[2].quantization.layers}
    assert by_layer["relay"] == 1.0  # given the float network's spikes, as all are
    assert 0.3 < by_layer["hidden"] < 1
    assert 0.3 < by_layer["out"] < 1


def test_the_note_says_what_was_done(tuned):
    result = tuned[2]
    assert result.note.startswith("fine-tuning: ")
    assert f"{result.after:.1%}" in result.note
    assert f"{result.before:.1%}" in result.note
    assert "the float network's answers" in result.note


def test_the_same_seed_gives_the_same_network(tuned):
    network, quantization, _, fresh = tuned
    wanted = run_network(network, fresh[:40])
    first, second = (
        fine_tune(quantization, fresh[:40], wanted, Decision.SUM, epochs=2, seed=5).quantization for _ in range(2)
    )
    for before, after in zip(first.network.projections, second.network.projections, strict=True):
        np.testing.assert_array_equal(before.connectivity.weights, after.connectivity.weights)


def test_labels_are_aimed_at_where_there_are_some():
    pytest.importorskip("torch")
    random = np.random.default_rng(4)
    network = float_network(random)
    quantization, data = rounded(network, 4), recordings(random, 150)
    wanted = run_network(network, data)
    decisions = decide(wanted["out"], Decision.SUM)
    swapped = (decisions + 1) % CLASSES
    result = fine_tune(quantization, data, wanted, Decision.SUM, epochs=25, labels=swapped)
    answers = decide(run_network(result.quantization.network, data)["out"], Decision.SUM)
    before = decide(run_network(quantization.network, data)["out"], Decision.SUM)
    assert np.mean(answers == swapped) > np.mean(before == swapped)
    assert "the labels" in result.note


def test_a_network_without_rounded_weights_comes_back_as_it_was():
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    network, data = float_network(random), recordings(random, 20)
    quantization = Quantization(rounded(network, 8).network, ())
    result = fine_tune(quantization, data, run_network(network, data), Decision.SUM, epochs=1)
    assert result.quantization is quantization


def test_without_a_gain_the_network_comes_back_as_it_was():
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    network = float_network(random)
    quantization = rounded(network, 8)
    data = recordings(random, 20)
    result = fine_tune(quantization, data, run_network(network, data), Decision.SUM, epochs=0)
    assert result.quantization is quantization
    assert not result.improved
    assert "without a gain" in result.note


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_fewer_calibration_samples_are_decided_alike_than_before(seed):
    """Hardly anything to gain, few samples to see it on."""
    pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    network = float_network(random)
    quantization, data = rounded(network, 5), recordings(random, 30)
    result = fine_tune(quantization, data, run_network(network, data), Decision.SUM, epochs=5, seed=seed)
    assert agreement(network, result.quantization, data) >= agreement(network, quantization, data)
    assert result.improved == (result.quantization is not quantization)


def test_a_gain_that_may_be_chance_does_not_count():
    random = np.random.default_rng(3)
    before = random.random(50)
    noise = random.normal(0, 1, 50)
    noise -= noise.mean()
    first = Judgement(before, 0.9, 0.9)
    assert Judgement(before - 0.02, 0.9, 0.9).surely_closer(first)  # the same gain, everywhere
    assert not Judgement(before - 0.02 + noise, 0.9, 0.9).surely_closer(first)
    assert not Judgement(before - 0.02, 0.9, 0.88).surely_closer(first)  # closer, and yet decided wrongly
    assert not Judgement(before + 0.02, 1.0, 1.0).surely_closer(first)
    assert not first.surely_closer(first)


def test_too_few_samples_are_refused():
    random = np.random.default_rng(0)
    network = float_network(random)
    data = recordings(random, FEWEST_SAMPLES - 1)
    with pytest.raises(DataError, match=f"needs {FEWEST_SAMPLES} calibration samples at least, and there are 9"):
        fine_tune(rounded(network, 4), data, run_network(network, data), Decision.SUM)


def test_neurons_without_spikes_are_refused_all_at_once():
    neuron = IntegerSigmaDelta(whole(3), whole(0), whole(2**31 - 1))
    network = Network(
        (
            Population("input", (2,), Role.INPUT, None, 0),
            Population("first", (2,), Role.NEURON, neuron, 1),
            Population("second", (2,), Role.NEURON, neuron, 2),
        ),
        tuple(
            Projection(target, source, target, OneToOne(np.ones(2, dtype=np.int16)))
            for source, target in (("input", "first"), ("first", "second"))
        ),
        "second", True,
    )  # fmt: skip
    with pytest.raises(UnsupportedModelError, match=r"(?s)2 nodes cannot be fine-tuned.*first.*second.*send values"):
        fine_tune(Quantization(network, ()), np.zeros((20, 5, 2), dtype=int), {}, Decision.LAST)


def test_without_pytorch_the_error_names_the_extra():
    code = """
import sys
sys.modules["torch"] = None
import numpy as np
from spikeloom.deploy.fine_tuning.fine_tune import fine_tune
from spikeloom.deploy.quantization.layer_quantization import Quantization
from spikeloom.models.decision import Decision
from spikeloom.models.errors import BackendMissingError
from spikeloom.models.network import Network, Population, Role
network = Network((Population("input", (1,), Role.INPUT, None, 0),), (), "input", True)
try:
    fine_tune(Quantization(network, ()), np.zeros((20, 3, 1), dtype=int), {}, Decision.SUM)
except BackendMissingError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert "Fine-tuning needs PyTorch: pip install 'spikeloom[torch]'." in done.stdout, done.stderr


def test_components_follow_what_reaches_them():
    network = float_network(np.random.default_rng(0))
    parts = components(network)
    assert [[population.name for population in part.populations] for part in parts] == [["relay"], ["hidden"], ["out"]]
    assert [[projection.name for projection in part.inner] for part in parts] == [[], ["again"], []]
    back = Projection("back", "out", "relay", Dense(np.zeros((INPUTS, CLASSES))), 5)
    (circle,) = components(network.replace(projections=(*network.projections, back)))
    assert [population.name for population in circle.populations] == ["relay", "hidden", "out"]
    assert {projection.name for projection in circle.inner} == {"in", "again", "answer", "back"}
    assert [projection.name for projection in circle.outer] == ["pass on"]
