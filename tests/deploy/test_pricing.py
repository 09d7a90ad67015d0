"""A deployment priced again: by which account, with whose constants, and with what of the system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spikeloom.backends.system_costs import SystemCosts
from spikeloom.deploy.artifact.artifact import load_counters, load_program, read_choices
from spikeloom.deploy.pricing import price
from spikeloom.models.errors import UnsupportedModelError, UsageError

TARGETS = ("loihi2", "spinnaker1", "spinnaker2")


@pytest.fixture(params=TARGETS)
def folder(request: pytest.FixtureRequest, several_targets: Path) -> Path:
    return several_targets / str(request.param)


def written(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def target_file(folder: Path, **content: Any) -> str:
    (folder / "mine.yaml").write_text(json.dumps({"name": "mine", **content}), encoding="utf-8")
    return str(folder / "mine.yaml")


def test_a_price_is_that_of_the_report(folder: Path) -> None:
    again, report = price(folder).as_dict(), written(folder)
    assert again == {name: report[name] for name in again}
    assert price(folder, report["cost_set"], report["target"]["name"]).as_dict() == again


def test_the_account_is_the_one_asked_for(folder: Path) -> None:
    program = load_program(folder)
    for name in program.target.costs.sets:
        assert price(folder, name).cost_set == name
    with pytest.raises(UsageError, match="has no account 'mine'; its accounts are"):
        price(folder, "mine")


def test_twice_the_constants_are_twice_the_energy(several_targets: Path, tmp_path: Path) -> None:
    folder = several_targets / "loihi2"
    account = load_program(folder).target.cost_set()
    doubled = account.scaled(2, 1, 1).model_dump(mode="json")
    mine = target_file(tmp_path, extends="loihi2", costs={"default": "interim", "sets": {"interim": doubled}})
    ours, theirs = price(folder), price(folder, target=mine)
    assert theirs.dynamic == pytest.approx(tuple(2 * end for end in ours.dynamic), rel=1e-12)
    assert theirs.latency == ours.latency
    assert theirs.notes[:-1] == ours.notes and theirs.notes[-1].startswith("Laid out for loihi2;")


def test_an_account_that_the_other_target_lacks_gives_way_to_its_default(several_targets: Path, tmp_path: Path) -> None:
    folder = several_targets / "loihi2"
    assert read_choices(folder)["costs"] is None
    account = load_program(folder).target.cost_set().model_dump(mode="json")
    mine = target_file(tmp_path, extends="loihi2", costs={"default": "own", "sets": {"own": account}})
    assert price(folder, target=mine).cost_set == "own"


@pytest.mark.parametrize(
    "topology",
    [
        {"chips": 2},
        {"routing": "multicast"},
        {"torus": True},
        {"reserved_cores": [{"column": 0, "row": 0, "core": 0}]},
        {"columns": {"value": 9, "unit": "tiles", "kind": "assumed", "source": "a test"}},
    ],
)
def test_cores_that_lie_otherwise(several_targets: Path, tmp_path: Path, topology: Any) -> None:
    mine = target_file(tmp_path, extends="loihi2", topology=topology)
    with pytest.raises(UsageError, match="is laid out for loihi2, whose cores do not lie as those of mine"):
        price(several_targets / "loihi2", target=mine)


def test_fewer_usable_cores_are_the_same_board(several_targets: Path, tmp_path: Path) -> None:
    usable = {"value": 100, "unit": "cores", "kind": "assumed", "source": "a test"}
    mine = target_file(tmp_path, extends="loihi2", topology={"usable_cores": usable})
    assert price(several_targets / "loihi2", target=mine).dynamic == price(several_targets / "loihi2").dynamic


def test_the_system_is_what_is_said_of_it(folder: Path) -> None:
    plain, hosted = price(folder), price(folder, system=SystemCosts(4.0, 2e6))
    counters = load_counters(folder)
    entering = counters.by_layer.counts["packet_in"][counters.by_layer.layers.index("input")].sum() / counters.samples
    assert hosted.dynamic == plain.dynamic and hosted.chip_total == plain.chip_total
    assert hosted.system is not None and hosted.system_total is not None
    (host,) = (term for term in hosted.system.terms if term.name == "host")
    assert host.energy == pytest.approx(tuple(4.0 * time for time in hosted.latency), rel=1e-12)
    assert entering > 0
    assert hosted.system.transfer == pytest.approx((entering * 2e-6,) * 3, rel=1e-12)
    board = [term.name for term in hosted.system.terms if term.name == "board"]
    assert board == (["board"] if folder.name == "spinnaker1" else [])


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0])
@pytest.mark.parametrize("name", ["host_power", "transfer_energy"])
def test_numbers_that_cannot_be(several_targets: Path, name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} cannot be"):
        price(several_targets / "loihi2", system=SystemCosts(**{name: value}))


def test_folders_that_hold_no_deployment(several_targets: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="no deployment"):
        price(tmp_path)
    with pytest.raises(UsageError, match=r"several targets: name one of them, such as .*loihi2"):
        price(several_targets)
