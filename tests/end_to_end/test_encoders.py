"""Encoders as options of the command line."""

from __future__ import annotations

import numpy as np
import pytest

from spikeloom.deploy.artifact.artifact import read_report


def runs_again(spikeloom, done, folder, *options):
    """Whether the artifact says of the same data what the deployment said."""
    assert done.code == 0, done.err
    simulator = next(row for row in done.json["ledger"] if row["stage"] == "simulator")
    again = spikeloom("run", folder, *options, "--json")
    return again.json["spikes_per_sample"] == pytest.approx(simulator["spikes_per_sample"])


@pytest.mark.slow
def test_the_digits_as_first_spikes_on_a_chip_without_graded_spikes(spikeloom, tmp_path):
    options = ("--encoder", "first-spike", "--target", "loihi1", "--samples", 20, "--lava-samples", 0)
    done = spikeloom("deploy", "digits", *options, "--max-loss", 1, "--out", tmp_path / "out", "--json")
    assert runs_again(spikeloom, done, tmp_path / "out", "--samples", 20)


def test_first_spikes_are_made_again_from_the_artifact(spikeloom, tiny, tmp_path):
    random = np.random.default_rng(0)
    data = ("--data", tmp_path / "values.npz")
    np.savez(tmp_path / "values.npz", x=random.random((12, 4)) * 7, y=random.integers(0, 3, 12))
    options = ("--encoder", "first-spike", "--steps", 6, "--lava-samples", 0, "--max-loss", 1, "--json")
    done = spikeloom("deploy", tiny / "tiny.nir", *data, *options, "--out", tmp_path / "out")
    assert any("time to first spike" in assumption for assumption in done.json["assumptions"])
    settings = read_report(tmp_path / "out")["settings"]
    largest = np.load(tmp_path / "values.npz")["x"].max()
    assert (settings["encoder"], settings["encoder_largest"]) == ("first-spike", largest)
    assert runs_again(spikeloom, done, tmp_path / "out", *data)


def test_values_become_populations_where_the_model_has_inputs_for_them(spikeloom, tiny, tmp_path):
    """The tiny network's 4 inputs as the 4 neurons of one value."""
    random = np.random.default_rng(0)
    np.savez(tmp_path / "values.npz", x=random.random((12, 1)), y=random.integers(0, 3, 12))
    options = ("--data", tmp_path / "values.npz", "--encoder", "population", "--steps", 20, "--lava-samples", 0)
    done = spikeloom("deploy", tiny / "tiny.nir", *options, "--max-loss", 1, "--out", tmp_path / "out", "--json")
    assert any("4 Gaussian tuning curves" in assumption for assumption in done.json["assumptions"])
    assert runs_again(spikeloom, done, tmp_path / "out", "--data", tmp_path / "values.npz")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--encoder", "burst", "--steps", 4), 2, "The encoder 'burst' needs 9 steps or more"),
        (("--encoder", "interval", "--steps", 2), 2, "The encoder 'interval' needs 3 steps or more"),
        (("--encoder", "population"), 7, "the encoder 'population' needs 192 inputs or more"),
    ],
)
def test_what_an_encoder_cannot_do_is_said_in_a_sentence(spikeloom, tmp_path, options, code, words):
    done = spikeloom("deploy", "digits", *options, "--out", tmp_path / "out")
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1
