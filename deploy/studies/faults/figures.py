"""Pictures of a fault study: accuracy against how much is broken."""

from __future__ import annotations

from collections.abc import Sequence

from ...figures.figure import Figure
from ...figures.lines import Series, lines
from ...figures.scale import Axis
from ..study import Row
from .tasks import CORES, DROPPED, DUPLICATED, NEURONS
from .weights import FLIPPED, NOISY, STUCK

TITLES = {
    NEURONS: "dead neurons", CORES: "dead cores", "stuck-at-zero": "weights stuck at zero",
    "stuck-at-largest": "weights stuck at the largest", "stuck-at-smallest": "weights stuck at the smallest",
    NOISY: "noisy weights", FLIPPED: "flipped bits of weights", DROPPED: "dropped packets",
    DUPLICATED: "duplicated packets",
}  # fmt: skip
"""Kinds of faults as people call them."""
TOGETHER = {
    "sending": ("Neurons and packets that fail", (NEURONS, DROPPED, DUPLICATED)),
    "weights": ("Weights that are wrong", (*STUCK, FLIPPED)),
    "noisy": ("Weights that vary", (NOISY,)),
}
"""Figures, and which kinds they show together."""
BAND = "Lines are means of the chips, bands reach from the worst to the best chip."


def fault_figures(summary: Sequence[Row], recovery: Sequence[Row], healthy: dict[str, Row], what: str) -> tuple[
    Figure, ...
]:  # fmt: skip
    """Draw a fault study.

    Parameters
    ----------
    summary : rows of `summary.summarized`.
    recovery : the same of dead cores, with what they are after mapping again; see `findings`.
    healthy : by encoding, the network without faults.
    what : "accuracy", or what stands for it.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in summary))
    whole = [row for row in summary if not row["layer"]]
    encoding, reference = next(iter(healthy.items()))
    figures = []
    for name, (title, members) in TOGETHER.items():
        shown = [kind for kind in members if kind in kinds]
        if shown:
            series = [_series(TITLES[kind], _chosen(whole, kind, encoding)) for kind in shown]
            series.append(_without_faults(series, reference["accuracy"]))
            figures.append(_rates(series, name, title, NOISY in shown, what))
    if recovery:
        figures.append(_cores(recovery, encoding, reference, what))
    for kind in kinds:
        if len(healthy) > 1 and kind != CORES:
            series = [_series(name, _chosen(whole, kind, name)) for name in healthy]
            title = f"{TITLES[kind].capitalize()}, encoding by encoding"
            figures.append(_rates(series, f"encodings-{kind}", title, kind == NOISY, what))
    figures += _layers(summary, encoding, kinds, what)
    return tuple(figures)


def _chosen(rows: Sequence[Row], kind: str, encoding: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind and row["encoding"] == encoding]


def _series(name: str, rows: Sequence[Row]) -> Series:
    return Series(
        name,
        [row["rate"] for row in rows],
        [row["accuracy"] for row in rows],
        [row["accuracy_lowest"] for row in rows],
        [row["accuracy_highest"] for row in rows],
    )


def _without_faults(series: Sequence[Series], accuracy: float) -> Series:
    rates = [rate for one in series for rate in one.x if rate is not None]
    return Series("without faults", [min(rates), max(rates)], [accuracy, accuracy])


def _rates(series: Sequence[Series], name: str, title: str, noisy: bool, what: str) -> Figure:
    across = "standard deviation of the weights" if noisy else "share that fails"
    return lines(
        series,
        name=name,
        title=title,
        caption=BAND,
        horizontal=Axis(across, "%", logarithmic=True),
        vertical=Axis(what, "%", low=0, high=1),
    )


def _cores(recovery: Sequence[Row], encoding: str, reference: Row, what: str) -> Figure:
    """Dead cores as they are, and mapped around; without any, both are the network as it was."""
    rows = [row for row in recovery if row["encoding"] == encoding]
    dead = [0, *(row["dead"] for row in rows)]
    whole = reference["accuracy"]
    series = [
        Series(
            "dead",
            dead,
            [whole, *(row["accuracy"] for row in rows)],
            [whole, *(row["accuracy_lowest"] for row in rows)],
            [whole, *(row["accuracy_highest"] for row in rows)],
        ),
        Series("mapped again without them", dead, [whole, *(row["recovered_accuracy"] for row in rows)]),
    ]
    return lines(
        series,
        name="cores",
        title="Cores that die",
        caption=f"{BAND} Of the {reference['cores']} cores that the network uses, so many die.",
        horizontal=Axis("dead cores", low=0),
        vertical=Axis(what, "%", low=0, high=1),
    )


def _layers(summary: Sequence[Row], encoding: str, kinds: Sequence[str], what: str) -> list[Figure]:
    """A line for each layer that has faults alone."""
    figures = []
    for kind in kinds:
        rows = [row for row in _chosen(summary, kind, encoding) if row["layer"]]
        names = dict.fromkeys(row["layer"] for row in rows)
        series = [_series(name, [row for row in rows if row["layer"] == name]) for name in names]
        if series:
            title = f"{TITLES[kind].capitalize()}, layer by layer"
            figures.append(_rates(series, f"layers-{kind}", title, kind == NOISY, what))
    return figures
