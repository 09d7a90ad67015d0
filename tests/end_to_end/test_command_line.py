"""Every command as a user types it: what it prints where, and how it ends when it is typed wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

COMMANDS = (
    "init", "check", "targets", "deploy", "run", "report", "compare", "estimate", "export", "train", "study", "doctor",
)  # fmt: skip
RESOURCE = {"kind": "assumed", "source": "a test"}


@pytest.fixture
def deploy(spikeloom, tiny, tmp_path):
    """Deploy the tiny network without Lava, into a folder that does not exist yet."""

    def command(*options, model="tiny.nir", data="data.npz"):
        return spikeloom(
            "deploy", tiny / model, "--data", tiny / data, "--out", tmp_path / "out", "--lava-samples", 0, *options
        )

    return command


@pytest.fixture
def small_chip(tmp_path):
    """A chip of one core with two neurons."""
    chip = {
        "extends": "loihi2",
        "name": "small",
        "topology": {"usable_cores": {"value": 1, "unit": "cores", **RESOURCE}},
        "limits": {"neurons": {"value": 2, "unit": "neurons", **RESOURCE}},
    }
    (tmp_path / "small.yaml").write_text(json.dumps(chip))
    return tmp_path / "small.yaml"


def is_error(done, code, *words):
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.startswith("Error: ")
    assert all(word in done.err for word in words), done.err


# What is printed


def test_help(spikeloom):
    bare = spikeloom()
    assert bare.code == 2
    assert all(command in bare.out + bare.err for command in COMMANDS)
    for command in COMMANDS:
        shown = spikeloom(command, "--help")
        assert (shown.code, shown.err) == (0, "")
        assert "--help" in shown.out


def test_targets(spikeloom):
    assert spikeloom("targets").out.split()[0] == "loihi1"
    assert set(spikeloom("targets", "--json").json) == {"loihi1", "loihi2", "spinn3", "spinnaker1", "spinnaker2"}
    assert spikeloom("targets", "loihi2", "--json").json["name"] == "loihi2"
    assert "synaptic_memory_bits" in spikeloom("targets", "loihi2").out
    is_error(spikeloom("targets", "loihi3"), 2, "'loihi3'", "loihi1, loihi2")


def test_doctor(spikeloom):
    assert "numba" in spikeloom("doctor").out
    assert {"name", "state", "version", "remedy"} == set(spikeloom("doctor", "--json").json[0])


def test_check(spikeloom, tiny):
    done = spikeloom("check", tiny / "tiny.nir", "--target", "loihi2", "--json")
    assert done.err == ""
    assert (done.json["fits"], done.json["cores"], done.json["problems"]) == (True, 1, [])
    assert any("plain spikes" in assumption for assumption in done.json["assumptions"])
    assert "fits loihi2: 1 core." in spikeloom("check", tiny / "tiny.nir").out
    assert spikeloom("check", tiny / "tiny.nir", "--quiet").out == ""
    with_data = spikeloom("check", tiny / "tiny.nir", "--data", tiny / "data.npz", "--json").json
    assert not any("plain spikes" in assumption for assumption in with_data["assumptions"])


def test_deploy_prints_a_summary_or_json_or_nothing(deploy, tmp_path):
    summary = deploy()
    assert (summary.code, summary.err) == (0, "")
    assert "simulator" in summary.out
    assert str(tmp_path / "out" / "report.html") in summary.out
    report = deploy("--json")
    assert report.err == ""
    assert report.json == json.loads((tmp_path / "out" / "report.json").read_text())
    assert report.json["command"].startswith("spikeloom deploy ")
    silent = deploy("--quiet")
    assert (silent.code, silent.out, silent.err) == (0, "", "")


def test_dry_run_writes_nothing(deploy, small_chip, tmp_path):
    assert deploy("--dry-run", "--json").json["fits"]
    assert deploy("--dry-run", "--quiet").out == ""
    assert deploy("--dry-run", "--target", small_chip).code == 4
    assert not (tmp_path / "out").exists()


def test_run_and_report(spikeloom, tiny, tiny_artifact):
    run = spikeloom("run", tiny_artifact, "--data", tiny / "data.npz", "--json")
    assert run.err == ""
    simulator = next(
        row for row in spikeloom("report", tiny_artifact, "--json").json["ledger"] if row["stage"] == "simulator"
    )
    assert {name: run.json[name] for name in ("accuracy", "spikes_per_sample")} == {
        name: simulator[name] for name in ("accuracy", "spikes_per_sample")
    }
    assert (run.json["compared_samples"], run.json["mismatched_spikes"]) == (0, None)
    assert "12 samples" in spikeloom("run", tiny_artifact, "--data", tiny / "data.npz").out
    assert spikeloom("run", tiny_artifact, "--data", tiny / "data.npz", "--quiet").out == ""
    assert "accuracy" in spikeloom("report", tiny_artifact).out
    is_error(spikeloom("run", tiny_artifact), 7, "--data")


# What is typed wrongly


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", 0], ["--steps", "1"]),
        (["--samples", 0], ["--samples", "1"]),
        (["--lava-samples", -1], ["--lava-samples", "0"]),
        (["--calibration-samples", 0], ["--calibration-samples"]),
        (["--dt", 0], ["--dt", "above 0"]),
        (["--dt", "nan"], ["--dt"]),
        (["--dt", "inf"], ["--dt"]),
        (["--min-accuracy", 2], ["--min-accuracy", "1"]),
        (["--seed", -1], ["--seed", "0"]),
        (["--target", "loihi3"], ["'loihi3'", "loihi1, loihi2"]),
        (["--target", "/"], ["loihi1, loihi2"]),
        (["--config", "missing.yaml"], ["missing.yaml", "cannot be read"]),
    ],
)
def test_options_that_cannot_be(deploy, tmp_path, options, words):
    is_error(deploy(*options), 2, *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options", [["--encoder", "morse"], ["--reset", "never"], ["--samples", "x"], ["--nonsense"], ["more"]]
)
def test_options_that_do_not_exist(deploy, options):
    done = deploy(*options)
    assert (done.code, done.out) == (2, "")
    assert options[-1].strip("-") in done.err or "--samples" in done.err


def test_commands_and_models_that_do_not_exist(spikeloom):
    assert spikeloom("depoly").code == 2
    is_error(spikeloom("train", "mnist"), 2, "'mnist'", "digits")


def test_target_files_with_mistakes(deploy, tmp_path):
    chip = tmp_path / "chip.yaml"
    for content, word in (
        ("extends: loihi2\nlimits: {nonsense: 3}\n", "nonsense"),
        ("a: [", "YAML"),
        ("- 1", "mapping"),
    ):
        chip.write_text(content)
        is_error(deploy("--target", chip), 2, str(chip), word)


def test_steps_that_no_memory_holds(deploy):
    is_error(deploy("--steps", 10**10), 7, "GiB", "--steps")


# What does not go


def test_a_network_that_does_not_fit(spikeloom, deploy, tiny, small_chip, tmp_path):
    done = spikeloom("check", tiny / "tiny.nir", "--target", small_chip, "--json")
    assert (done.code, done.err) == (4, "")
    assert (done.json["fits"], done.json["cores"]) == (False, None)
    problem = done.json["problems"][0]
    assert {"layer", "resource", "used", "limit", "advice"} <= set(problem)
    assert (problem["resource"], problem["layer"]) == ("neurons", "the network")
    assert problem["used"] > problem["limit"]
    for refused in (spikeloom("check", tiny / "tiny.nir", "--target", small_chip), deploy("--target", small_chip)):
        is_error(refused, 4, "neurons", str(problem["used"]), problem["advice"])
    assert not (tmp_path / "out").exists()


def test_numbers_on_a_chip_without_graded_spikes(spikeloom, tiny, tmp_path):
    np.savez(tmp_path / "counts.npz", x=np.full((4, 10, 4), 3), y=np.zeros(4))
    options = ("--data", tmp_path / "counts.npz", "--target", "loihi1")
    is_error(spikeloom("check", tiny / "tiny.nir", *options), 4, "input", "graded spike bits 2 of 1")
    is_error(spikeloom("deploy", tiny / "tiny.nir", *options, "-o", tmp_path / "out"), 4, "graded spike bits 2 of 1")


def test_data_with_more_than_a_deployed_chip_can_carry(spikeloom, deploy, tmp_path):
    assert deploy("--target", "loihi1").code == 0
    np.savez(tmp_path / "counts.npz", x=np.full((4, 20, 4), 3))
    is_error(spikeloom("run", tmp_path / "out", "--data", tmp_path / "counts.npz"), 7, "2 bits", "loihi1", "plain")


def test_the_guard_of_accuracy(deploy, tmp_path):
    assert deploy("--min-accuracy", 0).code == 0
    before = (tmp_path / "out" / "report.json").read_bytes()
    is_error(deploy("--min-accuracy", 1), 5, "100.0%")
    assert (tmp_path / "out" / "report.json").read_bytes() == before


def test_a_layer_that_falls_silent(deploy, monkeypatch, tmp_path):
    from spikeloom.deploy import compilation

    def silencing(*arguments):
        stage = quantize(*arguments)
        network = stage.quantization.network
        silent = network.replace(
            projections=tuple(
                replace(p, connectivity=p.connectivity.with_weights(np.zeros_like(p.connectivity.weights)))
                if p.target == "lif1"
                else p
                for p in network.projections
            )
        )
        return replace(stage, quantization=replace(stage.quantization, network=silent))

    quantize = compilation.quantize_for
    monkeypatch.setattr(compilation, "quantize_for", silencing)
    is_error(deploy(), 5, "'lif1'", "silenced")
    assert not (tmp_path / "out").exists()


def test_a_network_that_is_silent_in_float_is_told(deploy, tmp_path):
    np.savez(tmp_path / "silence.npz", x=np.zeros((4, 1, 4), dtype=np.uint8))
    report = deploy("--json", data=tmp_path / "silence.npz").json
    assert "'lif2' never spikes on this data, in float either." in report["warnings"]


def test_torch_is_missing(spikeloom, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("digits", "surrogate"):
        monkeypatch.delitem(sys.modules, f"spikeloom.models.zoo.{name}", raising=False)
    is_error(spikeloom("train", "digits", "--out", tmp_path / "x.nir"), 6, "spikeloom[torch]")


def test_lava_is_missing(spikeloom, monkeypatch, tiny, tiny_artifact, tmp_path):
    import importlib.metadata

    def version(name):
        if name == "lava-nc":
            raise importlib.metadata.PackageNotFoundError
        return found(name)

    found = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", version)
    options = ("--data", tiny / "data.npz")
    is_error(spikeloom("run", tiny_artifact, "--backend", "lava", *options), 6, "lava-nc==0.10.0")
    deploy = ("deploy", tiny / "tiny.nir", *options, "--out", tmp_path / "out")
    is_error(spikeloom(*deploy, "--lava-samples", 2), 6, "lava-nc==0.10.0")  # who asks for it has to have it
    assert not (tmp_path / "out").exists()
    report = spikeloom(*deploy, "--json").json
    assert [row["stage"] for row in report["ledger"]] == ["graph", "network", "integer", "simulator"]
    assert any("Lava was not run" in warning for warning in report["warnings"])
    assert spikeloom("doctor").code == 0


def test_everything_but_lava_works_where_it_cannot_be_imported(run_apart, tiny, tmp_path):
    blocker = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('lava', 'torch'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "from spikeloom.cli import main; main()\n"
    )
    options = ["--data", tiny / "data.npz", "--out", tmp_path / "out", "--lava-samples", "0", "--quiet"]
    command = [sys.executable, "-P", "-c", blocker, "deploy", tiny / "tiny.nir", *options]
    assert subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False).stderr == ""
    assert (tmp_path / "out" / "lava" / "run.py").is_file()
