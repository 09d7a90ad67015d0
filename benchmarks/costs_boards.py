"""SpiNNaker boards whose power was measured, beside what the cost model says of the same workloads.

The counts are those of `published_power.yaml`; each is a second of a board in real time. Generators of random input
count as neurons, which they nearly are: programs on the same cores, once a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from spikeloom.mapping.arithmetic_costs import load_arithmetic_costs
from spikeloom.mapping.constant import Bounds, Constant
from spikeloom.mapping.target_files import load_target

FILE = Path(__file__).with_name("published_power.yaml")
STEPS_A_SECOND = 1000


@dataclass(frozen=True)
class Case:
    """A workload on a board; `model` and `measured` in W."""

    board: str
    workload: str
    model: Bounds
    measured: float

    @property
    def error(self) -> float:
        """Of the nominal power, as a share of the measured one."""
        return self.model.nominal / self.measured - 1

    @property
    def within(self) -> bool:
        """Whether the measurement lies in the model's range."""
        return self.model.low <= self.measured <= self.model.high


def cases() -> tuple[str, list[Case]]:
    """Where the measurements come from, and all of them."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    found = []
    for workload, counts in document["workloads"].items():
        for board, watts in counts["power"].items():
            found.append(Case(board, workload, board_power(board, counts), watts))
    return document["source"], found


def board_power(board: str, counts: Mapping[str, float]) -> Bounds:
    """Power of a board in W.

    Parameters
    ----------
    counts : neurons and sources; spikes, events, packets and rows a second.
    """
    account = load_target(board).cost_set("snabsuite")
    energy = account.energy
    priced: list[tuple[Constant, float]] = [
        (energy.neuron_update, (counts["neurons"] + counts["sources"]) * STEPS_A_SECOND),
        (energy.spike, counts["spikes"]),
        (energy.synaptic_operation.dense, counts["events"]),
        (energy.packet_in, counts["packets"]),
        (energy.row, counts["rows"]),
    ]
    ends = [
        math.fsum([idle, *(constant.bounds[end] * 1e-12 * often for constant, often in priced)])
        for end, idle in enumerate(account.power.board.bounds)
    ]
    return Bounds(*ends)


def event_energies() -> tuple[Bounds, list[tuple[str, float]]]:
    """An event of the workload "random" with its share of rows and packets, and what was published of events; J."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    counts = document["workloads"]["random"]
    idle = dict.fromkeys(counts, 0) | {"neurons": counts["neurons"]}
    ends = zip(board_power("spinn3", counts), board_power("spinn3", idle | {"spikes": counts["spikes"]}), strict=True)
    published = [(entry["source"], entry["energy"]) for entry in document["event_energies"]]
    return Bounds(*((busy - without) / counts["events"] for busy, without in ends)), published


def ordinary_inference() -> tuple[str, float, float]:
    """A network without spikes on a CPU: the source, J measured, and J of its operations alone at 45 nm (fp32)."""
    account = load_arithmetic_costs()
    example, precision = account.measured_example, account.precisions["fp32"]
    each = precision.multiply.value + precision.accumulate.value
    return example.energy.source, 1e-3 * example.energy.value, 1e-12 * each * example.multiply_accumulates.value
