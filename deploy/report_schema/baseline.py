"""The network beside the same without spikes, in one yardstick."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Count, Kind, Mean, Range, Section

Outcome = Literal["wins", "loses", "undecided"]


class WorkCounts(Section):
    """Operations and memory accesses of a mean sample."""

    multiply_accumulates: Mean = Field(description="A weight times a number, added to a sum.")
    accumulates: Mean = Field(description="A weight, a bias or a value added to a sum.")
    state_multiplications: Mean = Field(description="Within updates of neurons.")
    state_additions: Mean = Field(description="Within updates of neurons; comparisons count.")
    weight_accesses: Mean = Field(description="Weights and biases read.")
    activation_accesses: Mean = Field(description="Numbers read and written that pass from layer to layer.")
    state_accesses: Mean = Field(description="States of neurons, read and written.")
    state_bits: Mean = Field(description="The widths of these accesses added up.")


class OrdinaryCounts(WorkCounts):
    """Of the ordinary network."""

    stored_weights: Count = Field(description="Weights and biases; shared ones once.")


class SpikingCounts(OrdinaryCounts):
    """Of the network with spikes."""

    stored_state_bits: Count = Field(description="Widths of all states added up.")


class SpikingParts(Section):
    """Of the network with spikes, by what it is for."""

    spikes: WorkCounts = Field(description="Synapses of sources that spike, and what spikes reset.")
    steady: WorkCounts = Field(description="Synapses of sources that do not spike, such as numbers and biases.")
    states: WorkCounts = Field(description="Reading and writing states.")
    updates: WorkCounts = Field(description="The neurons' arithmetic.")


class BaselineCounts(Section):
    """What was counted."""

    ordinary: OrdinaryCounts = Field(description="Without spikes, everything fetched once.")
    ordinary_without_reuse: WorkCounts = Field(description="Without spikes, fetched for each multiplication.")
    spiking: SpikingCounts = Field(description="With spikes.")
    spiking_parts: SpikingParts = Field(description="With spikes, by what it is for.")


class BaselineMemories(Section):
    """Names of the memories."""

    weights: str = Field(description="In which weights lie.")
    activations: str = Field(description="In which numbers between layers lie.")
    states: str = Field(description="In which states lie.")


class ProcessConstant(Range):
    """Energy of an operation in a process."""

    unit: str = Field(description="Of low, nominal and high.")


class ArithmeticTermSection(Range):
    """Energy of one kind of operation or access, J a sample."""

    term: str = Field(description="What is done.")
    count_per_sample: Mean = Field(description="How often.")
    share_of_constant: Mean = Field(description="1, or of a memory's access the bits moved over those of a whole one.")
    constant: ProcessConstant = Field(description="Of one operation or access.")
    kind: Kind = Field(description="How the constant is known.")
    source: str = Field(description="Where the constant comes from.")


class BaselineSide(Range):
    """Energy of one of both networks, J a sample."""

    memories: BaselineMemories = Field(description="Where its data lie.")
    terms: list[ArithmeticTermSection] = Field(description="That add up to it.")


class Balance(Section):
    """Which of both takes less."""

    outcome: Outcome = Field(description="Of the network with spikes; undecided where the range of `ratio` holds 1.")
    ratio: Range | None = Field(description="Energy with spikes over energy without; null where that is 0.")
    break_even_rate: Range | None = Field(
        description="Spikes per source and step at which both take the same; below 0 never; null without spikes."
    )
    equivalent_rate: Mean | None = Field(description="Of the measured spikes, to hold against it; null likewise.")


class LayerBalance(Balance):
    """The same of one layer."""

    ordinary: Range = Field(description="J a sample without spikes.")
    spiking: Range = Field(description="J a sample with spikes.")


class SpikingPartEnergies(Section):
    """Energy with spikes by what it is for, J a sample."""

    spikes: Range = Field(description="As in `counts`.")
    steady: Range = Field(description="As in `counts`.")
    states: Range = Field(description="As in `counts`.")
    updates: Range = Field(description="As in `counts`.")


class BaselineCase(Balance):
    """One way to compare."""

    meaning: str = Field(description="What is compared.")
    precision: str = Field(description="Of both networks.")
    verdict: str = Field(description="In sentences.")
    ordinary: BaselineSide = Field(description="Without spikes.")
    spiking: BaselineSide = Field(description="With spikes.")
    spiking_parts: SpikingPartEnergies = Field(description="With spikes, by what it is for.")
    layers: dict[str, LayerBalance] = Field(description="By layer.")


class BaselineCases(Section):
    """Ways to compare the same two networks."""

    int8: BaselineCase = Field(description="In 8-bit integers; the ordinary network runs once and fetches data once.")
    fp32: BaselineCase = Field(description="The same in 32-bit floating point.")
    int8_without_reuse: BaselineCase = Field(description="The ordinary network fetches data for each multiplication.")
    int8_every_step: BaselineCase = Field(description="The ordinary network runs at every step.")


class BaselineSection(Section):
    """The verdict, and what it rests on."""

    account: str = Field(description="The process that both are priced in.")
    verdict: str = Field(description="Of the case `int8`, in sentences.")
    outcome: Outcome = Field(description="Of the same case.")
    over_time: str = Field(description="The verdict of the case `int8_every_step`.")
    steps: Count = Field(description="Of a sample.")
    mean_rate: Mean = Field(description="Spikes per neuron and step.")
    counts: BaselineCounts = Field(description="Operations and accesses.")
    cases: BaselineCases = Field(description="Ways to compare.")
    notes: list[str] = Field(description="What the figures leave out or take for granted.")
