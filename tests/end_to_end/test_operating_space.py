"""`spikeloom study operating-space` and `deploy --operating-point`, as their users call them."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
GRID = ("--time-constants", "1,3,9", "--thresholds", "0.2:2:4")


@pytest.fixture
def studied(spikeloom: Command, tiny: Path, tmp_path: Path) -> Path:
    out = tmp_path / "study"
    done = spikeloom(
        "study", "operating-space", tiny / "tiny.nir", "--data", tiny / "data.npz", *GRID, "--processes", 1, "-o", out
    )
    assert done.code == 0, done.err
    assert f"{out / 'study.html'} shows it." in done.out
    return out


def test_a_study_leaves_a_page_a_document_and_tables(studied: Path) -> None:
    document = json.loads((studied / "study.json").read_text(encoding="utf-8"))
    with (studied / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 == document["facts"]["points"]
    assert {row["time_constant"] for row in rows} == {"1.0", "3.0", "9.0"}
    assert all(float(row["energy_low"]) <= float(row["energy"]) <= float(row["energy_high"]) for row in rows)
    page = (studied / "study.html").read_text(encoding="utf-8")
    assert all(html.escape(sentence, quote=False) in page for sentence in document["sentences"])
    assert page.count("<svg") == len(document["figures"]) == 5
    assert "<script" not in page
    assert 'src="http' not in page
    assert {file.name for file in studied.iterdir()} == {
        "chosen.csv", "points.csv", "front.csv", "boundary.csv", "study.json", "study.html", "study-plan.json", "tasks",
    }  # fmt: skip


def test_the_folder_of_another_study_is_left_alone(studied: Path, spikeloom: Command, tiny: Path) -> None:
    before = (studied / "study.json").read_bytes()
    asked = (
        "study",
        "operating-space",
        tiny / "tiny.nir",
        "--data",
        tiny / "data.npz",
        "--processes",
        1,
        "-o",
        studied,
    )
    done = spikeloom(*asked, *GRID[:2], "--thresholds", 1)
    assert done.code == 2
    assert "holds another study" in done.err
    done = spikeloom(*asked, *GRID, "--json")
    assert done.json["sentences"] == json.loads(before)["sentences"]


@pytest.mark.slow
def test_a_study_without_a_folder_finds_one(
    spikeloom: Command, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("study", "operating-space", tiny / "tiny.nir", "--data", tiny / "data.npz", "--time-constants", 2)
    first, second = ((*asked, "--thresholds", share, "--processes", 1) for share in (1, 2))
    for number, command in (("", first), ("-2", second), ("", first), ("-2", second)):
        done = spikeloom(*command)
        assert done.code == 0, done.err
        assert f"{Path('build') / f'study-operating-space{number}' / 'study.html'} shows it." in done.out
    (tmp_path / "build" / "study-operating-space" / "study-plan.json").unlink()
    (tmp_path / "build" / "study-operating-space-2").rename(tmp_path / "build" / "study-operating-space-3")
    Path("build/study-operating-space-2").write_text("a file")
    assert "build/study-operating-space-3/study.html shows it." in spikeloom(*second).out
    assert "build/study-operating-space-4/study.html shows it." in spikeloom(*first).out
    Path("build").rename("elsewhere")
    Path("build").write_text("a file")
    done = spikeloom(*first)
    assert (done.code, done.out) == (2, "")
    assert "cannot be written" in done.err


def test_a_deployed_folder_can_be_studied(spikeloom: Command, tiny_artifact: Path, tiny: Path, tmp_path: Path) -> None:
    asked = ("study", "operating-space", tiny_artifact, "--data", tiny / "data.npz", *GRID, "-o", tmp_path / "study")
    done = spikeloom(*asked, "--processes", 1, "--json")
    assert done.code == 0, done.err
    assert done.json["subject"]["model"] == str(tiny_artifact)


def test_a_deployed_folder_cannot_be_trained_anew(
    spikeloom: Command, tiny_artifact: Path, tiny: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    asked = ("study", "operating-space", tiny_artifact, "--data", tiny / "data.npz", *GRID, "-o", tmp_path / "other")
    done = spikeloom(*asked, "--mode", "retrain", "--processes", 1)
    assert done.code == 2
    assert "holds integers only: to train anew, name the model that it was made from" in done.err
    assert "Traceback" not in done.err


def test_studies_and_their_mistakes(spikeloom: Command, tiny: Path, tmp_path: Path) -> None:
    listed = spikeloom("study", "--help").out
    assert "operating-space" in listed
    assert "noise" in listed
    done = spikeloom("study", "operating-spaces", tiny / "tiny.nir")
    assert done.code == 2
    assert "Did you mean 'operating-space'?" in done.err
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    data = ("--data", tiny / "data.npz")
    done = spikeloom("study", "operating-space", tiny / "tiny.nir", *data, *GRID, "-o", tmp_path, "--processes", 1)
    assert done.code == 2
    assert "holds files that are no study" in done.err
    done = spikeloom("study", "operating-space", tiny / "tiny.nir", *data, "--thresholds", "none", "-o", tmp_path / "s")
    assert done.code == 2
    assert "--thresholds cannot be 'none': write LOW:HIGH:COUNT" in done.err


def test_a_deployment_is_moved_to_a_point(spikeloom: Command, tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "moved"
    done = spikeloom(
        "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--operating-point", "knee", "--out", out,
        "--lava-samples", 0, "--allow", "loss",
    )  # fmt: skip
    assert done.code == 0, done.err
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    (note,) = [note for note in report["assumptions"] if note.startswith("operating point:")]
    assert "the knee, membrane time constant" in note
    assert "on the 6 samples that it was chosen on" in note
