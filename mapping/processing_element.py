"""What only a chip has whose cores are processors with an array of multiply-accumulate units beside them.

SpiNNaker 2's processing elements are such cores. A layer's synapses are then added up in one of two ways: event by
event in software, for which the constants of a target's accounts are, or for all inputs at once as a product of a
matrix and a vector on the array, for which these are.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ..models.errors import UsageError
from .constant import Bytes, Constant, Cycles, Megahertz, Nanoseconds, Picojoules, Strict, Width


class MultiplyAccumulateArray(Strict):
    """The array of one processing element.

    A product of N outputs and D inputs takes

        start + output * N + input * D + product * products

    cycles of the element. Products are N * D for a matrix. For a convolution they are N times what a place of the
    kernel sees of the input, and D counts each input neuron that the element's part of the layer sees once.

    Attributes
    ----------
    sum_bits : of the sums, with the sign.
    operand_bits : the widest weights and inputs.
    narrow_bits : up to so many bits of weights and inputs, the array has all of its units.
    start, output, input : cycles of a product, of each output and of each input.
    dense_product, convolution_product : cycles of each multiply-accumulate operation with narrow operands.
    wide_factor : times as much each multiply-accumulate operation takes with wider operands.
    """

    sum_bits: Width
    operand_bits: Width
    narrow_bits: Width
    start: Cycles
    output: Cycles
    input: Cycles
    dense_product: Cycles
    convolution_product: Cycles
    wide_factor: Constant


class SupplyPoint(Strict):
    """A supply voltage, and the clock that goes with it.

    Attributes
    ----------
    frequency : of the clock.
    cycle : energy of a cycle of a busy element above that of a sleeping one.
    multiply_accumulate : energy of an operation of the array on top of the cycles in which the element waits for it.
    """

    frequency: Megahertz
    cycle: Picojoules
    multiply_accumulate: Picojoules

    @model_validator(mode="after")
    def _runs(self) -> Self:
        if not self.frequency.low:
            raise ValueError("a clock's frequency is above 0")
        return self

    def seconds(self, cycles: float) -> float:
        """Time of some cycles."""
        return cycles / (self.frequency.value * 1e6)


class ExternalMemory(Strict):
    """Memory outside the elements, which all of a chip's elements share.

    Attributes
    ----------
    capacity : bytes of a chip.
    row_start : cycles of the element to fetch a row of synapses.
    byte_time, byte_energy : to bring a byte into the element.
    """

    capacity: Bytes
    row_start: Cycles
    byte_time: Nanoseconds
    byte_energy: Picojoules


class ProcessingElement(Strict):
    """A core that is a processor with an array.

    Attributes
    ----------
    array : its multiply-accumulate units.
    external_memory : where rows of synapses lie that its own memory has no room for.
    tick : time of a step in real time.
    supply : by the name of one of the target's accounts of costs, the supply that it is of.
    """

    array: MultiplyAccumulateArray
    external_memory: ExternalMemory
    tick: Nanoseconds
    supply: dict[str, SupplyPoint] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_take_time(self) -> Self:
        if not self.tick.low:
            raise ValueError("tick is the time of a step, and above 0")
        return self

    def supply_point(self, costs: str) -> SupplyPoint:
        """The supply of an account.

        Raises
        ------
        UsageError : none is given for it.
        """
        if costs not in self.supply:
            known = ", ".join(self.supply)
            raise UsageError(
                f"processing_element.supply says nothing of the account {costs!r}; it has {known}: "
                "choose one of them with --costs, or add the supply to the target file"
            )
        return self.supply[costs]
