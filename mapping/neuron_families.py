"""Which neurons a chip's cores can compute, and how much state each may have."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ..models.network import Network, Population
from ..models.neurons import FAMILIES, family_of
from .constant import Kind, Limit, Strict
from .problem import Problem


class ComputedFamilies(Strict):
    """The families of neuron models, by the names of `models.neurons.FAMILIES`, that a chip computes.

    Attributes
    ----------
    computes : names, or "all".
    reason : why it computes no others, as a clause; empty where it computes all.
    advice : what helps a network that has others, as a clause; empty where it computes all.
    kind, source : as in `Constant`.
    """

    computes: Literal["all"] | tuple[str, ...]
    reason: str = ""
    advice: str = ""
    kind: Kind
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _known_and_explained(self) -> Self:
        if self.computes == "all":
            return self
        unknown = [name for name in self.computes if name not in FAMILIES]
        if unknown:
            raise ValueError(f"there are no neurons of a family {unknown[0]!r}; the families are {', '.join(FAMILIES)}")
        if not (self.reason and self.advice):
            raise ValueError("a chip that does not compute all families says why (reason) and what helps (advice)")
        return self


class NeuronModels(Strict):
    """What a chip's neurons can be.

    Attributes
    ----------
    families : see `ComputedFamilies`.
    state_bits : of a neuron, all its states together.
    """

    families: ComputedFamilies
    state_bits: Limit


ANY_NEURONS = NeuronModels.model_validate(
    {
        "families": {"computes": "all", "kind": "assumed", "source": "not given: not limited"},
        "state_bits": {"value": None, "unit": "bits", "kind": "assumed", "source": "not given: not limited"},
    }
)


def check_neurons(network: Network, models: NeuronModels, target: str) -> list[Problem]:
    """Layers whose neurons the chip cannot compute or hold.

    Parameters
    ----------
    target : name of the chip.
    """
    return [
        problem
        for population in network.populations
        if population.neuron is not None
        for problem in _of(population, family_of(population.neuron), models, target)
    ]


def _of(population: Population, family: str, models: NeuronModels, target: str) -> list[Problem]:
    families, limit = models.families, models.state_bits.value
    if families.computes != "all" and family not in families.computes:
        advice = f"{target} does not compute them, for {families.reason}; {families.advice}"
        return [Problem(population.name, f"{family}_neurons", population.size, 0, advice)]
    bits = sum(FAMILIES[family].integer_model.rule.state_bits.values())
    if limit is None or bits <= limit:
        return []
    named = family.replace("_", " ")
    advice = f"{named} neurons have more states than {target} has room for; choose simpler ones or another target"
    return [Problem(population.name, "neuron_state_bits", bits, limit, advice)]
