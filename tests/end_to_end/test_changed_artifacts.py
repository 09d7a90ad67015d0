"""Nothing is read from an artifact in which anything was changed, added, removed, or leads elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.deploy.artifact.artifact import load_counters, load_program, read_choices, read_report
from spikeloom.models.errors import UnsupportedModelError

READERS = (read_report, read_choices, load_counters, load_program)


@pytest.fixture
def artifact(tiny_artifact, tmp_path):
    """A copy that may be spoiled."""
    return Path(shutil.copytree(tiny_artifact, tmp_path / "artifact"))


def is_refused(folder, *words):
    for read in READERS:
        with pytest.raises(UnsupportedModelError) as refusal:
            read(folder)
        message = str(refusal.value)
        assert "\n" not in message
        assert all(word in message for word in (str(folder), *words)), message


@pytest.fixture
def no_command_reads(spikeloom, tiny, tiny_artifact, tmp_path):
    def check(folder, *words):
        data = ("--data", tiny / "data.npz")
        for command in (
            ("run", folder, *data),
            ("report", folder),
            ("estimate", folder),
            ("compare", folder, tiny_artifact),
            ("export", folder, "--to", "pynn", *data, "--out", tmp_path / "pynn"),
            ("study", "noise", folder, *data, "--out", tmp_path / "study"),
        ):
            done = spikeloom(*command)
            assert (done.code, done.out) == (3, ""), command
            assert done.err.startswith("Error: ") and done.err.count("\n") == 1
            assert all(word in done.err for word in (str(folder), *words)), done.err
            assert not (tmp_path / "study").exists() and not (tmp_path / "pynn").exists()

    return check


# Changed


def test_no_command_reads_an_artifact_with_a_changed_byte(artifact, no_command_reads):
    file = artifact / "program" / "arrays.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    no_command_reads(artifact, "program/arrays.npz", "deploy again")


def test_a_changed_byte_in_any_file_is_found(artifact):
    files = [path for path in artifact.rglob("*") if path.is_file()]
    assert len(files) > 20
    for file in files:
        before = file.read_bytes()
        for place in {0, len(before) // 2, len(before) - 1} if before else ():
            content = bytearray(before)
            content[place] ^= 1
            file.write_bytes(content)
            is_refused(artifact, file.name)
        file.write_bytes(before + b" ")
        is_refused(artifact, file.name)
        file.unlink()
        is_refused(artifact, file.name)
        file.write_bytes(before)
    assert read_report(artifact)["format"]


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_bit_of_the_manifest_is_found(artifact, place, bit):
    file = artifact / "manifest.json"
    before = file.read_bytes()
    content = bytearray(before)
    content[int(place * len(content))] ^= 1 << bit
    file.write_bytes(content)
    try:
        with pytest.raises(UnsupportedModelError):
            read_choices(artifact)
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize(
    ("manifest", "word"),
    [
        ("", "damaged"),
        ("\0", "damaged"),
        ("[1, 2]", "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"format": 2}', "damaged"),
        ('{"format": 2, "files": {}}', "damaged"),
        ('{"format": 1, "files": {}}', "format 1"),
        ('{"format": 99, "files": {}}', "format 99"),
    ],
)
def test_a_manifest_that_is_none_or_of_another_version(artifact, manifest, word):
    (artifact / "manifest.json").write_text(manifest)
    is_refused(artifact, word)


def test_a_manifest_larger_than_any_is_not_read(artifact):
    os.truncate(artifact / "manifest.json", 1 << 40)
    is_refused(artifact, "manifest.json")


def test_places_where_there_is_no_artifact(tiny):
    is_refused(tiny, "no deployment", "manifest.json")
    is_refused(tiny / "missing", "no deployment")
    is_refused(tiny / "data.npz", "no deployment")


def test_a_program_is_refused_where_its_hashes_hold_and_its_content_does_not(artifact, hash_anew, spikeloom, tiny):
    """As after a change by hand with new hashes, or a format that went on without its number."""
    for name, content in (("cores.npz", b"PK\5\6"), ("program.json", b"{}"), ("target.yaml", b"a: [")):
        file = artifact / "program" / name
        before = file.read_bytes()
        file.write_bytes(content)
        hash_anew(artifact)
        done = spikeloom("run", artifact, "--data", tiny / "data.npz")
        assert (done.code, done.out) == (3, "")
        assert str(artifact) in done.err and "deploy again" in done.err
        file.write_bytes(before)
    (artifact / "report.json").write_text("[" * 100_000)
    hash_anew(artifact)
    assert "report.json is damaged" in spikeloom("report", artifact).err


# Added, and leading elsewhere


def test_added_files_are_found(artifact, no_command_reads):
    (artifact / "lava" / "__pycache__").mkdir()
    (artifact / "lava" / "__pycache__" / "worker.pyc").write_bytes(b"")
    no_command_reads(artifact, "lava/__pycache__/worker.pyc", "not part of", "remove it")


@pytest.mark.parametrize("name", ["report.json", "manifest.json", "program", "lava", "new"])
def test_links_are_not_followed(artifact, name, no_command_reads):
    elsewhere = artifact.parent / "elsewhere"
    if (artifact / name).exists():
        (artifact / name).rename(elsewhere)  # what it leads to is what was written
    else:
        elsewhere.mkdir()
    (artifact / name).symlink_to(elsewhere)
    no_command_reads(artifact, name)


def test_what_would_never_end_to_be_read_is_refused(artifact):
    (artifact / "counters.npz").unlink()
    os.mkfifo(artifact / "counters.npz")
    is_refused(artifact, "counters.npz", "device")


@pytest.mark.parametrize("name", ["../secret", "program/../../secret", "{tmp_path}/secret", "secret/../../secret"])
def test_names_in_a_manifest_lead_nowhere(artifact, tmp_path, name):
    """Though the hash is right, a file outside is not taken for a part."""
    from spikeloom.deploy.artifact import manifest as subject

    (tmp_path / "secret").write_text("secret")
    manifest = json.loads((artifact / "manifest.json").read_text())
    del manifest["hash"]
    name = name.format(tmp_path=tmp_path)
    manifest["files"][name] = subject._digest(tmp_path / "secret")
    (artifact / "manifest.json").write_text(subject.json_text(subject._hashed(manifest)))
    is_refused(artifact, name, "missing")
    del manifest["files"][name]
    manifest["comparison"] = [name]
    (artifact / "manifest.json").write_text(subject.json_text(subject._hashed(manifest)))
    is_refused(artifact, "damaged")


# Kept as it is by what uses it


def test_nothing_is_written_into_an_artifact(artifact, tiny, spikeloom):
    data = ("--data", tiny / "data.npz")
    for command in (
        ("run", artifact, *data, "--out", artifact / "recorded.npz"),
        ("run", artifact / ".." / "artifact", *data, "--out", artifact / "lava" / "recorded.npz"),
        ("export", artifact, *data, "--to", "pynn", "--out", artifact / "pynn"),
    ):
        done = spikeloom(*command)
        assert (done.code, done.out) == (2, "")
        assert "lies in the deployment" in done.err
    assert read_report(artifact)


@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
def test_the_lava_program_leaves_the_artifact_as_it_is(artifact, tmp_path):
    np.savez(tmp_path / "spikes.npz", x=np.zeros((1, 3, 4), np.uint8))
    command = [
        sys.executable, artifact / "lava" / "run.py", "--input", tmp_path / "spikes.npz", "--output",
        tmp_path / "activity.npz",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "activity.npz").exists()
    assert read_report(artifact)
