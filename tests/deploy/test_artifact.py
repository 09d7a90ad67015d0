"""The parts of a folder's replacement that a command cannot reach; the rest is in `end_to_end`."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikeloom.deploy.artifact.artifact import read_report
from spikeloom.deploy.artifact.folder_replacement import replace_folder
from spikeloom.deploy.artifact.manifest import write_manifest
from spikeloom.deploy.artifact.writing import check_destination
from spikeloom.models.errors import UnsupportedModelError, UsageError


def test_checking_a_place_leaves_nothing(tmp_path):
    check_destination(tmp_path / "a" / "b" / "c")
    (tmp_path / "empty").mkdir()
    check_destination(tmp_path / "empty")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_an_earlier_artifact_may_be_replaced_and_nothing_else(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "manifest.json").touch()
    check_destination(tmp_path / "old")
    (tmp_path / "old" / "manifest.json").rename(tmp_path / "old" / "thesis.tex")
    with pytest.raises(UsageError, match="no deployment"):
        check_destination(tmp_path / "old")


def test_a_broken_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "there")
    replace_folder(tmp_path / "link", lambda folder: (folder / "file").touch())
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").exists()


def test_errors_of_ours_pass_and_leave_nothing(tmp_path):
    def fill(folder: Path) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace_folder(tmp_path / "out", fill)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_no_file_system_takes(tmp_path):
    for act in (check_destination, lambda out: replace_folder(out, lambda folder: None)):
        with pytest.raises(UsageError, match="cannot be written"):
            act(tmp_path / ("x" * 300))


def test_an_artifact_without_a_report_is_refused(tmp_path):
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "x").touch()
    write_manifest(tmp_path, {})
    with pytest.raises(UnsupportedModelError, match=r"lists no report\.json"):
        read_report(tmp_path)
