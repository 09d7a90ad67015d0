"""A run of a program in the simulator alone: what a user wants kept of it, and what an interruption leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..backends.program import Program
from ..backends.simulator.interruption import SimulationInterrupted
from ..backends.simulator.simulate import Simulator
from ..backends.simulator.simulation import Simulation
from ..models.array_file import write_arrays
from ..models.decision import decide
from ..models.errors import UsageError
from ..models.network import Network
from ..models.neurons import IntegerNeuron
from .data import Data

Array = NDArray[Any]
INPUT_BYTES = 1 << 28  # of input that is turned into integers at a time


@dataclass(frozen=True)
class Wanted:
    """What to keep of a run.

    Attributes
    ----------
    out : the `.npz` file to write, or None.
    record : the activity of the output, or of all layers.
    states : names of the layers whose states to keep.
    """

    out: Path | None = None
    record: Literal["output", "all"] = "output"
    states: tuple[str, ...] = ()

    def check(self, network: Network) -> None:
        """Raise UsageError where a layer does not exist, or nothing would be written."""
        if self.out is None and (self.record != "output" or self.states):
            raise UsageError("What is recorded needs a file to be written to: add --out FILE.npz.")
        layers = [population.name for population in network.populations if population.neuron is not None]
        unknown = [name for name in self.states if name not in layers]
        if unknown:
            raise UsageError(f"--states {unknown[0]}: there is no such layer; there are {', '.join(layers)}.")


@dataclass(frozen=True, eq=False)
class SimulatorRun:
    """What came of it.

    Attributes
    ----------
    samples, steps : how many there are; where the run was interrupted, fewer than were asked for.
    interrupted : whether it was.
    accuracy : share of right classes; None without labels, or where not even the first samples are complete.
    spikes_per_sample : of all neurons, the input's left out.
    """

    samples: int
    steps: int
    interrupted: bool
    accuracy: float | None
    spikes_per_sample: float


def run_in_simulator(
    program: Program, data: Data, wanted: Wanted, progress: Callable[[float], None] = lambda samples: None
) -> SimulatorRun:
    """Run a program on all samples, or until Ctrl-C, and write what is wanted of what was done.

    Raises
    ------
    UsageError : the file cannot be written, or what is wanted does not exist.
    """
    network = program.network
    wanted.check(network)
    simulator = Simulator(network)
    parts: list[Simulation] = []
    interrupted = False
    names = "all" if wanted.record == "all" else "output"
    batch = max(1, INPUT_BYTES // max(1, 8 * data.steps * network.input.size))
    for first in range(0, data.samples, batch):
        given = program.code.encode(data.part(first, first + batch).x)
        try:
            parts.append(simulator.run(given, names, states=wanted.states, first_sample=first, progress=progress))
        except SimulationInterrupted as stopped:
            interrupted = True
            if not parts or stopped.partial.steps == data.steps:
                parts.append(stopped.partial)
            break
    samples, steps = sum(part.samples for part in parts), parts[0].steps
    if wanted.out is not None:
        _write(wanted.out, network, parts, (data.samples, data.steps))
    layers = [population.name for population in network.populations if population.eventful]
    spikes = [sum(int(part.spikes[name].sum()) for part in parts) / max(1, samples) for name in layers]
    return SimulatorRun(samples, steps, interrupted, _accuracy(program, parts, data), sum(spikes))


def _accuracy(program: Program, parts: list[Simulation], data: Data) -> float | None:
    if data.y is None or parts[0].steps < data.steps:
        return None
    classes = np.concatenate([decide(part.activity[program.network.output], program.decision) for part in parts])
    return float(np.mean(classes == data.y[: classes.size]))


def _write(out: Path, network: Network, parts: list[Simulation], asked: tuple[int, int]) -> None:
    arrays: dict[str, Array] = {
        "samples": np.asarray(sum(part.samples for part in parts)),
        "steps": np.asarray(parts[0].steps),
        "asked": np.asarray(asked),
    }
    for name in parts[0].activity:
        arrays[f"activity/{name}"] = np.concatenate([part.activity[name] for part in parts])
    for name in parts[0].states:
        neuron = network.by_name[name].neuron
        assert isinstance(neuron, IntegerNeuron)
        values = np.concatenate([part.states[name] for part in parts])
        for number, state in enumerate(neuron.rule.states):
            arrays[f"states/{name}/{state}"] = values[:, :, number]
    write_whole(out, arrays)


def write_whole(out: Path, arrays: Mapping[str, Array]) -> None:
    """Write an `.npz` file whole or not at all.

    Raises
    ------
    UsageError : it cannot be written.
    """
    unfinished = out.with_name(f"{out.name}.part")
    try:
        write_arrays(unfinished, arrays)
        unfinished.replace(out)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from None
