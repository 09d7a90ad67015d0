"""What a NIR file leaves open, and what is made of it where nobody says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ...neurons.leaky_dynamics import Reset
from .file import NodeDict

DEFAULT_DT = 1e-4
LARGE_RESISTANCE = 100.0  # an r of IF from here on is taken for one over a time step in seconds
UNUSUAL_TIME = 1.0  # seconds; where no time is shorter, times are taken for counts of steps


@dataclass(frozen=True)
class NirOptions:
    """What a NIR file leaves open.

    Attributes
    ----------
    dt : seconds per step; None takes what the file hints at, or else 1e-4, the NIR paper's.
    reset : reset of the spiking neurons; None takes that of the metadata, or else a reset to `v_reset`.
    threshold_inclusive : spike at v >= threshold instead of v > threshold; False takes what the metadata say, or else
        v > threshold.
    integration : "euler" (1 - dt/tau) or "exponential" (exp(-dt/tau)) for the share of a state kept in a step.
    layer_resets : reset of single layers by their names, before `reset`.
    """

    dt: float | None = None
    reset: Reset | None = None
    threshold_inclusive: bool = False
    integration: Literal["euler", "exponential"] = "euler"
    layer_resets: Mapping[str, Reset] = field(default_factory=dict)

    @property
    def step(self) -> float:
        """Seconds per step."""
        return DEFAULT_DT if self.dt is None else self.dt


def with_step(
    options: NirOptions, nodes: Mapping[str, NodeDict], metadata: Mapping[str, Any]
) -> tuple[NirOptions, tuple[str, ...]]:
    """Settle the time step, and say how where it matters.

    Looked for in the options, in the file's metadata, in the r of IF (SpikingJelly writes 1/dt), and in time constants
    that no neuron has in seconds (Sinabs writes them in steps).
    """
    if options.dt is not None:
        return options, (f"dt: {options.dt:g} s a step, as asked (--dt).",)
    stored = np.asarray(metadata.get("dt", 0.0))
    if stored.size == 1 and np.issubdtype(stored.dtype, np.number) and 0 < float(stored.reshape(())) < np.inf:
        dt = float(stored.reshape(()))
        return replace(options, dt=dt), (f"dt: {dt:g} s a step, from the file's metadata (--dt).",)
    resistances = set(_values(nodes, {"IF": ("r",), "I": ("r",)}))
    times = [time for time in _values(nodes, TIMES) if time > 0]
    if len(resistances) == 1 and (largest := max(resistances)) >= LARGE_RESISTANCE:
        dt = 1 / largest
        return replace(options, dt=dt), (f"dt: {dt:g} s a step, as r of IF is {largest:g}, one over it (--dt).",)
    if times and min(times) >= UNUSUAL_TIME:
        note = f"dt: times from {min(times):g} upwards are taken for counts of steps, a step being their unit (--dt)."
        return replace(options, dt=1.0), (note,)
    if times:
        note = f"dt: NIR gives no time step; {DEFAULT_DT:g} s a step is assumed (--dt)."
        return replace(options, dt=DEFAULT_DT), (note,)
    return replace(options, dt=DEFAULT_DT), ()


TIMES: Mapping[str, tuple[str, ...]] = {
    "LI": ("tau",),
    "LIF": ("tau",),
    "CubaLI": ("tau_mem", "tau_syn"),
    "CubaLIF": ("tau_mem", "tau_syn"),
    "Delay": ("delay",),
}


def _values(nodes: Mapping[str, NodeDict], fields: Mapping[str, tuple[str, ...]]) -> Iterator[float]:
    """The numbers that nodes of some kinds hold in some fields; what is no number is for others to complain of."""
    for node in nodes.values():
        for name in fields.get(str(node.get("type")), ()):
            value = np.asarray(node.get(name, 0.0))
            if np.issubdtype(value.dtype, np.number):
                yield from np.unique(value).tolist()
