"""What a user asks of quantization arrives on the chip, holds its bound, and is refused where it makes no sense."""

from __future__ import annotations

import re
import sys
from itertools import pairwise

import nir
import numpy as np
import pytest

from spikeloom.deploy.api import deploy as spikeloom_deploy
from spikeloom.deploy.artifact.artifact import load_program, read_report

INPUTS, HIDDEN, CLASSES, SAMPLES, STEPS = 8, 12, 4, 24, 20
FIRST, SECOND = "input -> first", "first -> second"


def write_network(path, first=1.0, second=1.0):
    """Two layers of neurons, everything that has a unit of theirs multiplied by a number."""
    random = np.random.default_rng(1)
    hidden, out = np.ones(HIDDEN), np.ones(CLASSES)
    weights = random.normal(0.1, 0.6, (HIDDEN, INPUTS)), random.normal(0, 0.6, (CLASSES, HIDDEN))
    weights[1][:] += 0.15 - weights[1].mean(axis=1, keepdims=True)  # so that no class is the answer to everything
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Affine(weight=first * weights[0], bias=first * 0.05 * hidden),
        "first": nir.CubaLIF(
            tau_syn=2e-4 * hidden, tau_mem=1e-3 * hidden, r=10 * hidden, v_leak=0 * hidden,
            v_threshold=first * hidden, v_reset=0 * hidden,
        ),
        "fc2": nir.Linear(weight=second * weights[1]),
        "second": nir.LIF(tau=1e-3 * out, r=10 * out, v_leak=0 * out, v_threshold=second * out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }  # fmt: skip
    nir.write(path, nir.NIRGraph(nodes, list(pairwise(nodes))))
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Folder of `network.nir`, and `data.npz` with the float network's own answers for labels."""
    from spikeloom.deploy.lowering.lower import lower
    from spikeloom.models.decision import Decision, decide
    from spikeloom.models.execution.network_run import run_network
    from spikeloom.models.readers.nir import NirOptions, read_nir

    folder = tmp_path_factory.mktemp("network")
    graph = read_nir(write_network(folder / "network.nir"), NirOptions())
    random = np.random.default_rng(2)
    x = (random.random((SAMPLES, STEPS, INPUTS)) < random.uniform(0, 0.6, (SAMPLES, 1, INPUTS))).astype(np.uint8)
    y = decide(run_network(lower(graph), x)["second"], Decision.SUM)
    assert np.bincount(y, minlength=CLASSES).max() < 0.8 * SAMPLES  # or no accuracy could fall
    np.savez(folder / "data.npz", x=x, y=y)
    return folder


@pytest.fixture
def deploy(spikeloom, network, tmp_path):
    """Deploy without Lava, by default without guards; `layers` go through a configuration file."""

    def command(*options, layers=None, model=network / "network.nir", data=network / "data.npz", guarded=False):
        arguments = ["deploy", model, "--data", data, "--out", tmp_path / "out", "--lava-samples", 0, *options]
        if not guarded:
            guards = "silent", "saturated", "loss", "overflow"
            arguments += [part for guard in guards for part in ("--allow", guard)]
        if layers is not None:
            (tmp_path / "options.yaml").write_text(f"layers: {layers}\n")
            arguments += ["--config", tmp_path / "options.yaml"]
        return spikeloom(*arguments)

    return command


@pytest.fixture
def deployed(deploy, tmp_path):
    """The report of a deployment, and the integers of its program by projection."""

    def command(*options, **further):
        done = deploy(*options, **further)
        assert done.code == 0, done.err
        return read_report(tmp_path / "out"), weights_of(tmp_path / "out")

    return command


def weights_of(folder):
    return {p.name: p.connectivity.weights for p in load_program(folder).network.projections}


@pytest.fixture(scope="module")
def plain(network):
    """What comes of no option at all; the guards are at work."""
    settings = {"lava_samples": 0, "allow": ["overflow"]}
    report = spikeloom_deploy(network / "network.nir", "loihi2", network / "data.npz", network / "plain", **settings)
    return report, weights_of(network / "plain")


def section(report):
    return {layer["layer"]: layer for layer in report["quantization"]}


def accuracies(report):
    return {row["stage"]: row["accuracy"] for row in report["ledger"]}


def refused(done, code, *words):
    assert (done.code, done.out) == (code, "")
    message = done.err.strip()
    assert "\n" not in message
    assert "Traceback" not in message
    for word in words:
        assert word in message


# What is asked for arrives


def test_nothing_asked_for_gives_8_bits_and_keeps_the_accuracy(plain):
    report, weights = plain
    assert accuracies(report)["simulator"] >= accuracies(report)["graph"] - 0.02
    for layer in section(report).values():
        assert (layer["weight_bits"], layer["split"]) == (8, None)
    assert not any(name.endswith(", fine") for name in weights if not name.startswith("always on"))


@pytest.mark.parametrize("bits", [5, 2])
def test_bits_of_all_layers(deployed, bits):
    report, weights = deployed("--bits", bits)
    for name in (FIRST, SECOND):
        assert len(np.unique(weights[name])) <= 2**bits
        assert np.abs(weights[name]).max() <= 256
    for layer in section(report).values():
        assert 1 < layer["weight_bits"] <= bits
    steps = {part["name"]: part["step"] for layer in report["quantization"] for part in layer["projections"]}
    assert steps.keys() == weights.keys()
    assert all((weights[name] % steps[name] == 0).all() for name in weights)


def test_layers_have_settings_of_their_own(deployed):
    report, weights = deployed("--bits", 6, layers="{first: {ternary: true}, second: {bits: 4, prune: 0.5}}")
    assert len(np.unique(np.abs(weights[FIRST]))) <= 2
    assert set(np.unique(np.sign(weights[FIRST]))) == {-1, 0, 1}
    assert len(np.unique(weights[SECOND])) <= 16
    first, second = section(report)["first"], section(report)["second"]
    assert (first["weight_bits"], second["weight_bits"] <= 4) == (2, True)
    zeros = np.mean(weights[SECOND] == 0)
    assert zeros >= 0.5
    assert second["zero_share"] == pytest.approx(zeros)
    assert first["zero_share"] == pytest.approx(np.mean(weights[FIRST] == 0))


def test_one_bit_has_no_sign(deployed):
    report, weights = deployed(layers="{second: {bits: 1}}")
    assert len(np.unique(np.abs(weights[SECOND]))) <= 2
    (note,) = (note for note in report["assumptions"] if note.endswith("(bits)."))
    assert "'second' are ternary" in note


def test_a_split_layer_has_a_second_matrix_and_others_none(deployed):
    report, weights = deployed(layers="{second: {split: yes}}")
    assert f"{SECOND}, fine" in weights
    assert f"{FIRST}, fine" not in weights
    first, second = section(report)["first"], section(report)["second"]
    assert first["split"] is None
    fine = next(part for part in second["projections"] if part["name"] == f"{SECOND}, fine")
    assert second["split"]["synaptic_memory_bits"] == fine["synaptic_memory_bits"] > 0
    assert second["split"]["synaptic_operations"] == fine["synaptic_operations"] > 0
    assert fine["synapses"] == np.count_nonzero(weights[fine["name"]])


def test_pruning_saves_memory_and_work(deployed, plain):
    def cost(report):
        parts = [part for layer in report["quantization"] for part in layer["projections"] if not part["bias"]]
        return sum(part["synaptic_memory_bits"] for part in parts), report["counts"]["synaptic_operations"]

    pruned, weights = deployed("--prune", 0.75)
    assert all(np.mean(weights[name] == 0) >= 0.74 for name in (FIRST, SECOND))
    assert all(less < more for less, more in zip(cost(pruned), cost(plain[0]), strict=True))


# Left open, it keeps the bound


@pytest.mark.parametrize(("option", "bound"), [("bits", 0.05), ("prune", 0.4)])
def test_what_is_left_open_keeps_the_bound(deployed, option, bound):
    """All samples are calibrated on, and the labels are the float network's answers."""
    guards = "--max-loss", bound, "--allow", "overflow"
    report, weights = deployed(*guards, layers=f"{{second: {{{option}: auto}}}}", guarded=True)
    assert accuracies(report)["graph"] == 1
    assert accuracies(report)["simulator"] >= 1 - bound
    first, second = section(report)["first"], section(report)["second"]
    (note,) = (note for note in report["assumptions"] if note.endswith(f"({option})."))
    if option == "bits":
        assert first["weight_bits"] == 8
        assert 2 <= second["weight_bits"] < 8
        assert len(np.unique(weights[SECOND])) <= 2 ** second["weight_bits"]
        assert note == f"bits: the fewest that keep the accuracy bound, second {second['weight_bits']} (bits)."
    else:
        assert first["zero_share"] < 0.1
        share = round(second["zero_share"], 1)
        assert share >= 0.1
        assert note == f"pruning: {share:.0%} of the weights of 'second' became zero (prune)."


def test_layers_that_follow_badly_are_split_for_the_bound(deployed):
    """A ternary first layer alone, with which a bound of nothing cannot be kept."""
    layers = "{first: {ternary: true, split: auto}}"
    report, weights = deployed("--max-loss", 0, layers=layers)
    (note,) = (note for note in report["assumptions"] if note.startswith("weights: each the sum of two"))
    assert "'first'" in note
    assert "'second'" not in note
    assert section(report)["first"]["split"]["synaptic_memory_bits"] > 0
    assert f"{FIRST}, fine" in weights
    assert section(report)["second"]["split"] is None


# Scale is of no matter


@pytest.mark.parametrize(("first", "second"), [(1e-4, 1e4)])
def test_rescaled_layers_deploy_to_the_same_accuracy(deployed, plain, tmp_path, first, second):
    model = write_network(tmp_path / "rescaled.nir", first, second)
    report, rescaled = deployed(model=model)
    assert accuracies(report) == accuracies(plain[0])
    for name in (FIRST, SECOND):
        np.testing.assert_array_equal(rescaled[name], plain[1][name])


def test_one_enormous_weight_costs_only_its_own_neuron(deployed, plain, network, tmp_path):
    graph = nir.read(network / "network.nir")
    graph.nodes["fc1"].weight[3, 5] *= -1e3
    nir.write(tmp_path / "enormous.nir", graph)
    report, weights = deployed(model=tmp_path / "enormous.nir")
    assert section(report)["first"]["spike_agreement"] > 0.9
    others = np.arange(HIDDEN) != 3
    assert np.count_nonzero(weights[FIRST][others]) >= 0.9 * np.count_nonzero(plain[1][FIRST][others])


# What makes no sense is refused


def test_a_layer_that_does_not_exist(deploy):
    refused(deploy(layers="{frist: {bits: 4}}"), 2, "'frist'", "did you mean 'first'?")
    refused(deploy(layers="{input: {bits: 4}}"), 2, "'input'", "'first', 'second'")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--bits", 0), ["--bits cannot be '0'", "1 to 8, or auto"]),
        (("--bits", 9), ["--bits cannot be '9'", "1 to 8, or auto"]),
        (("--bits", "four"), ["--bits cannot be 'four'", "1 to 8, or auto"]),
        (("--bits", "4.5"), ["--bits cannot be '4.5'", "1 to 8, or auto"]),
        (("--split", "maybe"), ["--split cannot be 'maybe'", "yes, no or auto"]),
        (("--prune", "1"), ["--prune cannot be '1'", "0 to below 1"]),
        (("--prune", "-1"), ["--prune cannot be '-1'", "or auto"]),
        (("--prune", "nan"), ["--prune cannot be 'nan'"]),
        (("--fine-tune", -1), ["--fine-tune cannot be -1"]),
        (("--calibration-samples", 0), ["--calibration-samples cannot be 0"]),
        (("--max-loss", "2"), ["--max-loss cannot be 2"]),
    ],
)
def test_impossible_options(deploy, options, words):
    refused(deploy(*options, guarded=True), 2, *words)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("{first: {bits: 9}}", ["layers.first.bits cannot be 9", "1 to 8, or auto"]),
        ("{first: {bits: true}}", ["layers.first.bits cannot be True"]),
        ("{first: {split: maybe}}", ["layers.first.split cannot be 'maybe'", "yes, no or auto"]),
        ("{first: {prune: 1}}", ["layers.first.prune cannot be 1", "0 to below 1"]),
        ("{first: {ternary: true, bits: 4}}", ["layers.first", "keep one of ternary and bits"]),
        ("{first: {bit: 4}}", ["'layers.first.bit'", "bits, split, ternary, prune"]),
        ("{first: 4}", ["layers.first cannot be 4", "mapping"]),
        ("[first]", ["layers cannot be ['first']", "mapping"]),
    ],
)
def test_impossible_layers(deploy, layers, words):
    refused(deploy(layers=layers), 2, *words)


def test_ternary_layers_stay_so_where_bits_are_left_open(deployed):
    report, weights = deployed("--bits", "auto", layers="{first: {ternary: true}}")
    assert section(report)["first"]["weight_bits"] == 2
    assert len(np.unique(np.abs(weights[FIRST]))) <= 2
    (note,) = (note for note in report["assumptions"] if note.endswith("(bits)."))
    assert "first " not in note


@pytest.mark.parametrize("options", [("--bits", 4), ("--split", "yes"), ("--prune", "auto"), ("--fine-tune", 3)])
def test_a_network_of_integers_cannot_be_quantized(spikeloom, shared_data, tmp_path, options):
    if "--fine-tune" in options:
        pytest.importorskip("torch")
    model, data = shared_data / "netx" / "mnist.net", shared_data / "mnist" / "test.npz"
    plain = ("deploy", model, "--data", data, "--samples", 5, "--lava-samples", 0, "--out", tmp_path / "out")
    refused(spikeloom(*plain, *options), 2, "made of integers", options[0].strip("-").replace("-", "_"), "leave it out")


@pytest.mark.parametrize(("count", "taken"), [(1, 1), (10000, SAMPLES)])
def test_as_many_samples_are_calibrated_on_as_there_are(deployed, count, taken):
    report, _ = deployed("--calibration-samples", count)
    assert any(f"calibration: {taken} of {SAMPLES} samples" in note for note in report["assumptions"])


# Fine-tuning


def test_fine_tuning_without_torch(deploy, monkeypatch):
    for name in [
        name for name in sys.modules if name.endswith("fine_tuning.training") or name.split(".")[0] == "torch"
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    refused(deploy("--fine-tune", 1), 6, "spikeloom[torch]")


def test_fine_tuning_needs_samples(deploy):
    pytest.importorskip("torch")
    refused(deploy("--fine-tune", 1, "--calibration-samples", 4), 7, "10 calibration samples")


def test_fine_tuning_improves_or_leaves(deployed):
    pytest.importorskip("torch")
    options = "--bits", 3, "--prune", 0.25
    rounded, before = deployed(*options)
    report, weights = deployed(*options, "--fine-tune", 4)
    (note,) = (note for note in report["assumptions"] if note.startswith("fine-tuning: "))
    assert "4 epochs" in note
    assert "samples held out" in note
    if "without a gain" in note:
        assert accuracies(report) == accuracies(rounded)
        for name in before:
            np.testing.assert_array_equal(weights[name], before[name])
    else:
        now, then = (float(share) for share in re.findall(r"([0-9.]+)%", note))
        assert now >= then
    assert weights.keys() == before.keys()
    for name in (FIRST, SECOND):
        assert len(np.unique(weights[name])) <= 8
        assert not np.any(weights[name][before[name] == 0])  # what was pruned stays away
