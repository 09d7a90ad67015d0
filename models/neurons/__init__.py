"""Neuron models: each in one file, with its equation and its float rule; its integer rule in a file beside it."""

from .adaptive import Adaptive as Adaptive
from .adaptive import IntegerAdaptive as IntegerAdaptive
from .adaptive_threshold import AdaptiveThreshold as AdaptiveThreshold
from .adaptive_threshold import IntegerAdaptiveThreshold as IntegerAdaptiveThreshold
from .families import FAMILIES as FAMILIES
from .families import family_of as family_of
from .graded import Graded as Graded
from .graded import IntegerGraded as IntegerGraded
from .izhikevich import IntegerIzhikevich as IntegerIzhikevich
from .izhikevich import Izhikevich as Izhikevich
from .leaky_dynamics import Reset as Reset
from .leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire as IntegerLeakyIntegrateAndFire
from .leaky_integrate_and_fire import LeakyIntegrateAndFire as LeakyIntegrateAndFire
from .multiple_spikes import IntegerMultipleSpikes as IntegerMultipleSpikes
from .multiple_spikes import MultipleSpikes as MultipleSpikes
from .neuron_model import FloatNeuron as FloatNeuron
from .neuron_model import IntegerNeuron as IntegerNeuron
from .noisy import IntegerNoisy as IntegerNoisy
from .noisy import Noisy as Noisy
from .noisy import seeds_of as seeds_of
from .refractory import IntegerRefractory as IntegerRefractory
from .refractory import Refractory as Refractory
from .resonate_and_fire import IntegerResonateAndFire as IntegerResonateAndFire
from .resonate_and_fire import ResonateAndFire as ResonateAndFire
from .sigma_delta import IntegerSigmaDelta as IntegerSigmaDelta
from .sigma_delta import SigmaDelta as SigmaDelta
from .ternary import IntegerTernary as IntegerTernary
from .ternary import Ternary as Ternary

Neuron = FloatNeuron | IntegerNeuron
