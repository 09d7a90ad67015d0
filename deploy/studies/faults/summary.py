"""Chips with the same kind and rate of faults, together: means, extremes, and which rates a network withstands."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from ..study import Row
from .tasks import CORES, FAULT_KINDS, HEALTHY
from .weights import NOISY

OTHER_UNITS = (CORES, NOISY)
"""Kinds whose rates are no shares, so that they cannot be compared with those of others."""


def healthy_by_encoding(rows: Sequence[Row]) -> dict[str, Row]:
    """The network without faults, by the encoding of its data."""
    return {row["encoding"]: row for row in rows if row["kind"] == HEALTHY}


def summarized(rows: Sequence[Row]) -> tuple[Row, ...]:
    """A row for each kind, encoding, layer and rate, over its chips, in the order in which a reader expects them.

    `accuracy_deviation` is the standard deviation from chip to chip (of a sample, n - 1), None for a single chip;
    `lost` is what the mean accuracy lacks of that without faults.
    """
    healthy = healthy_by_encoding(rows)
    groups: dict[tuple[str, str, str, float], list[Row]] = {}
    for row in rows:
        if row["kind"] != HEALTHY:
            groups.setdefault((row["kind"], row["encoding"], row["layer"], row["rate"]), []).append(row)
    found = []
    for kind, encoding, layer, rate in sorted(groups, key=lambda key: (FAULT_KINDS.index(key[0]), *key[1:])):
        chips = groups[kind, encoding, layer, rate]
        accuracies = [chip["accuracy"] for chip in chips]
        places = sum(chip["places"] for chip in chips)
        changed = [chip["changed"] for chip in chips if "changed" in chip]
        found.append(
            {
                "kind": kind,
                "encoding": encoding,
                "layer": layer,
                "rate": rate,
                "chips": len(chips),
                "accuracy": fmean(accuracies),
                "accuracy_lowest": min(accuracies),
                "accuracy_highest": max(accuracies),
                "accuracy_deviation": stdev(accuracies) if len(chips) > 1 else None,
                "lost": healthy[encoding]["accuracy"] - fmean(accuracies),
                "faulty_share": sum(chip["faulty"] for chip in chips) / places if places else None,
                "changed_weights": fmean(changed) if changed else None,
                "spikes": fmean(chip["spikes"] for chip in chips),
            }
        )
    return tuple(found)


def limits_of(summary: Sequence[Row], healthy: dict[str, Row], tolerance: float, chance: float) -> tuple[Row, ...]:
    """Which rates a network withstands, a row for each kind, encoding and layer.

    `withstood` is the largest rate up to which every rate that was tried costs at most the tolerance on average, None
    where the lowest one costs more; `broken_at` the lowest rate at which half of what lies between the accuracy
    without faults and chance is gone, None where no rate does that. `mean_loss` is over the rates.

    Parameters
    ----------
    summary : of `summarized`.
    tolerance, chance : shares in [0, 1].
    """
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in summary:
        groups.setdefault((row["kind"], row["encoding"], row["layer"]), []).append(row)
    found = []
    for (kind, encoding, layer), rows in groups.items():
        rows = sorted(rows, key=lambda row: row["rate"])
        held = 0
        while held < len(rows) and rows[held]["lost"] <= tolerance + 1e-12:
            held += 1
        whole = healthy[encoding]["accuracy"]
        half = chance + (whole - chance) / 2
        broken = [row["rate"] for row in rows if row["accuracy"] <= half] if whole > chance else []
        found.append(
            {
                "kind": kind,
                "encoding": encoding,
                "layer": layer,
                "withstood": rows[held - 1]["rate"] if held else None,
                "broken_at": broken[0] if broken else None,
                "mean_loss": fmean(row["lost"] for row in rows),
                "lowest_rate": rows[0]["rate"],
                "highest_rate": rows[-1]["rate"],
            }
        )
    return tuple(found)
