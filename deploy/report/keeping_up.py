"""Whether a chip whose steps keep to a clock is done in time, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..quantities import format_count, is_number

Report = Mapping[str, Any]


def real_time_remark(report: Report) -> str | None:
    """Say by how much the steps have to be slower than the clock; None where they keep up, or have no clock.

    Parameters
    ----------
    report : as in `report.json`, of a chip that has to keep to a clock, or may do so.
    """
    board = (report.get("spinnaker1") or {}).get("real_time") or {}
    if board:
        return _board(board)
    slowdown = (report.get("step_time") or {}).get("slowdown") or {}
    if _late(slowdown.get("nominal")):
        return f"It misses real time: it needs a slowdown of {format_count(slowdown['nominal'])}."
    supplies = (report.get("spinnaker2") or {}).get("supplies") or {}
    ticks = ((supplies.get(report.get("cost_set")) or {}).get("real_time") or {}).get("ticks_per_step") or {}
    if _late(ticks.get("nominal")):
        return (
            f"It runs at its own pace; with steps of 1 ms it would need a slowdown of {format_count(ticks['nominal'])}."
        )
    return None


def _board(board: Mapping[str, Any]) -> str | None:
    mean, worst = board.get("mean_sample") or {}, board.get("worst_sample") or {}
    if _late(mean.get("slowdown")):
        needed = f"needs a slowdown of {format_count(mean['slowdown'])} for the mean sample"
        if is_number(worst.get("slowdown")):
            needed += f", and of {format_count(worst['slowdown'])} for the worst"
    elif _late(worst.get("slowdown")):
        needed = f"needs a slowdown of {format_count(worst['slowdown'])} for the worst sample, though none for the mean"
    else:
        return None
    cores = (worst or mean).get("overloaded_cores")
    if not is_number(cores):
        return f"It misses real time: it {needed}."
    overloaded = f"{format_count(cores)} core{' is' if cores == 1 else 's are'} overloaded"
    return f"It misses real time: it {needed}; {overloaded}."


def _late(slowdown: Any) -> bool:
    return is_number(slowdown) and slowdown > 1
