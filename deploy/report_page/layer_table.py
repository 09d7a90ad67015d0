"""The step from float to fixed point, layer by layer: the same rows in the terminal and on the report page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...models.execution.overflow_counts import losses
from ..quantities import is_number
from ..report.verdict import Report, ledger


@dataclass(frozen=True)
class LayerRow:
    """A layer before and after quantization; None for what is not known, or is not to be had of such a layer.

    Attributes
    ----------
    layer : its name.
    float_rate, integer_rate : spikes per neuron and step.
    agreement : spikes in common / spikes of either, with all layers in integers.
    alone : the same with this layer alone in integers, all others in float.
    same_class : share of samples whose class stays the same then.
    clipped_share, zeroed_share : of its weights.
    overflows : how often one of its neurons left the chip's widths with consequences.
    overflow_names : what did so, and how often.
    """

    layer: str
    float_rate: float | None
    integer_rate: float | None
    agreement: float | None
    alone: float | None
    same_class: float | None
    clipped_share: float | None
    zeroed_share: float | None
    overflows: int | None
    overflow_names: Mapping[str, int]


def layer_rows(report: Report) -> tuple[LayerRow, ...]:
    """Collect the rows; none where the report does not tell of the layers."""
    stages = {row.get("stage"): row.get("by_layer") or {} for row in ledger(report)}
    before, after = stages.get("network", {}), stages.get("integer", {})
    costs = {row.get("layer"): row for row in (report.get("attribution") or {}).get("layers") or ()}
    trials = {row.get("layer"): row for row in report.get("quantization") or ()}
    return tuple(
        _row(name, before.get(name) or {}, entry or {}, costs.get(name) or {}, trials.get(name) or {})
        for name, entry in after.items()
    )


def _row(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], cost: Mapping[str, Any], trial: Mapping[str, Any]
) -> LayerRow:
    alone = cost.get("agreement")
    overflows = after.get("overflows")
    return LayerRow(
        name,
        before.get("rate"),
        after.get("rate"),
        after.get("agreement"),
        alone if is_number(alone) else trial.get("spike_agreement"),
        cost.get("same_class"),
        after.get("clipped_share"),
        after.get("zeroed_share"),
        None if overflows is None else losses(overflows),
        {what: count for what, count in (overflows or {}).items() if count},
    )
