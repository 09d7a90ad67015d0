"""`spikeloom deploy --target loihi2,spinn3,...`: a folder for each target, and one report that compares them."""

from __future__ import annotations

import hashlib
import json
import shutil
from html import escape
from pathlib import Path
from typing import Any

import pytest

from spikeloom.deploy.comparison.rows import figure_rows

DEPLOYED = ("loihi1", "loihi2", "spinn3", "spinnaker2")
ENDS = ("low", "nominal", "high")


@pytest.fixture
def deploy(spikeloom: Any, tiny: Path, tmp_path: Path) -> Any:
    """Deploy the tiny network to some targets."""

    def command(targets: str, *options: object, out: Path = tmp_path / "out") -> Any:
        given = ("--data", tiny / "data.npz", "--out", out, "--lava-samples", 0, "--effort", "fast")
        return spikeloom("deploy", tiny / "tiny.nir", "--target", targets, *given, *options)

    return command


def is_error(done: Any, code: int, *words: str) -> None:
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.startswith("Error: ") and "Traceback" not in done.err
    assert all(word in done.err for word in words), done.err


def report_of(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


# What is written


def test_each_target_has_a_folder_that_is_a_deployment_of_its_own(spikeloom: Any, targets_artifact: Path) -> None:
    found = {path.name for path in targets_artifact.iterdir()}
    assert found == {*DEPLOYED, "manifest.json", "report.json", "report.html"}
    own = {"spinn3": "routing_tables.json", "spinnaker2": "spinnaker2_activity.npz"}
    for name in DEPLOYED:
        folder = targets_artifact / name
        assert report_of(folder)["target"]["name"] == name
        assert spikeloom("report", folder).code == 0
        for target, file in own.items():
            assert (folder / file).is_file() == (name == target)


def test_the_manifest_names_the_targets_and_holds_the_hash_of_every_file(targets_artifact: Path) -> None:
    manifest = json.loads((targets_artifact / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["comparison"] == list(DEPLOYED)
    files = {path for path in targets_artifact.rglob("*") if path.is_file()} - {targets_artifact / "manifest.json"}
    assert {targets_artifact / name for name in manifest["files"]} == files
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((targets_artifact / name).read_bytes()).hexdigest() == digest


def test_the_comparison_says_what_each_report_says(targets_artifact: Path) -> None:
    comparison = report_of(targets_artifact)
    assert [one["label"] for one in comparison["deployments"]] == list(DEPLOYED)
    for one in comparison["deployments"]:
        report = report_of(targets_artifact / one["label"])
        assert one["target"] == one["label"] and one["cores"] == report["cores"]
        assert one["spikes"] == report["counts"]["spikes"]
        for name, energy in one["energy_accounts"].items():
            assert energy == {end: report["energy_accounts"][name][end] for end in ENDS}
        assert one["latency"] == {end: report["latency_per_sample"][end] for end in ENDS}
    assert set(comparison["refused"]) == {"small"}
    assert "neurons 10 of 2" in comparison["refused"]["small"]
    assert comparison["command"].startswith("spikeloom deploy ")


def test_the_report_of_each_target_has_all_of_them_side_by_side(spikeloom: Any, targets_artifact: Path) -> None:
    comparison = report_of(targets_artifact)
    for name in DEPLOYED:
        folder = targets_artifact / name
        section = report_of(folder)["side_by_side"]
        assert section == {key: comparison[key] for key in section}
        assert {"deployments", "refused"} <= set(section)
        page = (folder / "report.html").read_text(encoding="utf-8")
        shown = page.partition('<section id="targets">')[2].partition("</section>")[0]
        assert all(f'<th class="n">{other}</th>' in shown for other in DEPLOYED)
        assert all(escape(row.cells[place].figure) in shown for row in figure_rows(section) for place in range(4))
        assert "small: " in shown
        printed = spikeloom("report", folder).out
        assert "TARGETS SIDE BY SIDE" in printed and "small is left out: " in printed


def test_one_target_alone_stands_beside_none(spikeloom: Any, tiny_artifact: Path) -> None:
    assert "side_by_side" not in report_of(tiny_artifact)
    assert "side by side" not in (tiny_artifact / "report.html").read_text(encoding="utf-8")
    assert "SIDE BY SIDE" not in spikeloom("report", tiny_artifact).out


def test_the_network_is_the_same_on_all_targets(targets_artifact: Path) -> None:
    rows = {name: {row["stage"]: row for row in report_of(targets_artifact / name)["ledger"]} for name in DEPLOYED}
    simulated = [rows[name]["simulator"] for name in DEPLOYED]
    assert all(row["spikes_per_sample"] == simulated[0]["spikes_per_sample"] for row in simulated)
    assert [name for name in DEPLOYED if "spinnaker1" in rows[name]] == ["spinn3"]


# What is printed


def test_report_prints_the_comparison_and_what_was_left_out(spikeloom: Any, targets_artifact: Path) -> None:
    done = spikeloom("report", targets_artifact)
    assert done.code == 0
    assert all(name in done.out for name in DEPLOYED)
    assert "small is left out" in done.out and "neurons 10 of 2" in done.out
    assert "energy, dynamic neurocore" in done.out
    assert spikeloom("report", targets_artifact, "--json").json == report_of(targets_artifact)


def test_compare_takes_the_folder_as_all_of_them(spikeloom: Any, targets_artifact: Path) -> None:
    ours = {one["label"]: one for one in report_of(targets_artifact)["deployments"]}
    compared = spikeloom("compare", targets_artifact, "--json").json["deployments"]
    assert {one["label"]: one for one in compared} == ours


def test_json_and_quiet(deploy: Any, tmp_path: Path) -> None:
    done = deploy("loihi2, spinn3", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json == report_of(tmp_path / "out")
    silent = deploy("spinn3,loihi2", "--quiet")
    assert (silent.code, silent.out, silent.err) == (0, "", "")
    assert [one["label"] for one in report_of(tmp_path / "out")["deployments"]] == ["spinn3", "loihi2"]


def test_one_folder_takes_the_place_of_the_other(deploy: Any, tmp_path: Path) -> None:
    several, single = {"loihi1", "loihi2"}, {"program", "lava", "counters.npz", "ledger.json"}
    assert deploy("loihi1,loihi2", "--quiet").code == 0
    assert several <= {path.name for path in (tmp_path / "out").iterdir()}
    assert deploy("loihi2", "--quiet").code == 0
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert single <= found and not several & found
    assert deploy("loihi1,loihi2", "--quiet").code == 0
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert several <= found and not single & found
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


# Dry runs


def test_a_dry_run_looks_at_all_targets(spikeloom: Any, tiny: Path, targets_artifact: Path, tmp_path: Path) -> None:
    small = targets_artifact.parent / "small.yaml"

    def dry(targets: str, *options: object) -> Any:
        given = ("--target", targets, "--dry-run", "--out", tmp_path / "out")
        return spikeloom("deploy", tiny / "tiny.nir", *given, *options)

    done = dry(f"{small},spinn3,loihi2")
    assert (done.code, done.err) == (0, "")
    assert "fits spinn3" in done.out and "fits loihi2: 1 core." in done.out
    assert f"does not fit {small}" in done.out and "neurons 10 of 2" in done.out
    answers = dry(f"{small},loihi2", "--json").json
    assert {name: answer["fits"] for name, answer in answers.items()} == {str(small): False, "loihi2": True}
    assert dry(f"{small},loihi2", "--quiet").out == ""
    is_error(dry(str(small)), 4, "neurons 10 of 2")
    assert dry("loihi2", "--json").json["fits"] is True
    assert not (tmp_path / "out").exists()


# What is typed wrongly


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("loihi2,loihi2", ["loihi2,loihi2", "twice"]),
        ("loihi2,,spinn3", ["a name is missing"]),
        ("loihi2,", ["a name is missing"]),
        (",", ["a name is missing"]),
        ("loihi2,loihi3", ["'loihi3'", "loihi1, loihi2"]),
    ],
)
def test_names_that_cannot_be(deploy: Any, tmp_path: Path, targets: str, words: list[str]) -> None:
    is_error(deploy(targets), 2, *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("loihi2", ["two of the targets are named loihi2"]),
        ("a/b", ["'a/b' cannot be the name of a folder"]),
        ("report.json", ["'report.json' cannot be the name of a folder"]),
    ],
)
def test_targets_without_a_folder_of_their_own(deploy: Any, tmp_path: Path, name: str, words: list[str]) -> None:
    (tmp_path / "mine.yaml").write_text(json.dumps({"extends": "spinn3", "name": name}))
    is_error(deploy(f"loihi2,{tmp_path / 'mine.yaml'}"), 2, *words)
    assert not (tmp_path / "out").exists()


def test_an_account_that_one_of_them_does_not_have(deploy: Any, tmp_path: Path) -> None:
    is_error(deploy("spinn3,loihi2", "--costs", "snabsuite"), 2, "target loihi2 has no account 'snabsuite'")
    assert not (tmp_path / "out").exists()


def test_a_network_that_fits_none_of_them(deploy: Any, targets_artifact: Path, tmp_path: Path) -> None:
    small = targets_artifact.parent / "small.yaml"
    (tmp_path / "other.yaml").write_text(json.dumps({"extends": str(small), "name": "other"}))
    is_error(deploy(f"{small},{tmp_path / 'other.yaml'}"), 4, "fits none of small, other", "neurons 10 of 2")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [["estimate"], ["run"], ["run", "--backend=spinnaker1"], ["export", "--to=pynn"]])
def test_commands_for_one_deployment_name_the_way_out(
    spikeloom: Any, targets_artifact: Path, tmp_path: Path, command: list[str]
) -> None:
    more = ["--out", tmp_path / "out"] if command[0] == "export" else []
    done = spikeloom(command[0], targets_artifact, *command[1:], *more)
    is_error(done, 2, "for several targets", str(targets_artifact / "loihi1"))


def test_a_damaged_comparison_is_refused(spikeloom: Any, targets_artifact: Path, tmp_path: Path) -> None:
    shutil.copytree(targets_artifact, tmp_path / "copy")
    with (tmp_path / "copy" / "report.json").open("a") as file:
        file.write(" ")
    is_error(spikeloom("report", tmp_path / "copy"), 3, "report.json is not what the deployment wrote")


def test_deployments_for_several_targets_are_checked_together(targets_artifact, tmp_path, spikeloom):
    copy = shutil.copytree(targets_artifact, tmp_path / "copy")
    with (copy / "spinn3" / "lava" / "run.py").open("a") as file:
        file.write("\n")
    done = spikeloom("compare", copy)
    assert (done.code, done.out) == (3, "")
    assert "spinn3/lava/run.py is not what the deployment wrote" in done.err
    assert spikeloom("report", copy / "loihi1").code == 0  # which is one of its own
