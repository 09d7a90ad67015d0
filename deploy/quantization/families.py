"""How each family of neuron models becomes integers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...models.neurons import FloatNeuron, LeakyIntegrateAndFire, SigmaDelta
from .leaky_neurons import LeakyFamily
from .neuron_family import NeuronFamily
from .sigma_delta_neurons import SigmaDeltaFamily

FAMILY_OF: Mapping[type[FloatNeuron], type[NeuronFamily]] = MappingProxyType(
    {
        LeakyIntegrateAndFire: LeakyFamily,
        SigmaDelta: SigmaDeltaFamily,
    }
)
