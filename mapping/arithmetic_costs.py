"""What arithmetic and memory accesses take in a plain digital process: data, with a source for every constant.

These are no chip's figures. They price a network with spikes and the same without by one yardstick, where a chip's own
constants know nothing of networks without spikes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ValidationError, model_validator

from ..models.errors import UsageError
from ..models.yaml_file import YamlError, read_yaml
from .constant import Constant, Count, Limit, Picojoules, Strict

FILE = Path(__file__).parent / "arithmetic" / "horowitz.yaml"


def _millijoules(constant: Constant) -> Constant:
    if constant.unit != "mJ" or constant.low <= 0:
        raise ValueError(f"an energy above 0 in mJ is wanted here, not {constant.low} {constant.unit}")
    return constant


class Precision(Strict):
    """Energy of operations on numbers of one format, and their widths.

    Attributes
    ----------
    weight_bits, activation_bits : of a number in memory.
    state_bits : of a state in memory; None where each has that of its neuron model.
    multiply : a weight by an activation.
    accumulate : add to a sum of weights or of products.
    state_add, state_multiply : within the update of a neuron.
    """

    weight_bits: Count
    activation_bits: Count
    state_bits: Limit
    multiply: Picojoules
    accumulate: Picojoules
    state_add: Picojoules
    state_multiply: Picojoules


class MemoryLevel(Strict):
    """A memory of one size.

    Attributes
    ----------
    name : such as "8 KB SRAM".
    capacity : bytes; None for as many as are needed.
    access : energy of a read or a write of `Memory.access_bits`.
    """

    name: str
    capacity: Limit
    access: Picojoules


class Memory(Strict):
    """Memories from the smallest to the largest.

    Attributes
    ----------
    access_bits : what an access moves.
    levels : ascending in capacity; the last one holds everything.
    """

    access_bits: Count
    levels: tuple[MemoryLevel, ...]

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        if not self.levels or self.levels[-1].capacity.value is not None:
            raise ValueError("the last memory is the one without a capacity")
        capacities = [level.capacity.value for level in self.levels[:-1]]
        known = [capacity for capacity in capacities if capacity is not None]
        if len(known) < len(capacities) or known != sorted(set(known)):
            raise ValueError("memories ascend in capacity, and only the last has none")
        return self

    def holding(self, size: float) -> MemoryLevel:
        """The smallest memory that holds so many bytes."""
        return next(level for level in self.levels if level.capacity.value is None or level.capacity.value >= size)


class MeasuredExample(Strict):
    """What a whole machine took for a network, to see what the sum of its arithmetic leaves out.

    Attributes
    ----------
    what : beginning of a sentence.
    multiply_accumulates : of the network.
    energy : of an inference, measured.
    """

    what: str
    multiply_accumulates: Count
    energy: Annotated[Constant, AfterValidator(_millijoules)]


class ArithmeticCosts(Strict):
    """A process.

    Attributes
    ----------
    name, description : of the account.
    precisions : by name, "int8" and "fp32".
    memory : its memories.
    measured_example : see there.
    """

    name: str
    description: str
    precisions: dict[str, Precision]
    memory: Memory
    measured_example: MeasuredExample


@cache
def load_arithmetic_costs(path: Path = FILE) -> ArithmeticCosts:
    """Read an account of arithmetic.

    Raises
    ------
    UsageError : it cannot be read, or an entry lacks its value, unit, kind or source; names the entry.
    """
    try:
        data: Any = read_yaml(path)
    except (OSError, YamlError) as error:
        raise UsageError(f"{path} cannot be read as costs of arithmetic: {' '.join(str(error).split())}") from None
    try:
        return ArithmeticCosts.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{path}: {key}: {first['msg'].removeprefix('Value error, ')}") from None
