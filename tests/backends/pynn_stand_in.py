"""A stand-in for PyNN's simulators, in NumPy: as much of their interface as an exported script uses.

Its order of events in a step is what the tests against real PyNN hold against NEST and Brian2, and for SpiNNaker what
sPyNNaker 7.4.1's sources say (lif closed form, exponential and delta inputs), in floating point but for the leak.
"""

from __future__ import annotations

import runpy
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


@dataclass
class Group:
    """A population."""

    size: int
    cell: dict[str, Any]
    label: str
    delta: bool
    initial: Any = 0.0
    recorded: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    spikes: list[np.ndarray] = field(default_factory=list)
    potentials: list[np.ndarray] = field(default_factory=list)

    def initialize(self, v: Any) -> None:
        self.initial = v

    def record(self, what: str) -> None:
        self.recorded = what

    def set(self, spike_times: Any) -> None:
        assert len(spike_times) == self.size
        self.cell["spike_times"] = spike_times

    def restart(self) -> None:
        zeros = np.zeros(self.size)
        self.state = {"v": zeros + self.initial, "i": zeros.copy(), "held": np.zeros(self.size, dtype=int)}
        self.spikes, self.potentials = [], []

    def get_data(self, what: str) -> Any:
        assert what == self.recorded
        trains = np.array(self.spikes).reshape(-1, self.size).T
        signal = SimpleNamespace(magnitude=np.array(self.potentials))
        segment = SimpleNamespace(
            spiketrains=[SimpleNamespace(magnitude=np.flatnonzero(train) * 1.0, annotations={}) for train in trains],
            filter=lambda name: [signal],
        )
        return SimpleNamespace(segments=[segment])


class StandIn:
    """One simulator; `name` says whose order of events it keeps."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.groups: list[Group] = []
        self.synapses: list[tuple[Group, Group, np.ndarray]] = []
        self.now = 0
        self.StaticSynapse = object
        self.IF_curr_exp = lambda **cell: ("exp", cell)
        self.IF_curr_delta = lambda **cell: ("delta", cell)
        self.SpikeSourceArray = lambda spike_times: ("source", {"spike_times": spike_times})
        self.FromListConnector = list

    def setup(self, timestep: float, min_delay: float, **options: Any) -> None:
        assert timestep == min_delay == 1.0
        self.groups, self.synapses, self.now = [], [], 0

    def set_number_of_neurons_per_core(self, cell: Any, number: int) -> None:
        assert self.name == "spiNNaker" and number > 0

    def Population(self, size: int, made: Any, label: str) -> Group:
        kind, cell = made
        group = Group(size, dict(cell), label, kind == "delta")
        self.groups.append(group)
        return group

    def Projection(self, before: Group, after: Group, rows: list[Any], kind: Any, receptor_type: str) -> None:
        table = np.array(rows, dtype=float)
        assert np.all(table[:, 2] > 0 if receptor_type == "excitatory" else table[:, 2] < 0)
        assert table[:, 3].min() >= (0 if self.name == "brian2" else 1)
        self.synapses.append((before, after, table))

    def reset(self) -> None:
        assert self.name == "brian2", "sPyNNaker 7.4.1 takes no new spike times then, and in NEST spikes stay in flight"
        self.now = 0

    def end(self) -> None:
        self.groups = []

    def run(self, duration: float) -> None:
        assert self.now == 0
        steps = int(duration)
        arriving = {id(group): np.zeros((steps + 40, group.size)) for group in self.groups}
        for group in self.groups:
            group.restart()
            if self.name != "nest":
                group.potentials.append(group.state["v"].copy())
        for now in range(steps):
            if self.name != "spiNNaker":
                self._update(now)
            self._send(now, arriving)
            for group in self.groups:
                group.state["i"] = group.state["i"] + arriving[id(group)][now] * self._share(group)
            if self.name == "spiNNaker":
                self._update(now)
            for group in self.groups:
                group.potentials.append(group.state["v"].copy())
        self.now = steps

    def _share(self, group: Group) -> Any:
        """What of a weight becomes current: in sPyNNaker its mean over the step."""
        if self.name != "spiNNaker" or "tau_syn_E" not in group.cell:
            return 1.0
        return group.cell["tau_syn_E"] * (1 - np.exp(-1 / np.asarray(group.cell["tau_syn_E"])))

    def _send(self, now: int, arriving: dict[int, np.ndarray]) -> None:
        # On SpiNNaker what is sent in a step was decided in its update, which comes after what arrives; delays are 1
        # and more there, so that it is enough to send what the last step decided, with one step less of delay.
        for before, after, table in self.synapses:
            sent = now - 1 if self.name == "spiNNaker" else now
            if "spike_times" in before.cell:
                spikes = np.array([sent in np.asarray(train) for train in before.cell["spike_times"]])
            else:
                spikes = before.spikes[sent] if 0 <= sent < len(before.spikes) else np.zeros(before.size, dtype=bool)
            for _, target, weight, delay in table[spikes[table[:, 0].astype(int)]]:
                arriving[id(after)][sent + int(delay), int(target)] += weight

    def _update(self, now: int) -> None:
        for group in self.groups:
            cell, state = group.cell, group.state
            if "spike_times" in cell:
                continue
            membrane = np.asarray(cell["tau_m"])
            leak = np.exp(-1 / membrane)
            fade = 0.0 if group.delta else np.exp(-1 / np.asarray(cell["tau_syn_E"]))
            if self.name == "spiNNaker":
                leak = np.rint(leak * 2**15) / 2**15
                gain = membrane / cell["cm"] * (1 - leak)
            else:
                current = np.asarray(cell["tau_syn_E"])
                gain = membrane * current / (membrane - current) * (leak - fade) / cell["cm"]
            moved = cell["v_rest"] + (state["v"] - cell["v_rest"]) * leak + gain * state["i"]
            ready = state["held"] == 0
            state["v"] = np.where(ready, moved, state["v"])
            spikes = ready & (state["v"] >= cell["v_thresh"])
            state["v"] = np.where(spikes, cell["v_reset"], state["v"])
            held = np.asarray(cell["tau_refrac"])
            held = np.maximum(held - 1, 0) if self.name == "brian2" else held
            state["held"] = np.where(spikes, held, np.maximum(state["held"] - 1, 0)).astype(int)
            state["i"] = state["i"] * fade
            group.spikes.append(spikes)


def run_script(folder: Path, name: str, monkeypatch: Any, *arguments: str) -> dict[str, np.ndarray]:
    """What an exported script writes when it runs in the stand-in for a simulator."""
    parameters = ModuleType("pyNN.parameters")
    parameters.Sequence = np.asarray  # type: ignore[attr-defined]
    brian = SimpleNamespace(defaultclock=SimpleNamespace(dt=0.1), ms=1.0)
    modules = {
        "pyNN": ModuleType("pyNN"),
        "pyNN.parameters": parameters,
        f"pyNN.{name}": StandIn(name),
        "brian2": brian,
    }
    for module, content in modules.items():
        monkeypatch.setitem(sys.modules, module, content)
    out = folder / f"{name}.npz"
    monkeypatch.setattr(sys, "argv", ["network.py", name, "--out", str(out), *arguments])
    runpy.run_path(str(folder / "network.py"), run_name="__main__")
    with np.load(out, allow_pickle=False) as found:
        return dict(found)
