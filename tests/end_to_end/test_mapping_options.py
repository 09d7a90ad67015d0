"""How hard the mapper searches, what it tells of it, and what it says where a network does not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

SCARCE = """\
extends: loihi2
name: scarce
topology: {chips: 2, columns: {value: 3, unit: tiles, kind: assumed, source: a test},
  rows: {value: 2, unit: tiles, kind: assumed, source: a test},
  cores_per_tile: {value: 2, unit: cores, kind: assumed, source: a test},
  usable_cores: {value: 10, unit: cores, kind: assumed, source: a test}, torus: true,
  link_between_chips: {value: 3, unit: hops, kind: assumed, source: a test},
  dead_cores: [{chip: 0, column: 0, row: 0, core: 1}], reserved_cores: [{chip: 1, column: 2, row: 1, core: 0}],
  input_tile: {chip: 1, column: 0, row: 1}}
limits: {neurons: {value: 1, unit: neurons, kind: assumed, source: a test}}
"""


@pytest.fixture
def scarce(tmp_path):
    """A small board of two chips on which every neuron has a core of its own."""
    path = tmp_path / "scarce.yaml"
    path.write_text(SCARCE)
    return path


def test_check_explains_the_mapping(spikeloom, tiny, scarce):
    done = spikeloom("check", tiny / "tiny.nir", "--target", scarce, "--json")
    assert (done.code, done.err) == (0, "")
    mapping = done.json["mapping"]
    assert done.json["cores"] == 10  # 6 and 3 neurons, and what is always on
    assert mapping["attempts"][0]["outcome"] == "chosen"
    assert mapping["hop_lower_bound"] <= mapping["hops"] <= mapping["hop_baselines"]["row-major"]
    assert set(mapping["message_baselines"]) == {"random", "sequential"}
    assert {layer["resource"] for layer in mapping["layers"]} == {"neurons"}
    assert mapping["utilisation"]["fullest"] == 1.0
    assert mapping["seconds"] > 0 and mapping["peak_memory_bytes"] > 1e7
    text = spikeloom("check", tiny / "tiny.nir", "--target", scarce).out
    for word in ("sequential", "chosen", "row-major", "busiest link", "effort normal", "every neuron spikes"):
        assert word in text


@pytest.mark.parametrize("effort", [pytest.param("fast", marks=pytest.mark.slow), "best"])
def test_the_same_seed_gives_the_same_bytes(spikeloom, tiny, scarce, tmp_path, effort):
    def deployed():
        done = spikeloom(
            "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--target", scarce, "--out", tmp_path / "out",
            "--lava-samples", 0, "--effort", effort, "--seed", 3, "--quiet",
        )  # fmt: skip
        assert done.code == 0, done.err
        return {
            path.relative_to(tmp_path): path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()
        }

    first, second = deployed(), deployed()
    assert first == second
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    explanation = report["mapping"]["explanation"]
    assert (explanation["effort"], explanation["seed"], explanation["measured"]) == (effort, 3, True)
    places = {(place["chip"], place["column"], place["row"], place["core"]) for place in report["mapping"]["places"]}
    assert len(places) == 10 and not places & {(0, 0, 0, 1), (1, 2, 1, 0)}
    assert "Mapping" in (tmp_path / "out" / "report.html").read_text()


def test_one_strategy(spikeloom, tiny, scarce):
    done = spikeloom("check", tiny / "tiny.nir", "--target", scarce, "--mapping", "boxes", "--json")
    assert [attempt["strategy"] for attempt in done.json["mapping"]["attempts"]] == ["boxes"]


def test_no_time_is_time_enough_for_a_mapping(spikeloom, tiny, scarce):
    done = spikeloom("check", tiny / "tiny.nir", "--target", scarce, "--mapping-seconds", 1e-6, "--json")
    assert done.code == 0 and done.json["mapping"]["stopped_early"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--mapping", "luck"), ("luck", "sequential")),
        (("--mapping", "metis"), ("metis", "no irregular layer", "auto")),
        (("--mapping-seconds", "-1"), ("mapping-seconds", "-1")),
        (("--effort", "heroic"), ("effort", "heroic")),
    ],
)
def test_wrong_options(spikeloom, tiny, options, words):
    done = spikeloom("check", tiny / "tiny.nir", *options)
    assert done.code == 2 and "Traceback" not in done.err
    for word in words:
        assert word in done.err


def test_a_misspelt_layer_is_refused_before_anything_is_mapped(spikeloom, tiny, tmp_path):
    (tmp_path / "config.yaml").write_text("layers: {lif3: {bits: 4}}\n")
    done = spikeloom("check", tiny / "tiny.nir", "--config", tmp_path / "config.yaml")
    assert done.code == 2 and "did you mean 'lif" in done.err


def test_what_does_not_fit_says_what_would_help_and_that_helps(spikeloom, tiny, scarce, tmp_path):
    text = scarce.read_text().replace("chips: 2", "chips: 1").replace("chip: 1", "chip: 0")
    text = text.replace("value: 10, unit: cores", "value: 4, unit: cores")
    scarce.write_text(text)
    done = spikeloom("check", tiny / "tiny.nir", "--target", scarce)
    assert done.code == 4
    assert "neurons 10 of 4" in done.err and "a board of at least 3 chips" in done.err
    scarce.write_text(text.replace("chips: 1", "chips: 3"))
    assert spikeloom("check", tiny / "tiny.nir", "--target", scarce).code == 0


@pytest.mark.slow
def test_hidden_groups_share_cores(spikeloom, tmp_path):
    nir = pytest.importorskip("nir")
    random = np.random.default_rng(0)
    neurons = 120
    group = random.permutation(np.repeat(np.arange(6), neurons // 6))
    recurrent = ((group[:, None] == group) & (random.random((neurons, neurons)) < 0.4)) * 0.2
    ones = np.ones(neurons)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([neurons])}),
        "entry": nir.Linear(weight=np.eye(neurons)),
        "liquid": nir.LIF(tau=1e-3 * ones, r=10 * ones, v_leak=0 * ones, v_threshold=ones, v_reset=0 * ones),
        "recurrent": nir.Linear(weight=recurrent),
        "output": nir.Output(output_type={"output": np.array([neurons])}),
    }
    edges = [
        ("input", "entry"), ("entry", "liquid"), ("liquid", "recurrent"), ("recurrent", "liquid"), ("liquid", "output"),
    ]  # fmt: skip
    nir.write(tmp_path / "liquid.nir", nir.NIRGraph(nodes, edges))
    (tmp_path / "chip.yaml").write_text(
        "extends: loihi1\nname: chip\nlimits: {neurons: {value: 24, unit: neurons, kind: assumed, source: a test}}\n"
    )
    done = spikeloom("check", tmp_path / "liquid.nir", "--target", tmp_path / "chip.yaml", "--json")
    assert done.code == 0, done.err
    attempts = {attempt["strategy"]: attempt for attempt in done.json["mapping"]["attempts"]}
    divided = [attempts[name]["messages"] for name in ("metis", "growing") if attempts[name]["messages"] is not None]
    assert divided and min(divided) < 0.6 * attempts["sequential"]["messages"]
