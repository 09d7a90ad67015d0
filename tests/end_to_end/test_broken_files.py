"""Models and artifacts that cannot be used: one sentence, code 3, and nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def refused(spikeloom, tiny, tmp_path):
    """Deploy a model, and expect one sentence and an untouched destination."""

    def deploy(model, *, code=3):
        out = tmp_path / "out"
        done = spikeloom("deploy", model, "--data", tiny / "data.npz", "--out", out)
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("Error: ")
        assert not out.exists()
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
        checked = spikeloom("check", model, "--json")
        assert (checked.code, checked.out, checked.err) == (done.code, "", done.err)
        return done.err

    return deploy


def one_sentence(message: str) -> str:
    assert message.count("\n") == 1
    assert message.endswith(".\n")
    return message


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("braille_noDelay_bias_zero_subgraph.nir", ("'input' -> 'lif'", "does not exist")),
        ("lif_rockpool.nir", ("'1_LIFNeuronTorch'", "(1,)", "'output'", "(1, 1, 1)")),
        ("ntidigits.net", ("git-LFS pointer", "git lfs pull")),
    ],
)
def test_files_that_others_wrote(shared_data, refused, file, parts):
    message = one_sentence(refused(shared_data / "broken" / file))
    assert all(part in message for part in (file, *parts))


@pytest.mark.parametrize("share", [0.999, 0.5, 0.1])
def test_truncated_models(tiny, refused, tmp_path, share):
    whole = (tiny / "tiny.nir").read_bytes()
    (tmp_path / "cut.nir").write_bytes(whole[: int(len(whole) * share)])
    assert "truncated" in one_sentence(refused(tmp_path / "cut.nir"))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\3\4", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_files_that_are_no_models(refused, tmp_path, content):
    (tmp_path / "model.nir").write_bytes(content)
    assert "model.nir" in one_sentence(refused(tmp_path / "model.nir"))


def test_places_where_there_is_no_model(refused, tmp_path):
    assert "does not exist" in one_sentence(refused(tmp_path / "missing.nir"))
    assert "does not exist" in one_sentence(refused(tmp_path / "missing" / "model.nir"))
    assert "is a folder" in one_sentence(refused(tmp_path))


# Artifacts


@pytest.fixture
def artifact(tiny_artifact, tmp_path):
    """A copy that may be spoiled."""
    return Path(shutil.copytree(tiny_artifact, tmp_path / "artifact"))


@pytest.fixture
def no_artifact(spikeloom, tiny):
    """Run and report what is no artifact."""

    def expect(folder, *words, commands=("run", "report")):
        for command in commands:
            data = ("--data", tiny / "data.npz") if command == "run" else ()
            done = spikeloom(command, folder, *data)
            assert (done.code, done.out) == (3, "")
            assert all(word in one_sentence(done.err) for word in (str(folder), *words))

    return expect


def test_places_where_there_is_no_artifact(no_artifact, tiny):
    no_artifact(tiny, "no deployment", "manifest.json")
    no_artifact(tiny / "missing", "no deployment")
    no_artifact(tiny / "data.npz", "no deployment")


@pytest.mark.parametrize("name", ["program.json", "network.json", "arrays.npz", "cores.npz", "target.yaml"])
def test_a_changed_program_is_noticed(artifact, no_artifact, name):
    file = artifact / "program" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    no_artifact(artifact, f"program/{name}", "deploy again", commands=("run",))
    file.unlink()
    no_artifact(artifact, f"program/{name}", "cannot be read", commands=("run",))


def test_a_changed_report_is_noticed(artifact, no_artifact):
    report = json.loads((artifact / "report.json").read_text())
    report["ledger"][0]["accuracy"] = 1.0
    (artifact / "report.json").write_text(json.dumps(report))
    no_artifact(artifact, "report.json", "hash")


@pytest.mark.parametrize(
    ("manifest", "word"),
    [
        ("", "damaged"),
        ("[1, 2]", "damaged"),
        ('{"format": 1}', "damaged"),
        ('{"format": 1, "files": {}}', "lists no"),
        ('{"format": 99, "files": {}}', "format 99"),
    ],
)
def test_a_manifest_that_is_none_or_of_another_version(artifact, no_artifact, manifest, word):
    (artifact / "manifest.json").write_text(manifest)
    no_artifact(artifact, word)


def test_a_program_is_refused_where_its_hashes_hold_and_its_content_does_not(artifact, no_artifact):
    """As after a change by hand with new hashes, or a format that went on without its number."""
    from spikeloom.deploy.artifact import _digest

    manifest = json.loads((artifact / "manifest.json").read_text())
    for name, content in (("cores.npz", b"PK\5\6"), ("program.json", b"{}"), ("target.yaml", b"a: [")):
        file = artifact / "program" / name
        before = file.read_bytes()
        file.write_bytes(content)
        manifest["files"][f"program/{name}"] = _digest(file)
        (artifact / "manifest.json").write_text(json.dumps(manifest))
        no_artifact(artifact, "deploy again", commands=("run",))
        file.write_bytes(before)
        manifest["files"][f"program/{name}"] = _digest(file)
