"""A chip as data: topology, limits, how synapses are stored, and what operations cost.

The chips that come with Spikeloom are `targets/*.yaml`; `target_files.py` reads them and the user's own. Each part of
the description has a file of its own; here is the whole, and the parts by the names that other stages use.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ..models.errors import UsageError
from .constant import Strict
from .costs import ByKind, Costs, CostSet, EnergyCosts, PowerCosts, TimeCosts
from .learning_engine import NO_LEARNING, LearningEngine
from .limits import Limits
from .neuron_families import ANY_NEURONS, NeuronModels
from .processing_element import ProcessingElement
from .processor_memory import ProcessorMemory
from .synapse_formats import ListedSynapses, SharedKernel, SharedMemory, SynapseKind, SynapticMemory
from .topology import MOST_CORES, CorePlace, TilePlace, Topology

__all__ = [
    "ByKind",
    "CorePlace",
    "CostSet",
    "Costs",
    "EnergyCosts",
    "LearningEngine",
    "Limits",
    "ListedSynapses",
    "NeuronModels",
    "PowerCosts",
    "SharedKernel",
    "SharedMemory",
    "SynapseKind",
    "SynapticMemory",
    "Target",
    "TilePlace",
    "TimeCosts",
    "Topology",
]


class Target(Strict):
    """A chip, or a board of several.

    Attributes
    ----------
    backend : what runs a program as this chip computes it: "simulator" for Loihi's integers, or a backend of its own.
    neurons : what its neurons can be; anything where that is not given.
    learning : what its synapses learn by; nothing where that is not given.
    processing_element : what its cores are, where they are processors with an array of multiply-accumulate units.
    processor_memory : what they have room for, where they are processors that share a tile's memory.
    """

    name: str = Field(min_length=1)
    description: str
    topology: Topology
    limits: Limits
    synaptic_memory: SynapticMemory
    costs: Costs
    backend: Literal["simulator", "spinnaker1", "spinnaker2"] = "simulator"
    neurons: NeuronModels = ANY_NEURONS
    learning: LearningEngine = NO_LEARNING
    processing_element: ProcessingElement | None = None
    processor_memory: ProcessorMemory | None = None

    @model_validator(mode="after")
    def _limits_have_a_meaning(self) -> Self:
        if self.limits.memory_bits.value is not None and self.synaptic_memory.shared is None:
            raise ValueError("limits.memory_bits needs synaptic_memory.shared, which says what takes that memory")
        if self.limits.routing_entries.value is not None and self.topology.routing == "unicast":
            raise ValueError("limits.routing_entries is of multicast routing, and topology.routing is unicast")
        return self

    @model_validator(mode="after")
    def _backend_has_what_it_needs(self) -> Self:
        if self.backend == "spinnaker1" and (self.topology.mesh != "triangular" or self.processor_memory is None):
            raise ValueError("the backend spinnaker1 needs topology.mesh: triangular, and processor_memory")
        if self.backend == "spinnaker2" and self.processing_element is None:
            raise ValueError("the backend spinnaker2 needs processing_element, which says what its array takes")
        for name, account in self.costs.sets.items():
            if self.backend == "spinnaker1" and account.step_time_model != "clock":
                raise ValueError(
                    f"costs.sets.{name}.step_time_model is {account.step_time_model}; the backend spinnaker1 keeps to "
                    "a clock"
                )
            if self.backend == "spinnaker2" and self.processing_element and name not in self.processing_element.supply:
                raise ValueError(f"processing_element.supply says nothing of the account {name!r} of costs.sets")
        return self

    @property
    def cores(self) -> int:
        """Usable cores of all chips; dead and reserved ones do not count."""
        return sum(self.topology.cores_of_chips)

    def with_chips(self, chips: int) -> Target:
        """The same chip on a board with several; what is dead or reserved stays so.

        A board whose chips stand in rows keeps the length of its rows, unless a single row is not filled.

        Raises
        ------
        UsageError : where the chips do not fill the rows, or a key names a place on a chip that is no longer there.
        """
        if chips < 1:
            raise UsageError(f"a board has at least one chip, not {chips}")
        most = MOST_CORES // self.topology.usable_cores.value
        if chips > most:
            raise UsageError(f"target {self.name}: a board of {chips} chips is larger than any; {most} are the most")
        across = self.topology.chip_columns
        if across is not None and chips > across and chips % across:
            raise UsageError(f"target {self.name}: {chips} chips do not fill rows of {across}; see chip_columns")
        columns = None if across is None else min(across, chips)
        topology = self.topology.model_copy(update={"chips": chips, "chip_columns": columns})
        if topology.absent:
            raise UsageError(f"target {self.name}: {topology.absent[0]}, which a board of {chips} chips does not have")
        if not sum(topology.cores_of_chips):
            raise UsageError(f"target {self.name}: a board of {chips} chips has no core for neurons that works")
        return self.model_copy(update={"topology": topology})

    def chips_for(self, cores: int) -> int:
        """The fewest chips, but no fewer than the board has, with which it would have that many usable cores."""
        topology = self.topology
        missing = max(0, cores - self.cores)
        chips = topology.chips - (-missing // topology.usable_cores.value)
        across = topology.chip_columns
        return chips if across is None or chips <= across else -(-chips // across) * across

    def board_for(self, cores: int) -> str:
        """What an error advises where a network needs so many usable cores, such as "a board of at least 2 chips"."""
        if self.topology.mesh == "triangular":  # one board is all there is of it
            return f"a board with at least {cores} cores for neurons"
        return f"a board of at least {self.chips_for(cores)} chips"

    def cost_set(self, name: str | None = None) -> CostSet:
        """An account by name, or the default one."""
        chosen = self.costs.default if name is None else name
        if chosen not in self.costs.sets:
            known = ", ".join(self.costs.sets)
            raise UsageError(f"target {self.name} has no account {chosen!r}; its accounts are {known}")
        return self.costs.sets[chosen]
