"""Where the accuracy went, as a user sees it: in the report, on its page, in the terminal, and in the guards' words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spikeloom.deploy.artifact.artifact import read_report

LAYER_KEYS = {"rate", "agreement", "mismatched", "overflows", "clipped_share", "zeroed_share"}


@pytest.fixture
def report(digits_artifact):
    return read_report(digits_artifact)


@pytest.fixture
def sabotaged(monkeypatch):
    """Change the integer network that quantization gives: `sabotaged(lambda network: ...)`."""
    from spikeloom.deploy import compilation

    quantize = compilation.quantize_for

    def install(change):
        def changed(*arguments):
            stage = quantize(*arguments)
            return replace(stage, quantization=replace(stage.quantization, network=change(stage.quantization.network)))

        monkeypatch.setattr(compilation, "quantize_for", changed)

    return install


def weights_of(layer, change):
    """Change the integer weights that reach a layer."""

    def changed(network):
        return network.replace(
            projections=tuple(
                replace(p, connectivity=p.connectivity.with_weights(change(p.connectivity.weights).astype(np.int16)))
                if p.target == layer
                else p
                for p in network.projections
            )
        )

    return changed


def neurons_of(layer, **fields):
    """Change the integer parameters of a layer."""

    def changed(network):
        return network.replace(
            populations=tuple(
                replace(p, neuron=replace(p.neuron, **{name: np.asarray(value) for name, value in fields.items()}))
                if p.name == layer
                else p
                for p in network.populations
            )
        )

    return changed


def coarse(weights):
    largest = int(np.abs(weights).max())
    return np.where(np.abs(weights) > 0.6 * largest, np.sign(weights) * min(largest, 254), 0)


def test_every_stage_has_its_interval_and_its_layers(report):
    neurons = {layer["name"]: layer["neurons"] for layer in report["model"]["layers"]}
    for row in report["ledger"]:
        low, high = row["accuracy_interval"]
        assert 0 <= low <= row["accuracy"] <= high <= 1
        assert high - low > 0.02  # of a hundred samples
        for name, layer in row["by_layer"].items():
            assert set(layer) == LAYER_KEYS
            assert layer["rate"] * neurons[name] * report["steps"] == pytest.approx(row["layers"][name])
            assert (layer["agreement"] is None) == (row["stage"] == "graph")
    stages = {row["stage"]: row for row in report["ledger"]}
    assert stages["network"]["first_divergence"] is None
    assert stages["simulator"]["first_divergence"] is None
    integer = stages["integer"]
    assert integer["first_divergence"]["layer"] in neurons
    assert 0 <= integer["first_divergence"]["step"] < report["steps"]
    assert sum(layer["mismatched"] for layer in integer["by_layer"].values()) == integer["mismatched_spikes"]
    for layer in integer["by_layer"].values():
        assert {"input", "current", "voltage"} <= set(layer["overflows"])
        assert 0 <= layer["clipped_share"] < 0.1
        assert 0 <= layer["zeroed_share"] < 0.5
    assert report["calibration_overflows"].keys() == integer["by_layer"].keys()


def test_the_report_says_what_each_layer_costs(report):
    attribution = report["attribution"]
    assert [row["layer"] for row in attribution["layers"]] == ["lif1", "lif2", "lif_out"]
    assert 16 <= attribution["samples"] <= 100
    for row in attribution["layers"]:
        assert row["same_class"] > 0.9
        assert row["agreement"] > 0.5


def test_terminal_and_page_show_the_layers(spikeloom, digits_artifact, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = spikeloom("report", digits_artifact).out
    page = (digits_artifact / "report.html").read_text()
    lines = [line for line in shown.splitlines() if not line.startswith(("Page: ", "spikeloom deploy "))]
    assert max(map(len, lines)) <= 80
    assert "95 % sure" in shown
    for layer in ("lif1", "lif2", "lif_out"):
        assert any(line.strip().startswith(layer) and line.count("%") >= 6 for line in lines), layer
        assert f'<tr><td>{layer}</td><td class="n">' in page
    assert "layer by layer" in page


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["lif1.lif", "lif2"])
def test_a_sabotaged_layer_is_named(spikeloom, shared_data, sabotaged, tmp_path, layer):
    model, data = shared_data / "nir" / "braille.nir", shared_data / "braille" / "braille.npz"
    sabotaged(weights_of(layer, coarse))
    command = (
        "deploy", model, "--data", data, "--samples", 200, "--lava-samples", 0, "--out", tmp_path / "out",
        "--allow", "overflow",
    )  # fmt: skip
    stopped = spikeloom(*command)
    assert (stopped.code, stopped.out) == (5, "")
    assert f"layer '{layer}' costs most" in stopped.err
    assert "--max-loss" in stopped.err
    assert not (tmp_path / "out").exists()
    waived = spikeloom(*command, "--allow", "loss", "--allow", "silent", "--allow", "saturated")
    assert waived.code == 0, waived.err
    assert f"Layer '{layer}' costs most" in waived.out
    assert "Waived (loss): The accuracy falls by" in waived.out
    assert f"Layer &#39;{layer}&#39; costs most" in (tmp_path / "out" / "report.html").read_text()
    costs = {row["layer"]: row for row in read_report(tmp_path / "out")["attribution"]["layers"]}
    assert min(costs, key=lambda name: costs[name]["same_class"]) == layer


@pytest.fixture
def deploy(spikeloom, tiny, tmp_path):
    def command(*options):
        return spikeloom(
            "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--out", tmp_path / "out", "--lava-samples", 0,
            "--max-loss", 1, *options,
        )  # fmt: skip

    return command


def test_a_layer_that_fires_at_every_step_stops_the_deployment(deploy, sabotaged):
    without_input = weights_of("lif2", np.zeros_like)
    sabotaged(lambda network: neurons_of("lif2", threshold=0, bias_mantissa=4095)(without_input(network)))
    done = deploy()
    assert done.code == 5
    assert "'lif2' (100.0% of neurons and steps" in done.err
    assert deploy("--allow", "saturated").code == 0


def test_an_overflow_in_calibration_stops_the_deployment(deploy, sabotaged):
    def drowned(network):
        strong = weights_of("lif1", lambda weights: np.full_like(weights, -255))(network)
        return strong.replace(
            projections=tuple(replace(p, exponent=7) if p.target == "lif1" else p for p in strong.projections)
        )

    sabotaged(drowned)
    done = deploy("--allow", "silent")
    assert done.code == 5
    assert "On the calibration samples 'lif1'" in done.err
    assert "--allow overflow" in done.err
    assert deploy("--allow", "silent", "--allow", "overflow").code == 0


def test_a_guard_that_does_not_exist(deploy):
    done = deploy("--allow", "everything")
    assert (done.code, done.out) == (2, "")
    assert "--allow" in done.err
