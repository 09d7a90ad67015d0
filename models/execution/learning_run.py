"""Running a network that learns: sample after sample in the time of the chip, weights going on from each to the next.

The chip never stops: samples enter back to back, a deep population still works on one sample while the first already
hears the next, and epochs are counted from the first step of the run. Neurons begin every sample anew, as always;
weights, tags and traces go on, as they do in Lava. The run ends when the deepest population has finished the last
sample; until then the others go on as in a further sample without input.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..learning import LearningRule, PlasticSynapses
from ..network import Network, Population, Projection, Role
from ..neurons.neuron_model import State
from .network_run import Probe, output_type
from .rewards import checked_rewards

Array = NDArray[Any]
History = Literal["samples", "steps"]


class Synapses(Protocol):
    """What plastic synapses do, in plain NumPy or compiled; see `PlasticSynapses`."""

    @property
    def weights(self) -> Array:
        """(targets, sources)."""

    def send(self, sent: Array) -> Array:
        """What arrives at the targets, before the exponent."""

    def advance(self, sent: Array, answered: Array, reward: Array | int = 0) -> None:
        """Learn from one step."""


SynapseProbe = Callable[[int, str, Synapses], None]
"""Called after each step of each plastic projection: the step of the chip, the projection's name and its synapses."""


@dataclass(frozen=True, eq=False)
class LearningRun:
    """What a run of a network that learns gives.

    Attributes
    ----------
    activity : per population with neurons, (samples, steps, neurons), each in its own window; see `run_network`.
    weights : per plastic projection, (targets, sources) int64, after the run.
    history : per plastic projection, (entries, targets, sources) int16, its weights after every step of the chip, or
        after every sample (at the end of the target's window); None where it was not asked for.
    """

    activity: Mapping[str, Array]
    weights: Mapping[str, Array]
    history: Mapping[str, Array] | None = None


def run_learning(
    network: Network,
    data: Array,
    *,
    rewards: Mapping[str, Array] | None = None,
    history: History | None = None,
    known: Mapping[str, Array] | None = None,
    first_sample: int = 0,
    make_synapses: Callable[[LearningRule, Array], Synapses] = PlasticSynapses,
    probe: Probe | None = None,
    synapse_probe: SynapseProbe | None = None,
    progress: Callable[[int], None] = lambda samples: None,
) -> LearningRun:
    """Run samples in their order.

    Parameters
    ----------
    network : integer, with plastic projections.
    data : (samples, steps, input neurons) integers.
    rewards : per plastic projection whose rule has a third factor but names no population for it: (samples, steps)
        integers -128..127, or (samples, steps, targets); entry t arrives at step t of the target's window.
    history : of the weights, to be kept.
    known : per population that no learning reaches and whose activity is known: (samples + those of `silent_samples`,
        steps, neurons).
    first_sample : number of the first sample among all, which noise depends on.
    make_synapses : of a rule and the weights to begin with.
    probe : as of `run_network`, with one sample at a time.
    synapse_probe : sees every step of every plastic projection.
    progress : called with 1 after each sample.

    Raises
    ------
    DataError : a reward is missing, or has the wrong shape or range.
    """
    samples, steps = data.shape[:2]
    period = steps + network.gap
    given = checked_rewards(network, rewards, samples, steps)
    plastic = [
        _Plastic(network, projection, make_synapses, given.get(projection.name), period)
        for projection in network.plastic
    ]
    of_name = {item.projection.name: item for item in plastic}
    senders = {
        population.name: _sender(network, population, data, known or {}, of_name, period, probe, first_sample)
        for population in network.populations
    }
    kept: dict[str, list[Array]] = {item.projection.name: [] for item in plastic}
    deepest = max(population.depth for population in network.populations)
    for tick in range(samples * period + deepest):
        for sender in senders.values():
            sender.compute(tick, senders)
        for sender in senders.values():
            sender.publish()
        for item in plastic:
            item.learn(tick, senders)
            name = item.projection.name
            if synapse_probe is not None:
                synapse_probe(tick, name, item.synapses)
            if history == "steps" or (history == "samples" and item.ends_sample(tick, steps, samples)):
                kept[name].append(item.synapses.weights.astype(np.int16))
        if tick % period == steps - 1 and tick < samples * period:
            progress(1)
    return LearningRun(
        {name: sender.record[:samples] for name, sender in senders.items() if network.by_name[name].neuron},
        {item.projection.name: item.synapses.weights.astype(np.int64) for item in plastic},
        {name: np.stack(entries) for name, entries in kept.items()} if history else None,
    )


def silent_samples(network: Network, steps: int) -> int:
    """Samples without input that shallow populations begin while the deepest finishes the last one."""
    deepest = max(population.depth for population in network.populations)
    return -(-deepest // (steps + network.gap))


class _Plastic:
    """A plastic projection while the network runs."""

    def __init__(
        self,
        network: Network,
        projection: Projection,
        make_synapses: Callable[[LearningRule, Array], Synapses],
        rewards: Array | None,
        period: int,
    ) -> None:
        assert projection.learning is not None
        self.projection = projection
        self.rule = projection.learning
        self.synapses = make_synapses(self.rule, projection.connectivity.weights)
        self.depth = network.by_name[projection.target].depth
        # What an always-on source sends never changes, so a delay changes nothing either.
        always = network.by_name[projection.source].role is Role.CONSTANT
        self.delay = 1 if always else projection.delay
        self.rewards = rewards
        self.period = period
        self.arriving: Array = np.zeros((1, projection.connectivity.targets))

    def learn(self, tick: int, senders: Mapping[str, _Sender]) -> None:
        """See what was sent and answered at this step; prepare what arrives at the next one."""
        sent = senders[self.projection.source].sent(self.delay - 1)
        answered = senders[self.projection.target].sent(0)
        self.arriving = self.synapses.send(sent)[np.newaxis] * 2.0**self.projection.exponent
        self.synapses.advance(sent, answered, self._reward(tick, senders))

    def ends_sample(self, tick: int, steps: int, samples: int) -> bool:
        sample, step = divmod(tick - self.depth, self.period)
        return 0 <= sample < samples and step == steps - 1

    def _reward(self, tick: int, senders: Mapping[str, _Sender]) -> Array | int:
        if self.rule.reward is not None:
            return senders[self.rule.reward].sent(1)
        if self.rewards is None:
            return 0
        sample, step = divmod(tick - self.depth, self.period)
        inside = 0 <= sample < self.rewards.shape[0] and step < self.rewards.shape[1]
        return np.asarray(self.rewards[sample, step]) if inside else 0


class _Sender:
    """What a population sends, step by step; here one whose activity is known before."""

    def __init__(self, population: Population, record: Array, period: int, reach: int) -> None:
        self.population = population
        self.record = record
        self.period = period
        silence = np.zeros(population.size, dtype=np.int64)
        self._past = deque([silence] * reach, maxlen=reach)
        self._now = silence
        self._silence = silence

    def sent(self, ago: int) -> Array:
        """(neurons,), what it sent so many steps ago."""
        return self._past[ago]

    def place(self, tick: int) -> tuple[int, int] | None:
        """Sample and step; None outside its windows."""
        sample, step = divmod(tick - self.population.depth, self.period)
        return (sample, step) if sample >= 0 and step < self.record.shape[1] else None

    def compute(self, tick: int, senders: Mapping[str, _Sender]) -> None:
        """Reckon what is sent at this step, from what was sent before."""
        place = self.place(tick)
        inside = place is not None and place[0] < self.record.shape[0]
        self._now = self.record[place].astype(np.int64) if inside else self._silence

    def publish(self) -> None:
        """Let others see it."""
        self._past.appendleft(self._now)


class _Constant(_Sender):
    def compute(self, tick: int, senders: Mapping[str, _Sender]) -> None:
        self._now = self._silence + 1


class _Neurons(_Sender):
    """A population that is run."""

    def __init__(
        self,
        network: Network,
        population: Population,
        plastic: Mapping[str, _Plastic],
        record: Array,
        period: int,
        reach: int,
        probe: Probe | None,
        first_sample: int,
    ) -> None:
        super().__init__(population, record, period, reach)
        assert population.neuron is not None
        self.neuron = population.neuron
        incoming = network.incoming(population.name)
        self.plastic = [plastic[projection.name] for projection in incoming if projection.name in plastic]
        self.fixed = [projection for projection in incoming if projection.name not in plastic]
        self.always = {item.name for item in incoming if network.by_name[item.source].role is Role.CONSTANT}
        self.probe = probe
        self.first_sample = first_sample
        self.state: State = ()

    def compute(self, tick: int, senders: Mapping[str, _Sender]) -> None:
        place = self.place(tick)
        if place is None:
            self._now = self._silence
            return
        sample, step = place
        if step == 0:
            self.state = self.neuron.initial_state(1, self.population.size, self.first_sample + sample)
        arriving = np.zeros((1, self.population.size))
        for projection in self.fixed:
            delay = 1 if projection.name in self.always else projection.delay
            sent = senders[projection.source].sent(delay - 1)
            if sent.any():
                arriving += projection.connectivity.apply(sent[np.newaxis]) * 2.0**projection.exponent
        for item in self.plastic:
            arriving += item.arriving
        before = self.state
        self.state, output = self.neuron.step(before, arriving)
        self._now = output[0].astype(np.int64)
        if sample < self.record.shape[0]:
            self.record[sample, step] = output[0]
            if self.probe is not None:
                self.probe(self.population, step, before, arriving, output)


def _sender(
    network: Network,
    population: Population,
    data: Array,
    known: Mapping[str, Array],
    plastic: Mapping[str, _Plastic],
    period: int,
    probe: Probe | None,
    first_sample: int,
) -> _Sender:
    delays = [projection.delay for projection in network.outgoing(population.name)]
    reach = max(2, *delays, 0)  # a reward was sent one step before
    if population.role is Role.INPUT:
        return _Sender(population, data, period, reach)
    if population.role is Role.CONSTANT:
        return _Constant(population, data[:0], period, reach)
    if population.name in known:
        return _Sender(population, known[population.name], period, reach)
    assert population.neuron is not None
    record = np.zeros((*data.shape[:2], population.size), dtype=output_type(population.neuron))
    return _Neurons(network, population, plastic, record, period, reach, probe, first_sample)
