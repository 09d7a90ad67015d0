"""How each family of neuron models becomes integers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...models.neurons import (
    Adaptive,
    AdaptiveThreshold,
    FloatNeuron,
    Graded,
    Izhikevich,
    LeakyIntegrateAndFire,
    MultipleSpikes,
    Noisy,
    Refractory,
    ResonateAndFire,
    SigmaDelta,
    Ternary,
)
from .adaptive_neurons import AdaptiveFamily
from .adaptive_threshold_neurons import AdaptiveThresholdFamily
from .graded_neurons import GradedFamily
from .izhikevich_neurons import IzhikevichFamily
from .leaky_neurons import LeakyFamily
from .multiple_spikes_neurons import MultipleSpikesFamily
from .neuron_family import NeuronFamily
from .noisy_neurons import NoisyFamily
from .refractory_neurons import RefractoryFamily
from .resonate_and_fire_neurons import ResonateAndFireFamily
from .sigma_delta_neurons import SigmaDeltaFamily
from .ternary_neurons import TernaryFamily

FAMILY_OF: Mapping[type[FloatNeuron], type[NeuronFamily]] = MappingProxyType(
    {
        LeakyIntegrateAndFire: LeakyFamily,
        SigmaDelta: SigmaDeltaFamily,
        Refractory: RefractoryFamily,
        AdaptiveThreshold: AdaptiveThresholdFamily,
        Ternary: TernaryFamily,
        Noisy: NoisyFamily,
        ResonateAndFire: ResonateAndFireFamily,
        Izhikevich: IzhikevichFamily,
        Adaptive: AdaptiveFamily,
        Graded: GradedFamily,
        MultipleSpikes: MultipleSpikesFamily,
    }
)
