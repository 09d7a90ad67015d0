"""The network as a chip sees it: populations of neurons, projections between them, discrete time.

Time: every projection takes at least one step, so a population at depth d works on step t of a sample at step t + d
of the chip: its window is [d, d + steps). At the start of its window its state is reset. `Network.gap` steps without
activity follow the window where spikes of the last steps would otherwise reach the next sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .connectivity import Connectivity, Dense
from .learning import LearningRule
from .neurons import FloatNeuron, IntegerNeuron, Neuron

Array = NDArray[Any]


class Role(StrEnum):
    """Where a population's output comes from."""

    INPUT = "input"  # from outside the chip
    CONSTANT = "constant"  # one neuron that spikes at every step: an always-on axon
    NEURON = "neuron"


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one model and one layer.

    Attributes
    ----------
    name : unique in its network; the name of the neuron node in the graph.
    shape : (channels, *size) or (neurons,).
    role : see `Role`.
    neuron : the model and its parameters; None for inputs and constants.
    depth : steps by which it lags behind the input; 0 for inputs.
    """

    name: str
    shape: tuple[int, ...]
    role: Role
    neuron: Neuron | None
    depth: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))

    @property
    def graded(self) -> bool:
        """Whether its output is numbers instead of spikes. Inputs may be either; see the data."""
        return self.neuron is not None and self.neuron.graded

    @property
    def eventful(self) -> bool:
        """Whether its neurons send something only now and then: spikes or graded spikes, but no potentials."""
        return self.neuron is not None and self.neuron.eventful


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population to another.

    Attributes
    ----------
    name : unique in its network.
    source, target : names of populations.
    connectivity : the weights; integers in a quantized network.
    delay : steps from a spike to its arrival, at least 1.
    exponent : in a quantized network, arriving sums are weight * 2**exponent; 0..7.
    trained_step : in a float network, what the weights are multiples of, if they were trained so: a number (), or one
        for each target, (targets,); else None.
    learning : how the weights change while the network runs; None where they stay. Only dense integer weights do.
    """

    name: str
    source: str
    target: str
    connectivity: Connectivity
    delay: int = 1
    exponent: int = 0
    trained_step: Array | None = None
    learning: LearningRule | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """Populations and projections, verified.

    Attributes
    ----------
    populations : in an order in which every population follows all that reach it within the same step of a sample.
    projections : any order.
    output : name of the population that is read out.
    integer : whether parameters and weights are those of the chip.
    scales : in a quantized network: per population, units of the integer potential per unit of the float network's,
        () or, where neurons have scales of their own, (neurons,); for inputs, integer input per unit of input.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    output: str
    integer: bool = False
    scales: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        self.verify()

    @cached_property
    def by_name(self) -> Mapping[str, Population]:
        """Populations by their names."""
        return MappingProxyType({population.name: population for population in self.populations})

    @property
    def input(self) -> Population:
        """The population that the data drives."""
        return next(population for population in self.populations if population.role is Role.INPUT)

    @cached_property
    def depth(self) -> int:
        """Depth of the output population: the first step of an answer."""
        return self.by_name[self.output].depth

    @property
    def plastic(self) -> tuple[Projection, ...]:
        """Projections that learn."""
        return tuple(projection for projection in self.projections if projection.learning is not None)

    @cached_property
    def gap(self) -> int:
        """Steps to leave between samples: the largest lag of a projection."""
        return max((self.lag(projection) for projection in self.projections), default=0)

    def lag(self, projection: Projection) -> int:
        """Steps of a sample by which a projection looks back: 0 feed-forward, 1 and more for recurrence and delays.

        The output of a constant has no past and no future, so that its lag is always 0.
        """
        source, target = self.by_name[projection.source], self.by_name[projection.target]
        if source.role is Role.CONSTANT:
            return 0
        return projection.delay - (target.depth - source.depth)

    def incoming(self, name: str) -> tuple[Projection, ...]:
        """Projections that end in a population."""
        return tuple(projection for projection in self.projections if projection.target == name)

    def outgoing(self, name: str) -> tuple[Projection, ...]:
        """Projections that begin in a population."""
        return tuple(projection for projection in self.projections if projection.source == name)

    def replace(self, **changes: Any) -> Network:
        """A verified copy with some fields changed."""
        return replace(self, **changes)

    def verify(self) -> None:
        """Raise ValueError where the network breaks its own rules: a bug of the stage that made it."""
        if len(self.by_name) != len(self.populations):
            raise ValueError("two populations have the same name")
        if len({projection.name for projection in self.projections}) != len(self.projections):
            raise ValueError("two projections have the same name")
        if self.output not in self.by_name:
            raise ValueError(f"the output population {self.output!r} does not exist")
        if sum(population.role is Role.INPUT for population in self.populations) != 1:
            raise ValueError("a network has exactly one input population")
        for population in self.populations:
            self._verify_population(population)
        position = {population.name: index for index, population in enumerate(self.populations)}
        for projection in self.projections:
            self._verify_projection(projection)
            if self.lag(projection) == 0 and position[projection.source] >= position[projection.target]:
                raise ValueError(f"projection {projection.name!r} reaches back within a step")

    def _verify_population(self, population: Population) -> None:
        if (population.neuron is not None) != (population.role is Role.NEURON):
            raise ValueError(f"population {population.name!r}: only neurons have a neuron model")
        if population.neuron is None:
            return
        expected = IntegerNeuron if self.integer else FloatNeuron
        if not isinstance(population.neuron, expected):
            raise ValueError(f"population {population.name!r} does not suit a network with integer={self.integer}")
        for name, value in vars(population.neuron).items():
            if isinstance(value, np.ndarray) and value.shape not in ((), (population.size,)):
                raise ValueError(f"population {population.name!r}: {name} has shape {value.shape}")
        if isinstance(population.neuron, IntegerNeuron):
            try:
                population.neuron.verify()
            except ValueError as error:
                raise ValueError(f"population {population.name!r}: {error}") from None

    def _verify_projection(self, projection: Projection) -> None:
        name = projection.name
        for end in (projection.source, projection.target):
            if end not in self.by_name:
                raise ValueError(f"projection {name!r} names {end!r}, which does not exist")
        if self.by_name[projection.target].role is not Role.NEURON:
            raise ValueError(f"projection {name!r} ends in something that has no neurons")
        sizes = self.by_name[projection.source].size, self.by_name[projection.target].size
        if sizes != (projection.connectivity.sources, projection.connectivity.targets):
            raise ValueError(
                f"projection {name!r} connects {projection.connectivity.sources} to "
                f"{projection.connectivity.targets} neurons, its populations have {sizes[0]} and {sizes[1]}"
            )
        if projection.delay < 1 or self.lag(projection) < 0:
            raise ValueError(f"projection {name!r}: delay {projection.delay} is too short for its depths")
        weights = projection.connectivity.weights
        if self.integer:
            if not np.issubdtype(weights.dtype, np.integer) or not 0 <= projection.exponent <= 7:
                raise ValueError(f"projection {name!r} is not quantized")
            if weights.size and (weights.min() < -256 or weights.max() > 255):
                raise ValueError(f"projection {name!r} has weights beyond 8 bits and a sign")
        if projection.learning is not None:
            self._verify_learning(projection, projection.learning)

    def _verify_learning(self, projection: Projection, rule: LearningRule) -> None:
        name, weights = projection.name, projection.connectivity.weights
        if not self.integer:
            raise ValueError(f"projection {name!r} learns, which only quantized networks do")
        if not isinstance(projection.connectivity, Dense):
            raise ValueError(f"projection {name!r} learns, which only dense projections do")
        if weights.size and (weights.min() < rule.lowest_weight or weights.max() > rule.highest_weight):
            raise ValueError(
                f"projection {name!r} begins with weights {weights.min()}..{weights.max()}, its learning rule keeps "
                f"them within {rule.lowest_weight}..{rule.highest_weight}"
            )
        if rule.reward is not None:
            if rule.reward not in self.by_name:
                raise ValueError(f"the learning rule of {name!r} names a reward {rule.reward!r}, which does not exist")
            size = self.by_name[rule.reward].size
            if size not in (1, projection.connectivity.targets):
                raise ValueError(
                    f"the reward {rule.reward!r} of projection {name!r} has {size} neurons; it has one, or one for "
                    f"each of the {projection.connectivity.targets} targets"
                )
