"""Models exported to NIR: what is read back and deployed is what went out."""

from __future__ import annotations

import nir
import numpy as np
import pytest

from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.export import export_model
from spikeloom.deploy.model_source import load_graph
from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.execution.graph_run import run_graph


@pytest.mark.parametrize("settings", [{}, {"reset": "subtract", "threshold_inclusive": True, "dt": 2e-4}])
def test_what_was_asked_for_at_the_export_need_not_be_asked_again(tiny, tmp_path, settings):
    out = tmp_path / "exported.nir"
    said = export_model(str(tiny / "tiny.nir"), "nir", out, Configuration(**settings))
    before = load_graph(str(tiny / "tiny.nir"), Configuration(**settings))
    after = load_graph(str(out), Configuration())
    assert set(before.assumptions) < set(said)
    assert not [note for note in after.assumptions if "assumed" in note]
    data = np.load(tiny / "data.npz")["x"].astype(float)
    wanted, found = run_graph(before, data), run_graph(after, data)
    for name, activity in wanted.items():
        np.testing.assert_array_equal(found[name], activity, err_msg=name)
        assert 0 < activity.mean() < 1


def test_the_built_in_model_keeps_its_reset_and_fits_as_before(spikeloom, tmp_path):
    out = tmp_path / "digits.nir"
    export_model("digits", "nir", out, Configuration())
    assert list(nir.read(out).nodes)
    known, exported = (spikeloom("check", model, "--json").json for model in ("digits", out))
    assert exported["fits"]
    assert exported["cores"] == known["cores"]
    assert [note for note in exported["assumptions"] if note.startswith("reset: zero in")]


def test_a_recurrent_network_classifies_as_before(shared_data, tmp_path):
    model, out = str(shared_data / "nir" / "braille.nir"), tmp_path / "braille.nir"
    said = export_model(model, "nir", out, Configuration())
    assert [note for note in said if note.startswith("loops: ")]
    data = np.load(shared_data / "braille" / "braille.npz")["x"][:20].astype(float)
    wanted, found = (run_graph(load_graph(name, Configuration()), data) for name in (model, str(out)))
    for name, activity in wanted.items():
        np.testing.assert_array_equal(found[name], activity, err_msg=name)


def test_a_model_may_be_exported_over_itself(tiny, tmp_path):
    model = tmp_path / "model.nir"
    model.write_bytes((tiny / "tiny.nir").read_bytes())
    export_model(str(model), "nir", model, Configuration(dt=1.5e-4, reset="none"))
    first = nir.read(model)
    export_model(str(model), "nir", model, Configuration())
    second = nir.read(model)
    assert first.metadata["dt"] == second.metadata["dt"] == 1.5e-4
    assert second.nodes["lif1"].metadata["reset"] == "none"
    np.testing.assert_array_equal(first.nodes["lif1"].tau_mem, second.nodes["lif1"].tau_mem)


def test_formats_and_models_that_do_not_exist(tiny, tmp_path):
    with pytest.raises(UsageError, match="no format 'onnx' to export to, only nir"):
        export_model(str(tiny / "tiny.nir"), "onnx", tmp_path / "out", Configuration())
    with pytest.raises(UnsupportedModelError, match="does not exist"):
        export_model(str(tmp_path / "none.nir"), "nir", tmp_path / "out", Configuration())
    assert not list(tmp_path.iterdir())
