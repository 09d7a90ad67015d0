"""What SpiNNaker 1's arithmetic is not written for here, found before anything runs."""

from __future__ import annotations

from ...models.errors import Unsupported, unsupported_model
from ...models.network import Network, Role
from ...models.neurons import IntegerNeuron, family_of
from .fixed_point import RING_SLOTS
from .leaky_neurons import FAMILIES


def refuse_what_is_not_computed(network: Network) -> None:
    """Check a network.

    Raises
    ------
    UnsupportedModelError : for all that stands against it.
    """
    found = [
        Unsupported(
            population.name,
            family_of(population.neuron),
            f"only {', '.join(FAMILIES)} neurons are computed in SpiNNaker 1's arithmetic: choose a target whose "
            "neurons are computed in integers, such as spinnaker2",
        )
        for population in network.populations
        if population.role is Role.NEURON
        and not (isinstance(population.neuron, IntegerNeuron) and family_of(population.neuron) in FAMILIES)
        and population.neuron is not None
    ]
    found += [
        Unsupported(
            projection.name,
            "learning",
            "synapses that learn are not computed in SpiNNaker 1's arithmetic: choose loihi2, or leave learning out",
        )
        for projection in network.plastic
    ]
    found += [
        Unsupported(
            projection.name,
            f"delay {projection.delay}",
            f"a ring buffer looks {RING_SLOTS} steps ahead: deploy for a SpiNNaker target, which puts relays between",
        )
        for projection in network.projections
        if projection.delay > RING_SLOTS
    ]
    if found:
        raise unsupported_model("the network", found, "cannot run on SpiNNaker 1")
