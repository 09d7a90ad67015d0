"""All families of neuron models: the float model and the integer model of each.

What runs, stores or exports neurons goes by this list, so that a family is known everywhere once it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from .neuron_model import FloatNeuron, IntegerNeuron
from .sigma_delta import IntegerSigmaDelta, SigmaDelta


@dataclass(frozen=True)
class Family:
    """A family of neuron models, float and integer."""

    float_model: type[FloatNeuron]
    integer_model: type[IntegerNeuron]


_ALL = (
    Family(LeakyIntegrateAndFire, IntegerLeakyIntegrateAndFire),
    Family(SigmaDelta, IntegerSigmaDelta),
)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.integer_model.rule.name: family for family in _ALL})
"""By the name of their rule."""
