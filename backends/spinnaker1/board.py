"""A SpiNNaker 1 board with a program on it: its arithmetic, its memories, its routing tables, and how it keeps up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.problem import describe
from ...mapping.routing.routes import build_routes
from ...mapping.routing_tables.build import build_tables
from ...mapping.routing_tables.delivery import deliver
from ...mapping.routing_tables.summary import routing_section
from ...mapping.routing_tables.tables import RoutingTables
from ...models.errors import DoesNotFitError, UsageError
from ..counting import CoreCounting
from ..program import Program
from ..run import Counters
from .machine import MachineRun, Spinnaker1Machine
from .memory_use import MemoryUse, memory_use
from .real_time import PeakLoads, mean_load
from .section import spinnaker1_section

Array = NDArray[Any]
CLOCK = "clock"


class Board:
    """Keep it to run data in several parts; what happened adds up.

    Attributes
    ----------
    machine : the program in SpiNNaker's arithmetic.
    tables : of all routers.
    memory : what each processor and each chip has in its memory.
    """

    def __init__(self, program: Program, costs: str | None = None, calibration: Array | None = None) -> None:
        """Lay a program out.

        Parameters
        ----------
        program : deployed to a SpiNNaker 1 board.
        costs : name of one of the target's accounts, for the times of its operations; its default where None.
        calibration : see `Spinnaker1Machine`.

        Raises
        ------
        UsageError : the target is no such board, or the account's steps keep to no clock.
        UnsupportedModelError : see `Spinnaker1Machine`.
        DoesNotFitError : a memory is too small, or weights have too few bits.
        """
        target = program.target
        account = target.cost_set(costs)
        if target.processor_memory is None or target.topology.mesh != "triangular":
            raise UsageError(
                f"the program was deployed for {target.name}, which is no SpiNNaker 1 board: deploy it for spinnaker1 "
                "or spinn3, or for a target of your own that extends one of them"
            )
        if account.step_time_model != CLOCK:
            raise UsageError(f"target {target.name}: the account {costs!r} has no clock (step_time_model: clock)")
        self._program, self._account = program, account
        self._counting = CoreCounting(program)
        routes = build_routes(program.network, target, program.mapping)
        self.memory: MemoryUse = memory_use(program.mapping, routes.fan_out, target.processor_memory)
        if self.memory.problems:
            raise DoesNotFitError(f"the network does not fit on {target.name}:\n{describe(self.memory.problems)}")
        self.tables: RoutingTables = build_tables(program.network, target, program.mapping)
        self._delivery = deliver(self.tables)
        self.machine = Spinnaker1Machine(program, calibration=calibration)
        self._peak = PeakLoads(program, account, routes=routes)
        self._runs: list[MachineRun] = []
        self._group_spikes: dict[str, Array] = {}

    def run(self, integers: Array) -> Mapping[str, Array]:
        """Run samples, (samples, steps, inputs); activity of every population with neurons."""
        run = self.machine.run(integers, "all", groups=self._counting.groups, observe=self._peak.observe)
        for name, counts in run.group_spikes.items():
            self._group_spikes[name] = self._group_spikes.get(name, np.int64(0)) + counts
        self._runs.append(MachineRun(**{**vars(run), "activity": {}}))
        return run.activity

    def counters(self) -> Counters:
        """What happened in all runs."""
        return self._counting.counters(self._group_spikes, sum(run.samples for run in self._runs))

    def section(self, counters: Counters) -> dict[str, Any]:
        """What a report says, as JSON can hold it.

        Parameters
        ----------
        counters : of all runs.
        """
        target = self._program.target
        mean = mean_load(counters, self._program.mapping, self._account)
        section = spinnaker1_section(self.machine, _summed(self._runs), self.memory, mean, self._peak.result())
        routing = routing_section(self.tables, self._delivery, target.limits.of("routing_entries"))
        sizes = target.processor_memory
        assert sizes is not None  # or there were no board
        limits = {"core_limit": sizes.core_bytes.value, "chip_limit": sizes.tile_bytes.value}
        return {**section, "memory": {**section["memory"], **limits}, "routing": routing}


def _summed(runs: list[MachineRun]) -> MachineRun:
    """All runs as one, without their activity."""
    first = runs[0]

    def added(name: str) -> dict[str, int]:
        return {layer: sum(getattr(run, name)[layer] for run in runs) for layer in getattr(first, name)}

    largest = {
        layer: type(sums)(*(max(ends) for ends in zip(*(run.largest_sums[layer] for run in runs), strict=True)))
        for layer, sums in first.largest_sums.items()
    }
    return MachineRun(
        sum(run.samples for run in runs), first.steps, {}, {}, added("ring_saturations"), added("state_saturations"),
        largest,
    )  # fmt: skip
