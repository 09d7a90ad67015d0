"""What PyNN's standard models cannot say of a network."""

from __future__ import annotations

import numpy as np

from ...models.errors import Unsupported
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import IntegerLeakyIntegrateAndFire, IntegerRefractory, Reset, family_of

MOST_SYNAPSES = 1 << 26  # PyNN lists each synapse by itself: 1 GiB of numbers
LEAKY = "PyNN's integrate-and-fire cells leak exponentially, have one threshold and reset to a value"


def refusals(network: Network) -> tuple[Unsupported, ...]:
    """Everything in an integer network that stands against an export, layer by layer; empty where nothing does."""
    found: list[Unsupported] = []
    for population in network.populations:
        found += _of_neurons(network, population)
    for projection in network.projections:
        found += _of_synapses(projection)
    return tuple(found)


def _of_neurons(network: Network, population: Population) -> list[Unsupported]:
    neuron, name = population.neuron, population.name
    if population.role is not Role.NEURON:
        return []
    if not isinstance(neuron, IntegerLeakyIntegrateAndFire | IntegerRefractory):
        kind = family_of(neuron) if neuron is not None else "no neurons"
        return [Unsupported(name, kind, f"{LEAKY}: use leaky neurons in this layer.")]
    if isinstance(neuron, IntegerLeakyIntegrateAndFire) and not neuron.spiking:
        if name == network.output and not network.outgoing(name):
            return []
        reason = "a spike in PyNN carries no number, only the output may be one: let this layer spike."
        return [Unsupported(name, "integrator without spikes", reason)]
    found = []
    if neuron.reset is not Reset.VALUE:
        how = "by subtraction" if neuron.reset is Reset.SUBTRACT else "none"
        reason = f"{LEAKY}: train with a reset to zero, or deploy with --reset zero."
        found.append(Unsupported(name, f"reset: {how}", reason))
    if np.any(neuron.initial_voltage > neuron.rule_parameters["level"]):
        reason = "its neurons would spike before the sample begins: begin at or below the threshold."
        found.append(Unsupported(name, "initial potential above the threshold", reason))
    return found


def _of_synapses(projection: Projection) -> list[Unsupported]:
    if projection.learning is not None:
        reason = "PyNN has no such rule: leave it out of the deployment."
        return [Unsupported(projection.name, "learning rule", reason)]
    synapses = projection.connectivity.synapses()
    if synapses > MOST_SYNAPSES:
        reason = (
            f"{synapses:,} synapses, which PyNN lists one by one, at most {MOST_SYNAPSES:,} here: use smaller layers."
        )
        return [Unsupported(projection.name, "connectivity", reason)]
    return []
