"""Models and artifacts that cannot be used: one sentence, code 3, and nothing written."""

from __future__ import annotations

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
