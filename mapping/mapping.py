"""Which neuron sits on which core, and which core on which place of the chip's mesh."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Place:
    """A core's place: chip, tile of the mesh (column and row), core of the tile."""

    chip: int
    column: int
    row: int
    core: int


@dataclass(frozen=True)
class Use:
    """How much of one resource a core needs.

    Attributes
    ----------
    core : logical core number.
    resource : name of the resource as in the target, such as "neurons".
    used, limit : in the resource's unit; limit is None where the chip's limit is not known.
    """

    core: int
    resource: str
    used: int
    limit: int | None


@dataclass(frozen=True, eq=False)
class Mapping:
    """A placed network.

    Attributes
    ----------
    target : name of the chip.
    strategy : the partitioner whose result this is.
    core_of : per population that has neurons on the chip (all but inputs), (neurons,) int logical core numbers.
    places : the place of each logical core, in order.
    uses : what each core needs of each resource, from the partitioner's own account.
    """

    target: str
    strategy: str
    core_of: ReadOnly[str, NDArray[Any]]
    places: tuple[Place, ...]
    uses: tuple[Use, ...]

    @property
    def cores(self) -> int:
        """Number of cores in use."""
        return len(self.places)

    def populations_on(self, core: int) -> dict[str, int]:
        """Number of neurons of each population on a core, populations without any left out."""
        counts = {name: int(np.count_nonzero(cores == core)) for name, cores in self.core_of.items()}
        return {name: count for name, count in counts.items() if count}
