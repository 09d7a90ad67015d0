"""Deployments side by side: what is better in what, what chance explains, how neurons moved, what differs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.artifact.artifact import read_report
from spikeloom.deploy.comparison.changes import estimate_ratio
from spikeloom.deploy.comparison.comparison import comparison_of
from spikeloom.deploy.comparison.verdict import format_ratio
from spikeloom.deploy.confidence import wilson_interval
from spikeloom.deploy.report_schema.reading import checked_document

Json = dict[str, Any]
CORES = {"lif1": np.zeros(6, np.int32), "lif2": np.zeros(3, np.int32)}


@pytest.fixture(scope="module")
def given_report(several_targets: Path) -> Json:
    return read_report(several_targets / "loihi2")


@pytest.fixture
def report(given_report: Json) -> Any:
    """A real report with other figures."""

    def change(energy: tuple[float, ...] = (1, 2, 3), right: int = 90, of: int = 100, **more: Any) -> Json:
        made = copy.deepcopy(given_report)
        bounds = dict(zip(("low", "nominal", "high"), map(float, energy), strict=True))
        for name in ("dynamic_neurocore", "chip_total"):
            made["energy_accounts"][name] |= bounds
        for entry in made["ledger"]:
            entry |= {
                "samples": of, "accuracy": right / of, "accuracy_interval": list(wilson_interval(right, of)),
                "wrong_samples": None,
            }  # fmt: skip
        return made | more

    return change


def compared(*reports: Json, **more: Any) -> Json:
    """The comparison, which has to be as its schema says."""
    labels = [chr(ord("a") + place) for place in range(len(reports))]
    comparison = comparison_of(reports, labels=labels, **more)
    assert checked_document(json.dumps(comparison).encode(), "comparison") == json.loads(json.dumps(comparison))
    return comparison


def elsewhere(report: Json, name: str) -> Json:
    return report | {"target": report["target"] | {"name": name}}


# Estimates


@pytest.mark.parametrize(
    ("chips", "energies", "sure"),
    [
        (("a", "b"), ((1, 2, 3), (4, 5, 6)), True),
        (("a", "b"), ((1, 2, 4), (3, 5, 6)), False),  # ranges that overlap
        (("a", "a"), ((1, 2, 4), (3, 5, 6)), True),  # the same constants on both sides
        (("a", "a"), ((3, 4, 5), (1, 5, 6)), False),
    ],
)
def test_the_least_energy_is_only_sure_where_ranges_say_so(report: Any, chips: Any, energies: Any, sure: bool) -> None:
    comparison = compared(*(elsewhere(report(energy), chip) for chip, energy in zip(chips, energies, strict=True)))
    least = comparison["least_energy"]["chip_total"]
    assert (least["label"], least["sure"]) == ("a", sure)
    assert least["next_over_least"] == energies[1][1] / energies[0][1]
    change = comparison["changes"][0]["energy_accounts"]["chip_total"]
    assert change["nominal"] == energies[1][1] / energies[0][1]
    assert change["outcome"] == ("more" if sure else "undecided")


@given(ends=st.tuples(*[st.floats(1e-12, 1e3)] * 6))
def test_a_ratio_lies_in_its_range_and_the_other_way_round_in_the_inverse(ends: tuple[float, ...]) -> None:
    one, other = (dict(zip(("low", "nominal", "high"), sorted(part), strict=True)) for part in (ends[:3], ends[3:]))
    for same in (True, False):
        there, back = estimate_ratio(one, other, same), estimate_ratio(other, one, same)
        assert there is not None and back is not None
        assert there["low"] <= there["nominal"] <= there["high"]
        assert back["low"] == pytest.approx(1 / there["high"])
    apart, together = estimate_ratio(one, other, False), estimate_ratio(one, other, True)
    assert apart is not None and together is not None
    assert apart["low"] <= together["low"] * (1 + 1e-12) and together["high"] <= apart["high"] * (1 + 1e-12)


def test_what_takes_nothing_has_no_ratio() -> None:
    nothing, something = {"low": 0.0, "nominal": 0.0, "high": 0.0}, {"low": 1.0, "nominal": 2.0, "high": 3.0}
    assert estimate_ratio(nothing, something, False) is None
    assert estimate_ratio(something, {"low": 0.0, "nominal": 1.0, "high": 1.0}, True)["low"] == 0  # type: ignore[index]


def test_accounts_of_a_chip_are_never_mixed(report: Any) -> None:
    comparison = compared(report(), report(cost_set="another"))
    assert comparison["least_energy"] == {} and comparison["changes"][0]["energy_accounts"] == {}
    assert any("different accounts of a chip" in note for note in comparison["notes"])
    assert "energy" not in comparison["verdict"]


def test_an_account_that_only_one_knows_is_said_to_be_so(report: Any) -> None:
    known = report()
    system = {"system_total": known["energy_accounts"]["chip_total"]}
    known["energy_accounts"] = known["energy_accounts"] | system
    unknown = report()
    unknown["energy_accounts"].pop("system_total", None)
    comparison = compared(unknown, known)
    assert "The account system total is known for b only." in comparison["notes"]
    assert set(comparison["changes"][0]["energy_accounts"]) == {"dynamic_neurocore", "chip_total"}


# The verdict


def test_the_verdict_names_what_is_better_and_the_price(report: Any) -> None:
    first = report((10, 20, 30), 95)
    slower = {"latency_per_sample": {end: 3 * value for end, value in first["latency_per_sample"].items()}}
    assert compared(first, report((5, 10, 15), 70, **slower))["verdict"] == (
        "Against a, b is better in energy (0.5 times the chip total), at the price of accuracy (−25.0 points) and "
        "latency (3 times)."
    )
    assert compared(first, report((5, 10, 15), 94))["verdict"] == (
        "Against a, b is better in energy (0.5 times the chip total), and worse in nothing that is compared; accuracy "
        "differs no more than chance explains (−1.0 points)."
    )
    assert compared(first, report((20, 40, 60), 95))["verdict"].startswith(
        "Against a, b is worse in energy (2 times the chip total), and better in nothing that is compared"
    )
    assert compared(first, first)["verdict"] == "b takes about the same as a; accuracy is the same (95.0 %)."
    undecided = compared(first, elsewhere(report((5, 10, 15), 95), "other"))["verdict"]
    assert undecided.endswith("undecided, as the range of the ratio holds 1: energy (0.5 times the chip total).")


def test_the_verdict_on_several_says_which_is_the_best_in_what(report: Any) -> None:
    quick = {"latency_per_sample": {"low": 1e-9, "nominal": 1e-9, "high": 1e-9}}
    comparison = compared(report((10, 20, 30), 99), report((5, 10, 15), 60), report((20, 30, 40), 60, **quick))
    assert comparison["verdict"] == (
        "Of 3 deployments, b has the least energy (10 J of the chip total), c has the shortest latency (1 ns) and a "
        "has the highest accuracy (99.0 %); all others answer worse by more than chance explains."
    )
    assert [change["label"] for change in comparison["changes"]] == ["b", "c"]
    same = compared(report(), report(), report())
    assert same["verdict"] == (
        "Of 3 deployments, none takes less energy, time or cores than all others; accuracies differ no more than "
        "chance explains."
    )


def test_answers_to_the_same_samples_are_held_against_each_other(report: Any) -> None:
    def answering(wrong: range, data: str = "a") -> Json:
        made: Json = report(right=1000 - len(wrong), of=1000)
        for entry in made["ledger"]:
            entry["wrong_samples"] = list(wrong)
        return made | {"data": made["data"] | {"sha256": data * 64}}

    before, after = answering(range(150)), answering(range(130))
    assert "b is better in accuracy (+2.0 points)" in compared(before, after)["verdict"]
    together = compared(before, after, before)
    assert together["changes"][0]["accuracy"]["paired"]
    assert "b has the highest accuracy (87.0 %)" in together["verdict"]
    for other in (answering(range(130), data="b"), report(right=870, of=1000)):
        apart = compared(before, other)
        assert not apart["changes"][0]["accuracy"]["paired"]
        assert "accuracy differs no more than chance explains (+2.0 points)" in apart["verdict"]


def test_without_labels_accuracy_is_left_open(report: Any) -> None:
    unlabelled = report()
    for entry in unlabelled["ledger"]:
        entry |= {"accuracy": None, "accuracy_interval": None, "wrong_samples": None}
    comparison = compared(report(), unlabelled)
    assert comparison["changes"][0]["accuracy"] is None
    assert comparison["verdict"].endswith("accuracy is not known, for want of labels.")
    assert "not all have labels" in compared(report(), unlabelled, report())["verdict"]


def test_other_data_are_said(report: Any) -> None:
    assert compared(report(), report())["notes"] == []
    fewer = compared(report(), report(right=18, of=20))
    assert fewer["notes"] == ["They ran on different numbers of samples: a on 100 and b on 20."]
    assert fewer["verdict"].endswith("; but they ran on different samples.")
    other = report()
    other["data"] |= {"sha256": "f" * 64}
    (note,) = compared(report(), other)["notes"]
    assert note.startswith("They ran on different data:")
    # The fingerprint is of encoded data: with other steps it tells nothing.
    longer = other | {"steps": other["steps"] + 1}
    comparison = compared(report(), longer)
    assert comparison["notes"][0].startswith("The data enter in other ways")
    assert comparison["verdict"].endswith("; but the data enter in other ways.")


def test_ratios_are_written_with_three_digits() -> None:
    assert [format_ratio(value) for value in (1.00654, 0.0123456, 12.345, 4073.4)] == [
        "1.01",
        "0.0123",
        "12.3",
        "4,073",
    ]


# What differs


def test_only_what_differs_is_listed(report: Any) -> None:
    assert compared(report(), report(), configurations=[{"bits": 8}, {"bits": 8}])["differences"] == []
    other = report(versions=report()["versions"] | {"numpy": "9.9"})
    other["model"] |= {"sha256": "0" * 64}
    told = [
        {"bits": 8, "seed": 0, "samples": 1, "layers": {"out": {"bits": 2, "ternary": False}}},
        {"bits": "auto", "seed": 0, "samples": 2, "layers": {"out": {"bits": 3, "ternary": False}}},
    ]
    found = compared(report(), other, configurations=told)["differences"]
    assert [(one["of"], one["what"], one["values"]["b"]) for one in found] == [
        ("model", "SHA-256 of the model", "0" * 64),
        ("configuration", "bits", "auto"),
        ("configuration", "layers.out.bits", 3),
        ("versions", "numpy", "9.9"),
    ]
    assert found[1]["values"]["a"] == 8


# Placement


def test_neurons_that_moved_are_counted(report: Any) -> None:
    two = [{"chip": 0, "column": 0, "row": 0, "core": core} for core in (0, 1)]
    before, after = (report(cores=2, mapping=report()["mapping"] | {"places": places}) for places in (two, two[::-1]))
    split = {"lif1": np.asarray([0, 0, 0, 1, 1, 1]), "lif2": np.asarray([1, 1, 1])}
    # The same groups on the same places, with the numbers of the cores swapped.
    swapped = {layer: 1 - cores for layer, cores in split.items()}
    (change,) = compared(before, after, cores_of=[split, swapped])["changes"]
    placement = change["placement"]
    assert (placement["neurons"], placement["same_partition"]) == (9, True)
    assert (placement["regrouped"], placement["moved"]) == (0, 0)
    # The same numbers on swapped places: all moved, none to regroup.
    placement = compared(before, after, cores_of=[split, split])["changes"][0]["placement"]
    assert (placement["same_partition"], placement["regrouped"], placement["moved"]) == (True, 0, 9)
    # One neuron with the others.
    other = split | {"lif1": np.asarray([0, 0, 1, 1, 1, 1])}
    placement = compared(before, before, cores_of=[split, other])["changes"][0]["placement"]
    assert (placement["same_partition"], placement["regrouped"], placement["moved"]) == (False, 1, 1)


def test_placements_of_other_chips_and_layers_are_not_compared(report: Any) -> None:
    (change,) = compared(report(), elsewhere(report(), "other"), cores_of=[CORES, CORES])["changes"]
    assert change["placement"]["not_compared_because"] == "they are on different chips"
    (change,) = compared(report(), report(), cores_of=[CORES, {"lif1": np.zeros(6, np.int32)}])["changes"]
    assert change["placement"]["not_compared_because"] == "their layers differ"
    assert change["placement"]["moved"] is None
    assert compared(report(), report())["changes"][0]["placement"] is None
