"""The neurons of a population as flat arrays, and the fastest loop that suits them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Population
from ...models.neurons import IntegerNeuron
from .layout import outer_numbers
from .rule_loops import forms_of

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class NeuronTable:
    """A population's neurons in the inner numbering.

    Attributes
    ----------
    neuron : the model.
    parameters : (parameters, neurons) int32.
    form : number of the fastest loop, see `rule_loops`.
    complete_form : of the fastest loop that keeps all states, those too that nothing depends on.
    order : (neurons,) int64, the outer number of each.
    sums : int16 or int32, in which what arrives at a neuron is added up.
    """

    neuron: IntegerNeuron
    parameters: Array
    form: int
    complete_form: int
    order: Array
    sums: np.dtype[Any]

    @classmethod
    def of(cls, population: Population, largest: int) -> NeuronTable:
        """The neurons of a population at which sums of at most a certain magnitude arrive."""
        neuron = population.neuron
        assert isinstance(neuron, IntegerNeuron)
        order = outer_numbers(population.shape)
        given = neuron.rule_parameters
        rows = [np.broadcast_to(given[name], (population.size,))[order] for name in neuron.rule.parameters]
        forms = forms_of(neuron.rule)
        suitable = [number for number, form in enumerate(forms) if form.suits(given, largest)]
        # A loop that takes 64 bits for everything gains nothing, and would be compiled for both kinds of sums.
        short = forms[suitable[0]].narrow is not None and largest <= np.iinfo(np.int16).max
        sums = np.dtype(np.int16 if short else np.int32)
        complete = [number for number in suitable if not forms[number].unused]
        return cls(neuron, np.array(rows, dtype=np.int32), suitable[0], complete[0], order, sums)

    def start(self, samples: int, first: int) -> Array:
        """(samples, states, neurons) int32, before the first step of samples first, first + 1 ..."""
        alike = self.neuron.rule.start_of_sample is None  # all samples
        given = self.neuron.initial_state(1 if alike else samples, self.order.size, first)
        states = np.empty((samples, len(given), self.order.size), dtype=np.int32)
        for row, part in enumerate(given):
            states[:, row] = part[:, self.order]
        return states
