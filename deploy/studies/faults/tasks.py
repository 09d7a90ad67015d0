"""One chip with faults of one kind: what it still decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.program import Program
from ....backends.simulator.simulate import Simulator
from ....models.decision import decide
from ....models.network import Network, Role
from ..measurement import Instrument
from ..study import Outcome
from .cores import chosen_cores, neurons_at, places_of, remapped
from .draws import draws_of
from .packets import PacketFaults, Scope, exposed_packets
from .sending import SendingFaults, run_with_sending_faults
from .weight_cells import Rounding
from .weights import WEIGHT_KINDS, with_damaged_weights

Array = NDArray[Any]
HEALTHY = "healthy"
NEURONS, CORES, DROPPED, DUPLICATED = "dead-neurons", "dead-cores", "dropped-packets", "duplicated-packets"
FAULT_KINDS = (NEURONS, CORES, *WEIGHT_KINDS, DROPPED, DUPLICATED)


@dataclass(frozen=True)
class FaultTask:
    """What fails.

    Attributes
    ----------
    kind : one of `FAULT_KINDS`, or `HEALTHY`.
    encoding : of the data.
    layer : where faults are: neurons and senders of this population, weights that lead to it; "" for all.
    rate : probability of a fault; for noisy weights a relative deviation, for dead cores how many.
    repeat : number of the chip.
    """

    kind: str
    encoding: str
    layer: str = ""
    rate: float = 0.0
    repeat: int = 0

    def name(self, program: Program) -> str:
        """Of its results."""
        if self.kind == HEALTHY:
            return f"{self.kind}.{self.encoding}"
        names = [population.name for population in program.network.populations]
        where = f"layer-{names.index(self.layer):03d}" if self.layer else "all"
        return f"{self.kind}.{self.encoding}.{where}.{self.rate!r}.{self.repeat:03d}"

    def parameters(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class _Chip:
    """A program with data to be judged on."""

    program: Program
    given: Array
    labels: Array

    def row(self, task: FaultTask, activity: Mapping[str, Array], faulty: int, places: int) -> dict[str, Any]:
        """An observation, from what all populations sent, or the output alone and no spikes."""
        network = self.program.network
        classes = decide(activity[network.output], self.program.decision)
        return {
            **asdict(task),
            "accuracy": float(np.mean(classes == self.labels)),
            "spikes": sum(int(np.count_nonzero(sent)) for sent in activity.values()) / self.given.shape[0],
            "faulty": faulty,
            "places": places,
        }

    def simulated(self, network: Network) -> Mapping[str, Array]:
        """What the populations of a network send."""
        simulator = Simulator(network)
        simulator.workers = 1  # a study's tasks run side by side
        return simulator.run(self.given, "all").activity


def perform_fault(
    task: FaultTask,
    program: Program,
    given: Mapping[str, Array],
    labels: Array,
    costs: str | None,
    *,
    seed: int,
    repeats: int,
    layers: tuple[str, ...],
    scope: Scope,
    rounding: Rounding,
) -> Outcome:
    """Do one task of the study; see its options."""
    chip = _Chip(program, given[task.encoding], labels)
    where = (task.layer,) if task.layer else layers
    names = (task.kind, seed, task.repeat)  # the same chip for every encoding and rate
    if task.kind == HEALTHY:
        return Outcome((_healthy(task, chip, costs),))
    if task.kind == CORES:
        return _without_cores(task, chip, costs, seed, repeats)
    if task.kind in WEIGHT_KINDS:
        damaged = with_damaged_weights(program, task.kind, task.rate, names, where, rounding)
        row = chip.row(task, chip.simulated(damaged.network), damaged.faulty, damaged.places)
        return Outcome(({**row, "changed": damaged.changed},)) if damaged.places else Outcome(())
    if task.kind == NEURONS:
        return _with_dead_neurons(task, chip, names, where)
    exposed = exposed_packets(program, scope, where)
    dropped, duplicated = (task.rate, 0.0) if task.kind == DROPPED else (0.0, task.rate)
    faults = SendingFaults(packets=PacketFaults(dropped, duplicated, exposed))
    run = run_with_sending_faults(program, chip.given, faults, draws_of(*names, *where, f"{task.rate:g}"))
    return Outcome((chip.row(task, run.activity, run.faulty, run.packets),) if any(exposed.values()) else ())


def _healthy(task: FaultTask, chip: _Chip, costs: str | None) -> dict[str, Any]:
    row = chip.row(task, chip.simulated(chip.program.network), 0, 0)
    return {**row, **_costs(chip, costs), "cores": chip.program.mapping.cores}


def _costs(chip: _Chip, costs: str | None) -> dict[str, float]:
    """J and s of a mean sample."""
    steps = chip.program.steps
    zeros = np.zeros((1, steps, chip.program.network.input.size))
    measured = Instrument(chip.program, zeros, None, costs).measure(given=chip.given)
    return {"energy": measured.energy.nominal, "latency": measured.latency.nominal}


def _with_dead_neurons(task: FaultTask, chip: _Chip, names: tuple[str | int, ...], where: tuple[str, ...]) -> Outcome:
    silent = {
        population.name: draws_of(*names, population.name).random(population.size) < task.rate
        for population in chip.program.network.populations
        if population.role is Role.NEURON and (not where or population.name in where)
    }
    if not silent:
        return Outcome(())  # neurons of the input are none of the chip's
    run = run_with_sending_faults(chip.program, chip.given, SendingFaults(silent), draws_of(*names))
    dead = [int(one.sum()) for one in silent.values()]
    return Outcome((chip.row(task, run.activity, sum(dead), sum(one.size for one in silent.values())),))


def _without_cores(task: FaultTask, chip: _Chip, costs: str | None, seed: int, repeats: int) -> Outcome:
    """A network on a chip whose cores died, and the same mapped again around them."""
    program, number = chip.program, int(task.rate)
    choices = chosen_cores(program.mapping.cores, number, repeats, seed)
    if task.repeat >= len(choices):
        return Outcome(())
    places = places_of(program, choices[task.repeat])
    dead = SendingFaults(neurons_at(program, places))
    run = run_with_sending_faults(program, chip.given, dead, draws_of(task.kind))
    row = chip.row(task, run.activity, number, program.mapping.cores)
    healthy = chip.simulated(program.network)
    samples, steps = chip.given.shape[:2]
    rates = {name: np.count_nonzero(sent, axis=(0, 1)) / (samples * steps) for name, sent in healthy.items()}
    again = remapped(program, places, rates | {program.network.input.name: (chip.given != 0).mean(axis=(0, 1))})
    row |= {"dead_cores": "; ".join(_written(place) for place in places), "remapped": again.program is not None}
    if again.program is None:
        return Outcome(({**row, "reason": again.reason},))
    anew = _Chip(again.program, chip.given, chip.labels)
    # The same cores are as dead as before; if nothing lies on them any more, the network is whole again.
    dead_still = SendingFaults(neurons_at(again.program, places))
    recovered = run_with_sending_faults(again.program, chip.given, dead_still, draws_of(task.kind))
    equal = all(np.array_equal(healthy[name], sent) for name, sent in recovered.activity.items())
    after = anew.row(task, recovered.activity, 0, 0)
    return Outcome(
        (
            {
                **row,
                "reason": "",
                "recovered": equal,
                "recovered_accuracy": after["accuracy"],
                "cores": again.program.mapping.cores,
                **_costs(anew, costs),
            },
        )
    )


def _written(place: Any) -> str:
    return f"chip {place.chip}, column {place.column}, row {place.row}, core {place.core}"
