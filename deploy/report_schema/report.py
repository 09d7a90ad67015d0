"""The whole of `report.json`, of a deployment on one target."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Literal, Self

from pydantic import Field, model_validator

from .activity import ActivitySection, Counts, LayerCounts
from .attribution import AttributionSection
from .baseline import BaselineSection
from .comparison import SideBySide
from .energy import CoreRanges, EnergyAccounts, EnergyBreakdown, EnergyTerm, OtherAccount, PowerTerm
from .ledger import LedgerEntry
from .mapping import MappingSection, ResourceUse
from .model import ModelSection
from .neurobench import NeurobenchSection
from .operating_space import OperatingSpaceSection
from .origin import DataSection, SettingsSection
from .quantization import LayerQuantizationSection
from .section import Count, Mean, Range, Section
from .spinnaker1 import Spinnaker1Section
from .spinnaker2 import Spinnaker2Section
from .target import TargetSection
from .time import SampleLatencies, StepTime, TimeConstant


class Report(Section):
    """What a deployment on one target came to."""

    format: Literal[2] = Field(description="Version of these keys; it grows where a key changes its meaning or goes.")
    model: ModelSection = Field(description="The network.")
    target: TargetSection = Field(description="The chip.")
    cores: Count = Field(description="Cores in use.")
    mapping: MappingSection = Field(description="Which neurons sit where, and how that came to be.")
    steps: Count = Field(description="Of a sample.")
    period: Count = Field(description="Steps from one sample to the next when they stream.")
    ledger: list[LedgerEntry] = Field(description="From training to chip, a stage after the other.")
    attribution: AttributionSection | None = Field(
        description="What each layer costs by itself; null for a network that was made of integers."
    )
    calibration_overflows: dict[str, dict[str, Count]] = Field(
        description="By layer, how often a neuron left the chip's widths on the calibration samples, by what did; "
        "empty for a network that was made of integers."
    )
    quantization: list[LayerQuantizationSection] = Field(
        description="What quantization did to each layer; empty for a network that was made of integers."
    )
    operating_space: OperatingSpaceSection | None = Field(
        description="What the operating point was chosen from; null without `--operating-point`."
    )
    counts: Counts = Field(description="What a mean sample makes the chip do.")
    layer_counts: dict[str, LayerCounts] = Field(description="The same by layer, as far as it can be told apart.")
    activity: ActivitySection = Field(description="The same by core, by link and over time.")
    cost_set: str = Field(description="The target's account that all estimates are of.")
    energy_per_sample: Range = Field(description="J, dynamic energy of the cores.")
    energy_accounts: EnergyAccounts = Field(description="J a sample; never to be added.")
    energy_terms: list[EnergyTerm] = Field(description="The dynamic energy by operation.")
    static_terms: list[PowerTerm] = Field(description="With `energy_terms` they add up to `chip_total`.")
    system_terms: list[PowerTerm] = Field(
        description="Powers of the system: the board, or the chips where it is not known, and the host; empty where "
        "nothing is known."
    )
    transfer_energy: Range | None = Field(
        description="J, of bringing input in, part of `system_total`; null where nothing is known of the system."
    )
    energy_breakdown: EnergyBreakdown = Field(description="The chip total by layer and by core.")
    layer_energy: dict[str, Range] = Field(description="J a sample, its dynamic part by layer.")
    core_energy: list[Mean] = Field(description="J a sample, its dynamic part by core, nominal.")
    latency_per_sample: Range = Field(description="s, from a sample's first step to the end of its last.")
    step_time: StepTime = Field(description="s, of the mean step.")
    throughput: Range = Field(description="Samples/s, back to back.")
    time_constants: list[TimeConstant] = Field(description="What operations take.")
    notes: list[str] = Field(description="What the estimates leave out or take for granted.")
    other_accounts: dict[str, OtherAccount] = Field(description="By each other account of the target.")
    latency_of_samples: SampleLatencies | None = Field(
        default=None, description="Loihi only, and not where the network learns: the first samples one by one."
    )
    spinnaker1: Spinnaker1Section | None = Field(default=None, description="SpiNNaker 1 only: what its backend says.")
    spinnaker2: Spinnaker2Section | None = Field(default=None, description="SpiNNaker 2 only: what its backend says.")
    side_by_side: SideBySide | None = Field(
        default=None, description="Of several targets only: what all of them came to, as in a [comparison](compare.md)."
    )
    baseline: BaselineSection = Field(description="The network beside the same [without spikes](baseline.md).")
    neurobench: NeurobenchSection = Field(description="[NeuroBench's](baseline.md#neurobench) metrics.")
    data: DataSection = Field(description="The data that everything was measured on.")
    utilisation: list[ResourceUse] = Field(description="How much each core uses of each resource.")
    assumptions: list[str] = Field(description="What the model and the data left open and what was taken.")
    warnings: list[str] = Field(
        description="Layers whose spikes quantization changed much, or that never spike; what "
        "[guards](ledger.md#guards) found and `--allow` waived."
    )
    versions: dict[str, str] = Field(description="Of Python and of the packages that results depend on.")
    seed: Count = Field(description="Of everything drawn at random.")
    settings: SettingsSection = Field(description="How data enters.")
    command: str = Field(description="What the user typed; empty from Python.")

    @model_validator(mode="after")
    def _one_entry_a_core(self) -> Self:
        """Lists over the cores are all as long as there are cores, and no number leads beyond them."""
        for name, length in self._core_lists():
            if length != self.cores:
                raise ValueError(f"{name} has {length} entries for {self.cores} cores")
        for layer, cores in self.mapping.layers.items():
            if max(cores, default=0) >= max(self.cores, 1):
                raise ValueError(f"mapping.layers.{layer} names a core that is not in use")
        if any(use.core >= self.cores for use in self.utilisation):
            raise ValueError("utilisation names a core that is not in use")
        return self

    def _core_lists(self) -> Iterator[tuple[str, int]]:
        lists: dict[str, Sized] = {
            "mapping.places": self.mapping.places,
            "mapping.occupancy": self.mapping.occupancy,
            "core_energy": self.core_energy,
            **{f"activity.cores.{name}": values for name, values in self.activity.cores},
        }
        for category, ranges in self.energy_breakdown.cores:
            assert isinstance(ranges, CoreRanges)
            lists |= {f"energy_breakdown.cores.{category}.{end}": values for end, values in ranges}
        yield from ((name, len(values)) for name, values in lists.items())
