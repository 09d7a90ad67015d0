"""Deployments side by side: what `spikeloom compare --json` prints, and `report.json` of several targets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .baseline import Outcome
from .neurobench import NeurobenchSection
from .section import Count, Figure, Integer, Interval, Mean, Range, Section, Share


class EnergyRanges(Section):
    """Accounts of energy, J a sample; never to be added."""

    dynamic_neurocore: Range = Field(description="J.")
    chip_total: Range = Field(description="J.")
    system_total: Range | None = Field(default=None, description="J; absent where nothing is known of the system.")


class ComparedCase(Section):
    """A way to compare with the same network without spikes."""

    outcome: Outcome = Field(description="Of the network with spikes.")
    ratio: Range | None = Field(description="Energy with spikes over energy without; null where that is 0.")
    break_even_rate: Range | None = Field(description="Spikes per source and step at which both take the same.")
    equivalent_rate: Mean | None = Field(description="Of the measured spikes, to hold against it.")
    verdict: str = Field(description="In sentences.")


class ComparedCases(Section):
    """Ways to compare with the same network without spikes, as in a [report](report-keys.md#baseline-cases)."""

    int8: ComparedCase = Field(description="In 8-bit integers; the ordinary network runs once and fetches data once.")
    fp32: ComparedCase = Field(description="The same in 32-bit floating point.")
    int8_without_reuse: ComparedCase = Field(description="The ordinary network fetches data for each multiplication.")
    int8_every_step: ComparedCase = Field(description="The ordinary network runs at every step.")


class ComparedBaseline(Section):
    """Whether the version with spikes wins."""

    verdict: str = Field(description="Of the case `int8`, in sentences.")
    outcome: Outcome = Field(description="Of the same case.")
    cases: ComparedCases = Field(description="Ways to compare.")


class ComparedDeployment(Section):
    """Figures of one deployment; of a mean sample where nothing else is said."""

    label: str = Field(description="Its name here: that of its folder, as far as it takes to tell folders apart.")
    model: str = Field(description="Name of the model.")
    target: str = Field(description="Name of the chip.")
    cost_set: str = Field(description="The chip's account that all estimates are of.")
    accuracy: Share | None = Field(description="On the chip; null without labels.")
    accuracy_interval: Interval | None = Field(description="Its 95 % confidence interval; null likewise.")
    samples: Count | None = Field(description="That it was measured on.")
    steps: Count = Field(description="Of a sample.")
    cores: Count = Field(description="In use.")
    chips: Count = Field(description="In use.")
    spikes: Mean = Field(description="A sample.")
    synaptic_operations: Mean = Field(description="A sample.")
    energy_accounts: EnergyRanges = Field(description="J a sample.")
    latency: Range = Field(description="s.")
    throughput: Range = Field(description="Samples/s, back to back.")
    baseline: ComparedBaseline = Field(description="Beside the same network without spikes.")
    neurobench: NeurobenchSection = Field(description="As in a [report](report.md).")


class AccuracyChange(Section):
    """From one accuracy to another."""

    difference: float = Field(ge=-1, le=1, description="Share of right answers after minus before.")
    interval: list[Figure] = Field(
        min_length=2, max_length=2, description="Low and high end of its 95 % confidence interval (Newcombe)."
    )
    outcome: Literal["higher", "lower", "within chance"] = Field(description="What can be told from chance.")
    paired: bool = Field(
        default=False, description="Whether the interval counts which samples both answered correctly."
    )


class EstimateChange(Range):
    """One estimate over another, with the range of their ratio."""

    outcome: Literal["less", "more", "the same", "undecided"] = Field(
        description="Undecided where the range of the ratio holds 1."
    )


class EnergyChanges(Section):
    """By account that both know; none where they are priced by different accounts of a chip."""

    dynamic_neurocore: EstimateChange | None = Field(default=None, description="After over before.")
    chip_total: EstimateChange | None = Field(default=None, description="After over before.")
    system_total: EstimateChange | None = Field(default=None, description="After over before.")


class PlacementChange(Section):
    """How neurons moved."""

    not_compared_because: str | None = Field(description="Why, where placements cannot be compared; else null.")
    hops_before: Mean = Field(description="Links that the messages of a mean sample cross, in the first deployment.")
    hops_after: Mean = Field(description="The same in this one.")
    neurons: Count | None = Field(description="On the chip; null where placements cannot be compared.")
    same_partition: bool | None = Field(description="Whether cores hold the same neurons, whatever their numbers.")
    regrouped: Count | None = Field(
        description="The fewest neurons that have to change core to make one partition of the other."
    )
    moved: Count | None = Field(description="Neurons that sit at another place: chip, tile or core of the tile.")


class Change(Section):
    """What became of the figures of the first deployment in another one."""

    label: str = Field(description="Of the other one.")
    against: str = Field(description="Label of the first.")
    summary: str = Field(description="What is better and at what price, in a sentence.")
    accuracy: AccuracyChange | None = Field(description="Null where one of them has no labels.")
    cores: Integer = Field(description="After minus before.")
    chips: Integer = Field(description="After minus before.")
    spikes: Mean | None = Field(description="After over before; null where there were none before.")
    synaptic_operations: Mean | None = Field(description="The same.")
    energy_accounts: EnergyChanges = Field(description="By account.")
    latency: EstimateChange | None = Field(description="After over before; null where one takes no time.")
    throughput: EstimateChange | None = Field(description="The same.")
    placement: PlacementChange | None = Field(description="Null where placements were not looked at.")


class LeastEnergy(Section):
    """Which takes the least of an account."""

    label: str = Field(description="Of the one that does.")
    sure: bool = Field(description="Whether the ranges say so.")
    next_over_least: Mean | None = Field(description="Energy of the next over its own; null where that is 0.")


class Difference(Section):
    """What deployments were told, made of or made with."""

    of: Literal["configuration", "model", "target", "data", "versions"] = Field(description="The subject.")
    what: str = Field(description="What differs; parts of a choice are joined by dots.")
    values: dict[str, Any] = Field(description="By label; null where one has no such key.")


class SideBySide(Section):
    """What a network came to on all targets that it was deployed to at once, the report's own among them."""

    verdict: str = Field(description="What is better in what and at what price, in a sentence.")
    deployments: list[ComparedDeployment] = Field(description="By target, in the order in which they were named.")
    least_energy: dict[str, LeastEnergy] = Field(description="By account that all know.")
    notes: list[str] = Field(description="What to mind.")
    refused: dict[str, str] = Field(description="Targets that the network does not fit, and why.")


class Comparison(Section):
    """Deployments side by side; all others are held against the first."""

    format: Literal[2] = Field(description="Version of these keys.")
    verdict: str = Field(description="What is better in what and at what price, in a sentence.")
    deployments: list[ComparedDeployment] = Field(description="In the order in which they were named.")
    changes: list[Change] = Field(description="For each deployment but the first.")
    least_energy: dict[str, LeastEnergy] = Field(
        description="By account that all know; empty where one chip is priced by several of its accounts."
    )
    differences: list[Difference] = Field(description="What differs.")
    notes: list[str] = Field(description="What to mind.")
    refused: dict[str, str] | None = Field(
        default=None, description="Of several targets only: those that the network does not fit, and why."
    )
    command: str | None = Field(default=None, description="Of several targets only: what the user typed.")
