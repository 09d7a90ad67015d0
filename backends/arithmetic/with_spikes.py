"""The work of a network with spikes: weights are added where spikes arrive, neurons are updated at every step.

For a sample of T steps, with every count as the run's counters have it:

    a spike adds one weight at each of its synapses, and reads it: an accumulate; a number multiplies it besides
    each neuron is updated T times, as `update_work` says, and each of its states is read and written T times

The sums of what arrives within a step are taken to be kept in registers, and messages to cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from ...models.input_code import InputCode
from ...models.network import Network, Population, Role
from ...models.neurons.ternary import IntegerTernary
from ..run import Counters
from .neuron_updates import state_bits, update_work
from .work import NOTHING, Storage, Work


@dataclass(frozen=True)
class LayerWork:
    """The work of one population with neurons: that of its synapses and of its updates.

    Attributes
    ----------
    updates : the neurons' arithmetic and their biases, whether or not spikes arrive.
    states : reading and writing them, whether or not spikes arrive.
    steady : synapses of sources that do not spike: numbers from outside, potentials, always-on axons.
    spikes : synapses of sources that spike, and what the neurons' own spikes reset; as often as they did.
    every_step : the same if each of these sources spiked at every step.
    """

    updates: Work
    states: Work
    steady: Work
    spikes: Work
    every_step: Work

    @property
    def fixed(self) -> Work:
        """All that does not depend on how often neurons spike."""
        return self.updates + self.states + self.steady

    @property
    def total(self) -> Work:
        """All of it."""
        return self.fixed + self.spikes


@dataclass(frozen=True)
class SpikingWork:
    """The work of a whole network in a mean sample.

    Attributes
    ----------
    layers : per population with neurons.
    storage : of weights and states.
    steps : of a sample.
    spikes : of all sources that spike, a sample.
    spiking_sources : how many neurons and inputs these are.
    """

    layers: Mapping[str, LayerWork]
    storage: Storage
    steps: int
    spikes: float
    spiking_sources: int

    @property
    def mean_rate(self) -> float:
        """Spikes per source and step, the mean over sources that spike; 0 where none can."""
        places = self.spiking_sources * self.steps
        return self.spikes / places if places else 0.0

    @cached_property
    def together(self) -> LayerWork:
        """All layers in one."""
        names = ("updates", "states", "steady", "spikes", "every_step")
        return LayerWork(*(sum((getattr(layer, name) for layer in self.layers.values()), NOTHING) for name in names))


def spiking_work(network: Network, code: InputCode, counters: Counters) -> SpikingWork:
    """Count the work of an integer network in a mean sample.

    Parameters
    ----------
    code : how data enters; input of 0 and 1 counts as spikes, and of -1.
    counters : of a run of that network.

    Raises
    ------
    ValueError : the network is not quantized.
    """
    if not network.integer:
        raise ValueError("the work of a network is counted once it is quantized")
    neurons = [population for population in network.populations if population.role is Role.NEURON]
    layers = {population.name: _layer(network, population, code, counters) for population in neurons}
    spiking = [population for population in network.populations if spikes_of(population, code)]
    kept = [
        (population, update_work(population)) for population in network.populations if population.neuron is not None
    ]
    storage = Storage(
        sum(int(projection.connectivity.weights.size) for projection in network.projections)
        + sum(work.biased for _, work in kept),
        0,
        sum(sum(work.states.values()) for _, work in kept),
        sum(state_bits(population, work) for population, work in kept),
    )
    return SpikingWork(
        MappingProxyType(layers),
        storage,
        counters.steps,
        sum(counters.layer_spikes[population.name] for population in spiking) / counters.samples,
        sum(population.size for population in spiking),
    )


def spikes_of(population: Population, code: InputCode) -> bool:
    """Whether how often it sends something is a matter of its neurons, or of the data's spikes; not of constants."""
    return code.largest == 1 if population.role is Role.INPUT else population.eventful


def is_binary(population: Population, code: InputCode) -> bool:
    """Whether all that it sends is 0, 1 or -1, so that nothing is multiplied."""
    if population.role is Role.INPUT:
        return code.largest == 1
    return not population.graded or isinstance(population.neuron, IntegerTernary)


def _layer(network: Network, population: Population, code: InputCode, counters: Counters) -> LayerWork:
    steps, update = counters.steps, update_work(population)
    accesses = 2 * steps  # read and written
    own = Work(state_additions=update.additions_per_spike)
    resets = population.eventful and update.additions_per_spike > 0
    spikes = own.times(counters.layer_spikes[population.name] / counters.samples) if resets else NOTHING
    every_step = own.times(steps * population.size) if resets else NOTHING
    steady = NOTHING
    for projection in network.incoming(population.name):
        source = network.by_name[projection.source]
        each = _of_synapse(source, code)
        done = each.times(counters.projection_synaptic_operations[projection.name] / counters.samples)
        if spikes_of(source, code):
            spikes += done
            every_step += each.times(steps * projection.connectivity.synapses())
        else:
            steady += done
    return LayerWork(
        Work(
            state_multiplications=steps * update.multiplications,
            state_additions=steps * update.additions,
            weight_accesses=steps * update.biased,
        ),
        Work(
            state_accesses=accesses * sum(update.states.values()), state_bits=accesses * state_bits(population, update)
        ),
        steady,
        spikes,
        every_step,
    )


def _of_synapse(source: Population, code: InputCode) -> Work:
    if is_binary(source, code):
        return Work(accumulates=1, weight_accesses=1)
    return Work(multiply_accumulates=1, weight_accesses=1)
