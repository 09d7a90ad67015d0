"""The networks whose sense of time is compared: spiking variants, and recurrent ones of as many parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....models.datasets import Dataset
from ....models.training.components import Components
from ..components.variants import components_of

RECURRENT = ("lstm", "gru", "vanilla")
"""Networks that do not spike; see `models.training.ordinary_networks.Recurrence`."""

PUBLISHED = (
    "baseline",
    "no-leakage",
    "complete-leakage",
    "no-reset",
    "recurrence",
    "no-leakage+recurrence",
    "no-leakage+no-reset+recurrence",
    *RECURRENT,
)
"""The networks that the publication compares."""


def check_networks(names: Sequence[str]) -> None:
    """Refuse what is no network.

    Raises
    ------
    ValueError : there is none, or one that does not exist.
    """
    if not names:
        raise ValueError("at least one network is needed")
    for name in names:
        if name not in RECURRENT:
            try:
                components_of(name, Components())
            except ValueError as error:
                raise ValueError(f"{error}; networks that do not spike are {', '.join(RECURRENT)}") from None


def untrained(name: str, dataset: Dataset, hidden: int, baseline: Components, seed: int) -> Any:
    """A network before its training.

    Parameters
    ----------
    hidden : neurons of the hidden layer of spiking networks; a recurrent one gets as many units as make its parameters
        nearest in number to those of a spiking network without recurrence.
    """
    from ....models.training.build import fully_connected
    from ....models.training.ordinary_networks import RecurrentNetwork

    if name not in RECURRENT:
        components = components_of(name, baseline)
        return fully_connected(dataset.shape, (hidden,), dataset.classes, components, seed=seed, first_gain=1.0)
    inputs = 1
    for side in dataset.shape:
        inputs *= side
    units = matched_units(name, inputs, hidden, dataset.classes)
    return RecurrentNetwork(name, dataset.shape, (units,), dataset.classes, seed=seed)


def matched_units(kind: str, inputs: int, hidden: int, classes: int) -> int:
    """Units of a recurrent layer with about as many parameters as a spiking network of so many hidden neurons."""
    wanted = hidden * (inputs + 1) + classes * (hidden + 1)
    gates = {"lstm": 4, "gru": 3, "vanilla": 1}[kind]

    def parameters(units: int) -> int:
        # PyTorch gives each gate two biases.
        return gates * units * (inputs + units + 2) + classes * (units + 1)

    return min(range(1, hidden + 1), key=lambda units: abs(parameters(units) - wanted))
