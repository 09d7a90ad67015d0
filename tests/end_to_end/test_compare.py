"""`spikeloom compare`: deployments side by side, and each beside the same network without spikes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def coarse_artifact(tiny: Path, run_apart: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny.nir` with weights of four bits, on fewer samples."""
    out = tmp_path_factory.mktemp("coarse") / "coarse"
    done = run_apart(
        "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--lava-samples", 0, "--bits", 4, "--samples", 6,
        "--allow", "loss", "--out", out,
    )  # fmt: skip
    assert done.code == 0, done.err
    return out


def test_two_deployments(spikeloom, tiny_artifact, coarse_artifact):
    comparison = spikeloom("compare", tiny_artifact, coarse_artifact, "--json").json
    first, second = comparison["deployments"]
    assert [first["label"], second["label"]] == ["artifact", "coarse"]
    report = spikeloom("report", tiny_artifact, "--json").json
    assert first["target"] == "loihi2" and first["cores"] == report["cores"]
    assert first["spikes"] == report["counts"]["spikes"]
    assert set(first["energy_accounts"]) == set(report["energy_accounts"])
    for name, energy in first["energy_accounts"].items():
        assert energy == {end: report["energy_accounts"][name][end] for end in ("low", "nominal", "high")}
    assert (first["samples"], second["samples"]) == (12, 6)
    assert "They ran on different numbers of samples: artifact on 12 and coarse on 6." in comparison["notes"]
    differing = {entry["what"]: entry["values"] for entry in comparison["differences"]}
    assert differing["bits"] == {"artifact": 8, "coarse": 4}
    assert not {"samples", "lava_samples", "seed"} & set(differing)
    for one in (first, second):
        assert one["baseline"]["verdict"].startswith(("The spiking version ", "It is undecided"))
        assert set(one["baseline"]["cases"]) == {"int8", "fp32", "int8_without_reuse", "int8_every_step"}
        assert one["neurobench"]["synaptic_operations"]["Effective_ACs"] > 0


def test_the_table(spikeloom, tiny_artifact, coarse_artifact):
    out = spikeloom("compare", tiny_artifact, coarse_artifact).out
    # Twenty steps of two small layers: their states alone take more than an inference without spikes.
    assert out.count("The spiking version loses: ") == 2
    assert "energy, dynamic neurocore" in out and "energy, chip total" in out
    assert "what differs" in out and "bits" in out
    assert "no spikes, run once" in out and "loses" in out
    assert "In the account dynamic neurocore, " in out


def test_a_folder_of_several_targets_counts_as_all_of_them(spikeloom, tiny_artifact, coarse_artifact, tmp_path):
    for name, folder in (("loihi2", tiny_artifact), ("other", coarse_artifact)):
        shutil.copytree(folder, tmp_path / "several" / name)
    manifest = {"format": 1, "comparison": ["loihi2", "other"], "files": {}}
    (tmp_path / "several" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    comparison = spikeloom("compare", tmp_path / "several", "--json").json
    assert [one["label"] for one in comparison["deployments"]] == ["loihi2", "other"]


@pytest.mark.parametrize(
    ("names", "code", "message"),
    [
        (["artifact"], 2, "name two deployments or more"),
        (["artifact", "artifact"], 2, "A folder is named twice"),
        (["artifact", "nothing"], 2, "nothing does not exist: name folders that spikeloom deploy wrote."),
        (["artifact", "empty"], 3, "empty is no deployment: it has no manifest.json."),
        (["empty"], 2, "There is nothing to compare"),
    ],
)
def test_mistakes_get_one_sentence(spikeloom, tiny_artifact, tmp_path, monkeypatch, names, code, message):
    shutil.copytree(tiny_artifact, tmp_path / "artifact")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    done = spikeloom("compare", *names)
    assert (done.code, done.out) == (code, "")
    assert message in done.err and done.err.count("\n") == 1


def test_a_damaged_report_is_refused(spikeloom, tiny_artifact, coarse_artifact, tmp_path):
    shutil.copytree(tiny_artifact, tmp_path / "damaged")
    (tmp_path / "damaged" / "report.json").write_text("{}", encoding="utf-8")
    done = spikeloom("compare", tmp_path / "damaged", coarse_artifact)
    assert (done.code, done.out) == (3, "")
    assert "report.json is not what the deployment wrote" in done.err


def test_an_older_deployment_without_counters(spikeloom, tiny_artifact, coarse_artifact, tmp_path):
    from spikeloom.deploy.artifact import _digest

    old = tmp_path / "old"
    shutil.copytree(tiny_artifact, old)
    (old / "counters.npz").unlink()
    report = json.loads((old / "report.json").read_text(encoding="utf-8"))
    for section in ("baseline", "neurobench", "data"):
        report.pop(section, None)
    (old / "report.json").write_text(json.dumps(report), encoding="utf-8")
    manifest = json.loads((old / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"]["counters.npz"]
    manifest["files"]["report.json"] = _digest(old / "report.json")
    (old / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    comparison = spikeloom("compare", old, coarse_artifact, "--json").json
    assert comparison["deployments"][0]["baseline"] is None
    assert any("deploy it again" in note for note in comparison["notes"])
    assert any("kept no record" in note for note in comparison["notes"])
    assert "The spiking version" in spikeloom("compare", old, coarse_artifact).out
