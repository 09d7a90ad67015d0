"""Which neurons sit where, and how that came to be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Count, Mean, Number, Section

WorkName = Literal["neurons", "synapses", "memory", "links", "barrier"]


class CorePlace(Section):
    """Where a core lies."""

    chip: Number = Field(description="From 0.")
    column: Number = Field(description="Of its tile, from 0.")
    row: Number = Field(description="Of its tile, from 0.")
    core: Number = Field(description="Of the tile, from 0.")


class Attempt(Section):
    """A way of partitioning that was tried."""

    strategy: str = Field(description="Its name.")
    outcome: str = Field(description="`chosen`, or why it was not.")
    cores: Count | None = Field(description="That it takes; null without a partition.")
    messages: Mean | None = Field(description="That arrive at a core, a step; null without a partition.")
    energy: Mean | None = Field(description="J a step, modelled; null where it was not placed.")


class ModelledStep(Section):
    """What a step costs, as the mapper models it with nominal constants."""

    dynamic: Mean = Field(description="J.")
    static: Mean = Field(description="J, what the chips in use draw in the time of a step whatever happens.")
    energy: Mean = Field(description="J, their sum.")
    step_time: Mean = Field(description="s.")
    bound_by: WorkName = Field(description="What the step waits for.")


class LinkUse(Section):
    """What the messages of a step put on the links."""

    deliveries: Mean = Field(description="Messages that arrive at a core, input too.")
    messages: Mean = Field(description="Messages that cores send.")
    mean_hops: Mean = Field(description="Messages over all links for each delivery.")
    busiest_link: Mean = Field(description="Messages over the link with most of them.")
    hops_east_west: Mean = Field(description="Messages over links along rows.")
    hops_north_south: Mean = Field(description="Messages over links along columns.")
    hops_between_chips: Mean = Field(description="Messages from chip to chip; they are among the former.")
    routing_entries: Count | None = Field(description="Of the fullest router; null where none are counted.")


class Binding(Section):
    """What keeps a layer from taking fewer cores."""

    layer: str = Field(description="Its name.")
    cores: Count = Field(description="That hold some of it.")
    resource: str | None = Field(description="Of which its cores use most; null where the chip limits none.")
    share: Mean | None = Field(description="Of that resource that its cores use, mean; null likewise.")


class Explanation(Section):
    """How the mapping came to be, and what it is compared with."""

    attempts: list[Attempt] = Field(description="Ways of partitioning, the chosen one first.")
    modelled_step: ModelledStep = Field(description="What a step costs, as the mapper models it.")
    measured: bool = Field(
        description="Whether rates of spikes were known; otherwise every neuron was taken to spike at every step."
    )
    message_baselines: dict[str, Mean] = Field(
        description="Messages a step of a random partition (expected) and of filling cores in order."
    )
    hops: Mean = Field(description="Sum over the messages of a step of the links that they take.")
    hop_baselines: dict[str, Mean] = Field(description="The same for naive placements of the same partition.")
    hop_lower_bound: Mean = Field(description="No placement of this partition takes fewer.")
    lower_bound_by: str = Field(description="How that is known.")
    start: str = Field(description="What the placement began with.")
    links: LinkUse = Field(description="What the messages of a step put on the links.")
    utilisation: dict[str, Mean] = Field(
        description="Mean over cores of the used share by resource; `fullest`: of each core's scarcest one."
    )
    layers: list[Binding] = Field(description="What binds each layer.")
    effort: str = Field(description="How long the mapper searched.")
    seed: Count = Field(description="Of the search.")
    stopped_early: bool = Field(description="Whether a deadline ended the search.")


class MappingSection(Section):
    """The mapping; lists over cores are in the order of `places`."""

    strategy: str = Field(description="The partitioner whose result this is.")
    places: list[CorePlace] = Field(description="The place of each core in use; a core's number is its place here.")
    layers: dict[str, list[Number]] = Field(description="By layer, numbers of the cores that hold some of it.")
    occupancy: list[dict[str, Count]] = Field(description="For each core, by layer, how many of its neurons it holds.")
    explanation: Explanation = Field(description="How the mapping came to be.")


class ResourceUse(Section):
    """How much of one resource a core uses."""

    core: Number = Field(description="Its number.")
    resource: str = Field(description="Its name, as in the target.")
    used: Count = Field(description="In the resource's unit.")
    limit: Count | None = Field(description="The same; null where the chip's limit is not public.")
