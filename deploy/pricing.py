"""What a deployment costs by another account: priced again from the counters that it keeps, without a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from ..backends.counting import CoreCounting
from ..backends.estimate import Estimate, estimate
from ..backends.program import Program
from ..backends.run import Counters
from ..backends.system_costs import SystemCosts
from ..mapping.target import Target
from ..mapping.target_files import load_target
from ..models.errors import UsageError
from .artifact.artifact import checked_file, load_counters, load_program, read_choices


def price(
    folder: Path, costs: str | None = None, target: str | None = None, system: SystemCosts | None = None
) -> Estimate:
    """Price a deployment.

    Parameters
    ----------
    folder : what `deploy` wrote.
    costs : name of one of the target's accounts; that of the deployment where None, or its default where the target
        has no such account.
    target : name of a target, or path of a YAML file, whose constants to take in place of those that the deployment
        was made with; its cores must lie as theirs.
    system : what is known beyond the chip; what it leaves open is as the deployment was told.

    Raises
    ------
    UnsupportedModelError : the folder holds no deployment, or one without counters.
    UsageError : there is no such account or target, the network is not laid out for it, or a number is not finite.
    """
    program, chosen = load_program(folder), read_choices(folder)
    chip = program.target if target is None else _same_board(load_target(target), program.target, folder)
    if costs is None and chosen.get("costs") in chip.costs.sets:
        costs = chosen["costs"]
    counters, told = load_counters(folder), _system(system or SystemCosts(), chosen)
    if chip.backend == "spinnaker2":
        result = _on_arrays(folder, replace(program, target=chip), counters, costs, told)
    else:
        result = estimate(counters, program.mapping, chip, period=program.period, costs=costs, system=told)
    if chip.name == program.target.name:
        return result
    note = f"Laid out for {program.target.name}; whether the network fits {chip.name} was not looked at."
    return replace(result, notes=(*result.notes, note))


def _system(given: SystemCosts, chosen: Mapping[str, Any]) -> SystemCosts:
    """What is given now, or else was when the deployment was made."""
    for name, value in vars(given).items():
        if value is not None and not (isfinite(value) and value >= 0):
            raise UsageError(f"--{name.replace('_', '-')} cannot be {value}: it is a finite number of at least 0.")
    return SystemCosts(**{name: chosen.get(name) if value is None else value for name, value in vars(given).items()})


def _on_arrays(folder: Path, program: Program, counters: Counters, costs: str | None, system: SystemCosts) -> Estimate:
    """SpiNNaker 2's layers run on its arrays or event by event, as they would with these constants."""
    from ..backends.spinnaker2.activity_file import ACTIVITY_NAME, read_activity
    from ..backends.spinnaker2.execution import plan_execution
    from ..backends.spinnaker2.layer_parts import find_parts
    from ..backends.spinnaker2.section import element_of, estimate_at

    activity, samples = read_activity(checked_file(folder, ACTIVITY_NAME))
    element = element_of(program)
    parts = find_parts(program, element.array, CoreCounting(program).groups)
    plan = plan_execution(parts, activity, samples, element)
    return estimate_at(plan, counters, program, costs=costs, system=system)


def _same_board(chip: Target, deployed: Target, folder: Path) -> Target:
    ours, theirs = (part.topology.model_dump(exclude={"usable_cores"}) for part in (chip, deployed))
    sizes = ("columns", "rows", "cores_per_tile")
    same = all(ours[size]["value"] == theirs[size]["value"] for size in sizes)
    others = [key for key in ours if key not in sizes and key != "link_between_chips" and ours[key] != theirs[key]]
    if not same or others:
        raise UsageError(
            f"{folder} is laid out for {deployed.name}, whose cores do not lie as those of {chip.name}: deploy it for "
            f"{chip.name}."
        )
    return chip
