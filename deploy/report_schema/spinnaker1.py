"""What SpiNNaker 1's backend says: arithmetic, memory, real time and routing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .section import Count, Figure, Integer, Mean, NamedProblem, Number, Section

ChipPlace = Annotated[list[Number], Field(min_length=2, max_length=2)]


class WeightScale(Section):
    """How weights of one sign are held."""

    weight_unit: Figure = Field(gt=0, description="The smallest weight, in units of the network's.")
    left_shift: Count = Field(description="By which sums are shifted before they are added.")
    lost_weight_bits: Count = Field(description="That weights lose.")
    largest_possible_sum: Figure = Field(description="Of weights that can arrive in a step.")
    calibrated_sum: Figure | None = Field(description="Largest that arrived in calibration; null without one.")


class SumsBySign(Section):
    """Largest sums that arrived in a step, in units of the network's weights."""

    excitatory: Figure = Field(description="Of weights above 0.")
    inhibitory: Figure = Field(description="Of weights below 0.")


class LayerArithmetic(Section):
    """Of one layer."""

    fraction_bits: Integer = Field(description="Of its potentials.")
    unit: Figure = Field(gt=0, description="Value of a potential's last bit on the chip.")
    excitatory: WeightScale = Field(description="Weights above 0.")
    inhibitory: WeightScale = Field(description="Weights below 0.")
    rounded_weights: Count = Field(description="Weights that had to be rounded.")
    ring_saturations: Count = Field(description="How often a sum stayed at the end of its width.")
    state_saturations: Count = Field(description="How often a state stayed at the end of its width.")
    largest_sums: SumsBySign = Field(description="That arrived.")


class CoreMemory(Section):
    """Bytes beside a processor, by what they are for."""

    core: Number = Field(description="Its number.")
    bytes: Count = Field(description="In all.")
    neurons: Count = Field(description="Parameters and states.")
    keys: Count = Field(description="One a neuron.")
    ring_buffers: Count = Field(description="Of sums that wait.")
    sources: Count = Field(description="The table of populations that reach the core.")
    spikes: Count = Field(description="That wait.")
    rows: Count = Field(description="On their way from the SDRAM.")
    system: Count = Field(description="Left to SARK and spin1_api.")


class ChipMemory(Section):
    """Bytes of a chip's SDRAM, by what they are for."""

    chip: ChipPlace = Field(description="Column and row.")
    bytes: Count = Field(description="In all.")
    synapses: Count = Field(description="Rows of synapses.")
    parameters: Count = Field(description="From which processors are filled.")
    tables: Count = Field(description="The same of their tables.")


class Spinnaker1Memory(Section):
    """What lies where."""

    cores: list[CoreMemory] = Field(description="By core.")
    chips: list[ChipMemory] = Field(description="By chip.")
    fullest_core: Number | None = Field(description="Its number; null without cores.")
    fullest_chip: ChipPlace | None = Field(description="Column and row; null without chips.")
    problems: list[NamedProblem] = Field(description="Limits that are exceeded.")
    core_limit: Count = Field(description="Bytes beside a processor.")
    chip_limit: Count = Field(description="Bytes of a chip's SDRAM.")


class Overload(Section):
    """A core that does not keep up."""

    core: Number = Field(description="Its number.")
    layers: list[str] = Field(description="That it holds.")
    step: Count = Field(description="Its worst one.")
    load: Mean = Field(description="In that step, over the clock's period.")
    overloaded_steps: Count = Field(description="At which it is late.")


class Loads(Section):
    """Whether each processor is done before the next step."""

    slowdown: Count = Field(description="Periods of the clock a step that would fit.")
    load: Mean = Field(description="Highest of any core and step, over the period.")
    overloaded_cores: Count = Field(description="How many.")
    overloads: list[Overload] = Field(description="The worst of them.")


class RealTimeSection(Section):
    """Loads against the clock."""

    period_s: Figure = Field(gt=0, description="Of the clock, s.")
    mean_sample: Loads = Field(description="Of the mean sample.")
    worst_sample: Loads | None = Field(description="The worst of single samples; null where they were not seen.")


class RoutingTable(Section):
    """Of one chip's router."""

    x: Number = Field(description="Column of the chip.")
    y: Number = Field(description="Row of the chip.")
    entries: Count = Field(description="In its table.")
    uncompressed: Count = Field(description="Before they were compressed.")


class Delivered(Section):
    """What came of sending every key through the tables."""

    keys: Count = Field(description="That were sent.")
    packets: Count = Field(description="That arrived.")
    hops: Count = Field(description="That they took.")
    exact: bool = Field(description="Whether each arrived where it should, and nowhere else.")
    failures: list[str] = Field(description="Examples of others.")


class RoutingSection(Section):
    """The routing tables."""

    blocks: Count = Field(description="Of keys.")
    keys: Count = Field(description="In them.")
    entries: Count = Field(description="Of all routers.")
    uncompressed_entries: Count = Field(description="The same before compression.")
    limit: Count | None = Field(description="Entries that a router holds; null where not known.")
    fullest: RoutingTable | None = Field(description="The longest table; null where there is none.")
    chips: list[RoutingTable] = Field(description="All tables.")
    delivered: Delivered = Field(description="Whether they do what they should.")


class Spinnaker1Section(Section):
    """What SpiNNaker 1's own arithmetic and clock make of the network."""

    arithmetic: dict[str, LayerArithmetic] = Field(description="By layer.")
    memory: Spinnaker1Memory = Field(description="By core and by chip.")
    real_time: RealTimeSection = Field(description="Whether it keeps up with its clock.")
    routing: RoutingSection = Field(description="The tables themselves are in `routing_tables.json`.")
