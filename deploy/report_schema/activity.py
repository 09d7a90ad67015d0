"""What a mean sample makes the chip do, in all, by layer, by core, by link and over time."""

from __future__ import annotations

from pydantic import Field

from .section import Count, Mean, Section, TileList


class Counts(Section):
    """Of a mean sample, on the whole chip."""

    spikes: Mean = Field(description="Sent by neurons on the chip; a graded spike counts once.")
    synaptic_operations: Mean = Field(description="Weights that were added.")
    neuron_updates: Mean = Field(description="Neurons served, at all steps.")
    memory_reads: Mean = Field(description="Words of synaptic memory.")
    packets: Mean = Field(description="Messages that arrive, one per spike and core.")
    hops: Mean = Field(description="Links that they cross.")


class LayerCounts(Section):
    """Of a mean sample, of one layer."""

    spikes: Mean = Field(description="That it sends.")
    synaptic_operations: Mean = Field(description="Weights that were added for its neurons.")


class CoreWork(Section):
    """What a mean sample makes each core do; lists over the cores."""

    spikes: list[Mean] = Field(description="That its neurons send.")
    synaptic_operations: list[Mean] = Field(description="Weights that were added for its neurons.")
    neuron_updates: list[Mean] = Field(description="Neurons served, at all steps.")
    packets_in: list[Mean] = Field(description="Messages that arrive.")
    packets_out: list[Mean] = Field(description="Messages that it sends.")
    memory_reads: list[Mean] = Field(description="Words of synaptic memory.")
    busy_time: list[Mean] = Field(description="s in the mean step, nominal.")


class LinkTraffic(Section):
    """What crosses a link; links without messages are left out."""

    model_config = Section.model_config | {"populate_by_name": True}

    origin: TileList = Field(alias="from", description="Chip, column and row of the tile that it leaves.")
    to: TileList = Field(description="Of the tile that it leads to.")
    packets: Mean = Field(description="Messages of a mean sample.")


class RasterLayer(Section):
    """Spikes of some neurons of a layer."""

    neurons: list[Count] = Field(description="Numbers of the neurons that are shown.")
    spikes: list[list[Count]] = Field(description="For each of them, the steps at which it spikes.")
    shown_of: Count = Field(description="Neurons of the layer.")


class Raster(Section):
    """Spikes of a single sample."""

    sample: Count = Field(description="Its number, from 0.")
    steps: Count = Field(description="Of the sample.")
    layers: dict[str, RasterLayer] = Field(description="Of each layer that spikes, some neurons.")


class ActivitySection(Section):
    """Where and when a mean sample makes the chip work."""

    cores: CoreWork = Field(description="By core.")
    links: list[LinkTraffic] = Field(description="By link, those in use.")
    steps: dict[str, list[Mean]] = Field(
        description="By layer that spikes, input included, spikes of a mean sample at each step, in its own window."
    )
    raster: Raster | None = Field(description="Spikes of a single sample; null where the network learns.")
