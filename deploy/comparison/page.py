"""A comparison as one HTML file, in the style of the report page: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..artifact.artifact import PAGE_NAME
from ..figures.bars import Bars, bars
from ..figures.figure import Figure
from ..figures.scale import Axis
from ..page_environment import page_environment
from .document import SUBJECTS, title
from .notes import listed
from .rows import (
    account_name,
    change_rows,
    figure_rows,
    least_sentence,
    placement_rows,
    shown_value,
    without_spikes,
)

Json = Mapping[str, Any]
RANGE = "Bars are nominal values, whiskers their ranges."


def render_comparison(comparison: Json, *, beside: bool = False) -> str:
    """Write the page.

    Parameters
    ----------
    comparison : as `comparison_of` gives it, checked against its schema; with `refused`, per target the reason why the
        network does not fit it.
    beside : whether the deployments lie in folders of their labels beside the page, so that it can lead to their
        reports.

    Returns
    -------
    str : a whole HTML document.
    """
    labels = [one["label"] for one in comparison["deployments"]]
    links = {label: f"{quote(label, safe='')}/{PAGE_NAME}" for label in labels} if beside else {}
    return (
        page_environment()
        .get_template("comparison.html.jinja")
        .render(
            comparison=comparison,
            title=title(comparison),
            runs=_runs(comparison, labels),
            labels=labels,
            links=links,
            figures=_figures(comparison["deployments"], labels),
            rows=figure_rows(comparison),
            changes=comparison["changes"],
            change_rows=change_rows(comparison),
            placements=[change["label"] for change in comparison["changes"] if change["placement"] is not None],
            placement_rows=placement_rows(comparison),
            least=[least_sentence(name, least) for name, least in comparison["least_energy"].items()],
            without_spikes=without_spikes(comparison),
            differences=_differences(comparison["differences"]),
            refused=comparison.get("refused") or {},
            command=comparison.get("command") or "",
            shown=shown_value,
        )
    )


def _runs(comparison: Json, labels: Sequence[str]) -> str:
    """On which targets a model runs, where that was the question; else nothing."""
    if "refused" not in comparison:
        return ""
    models = listed(list(dict.fromkeys(one["model"] for one in comparison["deployments"])))
    refused = list(comparison["refused"])
    runs = f"{models} runs on {listed(labels)}"
    return f"{runs}, and does not fit {listed(refused)}." if refused else f"{runs}."


def _differences(found: Sequence[Json]) -> list[tuple[str, list[Json]]]:
    """Subjects in words with what differs, those left out of which nothing does."""
    grouped = [(name, [one for one in found if one["of"] == subject]) for subject, name in SUBJECTS.items()]
    return [(name, entries) for name, entries in grouped if entries]


def _figures(deployments: Sequence[Json], labels: Sequence[str]) -> list[Figure]:
    """Bars of accuracy, of each account of energy and of latency."""
    figures = []
    if any(one["accuracy"] is not None for one in deployments):
        intervals = [one["accuracy_interval"] or (None, None) for one in deployments]
        shares = Bars(
            "accuracy", [one["accuracy"] for one in deployments], [low for low, _ in intervals],
            [high for _, high in intervals],
        )  # fmt: skip
        axis = Axis("accuracy", "%")
        caption = "Whiskers are 95 % confidence intervals."
        figures.append(bars(labels, [shares], name="accuracy", title="Accuracy", caption=caption, quantity=axis))
    for account in dict.fromkeys(name for one in deployments for name in one["energy_accounts"]):
        energies = [one["energy_accounts"].get(account) for one in deployments]
        name = account_name(account)
        figures.append(_estimates(labels, energies, account, f"Energy of a sample, {name}", Axis("energy", "J")))
    latencies = [one["latency"] for one in deployments]
    figures.append(_estimates(labels, latencies, "latency", "Latency of a sample", Axis("latency", "s")))
    return figures


def _estimates(
    labels: Sequence[str], quantities: Sequence[Json | None], name: str, title: str, axis: Axis
) -> Figure:  # fmt: skip
    low, nominal, high = (
        [None if quantity is None else quantity[end] for quantity in quantities] for end in ("low", "nominal", "high")
    )
    return bars(labels, [Bars(name, nominal, low, high)], name=name, title=title, caption=RANGE, quantity=axis)
