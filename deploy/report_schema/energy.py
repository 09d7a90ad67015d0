"""What a mean sample takes: accounts of energy that are never to be added, and where it goes."""

from __future__ import annotations

from pydantic import Field

from .section import Figure, Mean, Range, Section, Sourced


class Account(Range):
    """What is counted, and what it comes to."""

    meaning: str = Field(description="What it counts, in a sentence.")


class EnergyAccounts(Section):
    """From the cores alone to all that draws power; each holds the first, so that they are never to be added."""

    dynamic_neurocore: Account = Field(description="J, of the operations of the cores and of the mesh.")
    chip_total: Account = Field(description="J, with the power that the chips in use draw whatever happens.")
    system_total: Account | None = Field(
        default=None, description="J, with the board and the host; absent where nothing is known of them."
    )


class EnergyTerm(Sourced):
    """Dynamic energy of one operation, J a sample; all terms add up to `dynamic_neurocore`."""

    term: str = Field(description="The operation.")
    count_per_sample: Mean = Field(description="How often a mean sample makes it happen.")


class PowerTerm(Sourced):
    """Energy of a power over the time of a sample, J a sample."""

    term: str = Field(description="What draws it: static, processors, core, board or host.")
    units: Figure = Field(description="How many of it.")


class LayerEnergy(Section):
    """Energy of one layer by what takes it, J a sample."""

    synapse: Range = Field(description="Synaptic operations, rows and words of memory.")
    neuron: Range = Field(description="Access and update of its neurons.")
    spike: Range = Field(description="That it sends.")
    packet: Range = Field(description="Messages that it sends, and their arrival.")
    hop: Range = Field(description="Links that they cross.")
    static: Range = Field(description="Its share of the power that flows whatever happens.")


class CoreRanges(Section):
    """Lists over the cores, J a sample."""

    low: list[Mean] = Field(description="With all constants at their low ends.")
    nominal: list[Mean] = Field(description="The best guess.")
    high: list[Mean] = Field(description="With all constants at their high ends.")


class CoreEnergy(Section):
    """Energy of the cores by what takes it."""

    synapse: CoreRanges = Field(description="As for a layer.")
    neuron: CoreRanges = Field(description="As for a layer.")
    spike: CoreRanges = Field(description="As for a layer.")
    packet: CoreRanges = Field(description="As for a layer.")
    hop: CoreRanges = Field(description="As for a layer.")
    static: CoreRanges = Field(description="As for a layer.")


class EnergyBreakdown(Section):
    """The chip total by layer, and by core; both add up to it."""

    layers: dict[str, LayerEnergy] = Field(description="By layer; they add up to `chip_total`.")
    cores: CoreEnergy = Field(description="By core; with `off_chip` they add up to `chip_total`.")
    off_chip: LayerEnergy = Field(description="What messages take that come from off the chip.")


class OtherAccount(Section):
    """A mean sample by another of the target's accounts; never to be added."""

    description: str = Field(description="What the account is of.")
    dynamic_neurocore: Range = Field(description="J.")
    chip_total: Range = Field(description="J.")
    system_total: Range | None = Field(description="J; null where nothing is known of the system.")
    latency_per_sample: Range = Field(description="s.")
