"""Real models written as NIR and read again; files that are written whole or not at all."""

import os

import nir
import numpy as np
import pytest

from spikeloom.models.errors import UsageError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.readers.nir import read_nir, time_step
from spikeloom.models.writers.nir import write_nir
from spikeloom.models.zoo.digits_data import NIR_FILE

PARAMETERS = (
    "current_retention", "voltage_retention", "threshold", "input_gain", "current_gain", "bias", "reset_value",
)  # fmt: skip


def same_spikes(graph, again, data):
    """Every layer gives the same, and is not silent."""
    wanted, found = run_graph(graph, data), run_graph(again, data)
    for name, activity in wanted.items():
        assert activity.any()
        np.testing.assert_array_equal(found[name], activity, err_msg=name)


def test_the_braille_network_comes_back(tmp_path, shared_data):
    source = shared_data / "nir" / "braille.nir"
    graph = read_nir(source)
    path = tmp_path / "braille.nir"
    notes = write_nir(graph, path, dt=time_step(source))
    again = read_nir(path)
    assert "bias: before the first step 'lif1.w_rec' puts out its bias here; many tools begin loops with 0." in notes
    with np.load(shared_data / "braille" / "braille.npz") as recordings:
        same_spikes(graph, again, recordings["x"][:20].astype(float))
    assert {edge for edge in again.edges if edge.lag} == {edge for edge in graph.edges if edge.lag}
    for name in graph.layers:
        for key in PARAMETERS:
            before, after = (getattr(each.nodes[name].model, key) for each in (graph, again))
            np.testing.assert_array_equal(before, after, err_msg=f"{name} {key}")


def test_the_built_in_network_comes_back(tmp_path):
    graph = read_nir(NIR_FILE)
    path = tmp_path / "digits.nir"
    write_nir(graph, path, dt=time_step(NIR_FILE))
    again = read_nir(path)
    data = np.random.default_rng(0).random((4, 8, *graph.shapes[graph.inputs[0]]))
    same_spikes(graph, again, data)
    for name in graph.layers:
        assert again.nodes[name].model.reset == graph.nodes[name].model.reset


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "deep" / "model.nir"
    write_nir(read_nir(NIR_FILE), target)
    before = target.read_bytes()
    monkeypatch.setattr(nir, "read", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_nir(read_nir(NIR_FILE), target, dt=2e-4)
    assert target.read_bytes() == before
    assert list(target.parent.iterdir()) == [target]


def test_places_that_cannot_be_written_to(tmp_path):
    graph = read_nir(NIR_FILE)
    with pytest.raises(UsageError, match="is a folder"):
        write_nir(graph, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a device or a pipe"):
        write_nir(graph, tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"model.nir cannot be written: .*file is a file"):
        write_nir(graph, tmp_path / "file" / "model.nir")
    with pytest.raises(UsageError, match="--dt"):
        write_nir(graph, tmp_path / "model.nir", dt=0.0)
