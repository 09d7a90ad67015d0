"""How long steps take where elements have work that every step brings, beside what spikes bring.

An element works through its neurons, the spikes that came in, its array's products and the rows that it fetches, one
after the other. Accelerated, a step lasts until the last element is done and all know it; in real time, a step lasts
for as many ticks as the busiest element of the busiest step needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...mapping.constant import Bounds, Constant, TabledConstant
from ...mapping.step_time import StepWork, WorkKind, core_times, slowdown, step_times, work_times
from ...mapping.synapse_formats import SYNAPSE_KINDS
from ...mapping.target import CostSet
from ..latency import Bottleneck, TimeTerm, Timing
from ..run import Counters

Array = NDArray[Any]
Pace = Literal["accelerated", "real_time"]
KINDS: tuple[WorkKind, ...] = ("neurons", "synapses", "memory")
OPERATIONS = ("neuron_update", "spike", "packet_in")


@dataclass(frozen=True, eq=False)
class AddedTime:
    """What elements do beside what the target's account knows, low, nominal and high.

    Attributes
    ----------
    every_step : (cores, 3) s, at every step.
    fetching : (rows, cores, 3) s, of a mean sample.
    terms : the constants that it comes from.
    """

    every_step: Array
    fetching: Array
    terms: tuple[TimeTerm, ...]


def paced(account: CostSet, pace: Pace, tick: Constant) -> CostSet:
    """An account whose steps follow each other at once, or as a clock ticks."""
    if pace == "accelerated":
        return account
    period = TabledConstant.model_validate(tick.model_dump())
    time = account.time.model_copy(update={"barrier": period})
    return account.model_copy(update={"step_time_model": "clock", "time": time})


def time_sample(counters: Counters, added: AddedTime, account: CostSet, *, tiles: int, period: int) -> Timing:
    """Time of a mean sample; see `latency.time_sample`, to which this adds.

    Parameters
    ----------
    counters : with those synaptic operations alone that are event-based.
    account : see `paced`.
    """
    alone = [_work(counters, added, account, end, tiles) for end in range(3)]
    streamed = [_work(counters, added, account, end, tiles, period) for end in range(3)]
    latency = Bounds(*(float(step_times(work, account).sum()) for work in alone))
    periods = [float(step_times(work, account).sum()) for work in streamed]
    low, nominal, high = (1 / time if time else float("inf") for time in reversed(periods))
    clocked = account.step_time_model == "clock"
    return Timing(
        Bounds(*(time / counters.rows for time in latency)),
        latency,
        Bounds(low, nominal, high),
        _bottleneck(alone[1], account),
        (*_terms(account, tiles), *added.terms),
        step_times(alone[1], account),
        core_times(alone[1], account.step_time_model).mean(axis=0),
        Bounds(*(float(slowdown(work)) for work in alone)) if clocked else None,
    )


def _work(
    counters: Counters, added: AddedTime, account: CostSet, end: int, tiles: int, period: int | None = None
) -> dict[WorkKind, Array]:
    """(rows, cores) s of each kind of work; with a period, of the steps of samples that stream."""

    def mean(counts: Array) -> Array:
        return _folded(counts / counters.samples, period)

    links = mean(counters.link_packets)
    active = counters.active_neurons if account.updates == "active" else None
    work = work_times(
        StepWork(
            neurons=counters.neuron_updates,
            updated=counters.neuron_updates if active is None else mean(active),
            spikes=mean(counters.spikes),
            packets_out=mean(counters.packets_out),
            packets_in=mean(counters.packets_in),
            synaptic_operations={kind: mean(counters.synaptic_operations[kind]) for kind in SYNAPSE_KINDS},
            link_packets=links,
            link_times=np.zeros((links.shape[1], 3)),  # the way over the mesh takes no time
            memory_reads=mean(counters.memory_reads),
        ),
        account,
        end,
        tiles,
    )
    work["synapses"] = work["synapses"] + added.every_step[:, end]
    work["memory"] = work["memory"] + _folded(added.fetching[:, :, end], period)
    return work


def _folded(rows: Array, period: int | None) -> Array:
    """Rows that many steps apart in the same step; as they are without a period."""
    if period is None:
        return rows
    result = np.zeros((period, rows.shape[1]))
    np.add.at(result, np.arange(rows.shape[0]) % period, rows)
    return result


def _bottleneck(work: Mapping[WorkKind, Array], account: CostSet) -> Bottleneck:
    """What the busiest elements spend most of the time on, and the one that does for most of that time."""
    busy = core_times(work, account.step_time_model)
    core = busy.argmax(axis=1)
    row = np.arange(core.size)
    spent: dict[WorkKind, Array] = {kind: work[kind][row, core] for kind in KINDS}
    steps = step_times(work, account)
    spent["barrier"] = steps - busy[row, core]
    name = max(spent, key=lambda kind: float(spent[kind].sum()))
    share = float(spent[name].sum() / steps.sum()) if steps.any() else 1.0
    if name == "barrier":
        return Bottleneck(name, share)
    return Bottleneck(name, share, int(np.bincount(core, weights=spent[name]).argmax()))


def _terms(account: CostSet, tiles: int) -> tuple[TimeTerm, ...]:
    time = account.time
    constants = {f"synaptic_operation_{kind}": time.synaptic_operation.of(kind) for kind in ("dense", "sparse")}
    constants |= {name: getattr(time, name) for name in OPERATIONS}
    return (
        *(TimeTerm(name, constant.bounds, constant.kind, constant.source) for name, constant in constants.items()),
        TimeTerm("barrier", time.barrier.at(tiles), time.barrier.kind, time.barrier.source),
    )
