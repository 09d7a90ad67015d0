"""Faults of what neurons send: they are silent, or their packets get lost or arrive twice.

The simulator has no place for such faults, so the network runs here step by step, as in
`models.execution.network_run`, whose integers it gives where nothing is faulty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.program import Program
from ....models.execution.network_run import output_type
from ....models.network import Network, Population, Projection, Role
from .packets import Arrivals, PacketFaults, divided

Array = NDArray[Any]
MOST_NUMBERS = 1 << 25  # of packets that are kept at a time; more samples run one part after the other


@dataclass(frozen=True, eq=False)
class SendingFaults:
    """What is faulty.

    Attributes
    ----------
    silent : per population, (neurons,) bool, neurons that never send anything, whatever their model and however much
        arrives at them; none where a population is not named.
    packets : that get lost or arrive twice; None where all arrive as they were sent.
    """

    silent: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))
    packets: PacketFaults | None = None

    def exposed(self, population: str) -> Mapping[int, Array]:
        """Per core on which packets of a population may fail, whose; see `PacketFaults`."""
        return {} if self.packets is None else self.packets.exposed.get(population, {})


@dataclass(frozen=True, eq=False)
class SendingRun:
    """What a network with such faults did.

    Attributes
    ----------
    activity : per population with neurons, (samples, steps, neurons), what they sent.
    packets, faulty : packets that might have failed, and those that did.
    """

    activity: Mapping[str, Array]
    packets: int
    faulty: int


def run_with_sending_faults(
    program: Program, given: Array, faults: SendingFaults, draws: np.random.Generator
) -> SendingRun:
    """Run all samples.

    Parameters
    ----------
    given : (samples, steps, input neurons) integers that enter.
    draws : of the packets.
    """
    network, mapping = program.network, program.mapping
    arrivals = {
        projection.name: divided(
            projection.connectivity, mapping.core_of[projection.target], faults.exposed(projection.source).keys()
        )
        for projection in network.projections
    }
    a_sample = given.shape[1] * sum(part.size * (1 + len(faults.exposed(part.name))) for part in network.populations)
    portion = max(1, MOST_NUMBERS // max(1, a_sample))
    runs = [
        _Portion(network, given[first : first + portion], faults, arrivals, draws).run(first)
        for first in range(0, given.shape[0], portion)
    ]
    activity = {name: np.concatenate([run.activity[name] for run in runs]) for name in runs[0].activity}
    return SendingRun(activity, sum(run.packets for run in runs), sum(run.faulty for run in runs))


class _Portion:
    """Some samples, all at the same time."""

    def __init__(
        self,
        network: Network,
        given: Array,
        faults: SendingFaults,
        arrivals: Mapping[str, tuple[Arrivals, ...]],
        draws: np.random.Generator,
    ) -> None:
        self._network, self._faults, self._arrivals, self._draws = network, faults, arrivals, draws
        self._samples, self._steps = given.shape[:2]
        self._layers = [population for population in network.populations if population.neuron]
        self._ticks = self._steps + max((layer.depth for layer in self._layers), default=0)
        self._packets = self._faulty = 0
        # What was sent, and for each core that packets may fail to reach, what came of it there: by population.
        self._sent: dict[str, Array] = {}
        self._came: dict[str, dict[int, Array]] = {}
        for population in network.populations:
            rows = self._ticks if population.role is Role.CONSTANT else self._steps
            kind = np.int64 if population.neuron is None else output_type(population.neuron)
            shape = self._samples, rows, population.size
            self._sent[population.name] = np.zeros(shape, dtype=kind)
            twice = np.promote_types(kind, np.int16)
            exposed = faults.exposed(population.name)
            self._came[population.name] = {core: np.zeros(shape, dtype=twice) for core in exposed}
        for population in network.populations:
            if population.role is Role.CONSTANT:
                for tick in range(self._ticks):
                    self._send(population, tick, np.ones((self._samples, population.size), dtype=np.int64))
        for step in range(self._steps):
            self._send(network.input, step, given[:, step])

    def run(self, first: int) -> SendingRun:
        """Run the samples, the first of which has that number."""
        states = {}
        for layer in self._layers:
            assert layer.neuron is not None
            states[layer.name] = layer.neuron.initial_state(self._samples, layer.size, first)
        for tick in range(self._ticks):
            for layer in self._layers:
                step = tick - layer.depth
                if 0 <= step < self._steps:
                    assert layer.neuron is not None
                    sums = np.zeros((self._samples, layer.size))
                    for projection in self._network.incoming(layer.name):
                        self._arrive(projection, tick, sums)
                    states[layer.name], output = layer.neuron.step(states[layer.name], sums)
                    self._send(layer, step, output)
        activity = {layer.name: self._sent[layer.name] for layer in self._layers}
        return SendingRun(activity, self._packets, self._faulty)

    def _send(self, population: Population, step: int, output: Array) -> None:
        """Keep what a population sends at a step of its own, and what comes of it on each core."""
        silent = self._faults.silent.get(population.name)
        if silent is not None:
            output = np.where(silent, 0, output)
        self._sent[population.name][:, step] = output
        packets = self._faults.packets
        for core, exposed in self._faults.exposed(population.name).items():
            assert packets is not None
            came = self._came[population.name][core][:, step]  # a view
            came[...] = output
            samples, neurons = np.nonzero((output != 0) & exposed)
            copies = packets.copies(samples.size, self._draws)
            came[samples, neurons] *= copies.astype(came.dtype)
            self._packets += copies.size
            self._faulty += int(np.count_nonzero(copies != 1))

    def _arrive(self, projection: Projection, tick: int, sums: Array) -> None:
        """Add what arrives through a projection at a tick of the chip."""
        source = self._network.by_name[projection.source]
        if source.role is Role.CONSTANT:
            step = max(0, tick - projection.delay)  # it sends at every step, before the sample, too
        else:
            step = tick - projection.delay - source.depth
            if not 0 <= step < self._steps:
                return
        for part in self._arrivals[projection.name]:
            sent = self._sent[source.name] if part.core is None else self._came[source.name][part.core]
            part.add(sent[:, step], 1 << projection.exponent, sums)
