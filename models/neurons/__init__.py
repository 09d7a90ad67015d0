"""Neuron models: each in one file, with its equation and its float rule; its integer rule in a file beside it."""

from .families import FAMILIES as FAMILIES
from .leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire as IntegerLeakyIntegrateAndFire
from .leaky_integrate_and_fire import LeakyIntegrateAndFire as LeakyIntegrateAndFire
from .leaky_integrate_and_fire import Reset as Reset
from .neuron_model import FloatNeuron as FloatNeuron
from .neuron_model import IntegerNeuron as IntegerNeuron
from .sigma_delta import IntegerSigmaDelta as IntegerSigmaDelta
from .sigma_delta import SigmaDelta as SigmaDelta

Neuron = FloatNeuron | IntegerNeuron
