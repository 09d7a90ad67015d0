"""Learning on the chip: rules as data, ready-made ones, and what they do to the synapses of a projection."""

from .learning_rule import LearningRule, Trace
from .plastic_synapses import PlasticSynapses
from .spike_timing_rules import reward_modulated_stdp, stdp

__all__ = ["LearningRule", "PlasticSynapses", "Trace", "reward_modulated_stdp", "stdp"]
