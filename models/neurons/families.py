"""All families of neuron models: the float model and the integer model of each.

What runs, stores or exports neurons goes by this list, so that a family is known everywhere once it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .adaptive import Adaptive, IntegerAdaptive
from .adaptive_threshold import AdaptiveThreshold, IntegerAdaptiveThreshold
from .graded import Graded, IntegerGraded
from .izhikevich import IntegerIzhikevich, Izhikevich
from .leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from .multiple_spikes import IntegerMultipleSpikes, MultipleSpikes
from .neuron_model import FloatNeuron, IntegerNeuron
from .noisy import IntegerNoisy, Noisy
from .refractory import IntegerRefractory, Refractory
from .resonate_and_fire import IntegerResonateAndFire, ResonateAndFire
from .sigma_delta import IntegerSigmaDelta, SigmaDelta
from .ternary import IntegerTernary, Ternary


@dataclass(frozen=True)
class Family:
    """A family of neuron models, float and integer."""

    float_model: type[FloatNeuron]
    integer_model: type[IntegerNeuron]


_ALL = (
    Family(LeakyIntegrateAndFire, IntegerLeakyIntegrateAndFire),
    Family(SigmaDelta, IntegerSigmaDelta),
    Family(Refractory, IntegerRefractory),
    Family(AdaptiveThreshold, IntegerAdaptiveThreshold),
    Family(Ternary, IntegerTernary),
    Family(Noisy, IntegerNoisy),
    Family(ResonateAndFire, IntegerResonateAndFire),
    Family(Izhikevich, IntegerIzhikevich),
    Family(Adaptive, IntegerAdaptive),
    Family(Graded, IntegerGraded),
    Family(MultipleSpikes, IntegerMultipleSpikes),
)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.integer_model.rule.name: family for family in _ALL})
"""By the name of their rule."""
_NAME_OF = {model: name for name, f in FAMILIES.items() for model in (f.float_model, f.integer_model)}


def family_of(neuron: FloatNeuron | IntegerNeuron) -> str:
    """Name of the family that a neuron model belongs to, by its type."""
    return _NAME_OF[type(neuron)]
