"""What a deployment costs, on every chip: accounts that add up, and its counters priced again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from math import fsum
from pathlib import Path
from typing import Any

import pytest

TARGETS = ("loihi1", "loihi2", "spinn3", "spinnaker2")
ENDS = ("low", "nominal", "high")
EXACT = 1e-12
OUTSIDE = "input"  # a layer without neurons on the chip


def is_error(done: Any, code: int, *words: str) -> None:
    assert (done.code, done.out) == (code, ""), done.err
    assert "Traceback" not in done.err
    assert all(word in done.err for word in words), done.err


def bounds(energy: Any) -> list[float]:
    return [energy[end] for end in ENDS]


def sums(parts: Any) -> list[float]:
    listed = list(parts)
    return [fsum(part[end] for part in listed) for end in ENDS]


def ranges(document: Any) -> Iterator[Any]:
    """Everything in a document that has a low, a nominal and a high."""
    if isinstance(document, dict):
        if set(ENDS) <= set(document) and not isinstance(document["nominal"], list):
            yield document
        for value in document.values():
            yield from ranges(value)
    elif isinstance(document, list):
        for value in document:
            yield from ranges(value)


def adds_up(costs: Any) -> None:
    """Terms, layers and cores each make up the accounts."""
    accounts, breakdown = costs["energy_accounts"], costs["energy_breakdown"]
    dynamic, total = (bounds(accounts[name]) for name in ("dynamic_neurocore", "chip_total"))
    terms, static = costs["energy_terms"], costs["static_terms"]
    assert sums(terms) == pytest.approx(dynamic, rel=EXACT)
    assert sums([*terms, *static]) == pytest.approx(total, rel=EXACT)
    layers, cores, outside = (breakdown[name] for name in ("layers", "cores", "off_chip"))
    assert sums(part for layer in layers.values() for part in layer.values()) == pytest.approx(total, rel=EXACT)
    moving = [part for layer in layers.values() for name, part in layer.items() if name != "static"]
    assert sums(moving) == pytest.approx(dynamic, rel=EXACT)
    assert sums(costs["layer_energy"].values()) == pytest.approx(dynamic, rel=EXACT)
    of_cores = sums({end: fsum(part[end]) for end in ENDS} for part in cores.values())
    assert [a + b for a, b in zip(of_cores, sums(outside.values()), strict=True)] == pytest.approx(total, rel=EXACT)
    if "system_total" in accounts:
        parts = [*terms, *costs["system_terms"], costs["transfer_energy"]]
        assert sums(parts) == pytest.approx(bounds(accounts["system_total"]), rel=EXACT)
    assert bounds(costs["energy_per_sample"]) == dynamic


@pytest.fixture
def estimate(spikeloom: Any, targets_artifact: Path) -> Any:
    """Price one of the deployments again."""

    def command(target: str, *options: object) -> Any:
        return spikeloom("estimate", targets_artifact / target, "--json", *options)

    return command


def report_of(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(params=TARGETS)
def deployed(request: pytest.FixtureRequest, targets_artifact: Path) -> Path:
    return targets_artifact / str(request.param)


# What a report says


def test_terms_layers_and_cores_make_up_the_accounts(deployed: Path) -> None:
    report = report_of(deployed)
    adds_up(report)
    found = list(ranges(report))
    assert len(found) > 50
    for quantity in found:
        assert quantity["low"] <= quantity["nominal"] <= quantity["high"], quantity


def test_counts_are_those_of_the_ledger(deployed: Path) -> None:
    report = report_of(deployed)
    stages = {row["stage"]: row for row in report["ledger"]}
    chip = stages.get("spinnaker1") or stages["simulator"]
    spikes = {name: counts["spikes"] for name, counts in report["layer_counts"].items()}
    for name in chip["layers"]:
        assert spikes[name] == pytest.approx(chip["layers"][name], rel=1e-9)
    inside = fsum(count for name, count in spikes.items() if name != OUTSIDE)
    assert inside == pytest.approx(report["counts"]["spikes"], rel=1e-9)
    operations = [counts["synaptic_operations"] for counts in report["layer_counts"].values()]
    assert fsum(operations) == pytest.approx(report["counts"]["synaptic_operations"], rel=1e-9)


def test_time_is_of_the_steps(deployed: Path) -> None:
    report = report_of(deployed)
    steps = report["latency_per_sample"]["nominal"] / report["step_time"]["nominal"]
    assert steps == pytest.approx(round(steps), rel=1e-9) and steps >= report["steps"]
    assert (report["step_time"]["slowdown"] is not None) == (deployed.name == "spinn3")


# Priced again


def test_an_estimate_says_what_the_report_says(estimate: Any, deployed: Path) -> None:
    report, again = report_of(deployed), estimate(deployed.name).json
    assert again == {name: report[name] for name in again}
    assert {"energy_accounts", "energy_breakdown", "step_time", "latency_per_sample", "notes"} <= set(again)


def test_every_other_account_of_the_chip(estimate: Any, deployed: Path) -> None:
    report = report_of(deployed)
    assert (len(report["other_accounts"]) > 0) == (deployed.name != "loihi2")
    for name, other in report["other_accounts"].items():
        again = estimate(deployed.name, "--costs", name).json
        adds_up(again)
        assert again["cost_set"] == name != report["cost_set"]
        assert bounds(again["energy_per_sample"]) == bounds(other["dynamic_neurocore"])
        assert bounds(again["energy_accounts"]["chip_total"]) == bounds(other["chip_total"])
        assert again["latency_per_sample"] == other["latency_per_sample"]


def test_a_host_and_its_transfers_are_added(estimate: Any, deployed: Path) -> None:
    report = report_of(deployed)
    plain = estimate(deployed.name, "--host-power", 0).json
    hosted = estimate(deployed.name, "--host-power", 2.5, "--transfer-energy", 1e6).json
    adds_up(hosted)
    entering = report["layer_counts"][OUTSIDE]["spikes"]
    for end in ENDS:
        host = 2.5 * report["latency_per_sample"][end]
        ours, without = (costs["energy_accounts"]["system_total"][end] for costs in (hosted, plain))
        transfer = hosted["transfer_energy"][end]
        assert ours - without == pytest.approx(host + transfer, rel=1e-9)
        assert 0 < transfer <= entering * 1e6 * 1e-12 * report["cores"] * (1 + 1e-9)
    for account in ("dynamic_neurocore", "chip_total"):
        assert hosted["energy_accounts"][account] == report["energy_accounts"][account]
    assert [term["term"] for term in hosted["system_terms"] if term["term"] == "host"] == ["host"]


def test_what_the_deployment_was_told_holds_for_its_estimates(spikeloom: Any, tiny: Path, tmp_path: Path) -> None:
    told = ("--costs", "davies", "--host-power", 3, "--transfer-energy", 500)
    options = ("--target", "loihi1", "--data", tiny / "data.npz", "--lava-samples", 0, "--out", tmp_path / "out")
    assert spikeloom("deploy", tiny / "tiny.nir", *options, *told, "--quiet").code == 0
    report = report_of(tmp_path / "out")
    assert report["cost_set"] == "davies" and "system_total" in report["energy_accounts"]
    adds_up(report)
    again = spikeloom("estimate", tmp_path / "out", "--json").json
    assert again == {name: report[name] for name in again}
    other = spikeloom("estimate", tmp_path / "out", "--costs", "fitted", "--host-power", 1, "--json").json
    assert other["cost_set"] == "fitted"
    (host,) = (term for term in other["system_terms"] if term["term"] == "host")
    assert host["nominal"] == pytest.approx(other["latency_per_sample"]["nominal"], rel=EXACT)


def test_constants_of_a_chip_with_the_same_cores(estimate: Any, targets_artifact: Path, tmp_path: Path) -> None:
    spike = {"value": 1000, "unit": "pJ", "kind": "assumed", "source": "a test"}
    mine = {"extends": "loihi2", "name": "mine", "costs": {"sets": {"interim": {"energy": {"spike": spike}}}}}
    (tmp_path / "mine.yaml").write_text(json.dumps(mine))
    report = report_of(targets_artifact / "loihi2")
    again = estimate("loihi2", "--target", tmp_path / "mine.yaml").json
    (term,) = (term for term in again["energy_terms"] if term["term"] == "spike")
    assert term["nominal"] == pytest.approx(report["counts"]["spikes"] * 1e-9, rel=EXACT)
    assert "Laid out for loihi2; whether the network fits mine was not looked at." in again["notes"]
    assert not any("Laid out" in note for note in estimate("loihi2", "--target", "loihi2").json["notes"])


def test_what_is_printed(spikeloom: Any, deployed: Path) -> None:
    report, out = report_of(deployed), spikeloom("estimate", deployed).out
    assert f"Account: {report['cost_set']}" in out
    named = ["dynamic neurocore", "chip total", "system total", "latency", "lif1", "lif2", "all layers"]
    assert all(word in out for word in named)
    assert ("--host-power" in out) == ("system_total" not in report["energy_accounts"])


def test_accounts_of_a_chip_are_not_compared(
    spikeloom: Any, tiny: Path, targets_artifact: Path, tmp_path: Path
) -> None:
    options = ("--target", "spinn3", "--data", tiny / "data.npz", "--lava-samples", 0, "--out", tmp_path / "other")
    assert spikeloom("deploy", tiny / "tiny.nir", *options, "--costs", "spinnmachine", "--quiet").code == 0
    comparison = spikeloom("compare", targets_artifact / "spinn3", tmp_path / "other", "--json").json
    assert comparison["least_energy"] == {}
    note = "Energies of spinn3 (snabsuite) and other (spinnmachine) are of different accounts of a chip"
    assert any(note in said for said in comparison["notes"])
    chips = spikeloom("compare", targets_artifact, "--json").json
    assert chips["least_energy"] and not any("accounts of a chip" in said for said in chips["notes"])


# What is typed wrongly


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--costs", "nonsense"], ["loihi2 has no account 'nonsense'", "interim"]),
        (["--target", "spinn3"], ["is laid out for loihi2", "spinn3"]),
        (["--target", "loihi3"], ["'loihi3'", "loihi1, loihi2"]),
        (["--host-power", "inf"], ["--host-power", "finite"]),
        (["--transfer-energy", "1e999"], ["--transfer-energy", "finite"]),
        (["--host-power", "-1"], ["--host-power"]),
        (["--host-power", "nan"], ["--host-power"]),
        (["--transfer-energy", "much"], ["--transfer-energy"]),
    ],
)
def test_estimates_that_cannot_be(estimate: Any, options: list[str], words: list[str]) -> None:
    is_error(estimate("loihi2", *options), 2, *words)


def test_a_smaller_board_is_another_board(spikeloom: Any, targets_artifact: Path, tmp_path: Path) -> None:
    dead = {"extends": "spinn3", "name": "dead", "topology": {"dead_cores": [{"column": 1, "row": 0, "core": 3}]}}
    (tmp_path / "dead.yaml").write_text(json.dumps(dead))
    done = spikeloom("estimate", targets_artifact / "spinn3", "--target", tmp_path / "dead.yaml")
    is_error(done, 2, "laid out for spinn3", "deploy it for dead")


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("--host-power=inf", "--host-power"),
        ("--transfer-energy=inf", "--transfer-energy"),
        ("--host-power=-1", "--host-power"),
        ("--costs=nonsense", "spinn3 has no account 'nonsense'; its accounts are snabsuite, spinnmachine"),
    ],
)
def test_deployments_that_cannot_be(spikeloom: Any, tiny: Path, tmp_path: Path, option: str, word: str) -> None:
    options = ("--target", "spinn3", "--data", tiny / "data.npz", "--out", tmp_path / "out")
    is_error(spikeloom("deploy", tiny / "tiny.nir", *options, option), 2, word)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("target", "file"), [("loihi2", "counters.npz"), ("spinnaker2", "spinnaker2_activity.npz"), ("spinn3", "program")]
)
def test_files_that_are_missing_or_damaged(
    spikeloom: Any, targets_artifact: Path, tmp_path: Path, target: str, file: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(targets_artifact / target, copy)
    place = copy / file
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.write_bytes(place.read_bytes() + b"x")
        is_error(spikeloom("estimate", copy), 3, f"{file} is not what the deployment wrote", "deploy again")
        place.unlink()
    is_error(spikeloom("estimate", copy), 3, file, "is missing")


def test_a_deployment_without_counters_and_none_at_all(
    spikeloom: Any, hash_anew: Any, targets_artifact: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(targets_artifact / "loihi2", copy)
    (copy / "counters.npz").unlink()
    hash_anew(copy)
    is_error(spikeloom("estimate", copy), 3, "lists no counters.npz", "deploy again")
    is_error(spikeloom("estimate", tmp_path / "nowhere"), 3, "no deployment")
    is_error(spikeloom("estimate", tmp_path), 3, "no deployment")
