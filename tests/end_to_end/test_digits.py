"""The built-in network, as `make demo` deploys it, on both chips."""

from __future__ import annotations

import pytest

from spikeloom.deploy.artifact.artifact import read_report


def rows(report):
    return {row["stage"]: row for row in report["ledger"]}


def test_on_loihi_2(digits_artifact):
    report = read_report(digits_artifact)
    stages = rows(report)
    assert stages["graph"]["accuracy"] >= 0.95
    assert stages["network"]["agreement"] == 1
    assert stages["integer"]["accuracy"] >= stages["graph"]["accuracy"] - 0.03
    assert stages["simulator"]["mismatched_spikes"] == 0
    assert stages.get("lava", stages["simulator"])["mismatched_spikes"] == 0
    for row in report["ledger"]:
        assert len(row["wrong_samples"]) == round((1 - row["accuracy"]) * row["samples"])
    assert report["model"]["path"] == "digits"
    assert report["steps"] == 16
    assert any("encoder: constant current" in assumption for assumption in report["assumptions"])
    assert any("graded spikes" in assumption for assumption in report["assumptions"])


def test_run_brings_its_own_data(spikeloom, digits_artifact):
    done = spikeloom("run", digits_artifact, "--samples", 100, "--json")
    simulator = rows(read_report(digits_artifact))["simulator"]
    assert (done.json["samples"], done.json["accuracy"]) == (100, simulator["accuracy"])
    assert done.json["spikes_per_sample"] == pytest.approx(simulator["spikes_per_sample"])


def test_loihi_1_has_no_graded_spikes(spikeloom, tmp_path):
    for command in (("check", "digits"), ("deploy", "digits", "--out", tmp_path / "out")):
        done = spikeloom(*command, "--target", "loihi1")
        assert (done.code, done.out) == (4, "")
        assert "graded spike bits 5 of 1" in done.err
        assert "encode the input as spikes" in done.err
    assert not (tmp_path / "out").exists()
    assert spikeloom("check", "digits", "--target", "loihi1", "--encoder", "rate", "--json").json["fits"]


@pytest.mark.slow
def test_on_loihi_1_with_rates(spikeloom, tmp_path):
    options = ("--target", "loihi1", "--encoder", "rate", "--samples", 40, "--lava-samples", 0, "--seed", 3)
    report = spikeloom("deploy", "digits", *options, "--out", tmp_path / "out", "--json").json
    stages = rows(report)
    assert stages["graph"]["accuracy"] >= 0.85
    assert stages["simulator"]["accuracy"] >= stages["graph"]["accuracy"] - 0.1
    assert not any("graded spikes" in assumption for assumption in report["assumptions"])
    # The same samples are encoded the same, however many of them run.
    done = spikeloom("run", tmp_path / "out", "--samples", 40, "--json")
    assert done.json["spikes_per_sample"] == pytest.approx(stages["simulator"]["spikes_per_sample"])
