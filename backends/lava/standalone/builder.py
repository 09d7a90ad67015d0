"""From a network to connected Lava processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import lava_import  # noqa: F401  (repairs Lava, so it comes first)
import numpy as np
from connections import INT32_LIMIT, connect_convolution, connect_matrix
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.proc.lif.process import LIFReset
from leaky_rule import ACTIVATION_SHIFT, STATE_LIMIT
from learning_synapses import LearnedBlock, PlasticDense, TargetFactors, reward_for
from network_reader import Network, Population, Projection
from port_layout import connect, placed_at
from processes import ConstantSource, DelayLine, SpikeloomNeuron, SpikeRecorder, SpikeSource
from synapses import as_matrix, largest_sum
from user_mistake import UserMistake

PROCESS_LIMIT = 1000  # each is a process of the operating system, and all wait for each other at every step


@dataclass(frozen=True, eq=False)
class Part:
    """The neurons of a population that one Lava process holds.

    Attributes
    ----------
    neurons : their numbers in the population; None for all of them.
    output : flat port of their spikes.
    input : flat port for what arrives; None for sources.
    """

    neurons: np.ndarray | None
    output: OutPort
    input: InPort | None


class LavaNetwork:
    """A network as Lava processes.

    Parameters
    ----------
    network : what to build.
    data : (samples, steps, input neurons) integer; the input of all samples.
    recorded : names of the populations to record, in the order in which they stand side by side in the recording.
    recording : path of the .npz file that the recorder writes.
    cores : per population, (neurons,) core numbers, for one process per core; None for one process per population.
    rewards : per plastic projection that is given its reward: (samples, steps, targets or 1) integer.

    Attributes
    ----------
    learned : where the weights of plastic projections are found after the run.
    recorder : the recording process; running it runs everything that is connected.
    steps_of_chip : length of the run.
    """

    def __init__(
        self,
        network: Network,
        data: np.ndarray,
        recorded: list[str],
        recording: Path,
        cores: Mapping[str, np.ndarray] | None = None,
        rewards: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        samples, self._steps, _ = data.shape
        self._network = network
        self._period = self._steps + network.gap
        self.steps_of_chip = samples * self._period + network.depth
        self.learned: list[LearnedBlock] = []
        self._recording = recording
        self._rewards = rewards or {}
        self._cores = cores or {}
        self._delayed: dict[tuple[str, int, int], OutPort] = {}
        self._processes = 0
        self._largest_value = {
            name: _largest_value(population, data) for name, population in network.populations.items()
        }
        self._largest_activation = {
            name: _largest_weights(projection) * self._largest_value[projection.source] << projection.exponent
            for name, projection in network.projections.items()
        }
        self._graded_input = bool(data.size) and bool(data.min() < 0 or data.max() > 1)
        self._parts = {name: self._build(population, data) for name, population in network.populations.items()}
        for projection in network.projections.values():
            self._project(projection)
        self.recorder = self._record(recorded, recording)

    def _build(self, population: Population, data: np.ndarray) -> list[Part]:
        if population.role == "input":
            source: AbstractProcess = SpikeSource(data, self._period, population.name)
            return [Part(None, source.s_out, None)]
        if population.role == "constant":
            source = ConstantSource(population.size, population.name)
            return [Part(None, source.s_out, None)]
        cores = self._cores.get(population.name)
        if cores is None or np.all(cores == cores[0]):
            return [self._neurons(population, None)]
        return [self._neurons(population, np.flatnonzero(cores == core)) for core in np.unique(cores)]

    def _neurons(self, population: Population, neurons: np.ndarray | None) -> Part:
        self._count_process()
        size = population.size if neurons is None else neurons.size
        fields = {
            name: value[neurons] if neurons is not None and np.ndim(value) else value
            for name, value in population.neuron.items()
        }
        incoming = (item for item in self._network.projections.values() if item.target == population.name)
        arriving = sum(self._largest_activation[projection.name] for projection in incoming)
        if self._is_lava_neuron(fields, arriving):
            process: AbstractProcess = LIFReset(
                shape=(size,),
                du=int(fields["current_decay"]) - 1,
                dv=int(fields["voltage_decay"]),
                vth=int(fields["threshold"]),
                bias_mant=fields["bias_mantissa"],
                bias_exp=int(fields["bias_exponent"]),
                reset_interval=self._period,
                # Lava counts steps from 1.
                reset_offset=(population.depth + 1) % self._period,
                name=population.name,
            )
        else:
            rule = f"{fields['model']}_rule"
            process = SpikeloomNeuron(size, rule, fields, population.depth, self._steps, self._period, population.name)
        return Part(neurons, process.s_out, process.a_in)

    def _is_lava_neuron(self, fields: Mapping[str, object], arriving: int) -> bool:
        """Whether Lava's LIFReset computes exactly this; `arriving` is the largest activation in 32 bits there."""
        scalars = ("current_decay", "voltage_decay", "threshold", "bias_exponent")
        return (
            fields["model"] == "leaky"
            and self._network.gap == 0
            and bool(fields["spiking"])
            and not fields["inclusive"]
            and fields["reset"] == "zero"
            and not np.any(fields["reset_value"])
            and not np.any(fields["initial_voltage"])
            and all(np.ndim(fields[name]) == 0 for name in scalars)
            and 1 <= int(fields["current_decay"]) <= 4096
            and int(fields["voltage_decay"]) <= 4095
            and (arriving << ACTIVATION_SHIFT) + STATE_LIMIT < INT32_LIMIT
        )

    def _project(self, projection: Projection) -> None:
        source = self._network.populations[projection.source]
        target = self._network.populations[projection.target]
        sources, targets = self._parts[source.name], self._parts[target.name]
        graded = source.graded or (source.role == "input" and self._graded_input)
        largest = self._largest_activation[projection.name]
        # What an always-on source sends never changes, so a delay changes nothing either.
        delay = 1 if source.role == "constant" else projection.delay
        if projection.connectivity["kind"] in ("convolution", "pool") and len(sources) == len(targets) == 1:
            port = self._delayed_output(source, 0, delay)
            if connect_convolution(projection, port, targets[0].input, graded, largest):
                self._count_process()
                return
        if projection.learning is not None:
            self._project_plastic(projection, graded, delay)
            return
        matrix = as_matrix(projection.connectivity, source.size, target.size)
        for target_part in targets:
            rows = matrix if target_part.neurons is None else matrix[target_part.neurons]
            for number, source_part in enumerate(sources):
                block = rows if source_part.neurons is None else rows[:, source_part.neurons]
                if block.count_nonzero():
                    self._count_process()
                    port = self._delayed_output(source, number, delay)
                    connect_matrix(projection, block, port, target_part.input, graded, largest)

    def _project_plastic(self, projection: Projection, graded: bool, delay: int) -> None:
        source, weights = self._network.populations[projection.source], projection.connectivity["weights"]
        for target_part in self._parts[projection.target]:
            factors = self._target_factors(projection, target_part)
            rows = weights if target_part.neurons is None else weights[target_part.neurons]
            for number, source_part in enumerate(self._parts[source.name]):
                self._count_process()
                block = rows if source_part.neurons is None else rows[:, source_part.neurons]
                path = self._recording.with_name(f"weights{len(self.learned)}.npz")
                process = PlasticDense(
                    block, projection.learning, projection.exponent, graded, self.steps_of_chip, str(path),
                    projection.name,
                )  # fmt: skip
                connect(self._delayed_output(source, number, delay), process.s_in)
                connect(process.a_out, target_part.input)
                connect(target_part.output, process.s_in_bap)
                if factors is not None:
                    connect(factors.s_out_y1, process.s_in_y1)
                    connect(factors.s_out_y2, process.s_in_y2)
                    connect(factors.s_out_y3, process.s_in_y3)
                self.learned.append(LearnedBlock(projection.name, path, target_part.neurons, source_part.neurons))

    def _target_factors(self, projection: Projection, part: Part) -> TargetFactors | None:
        """What tells the plastic synapses of a part of the targets of the reward; None where none counts."""
        rule = projection.learning
        if not rule["third_factor"]:
            return None
        self._count_process()
        targets = part.output.shape[0]
        rewards = self._rewards.get(projection.name)
        if rewards is not None and rewards.shape[2] > 1 and part.neurons is not None:
            rewards = rewards[:, :, part.neurons]
        depth = self._network.populations[projection.target].depth
        trace = rule["y1"]
        factors = TargetFactors(
            targets, trace["impulse"], trace["time_constant"], rewards, depth, self._period,
            f"{projection.name} factors",
        )  # fmt: skip
        connect(part.output, factors.s_in)
        if rule["reward"] is not None:
            size = self._network.populations[rule["reward"]].size
            for sender in self._parts[rule["reward"]]:
                connect(sender.output, factors.reward_in, reward_for(sender.neurons, size, part.neurons, targets))
        return factors

    def _delayed_output(self, source: Population, number: int, delay: int) -> OutPort:
        """The output of a part, `delay` - 1 steps later; the synapses take the step that is left."""
        output = self._parts[source.name][number].output
        if delay == 1:
            return output
        key = (source.name, number, delay)
        if key not in self._delayed:
            self._count_process()
            line = DelayLine(output.shape[0], delay - 1, f"{source.name} delayed by {delay - 1}")
            output.connect(line.s_in)
            self._delayed[key] = line.s_out
        return self._delayed[key]

    def _record(self, recorded: list[str], path: Path) -> SpikeRecorder:
        size = sum(self._network.populations[name].size for name in recorded)
        recorder = SpikeRecorder(size, self.steps_of_chip, str(path), "recorder")
        start = 0
        for name in recorded:
            population = self._network.populations[name]
            for part in self._parts[name]:
                place = slice(start, start + population.size) if part.neurons is None else start + part.neurons
                connect(part.output, recorder.s_in, placed_at(place, size))
            start += population.size
        return recorder

    def _count_process(self) -> None:
        self._processes += 1
        if self._processes > PROCESS_LIMIT:
            raise UserMistake(
                f"one Lava process per core makes more than {PROCESS_LIMIT} processes of this network, "
                "more than a computer runs: use '--processes layer'."
            )


def _largest_weights(projection: Projection) -> int:
    """The largest absolute sum of weights that can reach a target neuron, at any step of the run."""
    if projection.learning is None:
        return largest_sum(projection.connectivity)
    bounds = (projection.learning["lowest_weight"], projection.learning["highest_weight"])
    return projection.connectivity["weights"].shape[1] * max(abs(bound) for bound in bounds)


def _largest_value(population: Population, data: np.ndarray) -> int:
    """The largest absolute number that a population can send."""
    if population.role == "input":
        return max(abs(int(data.min(initial=0))), abs(int(data.max(initial=0))))
    if population.role == "constant":
        return 1
    return int(import_module(f"{population.neuron['model']}_rule").largest_output(population.neuron))
