"""What a deployment does on its chip: how the chip's own backend runs it, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..backends.counting import CoreCounting
from ..backends.estimate import Estimate, estimate
from ..backends.program import Program
from ..backends.run import Counters
from ..backends.sample_times import time_samples
from ..backends.simulator.simulate import Simulator
from ..mapping.problem import describe
from ..models.errors import DoesNotFitError
from .configuration.configuration import Configuration
from .data import Data
from .ledger import Entry, Tally

Array = NDArray[Any]
BATCH_BYTES = 1 << 28  # of activity of both machines that are compared
SINGLE_SAMPLES, SINGLE_NEURON_STEPS = 32, 10**8  # samples that are timed one by one: so many, or so much work


@dataclass(frozen=True, eq=False)
class ChipRun:
    """What the chip's backend says.

    Attributes
    ----------
    entries : its line of the ledger, where it computes otherwise than the simulator.
    counters : what happened on the chip, over all samples.
    estimate : what that costs, by the account that was asked for.
    others : the same by the target's other accounts.
    sections : of the report, as JSON can hold them.
    write : writes what belongs to the artifact into its folder.
    """

    entries: tuple[Entry, ...]
    counters: Counters
    estimate: Estimate
    others: Mapping[str, Estimate]
    sections: Mapping[str, Any]
    write: Callable[[Path], None]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A run in the simulator.

    Attributes
    ----------
    counting : of the program.
    group_spikes : per population, (steps, groups) spikes over all samples.
    counters : what they did.
    """

    counting: CoreCounting
    group_spikes: Mapping[str, Array]
    counters: Counters


def run_on_chip(
    program: Program, data: Data, simulated: Simulated, config: Configuration, progress: Callable[[float], None]
) -> ChipRun:
    """Run a program as its target computes it, and price it.

    Parameters
    ----------
    simulated : of the same program on the same data.
    progress : told of the samples that were run since the last call.

    Raises
    ------
    DoesNotFitError : the chip has no room for it, which shows only now.
    """
    run = {"simulator": _on_loihi, "spinnaker1": _on_spinnaker1, "spinnaker2": _on_spinnaker2}[program.target.backend]
    return run(program, data, simulated, config, progress)


def _on_loihi(
    program: Program, data: Data, simulated: Simulated, config: Configuration, progress: Callable[[float], None]
) -> ChipRun:
    """The chip's integers are the simulator's."""
    counters = simulated.counters
    priced = _by_accounts(lambda name: _estimate(counters, program, config, name), program, config)
    sections = (
        {} if program.network.plastic else {"latency_of_samples": _single_samples(program, data, simulated, config)}
    )
    return ChipRun((), counters, *priced, sections, lambda folder: None)


def _single_samples(program: Program, data: Data, simulated: Simulated, config: Configuration) -> dict[str, Any]:
    """How long samples take one by one; of as many as are run in no time."""
    neurons = sum(population.size for population in program.network.populations)
    samples = min(data.samples, SINGLE_SAMPLES, max(1, SINGLE_NEURON_STEPS // (neurons * data.steps)))
    times = time_samples(
        program.code.encode(data.first(samples).x), simulated.counting, Simulator(program.network), simulated.counters,
        program.mapping, program.target, program.target.cost_set(config.costs),
    )  # fmt: skip
    return times.as_dict()


def _on_spinnaker2(
    program: Program, data: Data, simulated: Simulated, config: Configuration, progress: Callable[[float], None]
) -> ChipRun:
    """The integers are the simulator's; some layers run on the multiply-accumulate arrays."""
    from ..backends.spinnaker2.activity_file import ACTIVITY_NAME, write_activity
    from ..backends.spinnaker2.section import estimate_at, plan_program, spinnaker2_section

    plan = plan_program(program, simulated.counting.groups, simulated.group_spikes, data.samples)
    if plan.problems:
        raise DoesNotFitError(f"the network does not fit on {program.target.name}:\n{describe(plan.problems)}")
    counters = simulated.counters
    return ChipRun(
        (),
        counters,
        *_by_accounts(
            lambda name: estimate_at(plan, counters, program, costs=name, system=config.system), program, config
        ),
        {"spinnaker2": spinnaker2_section(plan, counters, program)},
        lambda folder: write_activity(plan.activity, data.samples, folder / ACTIVITY_NAME),
    )


def _on_spinnaker1(
    program: Program, data: Data, simulated: Simulated, config: Configuration, progress: Callable[[float], None]
) -> ChipRun:
    """The arithmetic is SpiNNaker's own; packets follow real routing tables."""
    from ..backends.spinnaker1.board import Board
    from ..mapping.routing_tables.table_file import TABLES_NAME, write_tables

    board = Board(program, config.costs, program.code.encode(data.first(config.calibration_samples).x))
    tally = Tally("spinnaker1", program.network, program.decision)
    simulator = Simulator(program.network)
    neurons = sum(population.size for population in program.network.populations)
    together = max(1, BATCH_BYTES // (2 * data.steps * neurons))
    for first in range(0, data.samples, together):
        part = data.part(first, first + together)
        integers = program.code.encode(part.x)
        activity = board.run(integers)
        tally.add(activity, part.y, simulator.run(integers, "all", first_sample=first).activity)
        progress(part.samples)
    counters = board.counters()
    return ChipRun(
        (tally.entry(),),
        counters,
        *_by_accounts(lambda name: _estimate(counters, program, config, name), program, config),
        {"spinnaker1": board.section(counters)},
        lambda folder: write_tables(board.tables, folder / TABLES_NAME),
    )


def _estimate(counters: Counters, program: Program, config: Configuration, costs: str) -> Estimate:
    return estimate(counters, program.mapping, program.target, period=program.period, costs=costs, system=config.system)


def _by_accounts(
    price: Callable[[str], Estimate], program: Program, config: Configuration
) -> tuple[Estimate, dict[str, Estimate]]:
    """By the account that was asked for, and by all others."""
    costs = program.target.costs
    chosen = config.costs or costs.default
    return price(chosen), {name: price(name) for name in costs.sets if name != chosen}
