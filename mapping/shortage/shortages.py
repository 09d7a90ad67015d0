"""Why a network cannot fit on a chip, whatever the partition, and what would help: known before any search.

A network without a shortage may still not fit.
"""

from __future__ import annotations

from ...models.network import Network
from ..problem import Problem
from ..target import Target
from .neuron_shortage import neuron_shortages
from .total_shortage import total_shortages


def shortages(network: Network, target: Target) -> list[Problem]:
    """What the network needs more of than the target can have; empty where nothing is known to stand against it.

    Neurons that are too much for a core come first, then what all layers together need. The advice is what would take
    away this shortage; others may remain.
    """
    return neuron_shortages(network, target) + total_shortages(network, target)
