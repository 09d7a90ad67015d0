"""A layer that learns on the chip: deployed from a configuration, run again, its weights shown and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.deploy.artifact.artifact import load_program

CONFIGURATION = """
lava_samples: {lava}
allow: [loss]
layers:
  lif2:
    learning: {{rule: stdp, a_plus: 2, a_minus: -1, tau_plus: 8, epoch: 2}}
"""


@pytest.fixture
def options(tmp_path: Path) -> Path:
    file = tmp_path / "learning.yaml"
    file.write_text(CONFIGURATION.format(lava=0 if lava_problem() else 2))
    return file


@pytest.fixture
def artifact(spikeloom: Any, tiny: Path, tmp_path: Path, options: Path) -> Path:
    done = spikeloom(
        "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--config", options, "--out", tmp_path / "artifact"
    )
    assert done.code == 0, done.err
    return tmp_path / "artifact"


def test_a_layer_learns_and_its_weights_are_shown_and_saved(
    spikeloom: Any, tiny: Path, tmp_path: Path, artifact: Path
) -> None:
    report = spikeloom("report", artifact, "--json").json
    stages = {entry["stage"]: entry for entry in report["ledger"]}
    assert stages["simulator"]["mismatched_spikes"] == 0
    assert lava_problem() or stages["lava"]["mismatched_spikes"] == 0
    (projection,) = load_program(artifact).network.plastic
    assert (projection.source, projection.target) == ("lif1", "lif2")
    done = spikeloom("run", artifact, "--data", tiny / "data.npz", "--weights", tmp_path / "weights.npz")
    assert done.code == 0, done.err
    with np.load(tmp_path / "weights.npz") as file:
        learned = file[projection.name]
    changed = int(np.count_nonzero(learned != projection.connectivity.weights))
    assert changed > 0
    assert f"{projection.name}: {changed} of 18 weights changed" in done.out
    assert f"now {learned.min()}..{learned.max()}." in done.out


@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
def test_lava_learns_the_same_weights(spikeloom: Any, tiny: Path, artifact: Path) -> None:
    answer = spikeloom("run", artifact, "--data", tiny / "data.npz", "--samples", 3, "--backend", "lava", "--json").json
    assert (answer["mismatched_spikes"], answer["mismatched_weights"]) == (0, 0)
    ours = spikeloom("run", artifact, "--data", tiny / "data.npz", "--samples", 3, "--json").json
    assert ours["learned"] == answer["learned"] and ours["learned"][0]["changed"] > 0


def test_weights_of_a_network_that_does_not_learn_cannot_be_saved(
    spikeloom: Any, tiny: Path, tiny_artifact: Path, tmp_path: Path
) -> None:
    done = spikeloom("run", tiny_artifact, "--data", tiny / "data.npz", "--weights", tmp_path / "weights.npz")
    assert done.code == 2 and "no layer that learns" in done.err
    assert not (tmp_path / "weights.npz").exists()


def test_a_chip_that_cannot_learn_refuses(spikeloom: Any, tiny: Path, tmp_path: Path, options: Path) -> None:
    target = tmp_path / "mine.yaml"
    target.write_text(
        "{extends: loihi2, name: mine, learning: {factors: 0, reason: its synapses are fixed, advice: leave it out, "
        "kind: assumed, source: a test}}"
    )
    for command in ("check", "deploy"):
        out = ["--out", tmp_path / "out"] if command == "deploy" else []
        done = spikeloom(
            command, tiny / "tiny.nir", "--data", tiny / "data.npz", "--config", options, "--target", target, *out
        )
        assert done.code == 4
        assert "lif1 -> lif2: learning factors 2 of 0: mine does not learn, for its synapses are fixed" in done.err
