"""What a deployment costs by another account: priced again from the counters that it keeps, without a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..backends.counting import CoreCounting
from ..backends.estimate import Estimate, estimate
from ..backends.program import Program
from ..backends.run import Counters
from ..backends.system_costs import SystemCosts
from ..mapping.target import Target
from ..mapping.target_files import load_target
from ..models.errors import UsageError
from .artifact import load_counters, load_program


def price(
    folder: Path, costs: str | None = None, target: str | None = None, system: SystemCosts | None = None
) -> Estimate:
    """Price a deployment.

    Parameters
    ----------
    folder : what `deploy` wrote.
    costs : name of one of the target's accounts; its default where None.
    target : name of a target, or path of a YAML file, whose constants to take in place of those that the deployment
        was made with; its cores must lie as theirs.
    system : what is known beyond the chip.

    Raises
    ------
    UnsupportedModelError : the folder holds no deployment, or one without counters.
    UsageError : there is no such account or target, or the network is not laid out for it.
    """
    program = load_program(folder)
    chip = program.target if target is None else _same_board(load_target(target), program.target, folder)
    counters, system = load_counters(folder), system or SystemCosts()
    if chip.backend == "spinnaker2":
        return _on_arrays(folder, replace(program, target=chip), counters, costs, system)
    return estimate(counters, program.mapping, chip, period=program.period, costs=costs, system=system)


def _on_arrays(folder: Path, program: Program, counters: Counters, costs: str | None, system: SystemCosts) -> Estimate:
    """SpiNNaker 2's layers run on its arrays or event by event, as they would with these constants."""
    from ..backends.spinnaker2.activity_file import ACTIVITY_NAME, read_activity
    from ..backends.spinnaker2.execution import plan_execution
    from ..backends.spinnaker2.layer_parts import find_parts
    from ..backends.spinnaker2.section import element_of, estimate_at

    activity, samples = read_activity(folder / ACTIVITY_NAME)
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
