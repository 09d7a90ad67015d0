"""What a deployment does on its chip: its backend's counters, ledger, accounts, sections and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.spinnaker2.activity_file import ACTIVITY_NAME, read_activity
from spikeloom.deploy import chip_run
from spikeloom.deploy.artifact.artifact import load_program
from spikeloom.deploy.chip_run import ChipRun, Simulated, run_on_chip
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.data import Data
from spikeloom.mapping.routing_tables.delivery import deliver
from spikeloom.mapping.routing_tables.table_file import TABLES_NAME, read_tables
from spikeloom.models.errors import DoesNotFitError, UsageError

TARGETS = ("loihi2", "spinnaker1", "spinnaker2")
SAMPLES = 9


def recordings(program: Program) -> Data:
    random = np.random.default_rng(3)
    x = (random.random((SAMPLES, program.steps, program.network.input.size)) < 0.3).astype(np.uint8)
    return Data(x, random.integers(0, 3, SAMPLES), (), "a test")


def simulated(program: Program, data: Data) -> Simulated:
    counting = CoreCounting(program)
    run = Simulator(program.network).run(program.code.encode(data.x), "output", groups=counting.groups)
    return Simulated(counting, run.group_spikes, counting.counters(run.group_spikes, data.samples))


@pytest.fixture
def ran(several_targets: Path) -> Callable[..., tuple[Program, Simulated, ChipRun]]:
    """Run one of the deployments, on data of its own."""

    def run(target: str, **options: Any) -> tuple[Program, Simulated, ChipRun]:
        program = load_program(several_targets / target)
        data = recordings(program)
        before = simulated(program, data)
        return program, before, run_on_chip(program, data, before, Configuration(**options), lambda samples: None)

    return run


@pytest.mark.parametrize("target", TARGETS)
def test_every_account_is_priced_once(ran: Any, target: str) -> None:
    program, _, result = ran(target)
    costs = program.target.costs
    assert result.estimate.cost_set == costs.default
    assert {costs.default, *result.others} == set(costs.sets) and costs.default not in result.others
    assert all(name == other.cost_set for name, other in result.others.items())
    for name in result.others:
        _, _, asked = ran(target, costs=name)
        assert asked.estimate.as_dict() == result.others[name].as_dict()
        assert asked.others[costs.default].as_dict() == result.estimate.as_dict()


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_known_of_the_system_is_in_all_accounts(ran: Any, target: str) -> None:
    _, _, result = ran(target, host_power=3.0, transfer_energy=10.0)
    for estimate in (result.estimate, *result.others.values()):
        assert estimate.system is not None
        assert [term.energy.nominal for term in estimate.system.terms if term.name == "host"] == [
            pytest.approx(3 * estimate.latency.nominal, rel=1e-12)
        ]
        assert estimate.system.transfer.nominal > 0


def test_only_spinnaker1_has_a_line_of_the_ledger_and_counters_of_its_own(ran: Any) -> None:
    for target in ("loihi2", "spinnaker2"):
        _, before, result = ran(target)
        assert result.counters is before.counters and result.entries == ()
    _, before, result = ran("spinnaker1")
    (entry,) = result.entries
    assert (entry.stage, entry.samples) == ("spinnaker1", SAMPLES)
    assert entry.mismatched_spikes is not None and entry.agreement is not None
    assert result.counters is not before.counters and result.counters.samples == SAMPLES
    for name, spikes in entry.layers.items():
        assert result.counters.layer_spikes[name] == pytest.approx(spikes * SAMPLES, rel=1e-12)


def test_spinnaker1_runs_in_parts_as_it_does_at_once(ran: Any, several_targets: Path, monkeypatch: Any) -> None:
    program, before, whole = ran("spinnaker1")
    data, told = recordings(program), []
    monkeypatch.setattr(chip_run, "BATCH_BYTES", 1)
    parts = run_on_chip(program, data, before, Configuration(), told.append)
    assert told == [1] * SAMPLES
    assert parts.entries == whole.entries
    assert parts.estimate.as_dict() == whole.estimate.as_dict()
    assert parts.sections == whole.sections


@pytest.mark.parametrize(
    ("target", "section"),
    [("loihi2", "latency_of_samples"), ("spinnaker1", "spinnaker1"), ("spinnaker2", "spinnaker2")],
)
def test_sections_and_files_are_of_the_chip(ran: Any, tmp_path: Path, target: str, section: str) -> None:
    program, _, result = ran(target)
    assert section in result.sections
    result.write(tmp_path)
    names = {"loihi2": [], "spinnaker1": [TABLES_NAME], "spinnaker2": [ACTIVITY_NAME]}
    assert [path.name for path in tmp_path.iterdir()] == names[target]
    if target == "spinnaker1":
        assert deliver(read_tables(tmp_path / TABLES_NAME)).exact
    if target == "spinnaker2":
        activity, samples = read_activity(tmp_path / ACTIVITY_NAME)
        assert samples == SAMPLES
        assert set(activity) <= {projection.name for projection in program.network.projections}


def test_a_chip_that_has_no_room_says_so(several_targets: Path) -> None:
    program = load_program(several_targets / "spinnaker1")
    data = recordings(program)
    memory = program.target.processor_memory
    assert memory is not None
    small = memory.model_copy(update={"core_bytes": memory.core_bytes.model_copy(update={"value": 9000})})
    program = replace(program, target=program.target.model_copy(update={"processor_memory": small}))
    with pytest.raises(DoesNotFitError, match=r"core bytes \d+ of 9000: most of core"):
        run_on_chip(program, data, simulated(program, data), Configuration(), lambda samples: None)


@pytest.mark.parametrize("target", TARGETS)
def test_an_account_that_there_is_not(ran: Any, target: str) -> None:
    with pytest.raises(UsageError, match="'mine'"):
        ran(target, costs="mine")
