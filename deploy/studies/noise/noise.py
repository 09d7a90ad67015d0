"""Noise and synchrony: how many frames of noise an answer survives, and what they do to the spike trains of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....backends.program import Program
from ....backends.simulator.simulate import Simulator
from ....models.decision import decide
from ....models.errors import DataError, UnsupportedModelError
from ....models.network import Network
from ...progress.progress import Progress
from ..sample_subsets import check_samples_independent, run_subset
from ..study import Conclusion, Outcome, Study, Task
from ..subject import Subject
from .breaking import FrameNoise, break_samples
from .findings import conclude_noise
from .sums import BROKEN, CLEAN, HELD, LayerSums

Array = NDArray[Any]
FEWEST_STEPS = 3  # of two steps, all correlations are 1 or -1
BATCH_BYTES = 1 << 28  # of activity and input that are looked at together


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs.

    Attributes
    ----------
    x : (right samples, steps, input neurons), of the samples that are answered rightly without noise.
    right : (right samples,) their classes.
    numbers : (right samples,) their numbers among all samples.
    samples : how many there are in all.
    labelled : whether the data has labels; otherwise every answer of the network as deployed is right.
    neurons : per layer that sends spikes, the numbers of the neurons that are looked at, rising.
    """

    program: Program
    x: Array
    right: Array
    numbers: Array
    samples: int
    labelled: bool
    neurons: Mapping[str, Array]


class Noise(Study):
    """Frames of the input become noise one by one until the answer breaks; spike trains before and then."""

    name: ClassVar[str] = "noise"
    preparing_stages: ClassVar[int] = 1

    mean: float = Field(0.0, allow_inf_nan=False, description="Of the Gaussian noise, in units of the data.")
    spread: float = Field(1.0, ge=0, allow_inf_nan=False, description="Its standard deviation, likewise.")
    values: Literal["automatic", "code", "message"] = Field(
        "automatic",
        description="Noise is cut off to values that the input code has (code), or goes on, negative too, as far as a "
        "message reaches (message); automatic is code for plain spikes, else message.",
    )
    neurons: int = Field(1024, ge=2, le=8192, description="Of a larger layer, so many drawn by the seed are looked at.")
    fewest: int = Field(1, ge=1, description="Samples in which a pair must have a correlation to count in the mean.")
    block: int = Field(50, ge=1, description="Samples of a task; the results do not depend on it.")

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        assert subject is not None
        program, data = subject.program, subject.data
        check_samples_independent(program.network, self.name)
        subject.require_classes()
        layers = spiking_layers(program.network)
        if data.steps < FEWEST_STEPS:
            raise DataError(
                f"{data.name}: a sample has {data.steps} step{'s' if data.steps > 1 else ''}; noise frame by frame and "
                f"correlations of spike trains need at least {FEWEST_STEPS}: ask for more (--steps), or bring "
                "recordings that have them."
            )
        progress.stage("answers without noise")
        classes = _answers(program, data.x)
        numbers = np.arange(data.samples) if data.y is None else np.flatnonzero(classes == data.y)
        if not numbers.size:
            raise DataError(
                f"{data.name}: none of {data.samples} samples is answered rightly, so that there is nothing for noise "
                "to break."
            )
        random = np.random.default_rng(self.seed)
        neurons = {name: _chosen(random, program.network.by_name[name].size, self.neurons) for name in layers}
        return Prepared(program, data.x[numbers], classes[numbers], numbers, data.samples, data.y is not None, neurons)

    def tasks(self, prepared: Prepared) -> tuple[Task, ...]:
        firsts = range(0, len(prepared.numbers), self.block)
        return tuple(Task(f"samples-{first:06d}", {"first": first}) for first in firsts)

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        program = prepared.program
        simulator = Simulator(program.network)
        simulator.workers = 1  # a study's tasks run side by side
        noise = self.frame_noise(program)
        window = slice(task.parameters["first"], task.parameters["first"] + self.block)
        x, numbers, right = prepared.x[window], prepared.numbers[window], prepared.right[window]
        sums = LayerSums(prepared.neurons)
        rows: list[dict[str, Any]] = []
        for first, part in _batches(x, program.network):
            batch = slice(first, first + len(part))
            given, here = program.code.encode(part), numbers[batch]
            broken = break_samples(simulator, program.decision, given, here, right[batch], noise, self.seed)
            hit = broken.frames > 0
            clean = run_subset(simulator, given, here, tuple(prepared.neurons)).activity
            for place, number in enumerate(here.tolist()):
                rows.append(
                    {
                        "sample": number,
                        "right": int(right[batch][place]),
                        "frames": int(broken.frames[place]) if hit[place] else None,
                        "answer_then": int(broken.classes[place]),
                    }
                )
                sums.add(number, CLEAN if hit[place] else HELD, {name: part[place] for name, part in clean.items()})
            if hit.any():
                then = run_subset(simulator, broken.given[hit], here[hit], tuple(prepared.neurons)).activity
                for place, number in enumerate(here[hit].tolist()):
                    sums.add(number, BROKEN, {name: part[place] for name, part in then.items()})
        return Outcome((*rows, *sums.rows), sums.arrays())

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        sums = LayerSums(prepared.neurons)
        for outcome in outcomes.values():
            sums.merge([row for row in outcome.rows if "layer" in row], outcome.arrays)
        samples = [row for outcome in outcomes.values() for row in outcome.rows if "layer" not in row]
        network, neurons = prepared.program.network, prepared.neurons
        return conclude_noise(
            samples,
            sums,
            steps=int(prepared.x.shape[1]),
            samples_in_all=prepared.samples,
            labelled=prepared.labelled,
            watched=next((name for name in reversed(tuple(neurons)) if name != network.output), network.output),
            fewest=self.fewest,
            seed=self.seed,
            assumptions=self._assumptions(prepared),
        )

    def frame_noise(self, program: Program) -> FrameNoise:
        """The noise as it enters this program."""
        plain = program.code.bits == 1
        within = plain if self.values == "automatic" else self.values == "code"
        return FrameNoise(self.mean, self.spread, program.code, within)

    def _assumptions(self, prepared: Prepared) -> tuple[str, ...]:
        program, network = prepared.program, prepared.program.network
        noise = self.frame_noise(program)
        if program.code.bits == 1 and noise.within_code:
            share = noise.frame(np.random.default_rng(self.seed), 100_000).mean()
            limits = (
                "cut off to 0 and 1, for plain spikes enter: in a frame of noise a neuron spikes with probability "
                f"{share:.2f} (--mean, --spread)"
            )
        elif noise.within_code:
            low = -program.code.largest if program.code.signed else 0
            limits = f"cut off to {low} to {program.code.largest}, the values that the code has (--values)"
        else:
            limits = "not cut off to the values of the data: negative ones enter too (--values)"
        notes = [
            (
                f"noise: each input neuron gets a value of its own, normally distributed, of mean {self.mean:g} and "
                f"standard deviation {self.spread:g} in units of the data, rounded to whole units of the input code "
                f"({program.code.scale:g} per unit of the data) and {limits}."
            ),
            (
                "frames: a frame is a step of the input; which one is next is drawn by the seed and the number of the "
                "sample, and a frame that is noise stays as it is."
            ),
            "clean and broken: the same samples, those that broke; clean of all has those that never broke as well.",
            (
                "constant trains: a neuron that is silent or always fires has no correlation; its pairs are left out "
                "of statistics, and of the mean over samples where they have none. A pair with a correlation in few "
                "samples counts as much as one that has it in all (--fewest asks for more samples)."
            ),
        ]
        left_out = [part.name for part in network.populations if part.neuron is not None and not part.eventful]
        if left_out:
            notes.append(f"layers: {', '.join(left_out)} sends no spikes but potentials, and is left out.")
        for name, neurons in prepared.neurons.items():
            size = network.by_name[name].size
            if len(neurons) < size:
                notes.append(
                    f"neurons: of {name}, {len(neurons)} of {size} are looked at, drawn by the seed (--neurons); "
                    "numbers of pairs are of these."
                )
        if program.target.backend == "spinnaker1":
            notes.append("chip: in the simulator's arithmetic; SpiNNaker 1 computes with numbers of its own.")
        if not prepared.labelled:
            notes.append("labels: the data has none; the answer of the network as it was deployed counts as right.")
        return tuple(notes)


def spiking_layers(network: Network) -> tuple[str, ...]:
    """Layers whose neurons send spikes, graded ones included, in their order.

    Raises
    ------
    UnsupportedModelError : there are none.
    """
    layers = tuple(population.name for population in network.populations if population.eventful)
    if not layers:
        raise UnsupportedModelError(
            "No layer of the network sends spikes, so that there are no spike trains to compare."
        )
    return layers


def _answers(program: Program, x: Array) -> Array:
    """(samples,) classes."""
    simulator = Simulator(program.network)
    parts = []
    for first, part in _batches(x, program.network):
        run = simulator.run(program.code.encode(part), first_sample=first)
        parts.append(decide(run.activity[program.network.output], program.decision))
    return np.concatenate(parts)


def _chosen(random: np.random.Generator, size: int, most: int) -> Array:
    return np.arange(size) if size <= most else np.sort(random.choice(size, most, replace=False))


def _batches(x: Array, network: Network) -> Iterator[tuple[int, Array]]:
    """Samples in parts that memory bears, each with the number of its first."""
    inputs = x.shape[2]
    neurons = sum(population.size for population in network.populations) - inputs
    size = max(1, BATCH_BYTES // (x.shape[1] * (4 * neurons + 16 * inputs)))
    for first in range(0, len(x), size):
        yield first, x[first : first + size]
