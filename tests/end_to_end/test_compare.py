"""`spikeloom compare`: deployments side by side, and each beside the same network without spikes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spikeloom.deploy.artifact.manifest import write_manifest


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
    (change,) = comparison["changes"]
    assert (change["label"], change["against"]) == ("coarse", "artifact")
    assert change["spikes"] == second["spikes"] / first["spikes"]
    # Weights of four bits sit on the one core as those of eight do.
    assert change["placement"]["same_partition"] and change["placement"]["moved"] == 0
    assert change["placement"]["neurons"] == 10  # six, three, and the axon that is always on
    assert comparison["verdict"].endswith("; but they ran on different samples.")
    assert spikeloom("compare", tiny_artifact, coarse_artifact, "--json").json == comparison


def test_the_table(spikeloom, tiny_artifact, coarse_artifact):
    out = " ".join(spikeloom("compare", tiny_artifact, coarse_artifact).out.split())
    # Twenty steps of two small layers: their states alone take more than an inference without spikes.
    assert out.count("The spiking version loses: ") == 2
    for said in (
        "energy, dynamic neurocore", "energy, chip total", "WHAT DIFFERS", "AGAINST ARTIFACT", "PLACEMENT",
        "no spikes, run once", "In the account dynamic neurocore, ",
    ):  # fmt: skip
        assert said in out


def test_markdown_and_page_go_with_it(spikeloom, tiny_artifact, coarse_artifact, tmp_path):
    page = tmp_path / "new" / "page.html"
    done = spikeloom("compare", tiny_artifact, coarse_artifact, "--markdown", "--html", page)
    assert done.code == 0 and done.out.startswith("# artifact and coarse side by side\n\n**")
    assert "| energy, chip total | " in done.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    again = spikeloom("compare", tiny_artifact, coarse_artifact, "--html", page)
    assert again.code == 0 and again.out.endswith(f"Page: {page}\n")


@pytest.mark.parametrize("command", ["report", "compare"])
def test_the_schema_is_printed_and_nothing_else_is_done(spikeloom, command):
    from spikeloom.deploy.report_schema.json_schema import json_schema

    done = spikeloom(command, "--schema")
    assert done.code == 0
    assert done.json == json_schema("report" if command == "report" else "comparison")


def test_a_report_in_markdown(spikeloom, tiny_artifact):
    done = spikeloom("report", tiny_artifact, "--markdown")
    assert done.code == 0 and done.out.startswith("# tiny on Intel Loihi 2\n\n**tiny runs on 1 core of Intel Loihi 2")
    assert "\n## How to get the same again\n" in done.out and "spikeloom.cli" not in done.out
    refused = spikeloom("report", tiny_artifact, "--markdown", "--json")
    assert (refused.code, refused.out) == (2, "") and "leave one of them out" in refused.err


def test_a_page_that_cannot_be_written_is_one_sentence(spikeloom, tiny_artifact, coarse_artifact, tmp_path):
    (tmp_path / "file").touch()
    for page, said in (
        (tmp_path / "file" / "page.html", "cannot be written"),
        (tmp_path, "cannot be written: Is a directory"),
        (coarse_artifact / "page.html", "lies in the deployment"),
    ):
        done = spikeloom("compare", tiny_artifact, coarse_artifact, "--html", page)
        assert (done.code, done.out) == (2, "") and said in done.err and done.err.count("\n") == 1


def test_a_folder_of_several_targets_counts_as_all_of_them(spikeloom, tiny_artifact, coarse_artifact, tmp_path):
    for name, folder in (("loihi2", tiny_artifact), ("other", coarse_artifact)):
        shutil.copytree(folder, tmp_path / "several" / name)
    write_manifest(tmp_path / "several", {"comparison": ["loihi2", "other"]})
    comparison = spikeloom("compare", tmp_path / "several", "--json").json
    assert [one["label"] for one in comparison["deployments"]] == ["loihi2", "other"]


@pytest.mark.parametrize(
    ("names", "code", "message"),
    [
        (["artifact"], 2, "name two deployments or more"),
        (["artifact", "artifact"], 2, "A folder is named twice"),
        (["artifact", "nothing"], 2, "nothing does not exist: name folders that spikeloom deploy wrote."),
        (["artifact", "empty"], 3, "empty is no deployment: it has no manifest.json."),
        (["empty"], 3, "empty is no deployment"),
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


def test_a_report_of_an_older_format_is_refused_with_the_way_out(spikeloom, hash_anew, tiny_artifact, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(tiny_artifact, old)
    report = json.loads((old / "report.json").read_text(encoding="utf-8"))
    (old / "report.json").write_text(json.dumps(report | {"format": 1}), encoding="utf-8")
    hash_anew(old)
    for command in (("report", old), ("compare", old, tiny_artifact)):
        done = spikeloom(*command)
        assert (done.code, done.out) == (3, "")
        assert "is of format 1, and this version reads 2: deploy again." in done.err
