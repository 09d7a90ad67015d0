"""Running a program as SpiNNaker 1 would: in the arithmetic of its processors, each population in its window.

What a step means is the network's own (see `models.network`): a spike arrives a projection's delay later, a population
works on step t of a sample at step t + depth of the board, and starts each sample from its initial state; between
samples is a gap, so that no spike reaches the next. In what the numbers do it differs from the integer simulator as
`leaky_neurons` and `weight_scales` tell. Time is not modelled here: a processor that does not keep up with its steps
would lose spikes; see `real_time`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Role
from ..program import Program
from .fixed_point import Rounding
from .layer import Layer
from .loops import parts_of
from .refusals import refuse_what_is_not_computed
from .sample_portion import Portion, run_portion
from .weight_scales import BySign

Array = NDArray[Any]
PORTION_NUMBERS = 1 << 20  # samples times steps times neurons that are worked on together
NO_END = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class MachineRun:
    """What running samples gave.

    Attributes
    ----------
    samples, steps : how many there were.
    activity : per recorded population, (samples, steps, neurons): int8 spikes, or int32 graded output.
    group_spikes : per population for which groups were given, (steps, groups) int64: spikes over all samples.
    ring_saturations : per population with neurons, ring buffers that stayed at 65535, over all neurons, steps and
        samples. sPyNNaker counts every weight that is added to such a one instead.
    state_saturations : the same for currents and potentials at the ends of s16.15.
    largest_sums : the largest that arrived in a step for each sign, in units of the network's weights.
    """

    samples: int
    steps: int
    activity: Mapping[str, Array]
    group_spikes: Mapping[str, Array]
    ring_saturations: Mapping[str, int]
    state_saturations: Mapping[str, int]
    largest_sums: Mapping[str, BySign]

    @property
    def saturations(self) -> Mapping[str, int]:
        """Per population with neurons, numbers that left their width."""
        return {name: count + self.state_saturations[name] for name, count in self.ring_saturations.items()}


class Spinnaker1Machine:
    """A program as SpiNNaker 1 holds it; keep it to run more data.

    Attributes
    ----------
    layers : per population with neurons, in the network's order.
    """

    def __init__(
        self,
        program: Program,
        *,
        rounding: Rounding = Rounding.DOWN,
        seed: int = 0,
        calibration: Array | None = None,
    ) -> None:
        """Translate a program.

        Parameters
        ----------
        program : of a network that does not learn.
        rounding, seed : of decays; see `Rounding`. The same run of the same data gives the same numbers.
        calibration : (samples, steps, inputs) integers; where the unit in which nothing can saturate would lose bits
            of weights, it is chosen by the sums that arrive on these. None to choose by the sums that there can be.

        Raises
        ------
        UnsupportedModelError : it learns, or has neurons or delays that are not computed here.
        """
        self._network, self._rounding, self._seed = program.network, rounding, seed
        refuse_what_is_not_computed(program.network)
        self._parts = parts_of(program.network)
        self._largest, self._signed = program.code.largest, program.code.signed
        self.layers = self._layers(None if calibration is None else self._measured(calibration))

    def run(
        self,
        integers: Array,
        record: Literal["output", "all"] = "output",
        *,
        groups: Mapping[str, Array] | None = None,
        observe: Callable[[Mapping[str, Array]], None] = lambda group_spikes: None,
        progress: Callable[[float], None] = lambda samples: None,
    ) -> MachineRun:
        """Run all samples, each from the initial state.

        Parameters
        ----------
        integers : (samples, steps, inputs); 0 and 1 for spikes, anything else for graded spikes.
        record : whether to keep the activity of the output or of all populations with neurons.
        groups : as `Simulator.run` takes them.
        observe : called with the spikes of the groups of some samples at a time, per population (samples, steps,
            groups) int32.
        progress : called with the samples done since the last call.
        """
        return self._run(self.layers, integers, record, groups or {}, observe, progress)

    def _run(
        self,
        layers: Mapping[str, Layer],
        integers: Array,
        record: str,
        groups: Mapping[str, Array],
        observe: Callable[[Mapping[str, Array]], None],
        progress: Callable[[float], None],
    ) -> MachineRun:
        network, random = self._network, np.random.default_rng(self._seed)
        samples, steps = int(integers.shape[0]), int(integers.shape[1])
        names = tuple(layers) if record == "all" else (network.output,)
        activity = {
            name: np.zeros(
                (samples, steps, layers[name].neurons.size), np.int32 if network.by_name[name].graded else np.int8
            )
            for name in names
        }
        group_spikes = {
            name: np.zeros((steps, int(part.max(initial=-1)) + 1), dtype=np.int64) for name, part in groups.items()
        }
        total = Portion.nothing(layers)
        together = max(1, PORTION_NUMBERS // (max(1, steps) * sum(part.size for part in network.populations)))
        for first in range(0, samples, together):
            given = integers[first : first + together]
            done = run_portion(network, self._parts, layers, given, self._rounding, random)
            for name in names:
                activity[name][first : first + together] = done.sent[name]
            counted = {name: _counted(done.sent[name], part) for name, part in groups.items()}
            for name, counts in counted.items():
                group_spikes[name] += counts.sum(axis=0, dtype=np.int64)
            if counted:
                observe(counted)
            total = total.with_counts(done)
            progress(given.shape[0])
        return MachineRun(
            samples, steps, MappingProxyType(activity), MappingProxyType(group_spikes),
            MappingProxyType(total.ring_saturations), MappingProxyType(total.state_saturations),
            MappingProxyType(total.largest_sums),
        )  # fmt: skip

    def _measured(self, calibration: Array) -> Mapping[str, BySign]:
        """The largest sums that arrive where ring buffers have no end and weights all their bits."""
        nothing = {population.name: BySign(0, 0) for population in self._network.populations}
        exact = {name: replace(layer, ring_limit=NO_END) for name, layer in self._layers(nothing).items()}
        return self._run(exact, calibration, "output", {}, lambda group_spikes: None, lambda samples: None).largest_sums

    def _layers(self, measured: Mapping[str, BySign] | None) -> Mapping[str, Layer]:
        layers = {}
        for population in self._network.populations:
            if population.role is Role.NEURON:
                found = None if measured is None else measured[population.name]
                layers[population.name] = Layer.of(self._network, population.name, self._largest, self._signed, found)
        return MappingProxyType(layers)


def _counted(activity: Array, groups: Array) -> Array:
    """Spikes of each group at each step: (samples, steps, groups) int32.

    Parameters
    ----------
    activity : (samples, steps, neurons); a graded spike counts once.
    groups : (neurons,) integers, the group of each.
    """
    size = int(groups.max(initial=-1)) + 1
    ones = np.ones(groups.size, dtype=np.int32)
    members = sparse.csr_array((ones, (np.arange(groups.size), groups)), shape=(groups.size, size))
    spikes = (activity.reshape(-1, groups.size) != 0).astype(np.int32)
    return np.asarray(spikes @ members).reshape(*activity.shape[:2], size)
