"""Delays beyond what a chip can hold, told off to neurons that do nothing but wait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...models.connectivity import OneToOne
from ...models.errors import UnsupportedModelError
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Neuron
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT, DECAY_UNITY
from .order import ordered

MOST_RELAYS = 1000  # in a row


def with_relays(network: Network, longest_delay: int | None) -> tuple[Network, tuple[str, ...]]:
    """Break up projections that wait longer than a chip can.

    A relay passes on what it gets at the next step, so a chain of them makes any delay; a source that several long
    projections leave has one chain.

    Parameters
    ----------
    network : float or integer.
    longest_delay : of a projection, in steps; None where there is no limit.

    Returns
    -------
    The network, the same one where nothing waits too long, and a note for the report per chain.

    Raises
    ------
    UnsupportedModelError : a delay that no sensible number of relays makes.
    """
    for projection in network.projections:
        links = 0 if longest_delay is None else (projection.delay - 1) // longest_delay
        if links > MOST_RELAYS and network.by_name[projection.source].role is not Role.CONSTANT:
            raise UnsupportedModelError(
                f"The projection {projection.name!r} waits {projection.delay} steps; with {longest_delay} steps at a "
                f"time that takes {links} relay populations, {MOST_RELAYS} at most are made: are the delays meant in "
                "seconds (--dt)?"
            )
    if longest_delay is None or all(projection.delay <= longest_delay for projection in network.projections):
        return network, ()
    populations = list(network.populations)
    projections: list[Projection] = []
    chains: dict[str, list[Population]] = {}
    for projection in network.projections:
        source = network.by_name[projection.source]
        if projection.delay <= longest_delay or source.role is Role.CONSTANT:
            # A constant is the same at every step, however late.
            projections.append(replace(projection, delay=min(projection.delay, longest_delay)))
            continue
        chain = chains.setdefault(source.name, [])
        links = (projection.delay - 1) // longest_delay
        while len(chain) < links:
            before = chain[-1] if chain else source
            relay = _relay(source, len(chain) + 1, before.depth + longest_delay, network.integer)
            passed = OneToOne(np.ones(relay.size, dtype=np.int16 if network.integer else np.float64))
            projections.append(
                Projection(f"{before.name} -> {relay.name}", before.name, relay.name, passed, longest_delay)
            )
            chain.append(relay)
            populations.append(relay)
        last, rest = chain[links - 1], projection.delay - links * longest_delay
        projections.append(replace(projection, source=last.name, delay=rest))
    notes = tuple(
        f"delay: {name!r} is kept waiting by {len(chain)} relay population(s) of {chain[0].size} neurons each; "
        f"a delay of the chip ends at {longest_delay} steps."
        for name, chain in chains.items()
    )
    return network.replace(populations=ordered(populations, projections), projections=tuple(projections)), notes


def _relay(source: Population, number: int, depth: int, integer: bool) -> Population:
    """Neurons without memory: spikes for spikes, numbers for numbers (an input may carry either)."""
    zero, one = np.zeros(()), np.ones(())
    graded = source.graded or source.role is Role.INPUT
    model: Neuron = LeakyIntegrateAndFire(zero, zero, np.full((), 0.5), one, one, zero, spiking=not graded)
    if integer:
        nothing, all_of_it = np.zeros((), np.int64), np.full((), DECAY_UNITY)
        model = IntegerLeakyIntegrateAndFire(
            all_of_it, all_of_it, nothing, nothing, nothing, spiking=not graded, output_shift=ACTIVATION_SHIFT
        )
    return Population(f"{source.name}.relay {number}", source.shape, Role.NEURON, model, depth)
