"""What SpiNNaker 2's backend says: how each layer runs, and what a sample costs at each supply."""

from __future__ import annotations

from pydantic import Field

from .mapping import WorkName
from .section import Count, Mean, NamedProblem, Number, Range, Section


class ElementsByWay(Section):
    """How many elements run a projection in which way."""

    event_based: Count = Field(description="Event by event, on the processor.")
    array: Count = Field(description="On the multiply-accumulate array.")
    event_based_external: Count = Field(description="Event by event, with synapses in external memory.")


class ByWay(Section):
    """Of both ways."""

    event_based: Mean = Field(description="Event by event.")
    array: Mean | None = Field(description="On the array; null where it cannot compute the projection.")


class ProjectionExecution(Section):
    """How one projection runs."""

    projection: str = Field(description="Its name.")
    layer: str = Field(description="That it reaches.")
    elements: Count = Field(description="That it lies on.")
    elements_by_way: ElementsByWay = Field(description="How they run it.")
    cycles_per_step: ByWay = Field(description="Of all of them together.")
    busiest_cycles_per_step: Mean = Field(description="Of the busiest, the way it runs.")
    activity: Mean = Field(description="Share of its synapses with an event in a step.")
    break_even_activity: Mean | None = Field(description="Above which the array is faster; null where it cannot.")
    not_on_array_because: str | None = Field(description="What the array cannot do; null where it can.")
    memory_bits: ByWay = Field(description="That it takes.")


class Spinnaker2Memory(Section):
    """Of the elements."""

    largest_bits: Count = Field(description="Of an element.")
    total_bits: Count = Field(description="Of all in use.")
    limit_bits: Count | None = Field(description="Of an element; null where not known.")


class WaitsFor(Section):
    """What the steps wait for."""

    work: WorkName = Field(description="The kind of work.")
    core: Number | None = Field(description="That does most of it.")


class SupplyCost(Section):
    """A mean sample at a supply and pace."""

    dynamic: Range = Field(description="J.")
    chip_total: Range = Field(description="J.")
    step_time: Range = Field(description="s.")
    latency_per_sample: Range = Field(description="s.")
    throughput: Range = Field(description="Samples/s.")
    bound_by: WaitsFor = Field(description="What the steps wait for.")
    ticks_per_step: Range | None = Field(description="Of the clock; null without one.")


class Paces(Section):
    """A supply at both paces."""

    accelerated: SupplyCost = Field(description="Each step begins when the one before is done.")
    real_time: SupplyCost = Field(description="Steps keep to the clock.")


class Spinnaker2Section(Section):
    """How the elements of SpiNNaker 2 run the network."""

    projections: list[ProjectionExecution] = Field(description="One by one.")
    memory: Spinnaker2Memory = Field(description="Of the elements.")
    problems: list[NamedProblem] = Field(description="What has no room.")
    supplies: dict[str, Paces] = Field(description="By supply.")
