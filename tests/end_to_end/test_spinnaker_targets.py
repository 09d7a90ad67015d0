"""SpiNNaker as a user meets it: targets printed and made, runs on their backends, what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import spikeloom as package
from spikeloom.mapping.target_files import load_target, target_names
from spikeloom.models.graph import Graph
from spikeloom.models.neurons import Adaptive, LeakyIntegrateAndFire
from spikeloom.models.operators import Delay, Input, Linear, Neurons, Output

Array = NDArray[Any]
INPUTS, STEPS, SAMPLES = 8, 24, 4
GIVEN = {"kind": "assumed", "source": "a test"}
LEAKY = LeakyIntegrateAndFire(
    current_retention=np.asarray(0.3), voltage_retention=np.asarray(0.9), threshold=np.asarray(0.7),
    input_gain=np.asarray(0.8), current_gain=np.asarray(1.0), bias=np.asarray(0.02),
)  # fmt: skip
ADAPTIVE = Adaptive.of_paper(*map(np.asarray, (0.9, 0.99, 0.5, 1.0, 0.1)))
FREE = {"lava_samples": 0, "effort": "fast", "max_loss": 1.0, "allow": ["silent", "saturated", "loss", "overflow"]}


def is_error(done: Any, code: int, *words: str) -> None:
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.startswith("Error: ") and "Traceback" not in done.err
    assert all(word in done.err for word in words), done.err


def chain(nodes: dict[str, Any]) -> Graph:
    """Operators one after the other."""
    everything = {"input": Input((INPUTS,)), **nodes, "output": Output()}
    return Graph.with_loops_closed(everything, list(pairwise(everything)), (), "chain")


def two_layers(first: Any = LEAKY, late: int = 0) -> Graph:
    random = np.random.default_rng(0)
    waits = {"late": Delay(np.asarray(late))} if late else {}
    return chain(
        {
            "to first": Linear(random.normal(0.2, 0.6, (6, INPUTS))),
            "first": Neurons(first, (6,)),
            "to last": Linear(random.normal(0.2, 0.6, (3, 6))),
            **waits,
            "last": Neurons(LEAKY, (3,)),
        }
    )


def recordings(*shape: int, samples: int = SAMPLES, steps: int = STEPS) -> tuple[Array, Array]:
    random = np.random.default_rng(1)
    return (random.random((samples, steps, *shape)) < 0.3).astype(np.uint8), np.arange(samples) % 3


# Targets


def constants(section: Any) -> Iterator[Any]:
    for value in section.values():
        if isinstance(value, dict) and "source" in value:
            yield value
        elif isinstance(value, dict):
            yield from constants(value)


@pytest.mark.parametrize("name", target_names())
def test_every_constant_is_printed_with_range_unit_kind_and_source(spikeloom: Any, monkeypatch: Any, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    out = spikeloom("targets", name).out
    rows = [set(line.split()) for line in out.splitlines()]
    found = list(constants(spikeloom("targets", name, "--json").json))
    assert len(found) > 50
    for constant in found:
        assert " ".join(constant["source"].split()) in " ".join(out.split())
        wanted = {constant["kind"], *constant.get("unit", "").split()}
        if constant.get("low") != constant.get("high"):
            low, high = (f"{end:,.6g}" if end % 1 else f"{int(end):,}" for end in (constant["low"], constant["high"]))
            wanted.add(f"{low}–{high}")
        assert any(wanted <= row for row in rows), constant
    assert len(re.findall(r"  not public {2,}\S", out)) == sum("value" in one and one["value"] is None for one in found)
    for account in load_target(name).costs.sets:
        assert f"costs.sets.{account}" in out
    assert "step_time_model" in out and "routing" in out and "backend" in out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"topology": {"routing": "unicast"}}, "multicast"),
        ({"topology": {"mesh": "square"}}, "triangular"),
        ({"topology": {"chips": 2}}, "one board"),
        ({"topology": {"absent_tiles": [{"column": 0, "row": 0}]}}, "input_tile"),
        ({"topology": {"dead_cores": [{"column": 2, "row": 0, "core": 1}]}}, "dead_cores names chip 0, column 2"),
        ({"processor_memory": {"core_bytes": {"value": 64, "unit": "KB", **GIVEN}}}, "bytes, not KB"),
        ({"costs": {"sets": {"snabsuite": {"step_time_model": "sum"}}}}, "keeps to a clock"),
        (
            {"costs": {"sets": {"snabsuite": {"time": {"barrier": {"value": 0, "unit": "ns", **GIVEN}}}}}},
            "time.barrier is the period of the clock",
        ),
        ({"costs": {"sets": {"snabsuite": {"energy": {"row": {"value": 9, "unit": "pJ"}}}}}}, "row.kind"),
        ({"extends": "loihi2", "backend": "spinnaker1"}, "the backend spinnaker1 needs"),
        ({"extends": "loihi2", "backend": "spinnaker2"}, "the backend spinnaker2 needs"),
        ({"extends": "spinnaker2", "costs": {"sets": {"mine": {}}}}, "costs.sets.mine"),
    ],
)
def test_boards_of_ones_own_that_cannot_be(spikeloom: Any, tmp_path: Path, changes: Any, words: str) -> None:
    (tmp_path / "mine.yaml").write_text(json.dumps({"extends": "spinn3", "name": "mine", **changes}))
    is_error(spikeloom("targets", tmp_path / "mine.yaml"), 2, str(tmp_path / "mine.yaml"), words)


def test_dead_cores_and_absent_chips_hold_nothing(tmp_path: Path) -> None:
    chip, cores = {"column": 1, "row": 1}, [{"column": 0, "row": 0, "core": core} for core in (0, 2, 3)]
    limits = {"neurons": {"value": 1, "unit": "neurons", **GIVEN}}
    topology = {"dead_cores": cores, "absent_tiles": [chip]}
    mine = {"extends": "spinn3", "name": "mine", "topology": topology, "limits": limits}
    (tmp_path / "mine.yaml").write_text(json.dumps(mine))
    report = package.deploy(two_layers(), tmp_path / "mine.yaml", recordings(INPUTS), **FREE)
    places = [(place["column"], place["row"], place["core"]) for place in report["mapping"]["places"]]
    assert len(set(places)) == 9
    assert not any(place[:2] == (1, 1) or place in {(0, 0, core) for core in (0, 2, 3)} for place in places)


# Runs


@pytest.mark.parametrize("target", ["spinn3", "spinnaker2"])
def test_a_run_on_the_chips_own_backend_says_what_the_report_says(
    spikeloom: Any, tiny: Path, targets_artifact: Path, target: str
) -> None:
    folder, options = targets_artifact / target, ("--data", tiny / "data.npz")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    backend = load_target(target).backend
    run = spikeloom("run", folder, "--backend", backend, *options, "--json").json
    assert run["costs"] == {name: report[name] for name in run["costs"]}
    assert {"energy_accounts", "step_time", backend} <= set(run["costs"])
    row = {row["stage"]: row for row in report["ledger"]}["spinnaker1" if target == "spinn3" else "simulator"]
    assert (run["accuracy"], run["samples"]) == (row["accuracy"], row["samples"])
    assert run["spikes_per_sample"] == pytest.approx(row["spikes_per_sample"], rel=1e-12)
    assert (run["mismatched_spikes"] is not None) == (target == "spinn3")
    out = spikeloom("run", folder, "--backend", backend, *options).out
    assert "A sample takes an estimated" in out and "of dynamic energy" in out
    few = spikeloom("run", folder, "--backend", backend, *options, "--samples", 3, "--json").json
    assert few["samples"] == 3


def test_a_run_keeps_the_account_of_the_deployment(spikeloom: Any, tmp_path: Path) -> None:
    x, y = recordings(INPUTS)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    told = {"costs": "spinnmachine", "host_power": 2.0}
    report = package.deploy(two_layers(), "spinn3", (x, y), tmp_path / "out", **FREE, **told)
    run = spikeloom("run", tmp_path / "out", "--backend", "spinnaker1", "--data", tmp_path / "data.npz", "--json").json
    assert run["costs"]["cost_set"] == report["cost_set"] == "spinnmachine"
    assert run["costs"]["energy_accounts"] == report["energy_accounts"]


@pytest.mark.parametrize(
    ("target", "backend"),
    [("loihi1", "spinnaker1"), ("loihi2", "spinnaker2"), ("spinn3", "spinnaker2"), ("spinnaker2", "spinnaker1")],
)
def test_the_backend_of_another_chip(
    spikeloom: Any, tiny: Path, targets_artifact: Path, target: str, backend: str
) -> None:
    done = spikeloom("run", targets_artifact / target, "--backend", backend, "--data", tiny / "data.npz")
    is_error(done, 2, f"deployed for {target}", f"deploy it for {backend}")
    simulated = spikeloom("run", targets_artifact / target, "--data", tiny / "data.npz", "--json")
    assert simulated.code == 0 and simulated.json["costs"] is None


@pytest.mark.parametrize(
    ("option", "word"), [("--out=out.npz", "--out"), ("--record=all", "--record"), ("--states=lif1", "--states")]
)
def test_what_only_the_simulator_records(
    spikeloom: Any, tiny: Path, targets_artifact: Path, monkeypatch: Any, tmp_path: Path, option: str, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--backend", "spinnaker1", "--data", tiny / "data.npz", option)
    is_error(spikeloom("run", targets_artifact / "spinn3", *options), 2, word, "simulator")
    assert not list(tmp_path.iterdir())


# What is refused, and what is made possible


def test_neurons_that_spinnaker1_does_not_compute() -> None:
    from spikeloom.models.errors import DoesNotFitError

    data = recordings(INPUTS)
    with pytest.raises(DoesNotFitError, match=r"spinn3 does not compute them.* such as spinnaker2") as caught:
        package.deploy(two_layers(ADAPTIVE), "spinn3", data, **FREE)
    assert caught.value.exit_code == 4 and "first: adaptive neurons 6 of 0" in str(caught.value)
    assert package.deploy(two_layers(ADAPTIVE), "spinnaker2", data, **FREE)["cores"] == 1


@pytest.mark.parametrize("target", ["spinn3", "spinnaker2"])
def test_learning_is_refused(spikeloom: Any, tiny: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "learning.yaml").write_text("layers: {lif2: {learning: {rule: stdp, a_plus: 2, tau_plus: 8}}}\n")
    options = ("--config", tmp_path / "learning.yaml", "--target", target, "--out", tmp_path / "out")
    for more in ((), ("--dry-run",)):
        done = spikeloom("deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", *options, *more)
        is_error(done, 4, f"{target} does not learn", "choose loihi2")
    assert not (tmp_path / "out").exists()


def test_delays_beyond_the_ring_buffers_are_made_by_relays() -> None:
    report = package.deploy(two_layers(late=20), "spinn3", recordings(INPUTS, steps=40), **FREE)
    assert any("relay" in layer["name"] for layer in report["model"]["layers"])
    stages = {row["stage"]: row for row in report["ledger"]}
    assert stages["spinnaker1"]["spikes_per_sample"] == stages["simulator"]["spikes_per_sample"] > 0


def test_a_board_that_is_too_small_and_one_that_is_not() -> None:
    random = np.random.default_rng(0)
    wide = {"wide": Linear(random.normal(0, 1, (20_000, INPUTS))), "many": Neurons(LEAKY, (20_000,))}
    wide |= {"to last": Linear(np.ones((2, 20_000))), "last": Neurons(LEAKY, (2,))}
    small = package.check(chain(dict(wide)), "spinn3", effort="fast")
    assert not small.fits
    (problem,) = (problem for problem in small.problems if problem.resource == "neurons")
    assert (problem.used, problem.limit) == (20_002, 64 * 255)
    assert "a board with at least 79 cores for neurons" in problem.advice
    large = package.check(chain(dict(wide)), "spinnaker1", effort="fast", mapping_seconds=5)
    assert large.fits and large.cores is not None and large.cores >= 79


def test_a_deployment_survives_a_copy(spikeloom: Any, tiny: Path, targets_artifact: Path, tmp_path: Path) -> None:
    shutil.copytree(targets_artifact / "spinn3", tmp_path / "elsewhere")
    options = ("--backend", "spinnaker1", "--data", tiny / "data.npz", "--json")
    runs = [spikeloom("run", folder, *options).json for folder in (targets_artifact / "spinn3", tmp_path / "elsewhere")]
    assert runs[0] == runs[1]
