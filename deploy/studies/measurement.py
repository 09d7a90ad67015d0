"""What an integer network does on data, and what that costs: the figures that studies compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backends.counting import CoreCounting
from ...backends.estimate import estimate
from ...backends.program import Program
from ...backends.simulator.simulate import Simulator
from ...mapping.constant import Bounds
from ...models.decision import decide
from ...models.network import Network, Role
from ..guards import SATURATED

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Measurement:
    """A run over all samples.

    Attributes
    ----------
    classes : (samples,) int64, decided.
    accuracy : share of right ones, in [0, 1]; None without labels.
    layer_spikes : per population with neurons, spikes of a mean sample.
    layer_rates : the same per neuron and step.
    energy : J, dynamic energy of the neurocores for a mean sample.
    latency : s, of a sample that passes alone.
    """

    classes: Array
    accuracy: float | None
    layer_spikes: Mapping[str, float]
    layer_rates: Mapping[str, float]
    energy: Bounds
    latency: Bounds

    @property
    def spikes(self) -> float:
        """Spikes of all neurons for a mean sample."""
        return sum(self.layer_spikes.values())

    @property
    def silent(self) -> tuple[str, ...]:
        """Layers that send nothing at all."""
        return tuple(name for name, spikes in self.layer_spikes.items() if spikes == 0)

    @property
    def saturated(self) -> tuple[str, ...]:
        """Layers in which nearly all neurons fire at every step, so that they say nothing more."""
        return tuple(name for name, rate in self.layer_rates.items() if rate >= SATURATED)

    def as_row(self) -> dict[str, Any]:
        """Columns of a table."""
        return {
            "accuracy": self.accuracy,
            "spikes": self.spikes,
            "energy": self.energy.nominal,
            "energy_low": self.energy.low,
            "energy_high": self.energy.high,
            "latency": self.latency.nominal,
            "latency_low": self.latency.low,
            "latency_high": self.latency.high,
            "silent_layers": " ".join(self.silent),
            "saturated_layers": " ".join(self.saturated),
        }


class Instrument:
    """Runs a program, or its network with other parameters, always on the same cores.

    Parameters
    ----------
    program : what was deployed; its mapping and target price all runs.
    x : (samples, steps, input neurons) as `Data` has it.
    y : (samples,) int64 labels, or None.
    costs : name of the target's account of what operations cost; its default where None.
    """

    def __init__(self, program: Program, x: Array, y: Array | None, costs: str | None = None) -> None:
        self.program = program
        self.given = program.code.encode(x)
        self.labels = y
        self._costs = costs
        self._counting = CoreCounting(program)

    def measure(self, network: Network | None = None, given: Array | None = None, answer_from: int = 0) -> Measurement:
        """Run all samples.

        Parameters
        ----------
        network : the program's with other parameters of its neurons; None for its own. Synapses must be between the
            same neurons, for what a spike does on which core is that of the program's.
        given : (samples, steps, input neurons) integers that enter, as many samples as there are labels; None for those
            of the data.
        answer_from : first step of a sample whose output counts.
        """
        network = self.program.network if network is None else network
        given = self.given if given is None else given
        samples, steps = given.shape[:2]
        simulator = Simulator(network)
        simulator.workers = 1  # a study's tasks run side by side
        run = simulator.run(given, "output", groups=self._counting.groups)
        counters = self._counting.counters(run.group_spikes, samples)
        costs = estimate(
            counters, self.program.mapping, self.program.target, period=self.program.period, costs=self._costs
        )
        classes = decide(run.activity[network.output][:, answer_from:], self.program.decision)
        neurons = [population for population in network.populations if population.role is Role.NEURON]
        spikes = {layer.name: float(run.spikes[layer.name].sum()) / samples for layer in neurons}
        return Measurement(
            classes,
            None if self.labels is None else float(np.mean(classes == self.labels)),
            spikes,
            {layer.name: spikes[layer.name] / (layer.size * steps) for layer in neurons},
            costs.dynamic,
            costs.latency,
        )
